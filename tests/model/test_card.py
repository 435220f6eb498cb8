import json

import numpy as np
import pytest
from huggingface_hub import ModelCard

from robustft.data.run_folder import RunFolder
from robustft.data.task import Task, TaskType
from robustft.errors import ModelError, RunError
from robustft.evaluation.predict import Predictions
from robustft.evaluation.results import ModelFacts, SetFacts
from robustft.evaluation.robustness import compare
from robustft.model.card import make_card
from robustft.model.card_facts import find_evaluation

REVIEWS = Task(label_names=("neg|ative", "pos`itive"))
AMOUNT = Task(type=TaskType.REGRESSION, label_column="log_deaths")
ARGUMENTS = {"epochs": 3, "learning_rate": 2e-5, "max_length": None}


def checkpoint(folder, task=REVIEWS, architecture="BertForSequenceClassification"):
    folder.mkdir(parents=True, exist_ok=True)
    names = task.label_names or (task.label_column,)
    config = {"architectures": [architecture], "id2label": dict(enumerate(names))}
    if task.type is TaskType.REGRESSION:
        config["problem_type"] = "regression"
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def trained(tmp_path, *, kind="train", task=REVIEWS, **changes):
    """Return a finished run and its checkpoint."""
    config = {"data": "org/reviews/small", "dataset": "reviews", "model": "org/base", "seed": 0}
    run = RunFolder.start(kind, "run", {**config, **changes}, root=tmp_path)
    checkpoint(run.path / "checkpoints" / "best", task)
    run.finish(
        {
            "counts": {"train": 1200, "augmented": 0, "validation": 40},
            "validation": {"loss": 0.5, "accuracy": 0.875},
            "best_epoch": 2,
            "minutes": 1.234,
            "hardware": {"cores": 4},
            "training": {"arguments": ARGUMENTS},
            "notices": ["12% of the texts <b>were</b> cut"],
        }
    )
    return run, run.path / "checkpoints" / "best"


def predictions(task, labels, wrong):
    if task.type is TaskType.REGRESSION:
        logits = (labels + wrong)[:, None]
    else:
        logits = np.eye(2)[np.where(wrong, 1 - labels, labels)]
    rows = np.arange(len(labels), dtype=np.uint64) + (np.uint64(1000) * wrong.astype(bool))
    cut = np.zeros(len(labels), bool)
    regression = task.type is TaskType.REGRESSION
    return Predictions(logits.astype(np.float32), rows, cut, regression)


def evaluated(run, task, name=None):
    """Return an evaluation in the run's folder: 60 rows, a quarter of them wrong when changed."""
    labels = np.arange(60) % 2
    labels = labels.astype(float) if task.type is TaskType.REGRESSION else labels
    wrong = np.arange(60) % 4 == 0
    sets = [
        SetFacts(name="original", kind="original", rows=60),
        SetFacts(name="mix", kind="mix", rows=60, spec="typos,synonyms", changed_share=0.1),
    ]
    said = {"original": np.arange(60) % 12 == 0, "mix": wrong}
    facts = ModelFacts(name=name or run.path.name)
    outputs = {facts: {key: predictions(task, labels, value) for key, value in said.items()}}
    result = compare(labels, sets, outputs, task=task, mix="mix")
    made = RunFolder.start("eval", "test-mix", {"split": "test"}, root=run.path / "evaluations")
    made.write_json("metrics.json", result.to_dict())
    made.finish({})
    return made, result


def read(text):
    """Return the card's metadata as the hub reads it."""
    return ModelCard(text).data


def test_a_card_of_an_evaluated_run_tells_data_metrics_and_robustness(tmp_path):
    run, folder = trained(tmp_path)
    evaluation, result = evaluated(run, REVIEWS)
    text = make_card(folder, "me/reviews", run=run, evaluation=evaluation, license="mit")
    data = read(text)
    assert data.base_model == "org/base"
    assert data.datasets == ["org/reviews"]
    assert data.license == "mit"
    assert data.pipeline_tag == "text-classification"
    assert data.metrics == ["accuracy", "f1"]
    cell = result.cell(run.path.name, "original")
    (accuracy, f1) = data.eval_results
    assert accuracy.metric_value == pytest.approx(cell.metrics["accuracy"].value, abs=1e-6)
    assert (accuracy.dataset_name, accuracy.dataset_split) == ("reviews", "test")
    assert f1.metric_name == "macro f1"
    low, high = cell.metrics["accuracy"].low, cell.metrics["accuracy"].high
    assert f"| original | accuracy | 0.9167 | {low:.4g} to {high:.4g} |" in text
    drop = result.cell(run.path.name, "mix").drop["accuracy"]
    row = f"| mix | `typos,synonyms` | 10% | accuracy | {drop.value:.4g} | {drop.low:.4g} to"
    assert row in text
    assert result.verdict.answers[0].sentence.split("(")[0][:30] in text
    for told in ("- train: 1,200", "took 1.2 minutes on 4 processor cores", "| epochs | 3 |"):
        assert told in text
    assert "robustft 0" in text
    assert "max length" not in text


