"""How curves, summaries, parts of the rows and spread look in a terminal."""

import re
from dataclasses import replace

import numpy as np
import pytest

from robustft.cli.eval_tables import show
from robustft.cli.main import main
from robustft.data.task import Task
from robustft.evaluation.predict import Predictions
from robustft.evaluation.results import ModelFacts, SetFacts
from robustft.evaluation.robustness import compare
from robustft.evaluation.slices import Part
from robustft.transform.base import LabelKind

CLEAN = ModelFacts(name="film-clean", role="clean")
AUGMENTED = ModelFacts(name="film-augmented", role="augmented", augmented_rows=2_000)
TASK = Task(label_names=("neg", "pos"), label_kind=LabelKind.SENTIMENT)
N = 400
LEVELS = range(1, 6)


def said(wrong):
    codes = np.where(wrong, 1 - np.resize(LABELS, len(wrong)), np.resize(LABELS, len(wrong)))
    hashes = np.arange(len(codes), dtype=np.uint64)
    return Predictions(np.eye(2, dtype=np.float32)[codes], hashes, np.zeros(len(codes), bool))


LABELS = np.arange(N) % 2
SCORE = np.random.default_rng(0).permutation(N)  # the lowest go wrong first, at any severity
HALF = SCORE % 4 == 0


def curves(models=(CLEAN, AUGMENTED), **more):
    sets = [SetFacts(name="original", kind="original", rows=N)]
    outputs = {m: {"original": said(SCORE < 40)} for m in models}
    for transform, step in (("typos", 12), ("synonyms", 1), ("mix", 16)):
        for level in LEVELS:
            name = f"{transform}-s{level}"
            sets.append(
                SetFacts(
                    name=name,
                    kind="mix" if transform == "mix" else "single",
                    rows=N,
                    severity=level,
                    transform=transform,
                    target_share=level / 50,
                    changed_share=level / 60,
                )
            )
            for number, model in enumerate(models):
                reach = 40 + step * level // (number + 1)
                outputs[model][name] = said(reach > SCORE)
    return compare(LABELS, sets, outputs, task=TASK, mix="mix-s3", **more)


def lines_with(text, *parts):
    return [line for line in text.splitlines() if all(part in line for part in parts)]


def test_all_severities_are_one_table_and_not_one_of_each_set(capsys):
    show(curves((CLEAN,)))
    text = capsys.readouterr().out
    (heading,) = lines_with(text, "accuracy at severity", "mean drop")
    (typos,) = lines_with(text, "typos ", "[")
    (changed,) = lines_with(text, "typos", "1.7 (2.0)")
    assert re.findall(r"\d+\.\d\*?", typos)[:6] == [
        "90.0",
        "87.0*",
        "84.0*",
        "81.0*",
        "78.0*",
        "75.0*",
    ]
    assert "9.0 [" in typos
    assert "8.3 (10.0)" in changed
    assert heading.split()[-8:-2] == ["0", "1", "2", "3", "4", "5"]
    assert "each set" not in text
    assert "typos-s4" not in text
    assert "* differs from severity 0" in text
    (mean,) = lines_with(text, "mean of 2")
    (worst,) = lines_with(text, "worst of 2")
    assert "85.1" in mean
    assert "75.0" in worst


def test_a_pair_has_a_line_each(capsys):
    show(curves())
    text = capsys.readouterr().out
    assert len(lines_with(text, "  clean", "90.0")) == 3
    assert len(lines_with(text, "  augmented", "90.0")) == 3
    assert lines_with(text, "worst of 2, augmented")


def test_the_matrix_fits_a_narrow_terminal(capsys, monkeypatch):
    monkeypatch.setattr("rich.console.Console.is_terminal", property(lambda _: True))
    monkeypatch.setenv("COLUMNS", "81")
    show(curves(parts=[Part("half", "yes", HALF), Part("half", "no", ~HALF)]))
    shown = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    tables = [line for line in shown.splitlines() if not line.startswith(("•", "-", "of ", "The"))]
    assert "…" not in shown
    assert max(map(len, tables)) <= 81


