"""Any model in an evaluation: ONNX graphs, functions, estimators, and what is kept of them."""

from __future__ import annotations

import gc
import json

import numpy as np
import onnx
import pytest
import skops.io
from onnx import TensorProto, helper, numpy_helper
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline
from tokenizers import Tokenizer, models, pre_tokenizers

from robustft import evaluate
from robustft.data.task import Task
from robustft.errors import ModelError, UsageError
from robustft.evaluation.predictors import open_model
from robustft.evaluation.subjects import find_subjects
from robustft.evaluation.text_predictor import TextPredictor, text_hashes
from robustft.model.foreign.estimators import EstimatorModel
from robustft.model.foreign.functions import FunctionModel
from robustft.model.foreign.options import ModelOptions

TASK = Task(label_names=("neg", "pos"))
VOCABULARY = {"[UNK]": 0, "good": 1, "bad": 2, "film": 3, "a": 4}
WEIGHTS = np.array([[0, 0], [-1, 2], [3, -1], [0, 0.25], [0.5, 0]], np.float32)


def ints(name, rows="rows", columns="tokens"):
    return helper.make_tensor_value_info(name, TensorProto.INT64, [rows, columns])


def floats(name="logits", rows="rows"):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, [rows, 2])


def graph_of_tokens(*, mask=True, output="logits", rows="rows", columns="tokens", softmax=False):
    """Sum a weight over each text's tokens, those that are masked left out."""
    nodes = [helper.make_node("Gather", ["weights", "input_ids"], ["each"])]
    kept = "each"
    if mask:
        nodes += [
            helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
            helper.make_node("Unsqueeze", ["mask", "last"], ["wide"]),
            helper.make_node("Mul", ["each", "wide"], ["kept"]),
        ]
        kept = "kept"
    summed = "sums" if softmax else output
    nodes.append(helper.make_node("ReduceSum", [kept, "middle"], [summed], keepdims=0))
    if softmax:
        nodes.append(helper.make_node("Softmax", [summed], [output], axis=-1))
    inputs = [ints("input_ids", rows, columns)] + [ints("attention_mask", rows, columns)] * mask
    constants = {"weights": WEIGHTS, "last": np.array([2]), "middle": np.array([1])}
    return save(nodes, inputs, [floats(output, rows)], constants)


