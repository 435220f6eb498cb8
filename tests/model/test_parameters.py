import json

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import CONFIG_MAPPING, AutoModel, BertConfig

from robustft.errors import HubError, ModelError, UsageError
from robustft.model.configuration import find_configuration
from robustft.model.formulas import SYMBOLS, evaluate
from robustft.model.known import KNOWN_SHAPES, known_shape
from robustft.model.parameters import HEADS, compare, count_parameters

# What the published models count, by their papers, their cards or by transformers' own modules.
PUBLISHED = {
    "bert-base-uncased": 109_482_240,
    "bert-base-cased": 108_310_272,
    "bert-large-uncased": 335_141_888,
    "distilbert-base-uncased": 66_362_880,
    "roberta-base": 124_645_632,
    "snowood1/ConfliBERT-scr-uncased": 109_081_344,
}


def config(name="bert-base-uncased"):
    shape = known_shape(name)
    return CONFIG_MAPPING[shape.model_type](**shape.arguments())


def rows(table):
    return {row.path: row for row in table.rows}


def test_bert_base_counts_as_its_assignment_says():
    table = count_parameters(config())
    assert table.total.count == 109_482_240
    assert table.count("embeddings") == 23_837_184
    assert table.count("encoder") == 85_054_464
    assert {table.count("encoder", f"layer {i}") for i in range(12)} == {7_087_872}
    assert table.count("encoder", "layer 12") == 0
    assert table.count("pooler") == 590_592
    assert table.count("head") == 0
    assert table.count("embeddings", "word_embeddings") == 30_522 * 768
    assert (table.architecture, table.model_type) == ("BertModel", "bert")


@pytest.mark.parametrize(
    ("head", "labels", "total", "added"),
    [
        ("classification", None, 109_483_778, 1_538),
        ("classification", 5, 109_486_085, 3_845),
        ("regression", None, 109_483_009, 769),
        ("question-answering", None, 108_893_186, 1_538),
        ("masked-lm", None, 109_514_298, 622_650),
    ],
)
def test_heads_add_what_they_should(head, labels, total, added):
    table = count_parameters(config(), head=head, labels=labels)
    assert (table.total.count, table.count("head")) == (total, added)
    assert (table.count("pooler") == 0) == (head in ("question-answering", "masked-lm"))


def test_why_question_answering_is_smaller_is_said():
    notes = " ".join(count_parameters(config(), head="question-answering").notes)
    assert "109,482,240 (the bare model) − 590,592 (pooler) + 1,538 (head) = 108,893,186" in notes
    assert "Where 109,483,778 is given for question answering" in notes
    distil = count_parameters(config("distilbert-base-uncased"), head="question-answering")
    assert distil.notes == ()  # it never had one


def test_the_misprint_in_the_letter_is_named_for_models_of_that_size():
    (note,) = count_parameters(config()).notes
    assert "prints 2.3 M for the embeddings and 8.5 M for the encoder" in note
    assert "23.84 M and 85.05 M" in note
    (note,) = count_parameters(config("snowood1/ConfliBERT-scr-uncased"), head="regression").notes
    assert "23.44 M and 85.05 M" in note
    assert count_parameters(config("roberta-base")).notes == ()


@pytest.mark.parametrize("name", KNOWN_SHAPES)
def test_known_shapes_count_as_published(name):
    assert count_parameters(config(name)).total.count == PUBLISHED[name]
    assert known_shape(name).source


@pytest.mark.parametrize("name", KNOWN_SHAPES)
@pytest.mark.parametrize("head", HEADS)
def test_every_formula_gives_the_count_of_the_modules(name, head):
    table = count_parameters(config(name), name=name, head=head)
    with_formula = [row for row in (*table.rows, table.total) if row.formula is not None]
    assert {row.path: row.expected for row in with_formula} == {
        row.path: row.count for row in with_formula
    }
    places = {row.place[:1] for row in with_formula}
    assert places >= {(), ("embeddings",), ("encoder",)}
    for row in with_formula:
        assert evaluate(row.formula, table.symbols) == row.expected
        assert evaluate(row.numbers.replace(",", ""), {}) == row.expected


