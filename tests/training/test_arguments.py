import pytest

from robustft.errors import UsageError
from robustft.training.arguments import TrainingArguments, resolve_arguments, training_arguments


def test_defaults_follow_where_the_weights_come_from():
    tuned, _ = resolve_arguments(TrainingArguments(), from_scratch=False, max_positions=512)
    assert (tuned.epochs, tuned.batch_size, tuned.learning_rate, tuned.max_length) == (
        3, 16, 2e-5, 256,
    )  # fmt: skip
    scratch, _ = resolve_arguments(TrainingArguments(), from_scratch=True, max_positions=512)
    assert scratch.learning_rate > 10 * tuned.learning_rate
    assert scratch.max_length == 128


def test_what_is_given_stays():
    given = training_arguments(epochs=7, learning_rate=1e-4, max_length=33, batch_size=None)
    resolved, notices = resolve_arguments(given, from_scratch=False, max_positions=None)
    assert (resolved.epochs, resolved.learning_rate, resolved.max_length) == (7, 1e-4, 33)
    assert resolved.batch_size == 16
    assert notices == ()


def test_length_is_capped_by_the_model_and_said_when_it_was_asked_for():
    asked = training_arguments(max_length=1000)
    resolved, notices = resolve_arguments(asked, from_scratch=False, max_positions=514)
    assert resolved.max_length == 514
    assert notices == ("max length: the model reads at most 514 tokens, so 1000 becomes 514",)
    silent, notices = resolve_arguments(TrainingArguments(), from_scratch=False, max_positions=64)
    assert (silent.max_length, notices) == (64, ())


def test_accumulation_multiplies_the_rows_of_a_step():
    given = training_arguments(batch_size=8, gradient_accumulation=4)
    assert given.rows_per_step == 32


def test_an_unknown_argument_is_refused_with_the_nearest():
    with pytest.raises(UsageError, match=r"epoch: expected the name.*did you mean 'epochs'"):
        training_arguments(epoch=3)


def test_all_bad_values_are_told_at_once():
    with pytest.raises(UsageError) as refused:
        training_arguments(epochs=0, learning_rate=-1, device="tpu")
    message = str(refused.value)
    assert message.startswith("training arguments: ")
    assert "epochs: Input should be greater than or equal to 1, got 0" in message
    assert "learning_rate: Input should be greater than 0, got -1" in message
    assert "device" in message


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"freeze": "al-but-head"}, "freeze: expected one of none.*did you mean 'all-but-head'"),
        ({"freeze": "first:x"}, "freeze: expected first:K with a whole number K, got 'first:x'"),
        ({"adapter": "houlsbi"}, "adapter: expected .* got 'houlsbi'; did you mean 'houlsby'"),
        ({"unfreeze": "gradul"}, "unfreeze: expected gradual.* did you mean 'gradual'"),
        ({"unfreeze": "gradual:0"}, "unfreeze: expected gradual or gradual:E"),
        ({"unfreeze": "gradual", "freeze": "encoder"}, "unfreeze: expected layers that may open"),
        ({"adapter": "lora", "freeze": "encoder"}, "adapter: expected layers whose adapters may"),
        ({"reinit": "pooller"}, "reinit: expected pooler, head.*did you mean 'pooler'"),
        ({"class_weights": "balenced"}, "class_weights: .*did you mean 'balanced'"),
        ({"class_weights": "neg=0,pos=1"}, "class_weights: expected balanced, or a positive"),
        ({"class_weights": "neg=1,neg=2"}, "class_weights: expected balanced, or a positive"),
        ({"momentum": 0.9}, "momentum: expected to be left out, .* got 0.9 with adamw"),
        ({"optimizer": "nesterov", "momentum": 0.0}, "momentum: expected a value above 0"),
        ({"label_smoothing": 1.0}, "label_smoothing: Input should be less than 1, got 1.0"),
        ({"layer_lr_decay": 0.0}, "layer_lr_decay: Input should be greater than 0"),
        ({"schedule": "cosin"}, "schedule: Input should be .*got 'cosin'"),
        ({"max_steps": 0}, "max_steps: "),
        ({"early_stopping": 0}, "early_stopping: "),
        ({"eval_steps": 0}, "eval_steps: "),
        ({"learning_rate": float("nan")}, "learning_rate: "),
    ],
)
def test_what_cannot_be_used_is_refused_by_the_option_s_name(given, message):
    with pytest.raises(UsageError, match=f"training arguments: .*{message}"):
        training_arguments(**given)


def test_short_forms_are_written_out():
    given = training_arguments(adapter="houlsby", freeze=" first:3 ", reinit="head,pooler")
    assert (given.adapter, given.freeze, given.reinit) == ("houlsby:64", "first:3", "pooler,head")
    assert training_arguments(**given.model_dump()) == given


@pytest.mark.parametrize(
    ("given", "from_scratch", "rate"),
    [
        ({}, False, 2e-5),
        ({}, True, 7e-4),
        ({"freeze": "encoder"}, False, 2e-3),
        ({"freeze": "all-but-head"}, True, 2e-3),
        ({"freeze": "first:2"}, False, None),
        ({"freeze": "except:bias"}, False, None),
        ({"adapter": "lora"}, False, 1e-3),
        ({"adapter": "ia3", "freeze": "first:1"}, True, 1e-3),
        ({"optimizer": "sgd"}, False, 1e-2),
        ({"optimizer": "nesterov", "freeze": "encoder"}, False, 1e-2),
        ({"learning_rate": 0.3, "adapter": "lora"}, False, 0.3),
    ],
)
def test_the_default_rate_follows_what_trains(given, from_scratch, rate):
    resolved, _ = resolve_arguments(
        training_arguments(**given), from_scratch=from_scratch, max_positions=None
    )
    assert resolved.learning_rate == rate


def test_initialisation_has_the_seed_of_training_unless_it_has_its_own():
    assert training_arguments(seed=3).initialisation_seed == 3
    assert training_arguments(seed=3, init_seed=0).initialisation_seed == 0
