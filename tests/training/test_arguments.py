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