def test_names_and_notices_cannot_break_the_page(tmp_path):
    run, folder = trained(tmp_path)
    text = make_card(folder, "me/reviews", run=run)
    assert "It says one of: `neg|ative`, `` pos`itive ``." in text
    assert "- 12% of the texts \\<b>were\\</b> cut" in text


def test_without_an_evaluation_the_validation_scores_stand_without_intervals(tmp_path):
    run, folder = trained(tmp_path)
    assert find_evaluation(run) is None
    text = make_card(folder, "me/reviews", run=run)
    assert "On the validation rows, by which the kept epoch (2) was chosen." in text
    assert "| validation | accuracy | 0.875 |  |" in text
    assert "Robustness" not in text
    data = read(text)
    assert data.license is None
    assert [r.dataset_split for r in data.eval_results] == ["validation"]


@pytest.mark.parametrize(
    ("changes", "origin"),
    [
        ({"model": "../../private/place/minilm", "data": "../../private/x.csv"}, "from minilm"),
        ({"model": "tiny", "data": "demo:events"}, "trained from random weights"),
        ({"model": "tiny", "data": "data/source"}, "trained from random weights"),
    ],
)
def test_what_is_local_is_named_without_its_place(tmp_path, changes, origin):
    run, folder = trained(tmp_path, **changes)
    text = make_card(folder, "me/reviews", run=run)
    data = read(text)
    assert origin in text
    assert data.base_model is None
    assert data.datasets is None
    assert "private" not in text
    assert "data/source" not in text


def test_a_regression_is_a_regression(tmp_path):
    run, folder = trained(tmp_path, task=AMOUNT)
    evaluation, _ = evaluated(run, AMOUNT)
    text = make_card(folder, "me/deaths", run=run, evaluation=evaluation)
    assert "It says a number: `log_deaths`." in text
    assert read(text).metrics == ["mse", "r_squared", "spearmanr"]
    assert "regression" in read(text).tags
    assert ".logits.item()" in text


def test_a_model_that_answers_questions_tells_its_measures(tmp_path):
    run, folder = trained(tmp_path)
    checkpoint(folder, architecture="BertForQuestionAnswering")
    exact = {"value": 0.25, "low": 0.1, "high": 0.4, "level": 0.95}
    found = {
        "model": run.path.name, "split": "test", "rows": 1200, "unit": "0 to 1",
        "metrics": {"exact_match": exact}, "notes": {"exact_match": "share of equal answers"},
        "notices": ["5% were cut"],
    }  # fmt: skip
    made = RunFolder.start("eval", "test-answers", {"split": "test"}, root=run.path / "evaluations")
    made.write_json("metrics.json", found)
    made.finish({})
    text = make_card(folder, "me/reader", run=run, evaluation=find_evaluation(run))
    assert "On 1,200 questions of the split test; all values are 0 to 1." in text
    assert "| original | exact match | 0.25 | 0.1 to 0.4 |" in text
    assert "- exact match: share of equal answers" in text
    assert "- 5% were cut" in text
    assert read(text).pipeline_tag == "question-answering"
    made.write_json("metrics.json", {**found, "model": "another"})
    with pytest.raises(RunError, match="got one of another"):
        make_card(folder, "me/reader", run=run, evaluation=made)


def test_a_pretrained_model_fills_masks(tmp_path):
    run, folder = trained(tmp_path, kind="pretrain", from_scratch=True)
    checkpoint(folder, architecture="BertForMaskedLM")
    text = make_card(folder, "me/base", run=run)
    assert "A masked language model, trained from random weights on `reviews`" in text
    assert read(text).pipeline_tag == "fill-mask"
    assert 'pipeline("fill-mask", model="me/base")' in text


def test_a_checkpoint_alone_tells_what_its_configuration_says(tmp_path):
    text = make_card(checkpoint(tmp_path / "model"), "me/reviews")
    assert "\nA text classifier.\n" in text
    assert text.count("\n## ") == 1
    assert 'pipeline("text-classification", model="me/reviews")' in text
    assert read(text).eval_results is None
    (tmp_path / "model" / "adapter.json").write_text("{}")
    assert "load_finetuned(" in make_card(tmp_path / "model", "me/reviews")


def test_what_does_not_belong_together_is_refused(tmp_path):
    run, folder = trained(tmp_path)
    evaluation, _ = evaluated(run, REVIEWS, name="another")
    with pytest.raises(RunError, match=r"expected an evaluation of run-.*, got one of another"):
        make_card(folder, "me/reviews", run=run, evaluation=evaluation)
    (folder / "config.json").write_text("{")
    with pytest.raises(ModelError, match=r"expected a config\.json, got"):
        make_card(folder, "me/reviews")
