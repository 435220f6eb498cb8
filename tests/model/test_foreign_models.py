"""Functions, estimators and ONNX graphs: found, checked, asked."""

from __future__ import annotations

import json

import joblib
import numpy as np
import pytest
import skops.io
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import LinearSVC

from robustft.data.task import Task, TaskType
from robustft.errors import ModelError, UsageError
from robustft.model.foreign.estimators import EstimatorModel, check_file, load_estimator
from robustft.model.foreign.functions import FunctionModel, load_function, source_hash
from robustft.model.foreign.kinds import content_hash, foreign_name, foreign_object
from robustft.model.foreign.options import ModelOptions, header_variables

TASK = Task(label_names=("neg", "pos"))
TEXTS = ["a good film", "a bad film", "good good", "bad plot", "so good", "so bad"]
LABELS = ["pos", "neg"] * 3


def shout(texts):
    return [text.upper() for text in texts]


def pipeline(last=None):
    return make_pipeline(TfidfVectorizer(), last or LogisticRegression()).fit(TEXTS, LABELS)


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def outputs(model, task=TASK, texts=TEXTS):
    return model.reader(task)(model(list(texts), None), len(texts))


def test_a_function_is_found_in_a_file_and_in_a_module(home):
    (home / "helper_of_it.py").write_text("share = 0.25\n")
    (home / "a_model.py").write_text(
        "from helper_of_it import share\n"
        "class Model:\n"
        "    labels = ['pos', 'neg']\n"
        "    def __call__(self, texts):\n"
        "        return [[share, 1 - share] for _ in texts]\n"
        "model = Model()\n"
    )
    for name in ("./a_model.py:model", "a_model:model"):
        found = foreign_name(name, ModelOptions())
        assert (found.kind, found.name) == ("function", "model")
        made = outputs(FunctionModel(found.thing, name))
        assert np.exp(made[0]) == pytest.approx([0.75, 0.25])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("./a.py:f", "./a.py: expected a file with a function, got none"),
        ("no_such_module:f", "no_such_module: expected a module that can be imported, got Module"),
        ("json:dumbs", "json:dumbs: expected a function 'dumbs' in json, got none; did you mean"),
        ("broken:f", "broken: expected a module that can be imported, got ZeroDivisionError"),
        ("json:JSONEncoder", "expected a function from a list of texts, got a class; name an"),
        ("json:__name__", "expected a function from a list of texts, got 'json'"),
    ],
)  # fmt: skip
def test_functions_that_are_not_there(home, name, message):
    (home / "broken.py").write_text("1 / 0\n")
    with pytest.raises(ModelError, match=message):
        load_function(name)


def test_what_a_function_raises_is_said_with_its_name(home):
    def crash(texts):
        raise KeyError("vocabulary\nmore")

    with pytest.raises(ModelError, match="crash: expected outputs for 2 texts, got KeyError"):
        FunctionModel(crash, "crash")(["a", "b"], None)
    with pytest.raises(ModelError, match="expected outputs for 1 pairs of texts, as two lists"):
        FunctionModel(shout, "shout")(["a"], ["b"])

    def stop(texts):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        FunctionModel(stop, "stop")(["a"], None)


def test_a_function_is_known_by_its_source():
    assert source_hash(shout).startswith("shout ")
    assert source_hash(shout) == source_hash(shout) != source_hash(pipeline)
    assert source_hash(eval("lambda texts: texts")) is None
    assert foreign_object(lambda texts: texts).name == "function"


def test_an_estimator_from_a_file_says_what_it_said(home):
    model = pipeline()
    skops.io.dump(model, "linear.skops")
    found = foreign_name("linear.skops", ModelOptions())
    assert (found.kind, found.name, found.model) == ("estimator", "linear", "linear.skops")
    loaded = load_estimator(home / "linear.skops", trust=False)
    made = outputs(EstimatorModel(loaded, "linear.skops"))
    assert np.exp(made) == pytest.approx(model.predict_proba(TEXTS), abs=1e-6)
    first = content_hash("estimator", "linear.skops", None)
    skops.io.dump(pipeline(LogisticRegression(C=9)), "linear.skops")
    assert content_hash("estimator", "linear.skops", None) != first
    assert content_hash("estimator", "linear", model) is None


def test_a_pickle_needs_trust(home):
    joblib.dump(pipeline(), "linear.joblib")
    with pytest.raises(UsageError, match=r"linear.joblib: expected .* a pickle, .* --trust"):
        foreign_name("linear.joblib", ModelOptions())
    assert foreign_name("linear.joblib", ModelOptions(trust=True)).kind == "estimator"
    loaded = load_estimator(home / "linear.joblib", trust=True)
    assert (loaded.predict(TEXTS) == LABELS).all()