@given(
    st.integers(1, 200), st.integers(1, 8), st.integers(1, 40), st.integers(0, 4),
    st.integers(1, 64), st.integers(2, 9),
)  # fmt: skip
def test_formulas_hold_for_any_shape(vocabulary, width, inner, layers, positions, labels):
    shape = BertConfig(
        vocab_size=vocabulary + 1, hidden_size=2 * width, intermediate_size=inner,
        num_hidden_layers=layers + 1, num_attention_heads=2, max_position_embeddings=positions,
    )  # fmt: skip
    table = count_parameters(shape, head="classification", labels=labels)
    assert table.total.expected == table.total.count
    assert not any(row.note for row in table.rows)


@pytest.mark.parametrize("head", ["none", "masked-lm"])
@pytest.mark.parametrize("model_type", ["bert", "distilbert", "albert", "deberta-v2", "modernbert"])
def test_lines_sum_to_what_torch_counts(model_type, head):
    small = {"vocab_size": 60, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    small |= {"intermediate_size": 32, "max_position_embeddings": 40, "pad_token_id": 0}
    small |= {"dim": 16, "n_heads": 2, "n_layers": 2} if model_type == "distilbert" else {}
    shape = CONFIG_MAPPING[model_type](**small)
    table = count_parameters(shape, head=head)
    if head == "none":
        model = AutoModel.from_config(shape)
        assert table.total.count == sum(p.numel() for p in model.parameters())
    by_place = {row.place: row.count for row in table.rows}
    assert len(by_place) == len(table.rows)
    assert table.total.count == sum(n for place, n in by_place.items() if len(place) == 1)
    for place, count in by_place.items():
        below = [n for p, n in by_place.items() if p[:-1] == place]
        assert not below or sum(below) == count
    assert (table.symbols is None) == (model_type not in ("bert", "distilbert"))
    if table.symbols is None:
        assert table.notes[0].startswith(f"No formula is written down for {model_type};")
        assert not any(row.formula for row in table.rows)


def test_a_shared_weight_is_counted_once_and_said():
    found = rows(count_parameters(config(), head="masked-lm"))
    decoder = found["head/cls.predictions.decoder"]
    assert decoder.count == 0
    assert "23,440,896 shared with bert.embeddings.word_embeddings" in decoder.note
    shape = CONFIG_MAPPING["albert"](vocab_size=60)
    table = count_parameters(shape)
    assert "A text passes 12 times through 1 layer; shared weights count once." in table.notes
    assert table.count("encoder", "layer 0") > 0
    assert table.count("encoder", "layer 1") == 0


def test_modules_without_parameters_are_shown():
    found = rows(count_parameters(config(), head="classification"))
    for path, kind in {
        "embeddings/dropout": "Dropout",
        "encoder/layer 3/attention/output.dropout": "Dropout",
        "encoder/layer 3/intermediate/intermediate_act_fn": "GELUActivation",
        "pooler/activation": "Tanh",
        "head/dropout": "Dropout",
    }.items():
        assert (found[path].count, found[path].kind) == (0, kind)


@pytest.mark.parametrize(
    ("spec", "trainable"),
    [
        ("none", 109_483_778),
        ("embeddings", 109_483_778 - 23_837_184),
        ("encoder", 590_592 + 1_538),
        ("all-but-head", 1_538),
        ("first:10", 2 * 7_087_872 + 590_592 + 1_538),
    ],
)
def test_what_would_train_is_counted(spec, trainable):
    table = count_parameters(config(), head="classification", frozen=spec)
    assert table.total.trainable == trainable
    assert table.total.count == 109_483_778


def test_nothing_is_allocated():
    huge = BertConfig(hidden_size=2**15, intermediate_size=2**17, num_attention_heads=8)
    assert count_parameters(huge).total.count > 150_000_000_000
    assert torch.get_default_device() == torch.device("cpu")


def test_the_configuration_is_left_as_it_was():
    shape = config()
    before = shape.to_dict()
    count_parameters(shape, head="classification", labels=7)
    assert shape.to_dict() == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"head": "clasification"}, "did you mean 'classification'"),
        ({"head": "classification", "labels": 1}, "labels: expected at least 2"),
        ({"head": "none", "labels": 3}, "labels: expected with --head classification"),
        ({"frozen": "first:13"}, "K of at most 12"),
    ],
)
def test_what_cannot_be_counted_is_refused(arguments, message):
    with pytest.raises(UsageError, match=message):
        count_parameters(config(), **arguments)


