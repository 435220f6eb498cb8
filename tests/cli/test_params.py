"""``robustft params``."""

from __future__ import annotations

import json

import pytest
from transformers import BertConfig

from robustft.model.anatomy import ARCHITECTURES

BERT = "bert-base-uncased"


def lines(out):
    """The cells of each line of a table, by its first cell without the indent."""
    return {cells[0].strip(): cells[1:] for cells in map(split, out.splitlines()) if cells}


def split(line):
    return [cell for cell in line.replace("  ", "\t").split("\t") if cell.strip()]


def test_without_a_name_bert_base_is_counted(run_cli):
    code, out, err = run_cli("params")
    assert code == 0
    assert "bert-base-uncased: counted from its published configuration" in err
    found = {key: [cell.strip() for cell in cells] for key, cells in lines(out).items()}
    assert found["total"] == ["109,482,240"]
    assert found["embeddings"][0] == "23,837,184"
    assert found["encoder"][0] == "85,054,464"
    assert found["layer 0"][0] == "7,087,872"
    assert found["layer 11"] == ["7,087,872", "(as layer 0)"]
    assert found["pooler"] == ["590,592", "H² + H = 768² + 768"]
    assert found["dropout"] == ["0"]
    assert "The formulas sum to 109,482,240: the count of the modules." in out
    assert "V = 30,522 word pieces" in out
    assert "outputs" not in out  # nothing of the head where there is none
    assert "prints 2.3 M for the embeddings" in out


def test_the_lines_go_as_deep_as_asked(run_cli):
    shown = [run_cli("params", BERT, "--depth", str(depth))[1] for depth in (1, 2, 3, 4)]
    assert [("layer 0" in out, "attention" in out, "self.query" in out) for out in shown] == [
        (False, False, False), (True, False, False), (True, True, False), (True, True, True),
    ]  # fmt: skip
    assert shown[3].count("self.query") == 1  # the other layers are as the first


def test_question_answering_says_why_it_has_fewer(run_cli):
    _, out, _ = run_cli("params", BERT, "--head", "question-answering")
    assert "108,893,186" in out
    assert "− 590,592 (pooler) + 1,538 (head) = 108,893,186." in out


def test_frozen_layers_differ_from_those_that_train(run_cli):
    _, out, _ = run_cli("params", BERT, "--head", "classification", "--freeze", "first:2")
    found = {key: [cell.strip() for cell in cells] for key, cells in lines(out).items()}
    assert found["part"][1] == "that train"
    assert found["total"] == ["109,483,778", "71,470,850"]
    assert found["layer 1"] == ["7,087,872", "0", "(as layer 0)"]
    assert found["layer 2"][1] == "7,087,872"
    assert found["layer 3"] == ["7,087,872", "7,087,872", "(as layer 2)"]


def test_two_models_stand_side_by_side(run_cli):
    _, out, _ = run_cli("params", BERT, "distilbert-base-uncased")
    found = {key: [cell.strip() for cell in cells] for key, cells in lines(out).items()}
    assert found["total"] == ["109,482,240", "66,362,880", "-43,119,360"]
    assert found["layers"] == ["12", "6", "-6"]
    assert found["each layer"] == ["7,087,872", "7,087,872", "0"]
    assert "trainable" not in found


def test_two_heads_stand_side_by_side(run_cli):
    _, out, _ = run_cli("params", "--head", "classification, question-answering")
    found = {key: [cell.strip() for cell in cells] for key, cells in lines(out).items()}
    assert found["total"] == ["109,483,778", "108,893,186", "-590,592"]
    assert found["qa_outputs"] == ["0", "1,538", "+1,538"]


def test_labels_ask_for_a_classifier(run_cli):
    _, out, _ = run_cli("params", BERT, "--labels", "5")
    assert "BertForSequenceClassification" in out
    assert "109,486,085" in out


def test_a_bare_configuration_is_enough(run_cli, tmp_path):
    BertConfig(hidden_size=16, num_attention_heads=2, vocab_size=50).save_pretrained(tmp_path)
    code, out, err = run_cli("params", "config.json", "--json")
    assert (code, err) == (0, "")
    (facts,) = json.loads(out)["models"]
    assert facts["symbols"]["V"] == 50
    assert facts["total"] == facts["expected"]
    assert run_cli("params", ".", "--json")[1] == out.replace('"config.json"', '"."')


def test_json_holds_all_models_and_their_comparison(run_cli):
    code, out, _ = run_cli("params", BERT, "roberta-base", "--json")
    found = json.loads(out)
    assert code == 0
    assert [facts["total"] for facts in found["models"]] == [109_482_240, 124_645_632]
    assert found["comparison"][-2] == {
        "part": "total", "counts": [109_482_240, 124_645_632], "difference": [15_163_392],
    }  # fmt: skip
    assert "comparison" not in json.loads(run_cli("params", BERT, "--json")[1])


def test_what_pooler_and_head_are_is_listed(run_cli):
    _, out, _ = run_cli("params", "--anatomy")
    for facts in ARCHITECTURES:
        (line,) = [row for row in out.splitlines() if row.startswith(f"{facts.model_type} ")]
        assert f" {facts.pooler} " in line
        assert line.rstrip().endswith(facts.head)
    rows = json.loads(run_cli("params", "--anatomy", "--json")[1])["architectures"]
    assert rows[1]["pooler"] == "pre_classifier"
    assert len(rows) == len(ARCHITECTURES)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--head", "regresion"), "head: expected one of none, classification, regression"),
        (("--freeze", "first:99"), "freeze: expected first:K with K of at most 12"),
        (("--head", "none", "--labels", "3"), "labels: expected with --head classification"),
        (("no-such-model",), "no-such-model: expected a model from the hub"),
        (("no/such/folder",), "no/such/folder: expected a model folder, got no such folder"),
    ],
)
def test_what_cannot_be_counted_exits_with_2(run_cli, args, message):
    code, out, err = run_cli("params", *args)
    assert (code, out) == (2, "")
    assert message in err
