"""What `robustft eval` prints and how it exits; evaluating itself is tested elsewhere."""

import json
import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from robustft.cli.eval_tables import show
from robustft.cli.main import main
from robustft.data.task import Task, TaskType
from robustft.errors import UsageError
from robustft.evaluation import evaluate, plan
from robustft.evaluation.gate import judge_gate
from robustft.evaluation.predict import Predictions
from robustft.evaluation.results import ModelFacts, SetFacts
from robustft.evaluation.robustness import compare
from robustft.transform.base import LabelKind

CLEAN = ModelFacts(name="demo-clean", role="clean")
AUGMENTED = ModelFacts(name="demo-augmented", role="augmented", augmented_rows=5_000)
ALONE = ModelFacts(name="my-model")
N = 500


def said(codes):
    logits = np.eye(2, dtype=np.float32)[codes]
    return Predictions(logits, np.arange(N, dtype=np.uint64), np.zeros(N, bool))


def wrong(labels, share):
    """Return the labels with the first `share` of them turned."""
    return np.where(np.arange(N) < share * N, 1 - labels, labels)


def make(models=(CLEAN, AUGMENTED), *, mix=True):
    labels = np.arange(N) % 2
    sets = [SetFacts(name="original", kind="original", rows=N)]
    if mix:
        sets.append(SetFacts(name="typos", kind="single", rows=N, changed_share=0.05))
        sets.append(SetFacts(name="mix", kind="mix", rows=N, changed_share=0.123))
    errors = {"clean": (0.1, 0.12, 0.2), "augmented": (0.1, 0.1, 0.12), "model": (0.1, 0.1, 0.14)}
    outputs = {
        m: {s.name: said(wrong(labels, e)) for s, e in zip(sets, errors[m.role], strict=False)}
        for m in models
    }
    task = Task(label_names=("neg", "pos"), label_kind=LabelKind.SENTIMENT)
    return compare(labels, sets, outputs, task=task, mix="mix" if mix else None)


@pytest.fixture(scope="module")
def pair():
    return replace(make(), folder="runs/demo-augmented/evaluations/test-1")


@pytest.fixture
def faked(monkeypatch, pair):
    """Let the command find `pair` without a run; what it was asked for is returned."""
    asked = {}

    def make_evaluation(runs, **settings):
        asked.update(settings, runs=runs)
        subjects = [SimpleNamespace(facts=facts) for facts in pair.models]
        return SimpleNamespace(
            notices=("a notice",),
            subjects=subjects,
            task=SimpleNamespace(type="classification", metric="accuracy"),
            sets=[
                SimpleNamespace(facts=facts, name=facts.name, main=facts.name == pair.mix)
                for facts in pair.sets
            ],
            describe=lambda: {"rows": N},
        )

    def run_evaluation(_plan, *, progress, **settings):
        progress("predicting", N, N)
        asked.update(settings)
        return pair

    monkeypatch.setattr(plan, "make_evaluation", make_evaluation)
    monkeypatch.setattr(evaluate, "run_evaluation", run_evaluation)
    return asked


def lines_with(text, *parts):
    return [line for line in text.splitlines() if all(part in line for part in parts)]


def test_the_four_cells_are_one_table(pair, capsys):
    show(pair)
    text = capsys.readouterr().out
    assert "accuracy on 500 rows, with 95% intervals" in text
    (clean,) = lines_with(text, "│ clean  ")
    (augmented,) = lines_with(text, "clean + 5,000 augmented")
    (gain,) = lines_with(text, "│ gain")
    assert "90.0 [" in clean
    assert "80.0 [" in clean
    assert "10.0 [" in clean
    assert "88.0 [" in augmented
    assert "+8.0 [" in gain
    assert "80% [" in gain


def test_every_set_and_the_verdict_are_shown(pair, capsys):
    show(pair)
    text = capsys.readouterr().out
    assert "12.3%" in text
    for heading in ("each set", "what was changed", "what the models saw"):
        assert lines_with(text, heading)
    for answer in pair.verdict.answers:
        assert f"• {answer.sentence}" in text
    for caveat in pair.verdict.caveats:
        assert f"- {caveat}" in text
    assert "folder: runs/demo-augmented/evaluations/test-1" in text


_PROSE = ("•", "-", "To read", "of ", "folder")


def test_tables_fit_a_narrow_terminal(pair, capsys, monkeypatch):
    monkeypatch.setattr("rich.console.Console.is_terminal", property(lambda _: True))
    monkeypatch.setenv("COLUMNS", "81")
    show(pair)
    shown = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    shown = "\n".join(line for line in shown.splitlines() if not line.startswith(_PROSE))
    assert "…" not in shown
    assert max(map(len, shown.splitlines())) <= 81
    assert lines_with(shown, "  augmented", "88.0 [")


def test_original_rows_alone_need_one_table(capsys):
    show(make((ALONE,), mix=False))
    text = capsys.readouterr().out
    assert lines_with(text, "my-model", "90.0 [")
    assert "transformed" not in text


def test_a_regression_shows_its_error(capsys):
    y = np.linspace(0, 10, N)
    rng = np.random.default_rng(0)
    outputs = {
        name: Predictions(
            (y + rng.normal(0, scale, N)).astype(np.float32)[:, None],
            np.arange(N, dtype=np.uint64),
            np.zeros(N, bool),
            regression=True,
        )
        for name, scale in (("original", 0.5), ("mix", 1.0))
    }
    sets = [
        SetFacts(name="original", kind="original", rows=N),
        SetFacts(name="mix", kind="mix", rows=N),
    ]
    task = Task(type=TaskType.REGRESSION, label_column="target")
    show(compare(y, sets, {ALONE: outputs}, task=task, mix="mix"))
    text = capsys.readouterr().out
    assert "mean squared error on 500 rows" in text
    assert "Spearman" in text
    assert "flipped" not in text