def test_types_that_skops_does_not_know_are_named(home):
    model = make_pipeline(FunctionTransformer(shout), TfidfVectorizer(), LogisticRegression())
    skops.io.dump(model.fit(TEXTS, LABELS), "odd.skops")
    with pytest.raises(UsageError, match=r"expected types that skops trusts, got .*shout; if you"):
        check_file(home / "odd.skops", trust=False)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("gone.skops", None, "gone.skops: expected a model file, got nothing there"),
        ("bad.skops", b"PK nothing", "bad.skops: expected a file that skops wrote, got"),
        ("bad.pkl", b"nothing", "bad.pkl: expected a saved estimator, got"),
        ("empty.onnx", b"", "empty.onnx: expected an ONNX model, got an empty file"),
    ],
)
def test_files_that_hold_no_model(home, name, content, message):
    if content is not None:
        (home / name).write_bytes(content)
    ask = load_estimator if name == "bad.pkl" else None
    with pytest.raises(ModelError, match=message):
        ask(home / name, trust=True) if ask else foreign_name(name, ModelOptions(trust=True))


def test_margins_order_texts_as_the_estimator_does():
    model = pipeline(LinearSVC())
    made = outputs(EstimatorModel(model, "svc"))
    assert made[:, 1] - made[:, 0] == pytest.approx(model.decision_function(TEXTS), abs=1e-5)
    three = [*LABELS[:4], "so", "so"]
    model = make_pipeline(TfidfVectorizer(), LinearSVC()).fit(TEXTS, three)
    made = outputs(EstimatorModel(model, "svc"), Task(label_names=("so", "pos", "neg")))
    assert made == pytest.approx(model.decision_function(TEXTS)[:, [2, 1, 0]], abs=1e-5)


def test_a_regressor_gives_numbers_and_is_no_classifier():
    number = Task(type=TaskType.REGRESSION)
    ridge = make_pipeline(TfidfVectorizer(), Ridge()).fit(TEXTS, [1.0, 0.0] * 3)
    assert outputs(EstimatorModel(ridge, "ridge"), number)[:, 0] == pytest.approx(
        ridge.predict(TEXTS), abs=1e-6
    )
    with pytest.raises(ModelError, match="ridge: expected a fitted classifier"):
        EstimatorModel(ridge, "ridge").reader(TASK)
    with pytest.raises(ModelError, match="linear: expected a regressor, got a classifier"):
        EstimatorModel(pipeline(), "linear").reader(number)


def test_an_estimator_reads_single_texts():
    with pytest.raises(ModelError, match="expected a data set of single texts for an estimator"):
        EstimatorModel(pipeline(), "linear")(TEXTS, TEXTS)


def test_what_is_no_model():
    with pytest.raises(UsageError, match="expected the name of a run or a model, a function"):
        foreign_object(7)
    with pytest.raises(UsageError, match="got type"):
        foreign_object(dict)


def test_addresses_have_names_that_files_can_have():
    found = foreign_name("http://localhost:8000/predict#large", ModelOptions())
    assert (found.kind, found.name) == ("endpoint", "localhost-8000-predict-large")
    with pytest.raises(UsageError, match="without a name, password or query"):
        foreign_name("http://localhost/predict?key=secret", ModelOptions())


@pytest.mark.parametrize("name", ["distilbert-base-uncased", "glue/sst2", "runs/one", "C:\\models"])
def test_other_names_are_left_to_others(home, name):
    assert foreign_name(name, ModelOptions()) is None


def test_headers_name_variables_and_never_show_a_value():
    assert header_variables(["X-Key = MY_KEY"]) == (("X-Key", "MY_KEY"),)
    with pytest.raises(UsageError, match="NAME=VARIABLE") as caught:
        header_variables(["X-Key=sk-secret/1"])
    assert "secret" not in str(caught.value)
    with pytest.raises(UsageError, match="timeout: expected a number above 0, got 0"):
        ModelOptions(timeout=0)
    with pytest.raises(UsageError, match="rate_limit: expected a number above 0, got nan"):
        ModelOptions(rate_limit=float("nan"))


def test_config_beside_a_graph_changes_its_fingerprint(home):
    (home / "m").mkdir()
    (home / "m/model.onnx").write_bytes(b"x")
    first = content_hash("onnx", "m", None)
    (home / "m/config.json").write_text(json.dumps({"id2label": {"0": "neg", "1": "pos"}}))
    assert content_hash("onnx", "m", None) != first


@pytest.mark.parametrize(
    "address",
    ["http://[bad/x", "http://h:abc/x", "http://a..b/x", "http:///x", "http://user:secret@/x"],
)
def test_addresses_that_are_none_are_said_to_be_and_their_passwords_are_not(address):
    with pytest.raises(UsageError, match="expected an address such as") as caught:
        foreign_name(address, ModelOptions())
    assert "secret" not in str(caught.value)
