"""Running a study of tiny models, stopping it in every way, and what its folder holds."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from robustft.errors import DataError, RunError, TrainingError, UsageError
from robustft.study import rows
from robustft.study.estimate import Cost, Work, describe, span
from robustft.study.grid import expand, override
from robustft.study.recipe import load_recipe, parse_recipe
from robustft.study.results import RowResult, load_results, read_result
from robustft.study.run import make_study, run_study

RECIPE = """
name = "mine"
data = "reviews.csv"
model = "tiny"
[defaults]
epochs = 2
batch_size = 16
max_length = 16
device = "cpu"
eval_steps = 3
[evaluation]
transforms = "contractions"
max_eval = 10
draws = 2
[[rows]]
name = "slow"
set = {learning_rate = 1e-3}
[[rows]]
name = "fast"
label = "a fast one"
set = {learning_rate = 1e-2, epochs = 1}
"""
WORDS = ("film", "meal", "hotel", "concert", "museum", "garden")
DEATHS = ("6", "13", "10", "9", "20")


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    """The same sums in each process: how many threads share them shows in the last bits."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def recipe(tmp_path_factory):
    """The file of a small recipe, with its data beside it."""
    folder = tmp_path_factory.mktemp("recipe")
    lines = ["id,text,label"]
    lines += [
        f"{how}{i},it is a {how} {word} number {i},{label}"
        for i, word in enumerate(WORDS * 10)
        for how, label in (("superb", "good"), ("dreadful", "bad"))
    ]
    (folder / "reviews.csv").write_text("\n".join(lines))
    path = folder / "mine.toml"
    path.write_text(RECIPE)
    return path


@pytest.fixture(scope="module")
def finished(recipe, tmp_path_factory):
    """A study that ran to its end."""
    study = make_study(load_recipe(recipe), root=tmp_path_factory.mktemp("studies"))
    run_study(study, progress=False)
    return study


def test_each_row_has_a_result_with_metrics_intervals_curves_and_predictions(finished):
    slow, fast = finished.results()
    assert (slow.name, fast.name, fast.label) == ("slow-seed0", "fast-seed0", "a fast one")
    assert finished.folder.name.startswith("mine-tiny-reviews-")
    assert slow.ok
    assert set(slow.metrics) == {"validation", "original", "contractions"}
    accuracy = slow.value("accuracy")
    assert accuracy == slow.metrics["original"]["accuracy"]
    assert accuracy.low < accuracy.value < accuracy.high
    assert accuracy.n == slow.rows["evaluated"] == 10
    assert slow.value("validation.loss").value == slow.history[slow.best_epoch - 1]["loss"]
    assert slow.value("validation.nothing") is None
    assert set(slow.drops["contractions"]) == {"accuracy", "macro_f1"}
    assert [entry["epoch"] for entry in slow.history] == [1, 2]
    assert [entry["step"] for entry in slow.curve] == [3, 6, 9, 12]
    assert sum(tensor["count"] for tensor in slow.tensors) == slow.parameters["total"].total
    assert {"embeddings", "encoder", "pooler", "head"} < set(slow.parameters)
    assert slow.settings["learning_rate"] == 1e-3
    assert (slow.data, slow.model) == ("reviews", "tiny")
    assert list(slow.predictions) == ["original", "contractions", "contractions.d2"]
    for name in slow.predictions.values():
        assert (finished.folder / name).is_file()
    assert (finished.folder / slow.run / "manifest.json").is_file()


def test_no_file_of_a_study_names_a_folder_outside_of_it(finished, recipe):
    for path in finished.folder.rglob("*"):
        if path.suffix in {".toml", ".json", ".jsonl", ".md", ".csv"}:
            assert str(recipe.parent) not in path.read_text()
            assert str(finished.folder.parent) not in path.read_text()


def test_what_is_finished_is_not_run_again(finished, recipe, monkeypatch):
    monkeypatch.setattr(rows, "KINDS", {})
    again = make_study(load_recipe(recipe), root=finished.folder.parent)
    assert run_study(again, progress=False) == finished.results()
    kept = make_study(load_recipe(str(finished.folder)), out=finished.folder)
    assert run_study(kept, progress=False) == finished.results()