def test_the_four_cells_and_the_verdict_stand_on_top(capsys):
    result = curves(parts=[Part("half", "yes", HALF), Part("half", "no", ~HALF)])
    show(result)
    text = capsys.readouterr().out
    order = [
        "│ clean",
        f"• {result.verdict.answers[0].sentence}",
        "accuracy at severity",
        "part of",
    ]
    places = [text.index(part) for part in order]
    assert places == sorted(places)


def test_parts_that_differ_are_shown_and_else_the_worst(capsys):
    late = (SCORE >= 40) & (SCORE < 140)  # all that goes wrong is among these
    parts = [Part("late", "yes", late), Part("late", "no", ~late)]
    parts += [Part("odd", v, (np.arange(N) % 3 == 0) == (v == "yes")) for v in ("no", "yes")]
    few = np.arange(N) < 20
    parts += [Part("few", "yes", few), Part("few", "no", ~few)]
    show(curves((CLEAN,), parts=parts))
    text = capsys.readouterr().out
    assert lines_with(text, "late: yes", "48.0 [")
    assert not lines_with(text, "odd: yes")
    assert "of 5 parts tested, those whose drop differs" in text
    assert "1 more are too small to test" in text
    show(curves((CLEAN,), parts=parts[2:4]))
    text = capsys.readouterr().out
    assert lines_with(text, "odd: yes")
    assert "none surely differs" in text


def test_summaries_and_spread_are_a_line_each(capsys):
    wrong = np.concatenate([SCORE < 60, SCORE < 70])
    sets = [
        SetFacts(name="original", kind="original", rows=N),
        *(SetFacts(name=t, kind="single", rows=N, transform=t, draws=2) for t in ("a", "b")),
        SetFacts(name="mix", kind="mix", rows=N, transform="mix", draws=2),
    ]
    outputs = {s.name: said(wrong if s.draws > 1 else SCORE < 40) for s in sets}
    outputs["b"] = said(np.concatenate([SCORE < 80, SCORE < 80]))
    show(compare(LABELS, sets, {CLEAN: outputs}, task=TASK, mix="mix"))
    text = capsys.readouterr().out
    (line,) = lines_with(text, "clean: mean of 2 transforms 81.9 [")
    assert "worst 80.0 [" in line
    assert "], b; right under each of them 80.0 [" in line
    (line,) = lines_with(text, "film-clean: drop on mix 6.2")
    assert "over 2 draws and 1 training seed; standard deviation by draws 1.8, other test" in line


def test_tables_for_pandas_hold_what_the_terminal_leaves_out():
    result = curves((CLEAN,), parts=[Part("half", "yes", HALF), Part("half", "no", ~HALF)])
    frame = result.to_pandas("curves")
    assert len(frame) == 3 * 6
    row = frame[(frame["transform"] == "typos") & (frame.severity == 5)].iloc[0]
    assert row.estimate == 0.75
    assert row.drop_low < row["drop"] < row.drop_high
    parts = result.to_pandas("slices")
    assert {"column", "value", "p", "p_corrected", "q", "difference", "difference_p"} <= set(parts)
    assert len(parts) == 2
    assert list(result.to_pandas("summaries").worst_set) == [f"typos-s{k}" for k in LEVELS]
    assert result.to_pandas("spread").empty
    assert {"cohens_h", "odds_ratio_low", "cut", "drop_of_kept"} <= set(result.to_pandas())


def test_what_all_severities_cost_is_said_beforehand(monkeypatch, capsys, tmp_path):
    (tmp_path / "rows.csv").write_text("text,label\n" + "a good film,pos\na bad film,neg\n" * 6)
    command = ["eval", str(tmp_path / "model"), "--data", str(tmp_path / "rows.csv")]
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    assert main([*command, "--with", "typos,casing", "--severity", "all", "--dry-run"]) == 0
    shown = capsys.readouterr()
    assert "sets: 16, at most 192 predictions" in shown.err
    assert '"predictions": 192' in shown.out


@pytest.mark.parametrize("models", [(CLEAN,), (CLEAN, AUGMENTED)])
def test_a_result_with_curves_survives_json(models):
    result = curves(models)
    assert type(result).from_dict(result.to_dict()) == replace(result, folder=None)