def test_results_go_to_stdout_and_remarks_to_stderr(faked, capsys):
    assert (
        main(["eval", "--seed", "3", "--with", "typos", "--with", "casing", "--max-eval", "9"]) == 0
    )
    shown = capsys.readouterr()
    assert "a notice" in shown.err
    assert "a notice" not in shown.out
    assert "clean + 5,000 augmented" in shown.out
    assert faked["runs"] is None
    assert faked["transforms"] == ["typos", "casing"]
    assert (faked["seed"], faked["max_eval"], faked["transformed"]) == (3, 9, None)


def test_left_out_options_leave_it_to_the_run(faked):
    assert main(["eval", "my-run", "--no-transformed"]) == 0
    assert faked["runs"] == ["my-run"]
    assert (faked["seed"], faked["transforms"], faked["severity"]) == (None, None, None)
    assert faked["transformed"] is False


def test_json_is_all_there_is_on_stdout(faked, pair, capsys):
    assert main(["eval", "--json", "--max-drop", "0.5"]) == 0
    plain = json.loads(capsys.readouterr().out)
    assert plain["folder"] == pair.folder
    assert plain["gate"]["outcome"] == "passed"
    assert plain["cells"] == pair.to_dict()["cells"]


def test_a_dry_run_computes_nothing(faked, capsys):
    assert main(["eval", "--dry-run"]) == 0
    assert json.loads(capsys.readouterr().out) == {"rows": N}
    assert "progress" not in faked
    assert "batch_size" not in faked


@pytest.mark.parametrize(
    ("limit", "strict", "outcome", "code"),
    [
        (0.5, False, "passed", 0),
        (0.0, True, "failed", 1),
        (0.02, False, "inconclusive", 0),
        (0.02, True, "inconclusive", 3),
    ],
)
def test_the_gate_judges_by_the_interval(faked, capsys, limit, strict, outcome, code):
    # The augmented model drops by 2 points, from about 0.9 to 3.7.
    command = ["eval", "--max-drop", str(limit)] + (["--strict"] if strict else [])
    assert main(command) == code
    error = capsys.readouterr().err
    assert f": {outcome}" in error
    assert "gate: demo-augmented on mix drops by +2.0 points" in error


def test_an_inconclusive_gate_says_what_would_settle_it(pair):
    gate = judge_gate(pair, 0.015)
    assert gate.outcome == "inconclusive"
    assert "rows would settle it, if the drop stays as it is (now 500)" in gate.sentence
    exact = judge_gate(pair, 0.02)
    assert "no number of rows would settle it" in exact.sentence


def test_of_several_models_the_worst_is_judged():
    other = replace(ALONE, name="other")
    result = make((ALONE, other))
    assert judge_gate(result, 0.001).outcome == "failed"
    assert judge_gate(result, 0.2).outcome == "passed"


def test_a_gate_needs_transformed_text(capsys):
    assert main(["eval", "--max-drop", "0.1", "--no-transformed"]) == 2
    assert "--max-drop: expected a transformed test" in capsys.readouterr().err
    with pytest.raises(UsageError, match="expected a transformed test set, got none"):
        judge_gate(make((ALONE,), mix=False), 0.1)


def test_the_gate_may_judge_each_set(faked, capsys):
    assert main(["eval", "--max-drop", "0.02,typos=0.5", "--gate-on", "all"]) == 0
    error = capsys.readouterr().err
    assert "gate: demo-augmented on typos drops by +0.0 points" in error
    assert "gate: inconclusive (1 inconclusive, 1 passed of 2 checks)" in error
    assert "warning: the gate is inconclusive" in error
    assert main(["eval", "--min-accuracy", "0.95", "--gate-on", "all"]) == 1
    assert main(["eval", "--max-drop", "3"]) == 2
    assert "--max-drop: expected a share from 0 to 1" in capsys.readouterr().err


def test_limits_may_stand_in_robustft_toml(faked, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "robustft.toml").write_text(
        "max_drop = {typos = 0.5, mix = 0.02}\nmin_accuracy = 0.1\nstrict = true\n"
    )
    assert main(["eval"]) == 3
    assert "of 3 checks" in capsys.readouterr().err
    assert main(["eval", "--max-drop", "0.5"]) == 0


def test_a_baseline_is_written_and_compared_with(faked, pair, capsys, tmp_path):
    path = tmp_path / "baseline.json"
    assert main(["eval", "--save-baseline", str(path)]) == 0
    assert f"baseline: {path}" in capsys.readouterr().err
    assert main(["eval", "--baseline", str(path), "--json"]) == 0
    checks = json.loads(capsys.readouterr().out)["gate"]["checks"]
    assert [c["quantity"] for c in checks] == ["accuracy_loss", "drop_growth"]
    assert main(["eval", "--baseline", str(tmp_path / "none.json")]) == 2
    assert "none.json: expected a file of --save-baseline" in capsys.readouterr().err


def test_nothing_to_evaluate_is_said(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["eval"]) == 2
    error = capsys.readouterr().err
    assert "runs: expected a finished training run in it, got none" in error
    assert "robustft train --augment 5000" in error