def save(nodes, inputs, outputs, constants):
    made = helper.make_graph(
        nodes, "toy", inputs, outputs,
        [numpy_helper.from_array(values, name) for name, values in constants.items()],
    )  # fmt: skip
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    return model


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A place for a graph, with a tokenizer, and a cache of its own."""
    monkeypatch.setenv("ROBUSTFT_CACHE", str(tmp_path / "cache"))
    home = tmp_path / "graph"
    home.mkdir()
    tokenizer = Tokenizer(models.WordLevel(VOCABULARY, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(home / "tokenizer.json"))
    (home / "config.json").write_text(json.dumps({"id2label": {"0": "NEG", "1": "POS"}}))
    return home


def opened(name, options=None, **settings):
    (subject,) = find_subjects(name, None, options)
    return open_model(subject, TASK, device="cpu", **settings)


def expected(texts, length=256):
    rows = [[VOCABULARY.get(word, 0) for word in text.split()[:length]] for text in texts]
    return np.array([WEIGHTS[row].sum(axis=0) for row in rows])


TEXTS = ["good film", "bad", "a good good film", "a bad film a film", "unknown", "good film"]


@pytest.mark.parametrize(
    "graph",
    [{}, {"mask": False}, {"output": "score"}, {"rows": 4}, {"rows": 2, "columns": 6}],
    ids=str,
)
@pytest.mark.parametrize("alone", [True, False])
def test_a_graph_of_tokens(folder, graph, alone):
    onnx.save(graph_of_tokens(**graph), folder / "model.onnx")
    model = opened(str(folder / "model.onnx") if alone else str(folder), batch_size=4)
    made = model.predict(TEXTS)
    assert made.logits == pytest.approx(expected(TEXTS), abs=1e-6)
    assert made.lengths.tolist() == [2, 1, 4, 5, 1, 2]
    assert made.token_hash[0] == made.token_hash[5]
    assert model.notices == []
    assert model.max_length == (6 if "columns" in graph else 256)


def test_a_graph_is_cut_at_the_length_and_says_so(folder):
    onnx.save(graph_of_tokens(), folder / "model.onnx")
    model = opened(folder, max_length=3)
    made = model.predict(TEXTS)
    assert made.truncated.tolist() == [False, False, True, True, False, False]
    assert made.logits == pytest.approx(expected(TEXTS, 3), abs=1e-6)


def test_labels_that_nobody_named_are_said_and_probabilities_known(folder):
    (folder / "config.json").unlink()
    onnx.save(graph_of_tokens(output="output", softmax=True), folder / "model.onnx")
    model = opened(folder)
    made = model.predict(TEXTS)
    shares = np.exp(expected(TEXTS))
    shares /= shares.sum(axis=1, keepdims=True)
    assert made.probabilities == pytest.approx(shares, abs=1e-5)
    assert model.notices[0].endswith("so they are taken in the data's order: neg, pos")


def test_a_graph_of_text(folder):
    strings = helper.make_tensor_value_info("text", TensorProto.STRING, ["rows", 1])
    nodes = [
        helper.make_node("LabelEncoder", ["text"], ["codes"], domain="ai.onnx.ml",
                         keys_strings=list(VOCABULARY), values_int64s=list(VOCABULARY.values()),
                         default_int64=0),
        helper.make_node("Gather", ["weights", "codes"], ["each"]),
        helper.make_node("ReduceSum", ["each", "middle"], ["logits"], keepdims=0),
    ]  # fmt: skip
    made = save(nodes, [strings], [floats()], {"weights": WEIGHTS, "middle": np.array([1])})
    made.opset_import.append(helper.make_opsetid("ai.onnx.ml", 3))
    (folder / "tokenizer.json").unlink()
    onnx.save(made, folder / "model.onnx")
    said = opened(folder).predict(["good", "bad", "else"])
    assert said.logits == pytest.approx(WEIGHTS[[1, 2, 0]], abs=1e-6)
    with pytest.raises(ModelError, match="single texts for a graph that reads text, got pairs"):
        opened(folder).predict(["good"], pairs=["bad"])


def test_graphs_that_cannot_be_used(folder):
    path = folder / "model.onnx"
    path.write_bytes(b"not a graph")
    with pytest.raises(ModelError, match="expected an ONNX model, got"):
        opened(path)
    onnx.save(graph_of_tokens(), path)
    (folder / "tokenizer.json").write_text("{}")
    with pytest.raises(ModelError, match=r"tokenizer.json: expected a tokenizer, got"):
        opened(path)
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ModelError, match=r"expected tokenizer.json beside model.onnx"):
        opened(path)
    other = save(
        [helper.make_node("Gather", ["weights", "ids"], ["logits"])],
        [ints("ids")], [floats()], {"weights": WEIGHTS},
    )  # fmt: skip
    onnx.save(other, path)
    with pytest.raises(ModelError, match=r"expected an input called input_ids, .* ids \(tensor"):
        opened(path)


def test_a_graph_is_not_computed_twice(folder):
    onnx.save(graph_of_tokens(), folder / "model.onnx")
    first = opened(folder)
    made = first.predict(TEXTS)
    assert first.memory.computed == 5
    del first
    gc.collect()
    second = opened(folder)
    assert (second.predict(TEXTS).logits == made.logits).all()
    assert second.memory.computed == 0
    for other in (
        opened(folder, anew=True),
        opened(folder, max_length=7),
        opened(folder, ModelOptions(cache=False)),
    ):
        other.predict(TEXTS)
        assert other.memory.computed == 5
    (folder / "config.json").write_text(json.dumps({"id2label": {"0": "POS", "1": "NEG"}}))
    turned = opened(folder)
    assert (turned.predict(TEXTS).logits == made.logits[:, ::-1]).all()
    assert turned.memory.computed == 5


def test_hashes_tell_texts_and_pairs_apart():
    assert len(set(text_hashes(["ab", "abc", "", "\ud800"]).tolist())) == 4
    one, other = text_hashes(["ab", "a"], ["c", "bc"])
    assert one != other
    assert (text_hashes(["a", "b"]) == text_hashes(["b", "a"])[::-1]).all()


def test_a_function_that_fails_loses_nothing():
    asked = []

    def model(texts):
        asked.extend(texts)
        if "bad" in texts:
            raise RuntimeError("out of memory")
        return [[0.5, 0.5]] * len(texts)

    predictor = TextPredictor(FunctionModel(model, "model"), TASK, batch_size=2)
    with pytest.raises(ModelError, match=r"RuntimeError: out of memory; 2 texts have their pred"):
        predictor.predict(["one", "two", "bad"])
    asked.clear()
    assert predictor.memory.computed == 2
    predictor.predict(["two", "one", "three"])
    assert asked == ["three"]


@pytest.fixture(scope="module")
def reviews(tmp_path_factory):
    rng = np.random.default_rng(0)
    words = {"pos": "good great fine lovely".split(), "neg": "bad awful poor dull".split()}
    lines = ["text,label"]
    for row in range(90):
        label = ("pos", "neg")[row % 2]
        chosen = rng.choice(words[label], 3)
        lines.append(
            f"the {chosen[0]} film number {row} is {chosen[1]} and don't be {chosen[2]},{label}"
        )
    path = tmp_path_factory.mktemp("reviews") / "reviews.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def linear(reviews):
    rows = [line.rsplit(",", 1) for line in reviews.read_text().splitlines()[1:]]
    model = make_pipeline(CountVectorizer(), MultinomialNB())
    return model.fit([text for text, _ in rows], [label for _, label in rows])


def run(model, reviews, out, **more):
    return evaluate(
        model, data=reviews, transforms="typos,contractions", out=out, device="cpu", seed=1,
        counterexamples=0, **more,
    )  # fmt: skip


class Counting:
    """A function that counts the texts it is asked about."""

    labels = ("pos", "neg")

    def __init__(self, linear, fails_at=None):
        self.linear, self.asked, self.fails_at = linear, 0, fails_at

    def __call__(self, texts):
        self.asked += len(texts)
        if self.fails_at is not None and self.asked > self.fails_at:
            raise KeyboardInterrupt
        return self.linear.predict_proba(list(texts))[:, ::-1]


def test_one_model_four_ways_says_the_same(linear, reviews, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    skops.io.dump(linear, "linear.skops")
    (tmp_path / "a_function.py").write_text(
        "import skops.io\n"
        "model = skops.io.load('linear.skops')\n"
        "def labels(texts):\n"
        "    return model.predict(texts)\n"
    )
    found = [
        run(model, reviews, tmp_path / str(number))
        for number, model in enumerate(
            ["linear.skops", linear, Counting(linear), "./a_function.py:labels"]
        )
    ]
    for other in found[1:]:
        assert [cell.metrics for cell in other.cells] == [cell.metrics for cell in found[0].cells]
    assert [f.models[0].name for f in found] == ["linear", "Pipeline", "Counting", "labels"]
    assert any("no probabilities" in caveat for caveat in found[3].verdict.caveats)


def test_a_function_is_asked_again_and_a_stopped_evaluation_goes_on(linear, reviews, tmp_path):
    stopped = Counting(linear, fails_at=130)
    with pytest.raises(KeyboardInterrupt):
        run(stopped, reviews, tmp_path / "out", batch_size=20)
    model = Counting(linear)
    first = run(model, reviews, tmp_path / "out", batch_size=20)
    asked = model.asked
    assert not list((tmp_path / "out").rglob("unfinished"))
    again = run(model, reviews, tmp_path / "out")
    # A function may say something else by now: only an evaluation that was stopped goes on.
    assert asked + 130 == model.asked - asked
    assert again.to_dict() == first.to_dict()


def test_a_model_that_fast_says_nothing_to_is_named(reviews, tmp_path):
    def half(texts):
        return [[0.5, 0.5]] * len(texts)

    half.labels = ("neg", "pos")
    found = run(half, reviews, tmp_path / "out", fast=True)
    said = [remark for remark in found.verdict.caveats if "--fast" in remark]
    assert len(said) == 1
    assert said[0].endswith("asked as without it, being no model of transformers")


def test_models_that_cannot_answer_are_refused_first(linear, reviews, tmp_path):
    def other(texts):
        raise AssertionError("asked")

    other.labels = ("joy", "anger")
    with pytest.raises(
        ModelError, match=r"whose labels are the data's \(neg, pos\), got joy, anger"
    ):
        run(other, reviews, tmp_path / "out")
    (tmp_path / "m.pkl").write_bytes(b"")
    with pytest.raises(UsageError, match="got a pickle"):
        run(str(tmp_path / "m.pkl"), reviews, tmp_path / "out")


def test_another_evaluation_of_a_file_computes_nothing(linear, reviews, tmp_path, monkeypatch):
    monkeypatch.setenv("ROBUSTFT_CACHE", str(tmp_path / "cache"))
    skops.io.dump(linear, tmp_path / "linear.skops")
    first = run(tmp_path / "linear.skops", reviews, tmp_path / "one")
    gc.collect()
    asked = []
    real = EstimatorModel.__call__
    monkeypatch.setattr(
        EstimatorModel, "__call__", lambda m, t, p: asked.extend(t) or real(m, t, p)
    )
    again = run(tmp_path / "linear.skops", reviews, tmp_path / "two")
    assert not asked
    assert again.to_dict() == first.to_dict()
    run(tmp_path / "linear.skops", reviews, tmp_path / "two", force=True)
    assert len(asked) == len(set(asked)) > 90
    asked.clear()
    skops.io.dump(linear, tmp_path / "linear.skops", compression=8, compresslevel=1)
    run(tmp_path / "linear.skops", reviews, tmp_path / "three")
    assert asked  # another file


def test_an_object_in_a_file_is_recorded_without_the_files_folder(tmp_path):
    code = (
        "class M:\n    def __call__(self, texts):\n        return ['pos'] * len(texts)\nm = M()\n"
    )
    (tmp_path / "own.py").write_text(code)
    (found,) = find_subjects([f"{tmp_path}/own.py:m"], tmp_path)
    assert found.fingerprint == "own.py:m"
    assert not found.steady


def test_a_function_is_kept_if_it_is_said_to_stay(linear, reviews, tmp_path, monkeypatch):
    monkeypatch.setenv("ROBUSTFT_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "counted.py").write_text(
        "from pathlib import Path\n"
        "def model(texts):\n"
        "    with Path('count').open('a') as file:\n"
        "        file.write('x' * len(texts))\n"
        "    return ['pos' if 'great' in text else 'neg' for text in texts]\n"
    )
    stays = ModelOptions(cache=True)
    run("./counted.py:model", reviews, "one", options=stays)
    gc.collect()
    asked = len((tmp_path / "count").read_text())
    run("./counted.py:model", reviews, "two", options=stays)
    run("./counted.py:model", reviews, "two", options=stays)
    assert len((tmp_path / "count").read_text()) == asked
    run("./counted.py:model", reviews, "three")
    assert len((tmp_path / "count").read_text()) == 2 * asked