def test_a_study_that_is_killed_again_and_again_ends_the_same(finished, recipe):
    script = Path(__file__).with_name("killed.py")
    out = finished.folder.with_name("killed")
    done = subprocess.run(
        [sys.executable, str(script), str(recipe), str(out), *DEATHS],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.stdout.split() == ["killed"] * len(DEATHS)
    for whole, again in zip(finished.results(), load_results(out)[::-1], strict=True):
        assert timeless(again) == timeless(whole)
    assert (out / "recipe.toml").read_bytes() == (finished.folder / "recipe.toml").read_bytes()
    assert tables(out) == tables(finished.folder)
    assert "results.csv" in tables(out)


def tables(folder):
    """The tables of a study's folder but that of times."""
    found = (path for path in (folder / "tables").iterdir() if path.stem != "timings")
    return {path.name: path.read_bytes() for path in found}


def timeless(result):
    """A result without what differs from one run to the next."""
    times = ("minutes", "rows_per_second", "tokens_per_second", "peak_memory_mb", "hardware")
    plain = result.model_dump(mode="json")
    for part in (plain, plain["training"], plain["facts"]):
        for name in times:
            part.pop(name, None)
    return plain


def fake(results):
    """Make rows end as `results` says, by the row's name: with an error, or with a number."""

    def run(spec, context):
        outcome = results.get(spec.row, 0.5)
        if isinstance(outcome, BaseException):
            raise outcome
        return RowResult(row=spec.row, metrics={"original": {"accuracy": {"value": outcome}}})

    return run


def small(recipe, tmp_path, results, monkeypatch, **options):
    monkeypatch.setattr("robustft.study.run.run_row", marked(fake(results)))
    return make_study(load_recipe(recipe), out=tmp_path / "out", **options)


def marked(run):
    return lambda spec, context: rows.marked(run(spec, context), spec)


def test_a_model_that_cannot_be_trained_is_a_result_and_the_study_goes_on(
    recipe, tmp_path, monkeypatch
):
    said = []
    study = small(recipe, tmp_path, {"slow": TrainingError("loss is nan")}, monkeypatch)
    slow, fast = run_study(study, said=said.append)
    assert (slow.status, slow.message, slow.metrics) == ("failed", "loss is nan", {})
    assert fast.ok
    assert said == ["1/2  slow-seed0", "slow-seed0 failed: loss is nan", "2/2  fast-seed0"]
    small(recipe, tmp_path, {}, monkeypatch)
    assert not run_study(study)[0].ok
    assert run_study(study, retry=True)[0].ok


def test_another_error_stops_the_study_and_says_how_it_goes_on(recipe, tmp_path, monkeypatch):
    study = small(recipe, tmp_path, {"fast": DataError("no rows")}, monkeypatch)
    with pytest.raises(DataError) as caught:
        run_study(study)
    assert str(caught.value) == (
        "fast-seed0: no rows\n1 of 2 runs are finished; the same command goes on with fast-seed0"
    )
    assert [r.name for r in load_results(study.folder)] == ["slow-seed0"]


def test_an_interrupt_says_how_it_goes_on(recipe, tmp_path, monkeypatch):
    stop = KeyboardInterrupt("clean: stopped in epoch 2 of 3")
    study = small(recipe, tmp_path, {"slow": stop}, monkeypatch)
    with pytest.raises(KeyboardInterrupt, match="epoch 2 of 3\nstudy: stopped; 0 of 2 runs"):
        run_study(study)
    small(recipe, tmp_path, {}, monkeypatch)
    assert len(run_study(study)) == 2


def test_more_seeds_and_other_rows_join_the_same_folder(recipe, tmp_path, monkeypatch):
    study = small(recipe, tmp_path, {}, monkeypatch, rows=["fast"])
    assert [r.name for r in run_study(study)] == ["fast-seed0"]
    more = small(recipe, tmp_path, {}, monkeypatch, seeds=2)
    assert more.folder == study.folder
    names = [r.name for r in run_study(more)]
    assert names == ["slow-seed0", "slow-seed1", "fast-seed0", "fast-seed1"]


def test_a_folder_of_other_settings_or_of_something_else_is_refused(recipe, tmp_path, monkeypatch):
    study = small(recipe, tmp_path, {}, monkeypatch)
    run_study(study)
    other = override(load_recipe(recipe), {"epochs": 3})
    with pytest.raises(RunError, match="expected a new folder or a study of the same settings"):
        make_study(other, out=study.folder)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/letter.txt").touch()
    with pytest.raises(RunError, match="expected a new or empty folder, got one with other files"):
        make_study(other, out=tmp_path / "mine")


def test_half_a_file_of_a_study_that_was_killed_at_once_is_no_other_file(
    recipe, tmp_path, monkeypatch
):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/.recipe.toml.1.tmp").write_text("na")
    assert len(run_study(small(recipe, tmp_path, {}, monkeypatch))) == 2


def test_a_row_starts_from_the_run_with_its_own_values_and_fails_with_it(recipe, tmp_path):
    def result(row, dataset="", seed=0, **more):
        return RowResult(row=row, base="first", dataset=dataset, seed=seed, run=row, **more)

    rows_ = [{"name": "first"}, {"name": "on", "model_from": "first"}]
    made = override(parse_recipe({"name": "mine", "rows": rows_}, "test"), {"epochs": [1, 2]})
    one, two = (spec for spec in expand(made) if spec.base == "on")
    done = [
        result("first+epochs=2", seed=1),
        result("first+epochs=2", dataset="other"),
        result("first+epochs=1", status="failed"),
    ]
    context = rows.Context(tmp_path, made.evaluation, {r.name: r for r in done})
    assert context.model_for(two) == str(tmp_path / "first+epochs=2" / rows.BEST)
    with pytest.raises(TrainingError, match="model from the row 'first', got a failed run"):
        context.model_for(one)
    with pytest.raises(RunError, match="expected a model from the row 'first', got none"):
        replace(context, done={}).model_for(one)


def test_settings_that_do_not_go_together_are_told_before_anything_is_written(recipe, tmp_path):
    wrong = override(load_recipe(recipe), {"fast.momentum": 0.5})
    with pytest.raises(UsageError, match="fast-seed0: momentum: expected to be left out"):
        make_study(wrong, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_damaged_result_is_named(tmp_path):
    path = tmp_path / "results/a-seed0.json"
    path.parent.mkdir()
    path.write_text('{"row": "a", "colour": "red"}')
    with pytest.raises(RunError, match=r"a-seed0.json: .* got: colour: Extra inputs"):
        read_result(path)


def test_a_dry_run_tells_the_steps_and_times_each_distinct_model_once(recipe, tmp_path):
    said = []
    study = make_study(load_recipe(recipe), seeds=2, out=tmp_path / "out")
    told = describe(study, measure=True, said=said.append)
    assert said == ["timing 3 steps of tiny at 16 tokens"]
    assert [run["name"] for run in told["runs"]] == [run.name for run in expand(study.recipe)]
    assert [run["steps"] for run in told["runs"]] == [12, 6, 12, 6]
    assert {run["rows"]["tested"] for run in told["runs"]} == {30}
    assert "on this machine; an estimate from a few timed steps" in told["sentence"]
    assert not (tmp_path / "out").exists()
    untimed = describe(study, measure=False, said=said.append)
    assert {run["minutes"] for run in untimed["runs"]} == {None}
    assert len(said) == 1
    assert json.dumps(untimed)


def test_a_time_is_told_as_one_reads_it():
    assert [span(minutes) for minutes in (0.1, 30, 240)] == ["6 seconds", "30 minutes", "4.0 hours"]


def test_a_dry_run_of_a_finished_study_says_so(finished):
    told = describe(finished, measure=True, said=pytest.fail)
    assert told["sentence"] == "all of them are finished"


def test_a_row_starts_from_the_model_of_another(finished, recipe, tmp_path):
    plain = RECIPE + "[[rows]]\nname = 'on'\nmodel_from = 'fast'\nset = {epochs = 1}\n"
    path = recipe.with_name("more.toml")
    path.write_text(plain)
    study = make_study(load_recipe(path), rows=["on"], out=tmp_path / "out")
    assert study.notices == ("also run, for other rows start from it: fast",)
    fast, on = run_study(study, progress=False)
    assert on.ok
    assert on.training["arguments"]["learning_rate"] == 2e-5  # no longer from scratch
    assert on.history[0]["loss"] == pytest.approx(fast.history[0]["loss"], abs=0.05)


def test_a_row_answers_questions(tmp_path):
    lines = []
    for i in range(40):
        who, where = ("Ann", "Bob", "Cleo")[i % 3], ("Rome", "Oslo", "Lima")[i // 3 % 3]
        context = f"In the year {i} {who} went to {where} by boat."
        answers = {"text": [where], "answer_start": [context.index(where)]}
        row = {"id": f"q{i}", "question": f"Where did {who} go?", "context": context}
        lines.append(json.dumps({**row, "answers": answers}))
    (tmp_path / "questions").mkdir()
    for name, part in (("train", lines[:20]), ("validation", lines[20:30]), ("test", lines[30:])):
        (tmp_path / f"questions/{name}.jsonl").write_text("\n".join(part))
    path = tmp_path / "mine.toml"
    path.write_text(
        'name = "mine"\ndata = "questions"\nmodel = "tiny"\ncolumns = ["exact_match", "f1"]\n'
        '[[rows]]\nname = "read"\nset = {epochs = 1, max_length = 48, device = "cpu"}\n'
    )
    study = make_study(load_recipe(path), out=tmp_path / "out")
    told = describe(study, measure=True, said=str.strip)
    assert told["runs"][0]["minutes"] is not None
    (read,) = run_study(study, progress=False)
    assert set(read.metrics["original"]) == {"exact_match", "f1", "bleu", "meteor", "rouge_l"}
    assert read.rows["evaluated"] == read.value("f1").n == 10
    assert (study.folder / read.predictions["original"]).is_file()
    assert set(read.facts["definitions"]) == set(read.metrics["original"])


def test_a_frozen_row_costs_one_pass_and_no_steps(recipe, tmp_path):
    frozen = override(load_recipe(recipe), {"fast.freeze": "all-but-head"})
    told = describe(make_study(frozen, out=tmp_path / "out"), measure=True, said=str.strip)
    slow, fast = (run["minutes"] for run in told["runs"])
    assert slow is not None
    assert fast is not None
    work = Work(steps=100, train=10, validated=40, tested=5, once=True)
    cost = Cost(step=60.0, row=6.0)
    assert work.minutes(cost, epochs=4) == pytest.approx((10 + 10 + 5) * 6 / 60)
    assert replace(work, once=False).minutes(cost, epochs=4) == pytest.approx(100 + (40 + 5) / 10)
