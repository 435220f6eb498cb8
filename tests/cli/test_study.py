"""``robustft study``."""

import json

import pytest

from robustft.study.results import RowResult
from robustft.study.rows import failed, marked

RECIPE = """
name = "mine"
title = "Two ways"
data = "reviews.csv"
model = "tiny"
columns = ["accuracy"]
[[rows]]
name = "one"
[[rows]]
name = "two"
set = {epochs = 5}
"""


@pytest.fixture
def recipe(tmp_path, monkeypatch):
    """A recipe whose rows end at once."""

    def run(spec, context):
        if spec.settings.get("epochs") == 13:
            raise KeyboardInterrupt
        if spec.settings.get("epochs") == 11:
            return marked(failed(spec, "the loss is no number"), spec)
        value = {"value": 0.5, "low": 0.4, "high": 0.6, "n": 100}
        result = RowResult(row=spec.row, metrics={"original": {"accuracy": value}})
        return marked(result, spec)

    monkeypatch.setattr("robustft.study.run.run_row", run)
    path = tmp_path / "mine.toml"
    path.write_text(RECIPE)
    lines = [f"it is a {('bad', 'good')[i % 2]} film {i},{i % 2}" for i in range(80)]
    (tmp_path / "reviews.csv").write_text("\n".join(["text,label", *lines]))
    return str(path)


def test_the_recipes_are_listed_by_name_and_title(run_cli):
    code, out, err = run_cli("study", "--list")
    assert (code, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines()] == [
        "augmentation",
        "bert_pretraining",
        "conflibert_regression",
        "finetuning_survey",
        "imdb_robustness",
    ]
    told = json.loads(run_cli("study", "--list", "--json")[1])
    assert told[2]["model"] == "snowood1/ConfliBERT-scr-uncased"


def test_the_table_goes_to_stdout_and_the_rest_to_stderr(run_cli, recipe, tmp_path):
    code, out, err = run_cli("study", recipe)
    assert code == 0
    assert "one" in out
    assert "two" in out
    assert err.splitlines()[0].startswith("study: studies/mine-tiny-reviews-")
    assert "1/2  one-seed0" in err
    (folder,) = (tmp_path / "studies").iterdir()
    assert (folder / "tables/results.csv").is_file()
    again = run_cli("study", recipe)
    assert again[1] == out
    assert "one-seed0" not in again[2]


def test_json_is_for_programs(run_cli, recipe):
    code, out, _ = run_cli("study", recipe, "--json", "--rows", "two", "--set", "lr=1e-3")
    (told,) = json.loads(out)
    assert code == 0
    assert (told["row"], told["metrics"]["original"]["accuracy"]["value"]) == ("two", 0.5)


def test_a_dry_run_tells_every_setting_and_writes_nothing(run_cli, recipe, tmp_path):
    code, out, _ = run_cli(
        "study", recipe, "--dry-run", "--no-measure", "--seeds", "2", "--max-train", "40",
        "--device", "cpu", "--set", "one.epochs=2",
    )  # fmt: skip
    assert code == 0
    lines = out.splitlines()
    assert [line for line in lines if "seed0" in line or "seed1" in line] == [
        "one-seed0", "two-seed0", "one-seed1", "two-seed1",
    ]  # fmt: skip
    assert lines.count("    max_train = 40") == lines.count("    device = cpu") == 4
    assert lines.count("    epochs = 2") == lines.count("    epochs = 5") == 2
    assert lines[-1] == "4 runs; 4 of them are to be done; nothing was timed"
    assert not (tmp_path / "studies").exists()
    told = json.loads(run_cli("study", recipe, "--dry-run", "--no-measure", "--json")[1])
    assert [run["finished"] for run in told["runs"]] == [False, False]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "study: expected a recipe, got none; see robustft study --list"),
        (("finetuning_surveys",), "did you mean 'finetuning_survey'"),
        (("RECIPE", "--set", "epoch=2"), "--set: expected a setting of a train row, got 'epoch'"),
        (("RECIPE", "--set", "epochs"), "--set: expected key=value, such as epochs=2"),
        (("RECIPE", "--rows", "tow"), "--rows: expected rows of one, two, got 'tow'"),
        (("RECIPE", "--device", "gpu"), "--set: device: input should be 'auto', 'cuda'"),
    ],
)
def test_mistakes_are_told_in_a_line_and_exit_with_2(run_cli, recipe, arguments, message):
    code, out, err = run_cli("study", *(recipe if a == "RECIPE" else a for a in arguments))
    assert (code, out) == (2, "")
    assert message in err.splitlines()[-1]


def test_failed_rows_are_findings_unless_nothing_else_is_left(run_cli, recipe):
    code, out, err = run_cli("study", recipe, "--set", "one.epochs=11", "--out", "some")
    assert code == 0
    assert "the loss is no number" in out + err
    assert "1 of 2 runs failed; --retry runs them once more" in err
    code, _, err = run_cli("study", recipe, "--set", "epochs=11", "--out", "none")
    assert code == 1
    assert "2 of 2 runs failed" in err


def test_an_interrupt_says_how_to_go_on(run_cli, recipe):
    code, out, err = run_cli("study", recipe, "--set", "two.epochs=13")
    assert (code, out) == (130, "")
    assert "study: stopped; 1 of 2 runs are finished; the same command goes on with two" in err