def test_a_head_that_an_architecture_lacks_is_refused():
    with pytest.raises(ModelError, match="gpt2: expected a model with a head for masked-lm, got"):
        count_parameters(CONFIG_MAPPING["gpt2"](), head="masked-lm")


def test_models_side_by_side():
    tables = [count_parameters(config(name)) for name in ("bert-base-uncased", "roberta-base")]
    found = {row["part"]: row for row in compare(tables)}
    assert found["encoder/layers"]["counts"] == [12, 12]
    assert found["encoder/each layer"] == {
        "part": "encoder/each layer", "counts": [7_087_872] * 2, "difference": [0],
    }  # fmt: skip
    assert found["total"]["difference"] == [124_645_632 - 109_482_240]
    assert list(found)[-2:] == ["total", "trainable"]
    assert not any(part.startswith("encoder/layer ") for part in found)
    distil = count_parameters(config("distilbert-base-uncased"))
    found = {row["part"]: row for row in compare([tables[0], distil])}
    assert found["embeddings/token_type_embeddings"]["counts"] == [1_536, 0]
    assert found["pooler"]["difference"] == [-590_592]


def test_a_table_is_plain_values_for_json():
    facts = json.loads(
        json.dumps(count_parameters(config(), name="b", head="regression").to_dict())
    )
    assert (facts["name"], facts["head"], facts["total"]) == ("b", "regression", 109_483_009)
    assert facts["expected"] == facts["total"]
    assert facts["components"] == {
        "embeddings": 23_837_184, "encoder": 85_054_464, "pooler": 590_592, "head": 769,
    }  # fmt: skip
    assert facts["rows"][1]["place"] == ["embeddings", "word_embeddings"]
    assert set(facts["symbols"]) == set(SYMBOLS)


@pytest.mark.parametrize("text", ["a - 1", "f(2)", "2**3", "x·2", "'a'", "1.5"])
def test_a_formula_holds_nothing_but_sums_and_products(text):
    with pytest.raises(ValueError, match="expected sums, products and squares"):
        evaluate(text, {"a": 1})


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("google-bert/bert-base-uncased", "bert-base-uncased"),
        ("distilbert/distilbert-base-uncased", "distilbert-base-uncased"),
        ("FacebookAI/roberta-base", "roberta-base"),
        ("eventdata-utd/ConfliBERT-scr-uncased", "snowood1/ConfliBERT-scr-uncased"),
    ],
)
def test_a_known_shape_has_the_names_that_the_hub_has(name, same):
    assert known_shape(name) is KNOWN_SHAPES[same]
    assert known_shape("bert-huge") is None


def test_a_configuration_by_name_folder_or_file(checkpoint, finetuned):
    folder = checkpoint("distilbert")
    for name in (str(folder), str(folder / "config.json")):
        found = find_configuration(name)
        assert (found.config.model_type, found.head, found.notices) == ("distilbert", "none", ())
    found = find_configuration(str(finetuned(("a", "b", "c"))))
    assert (found.head, found.config.num_labels) == ("classification", 3)
    assert find_configuration("tiny").config.hidden_size == 128


def test_a_known_shape_needs_no_hub(monkeypatch):
    monkeypatch.setattr("robustft.model.configuration.find_source", None)
    (notice,) = find_configuration("bert-base-uncased").notices
    assert notice.startswith("bert-base-uncased: counted from its published configuration (")


def test_adapters_that_are_not_counted_are_said(checkpoint, tmp_path):
    (tmp_path / "config.json").write_bytes((checkpoint() / "config.json").read_bytes())
    (tmp_path / "adapter.json").write_text("{}")
    assert find_configuration(str(tmp_path)).notices[0].endswith(": its adapters are not counted")


def test_what_is_no_configuration_is_refused(tmp_path):
    with pytest.raises(HubError, match=r"bert-base-uncase: .*no connection.*mean 'bert-base-uncas"):
        find_configuration("bert-base-uncase")
    with pytest.raises(ModelError, match="expected a model folder, got no such folder"):
        find_configuration("./nowhere")
    path = tmp_path / "config.json"
    for text in ("{", "{}", '{"model_type": "no-such-type"}', "[]"):
        path.write_text(text)
        for name in (str(path), str(tmp_path)):
            with pytest.raises(ModelError, match=r"expected a model's configuration \(config.json"):
                find_configuration(name)
