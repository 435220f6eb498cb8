import json

import pytest

WORDS = ("film", "meal", "hotel", "concert", "museum", "garden")
QUICK = ("--model", "tiny", "--epochs", "1", "--max-length", "32", "--device", "cpu")


@pytest.fixture
def file(tmp_path):
    lines = ["text,label"]
    lines += [
        f"it is a {how} {word} number {i},{label}"
        for i, word in enumerate(WORDS * 10)
        for how, label in (("superb", "good"), ("dreadful", "bad"))
    ]
    path = tmp_path / "reviews.csv"
    path.write_text("\n".join(lines))
    return str(path)


def test_it_prints_the_runs_on_stdout_and_the_rest_on_stderr(run_cli, file, tmp_path):
    code, out, err = run_cli(
        "train", "--data", file, *QUICK, "--augment", "10", "--with", "contractions"
    )
    assert code == 0
    first, second, third, fourth = out.splitlines()
    assert first.startswith("clean: runs/reviews-tiny-clean-")
    assert second.startswith("  validation loss ")
    assert third.startswith("augmented: runs/reviews-tiny-augment10-")
    assert "accuracy" in fourth
    assert "learning rate 0.0007 (the default for from scratch)" in err
    assert "next: robustft eval --transformed" in err
    assert (tmp_path / first.split(": ")[1] / "manifest.json").is_file()
    again = run_cli("train", "--data", file, *QUICK, "--augment", "10", "--with", "contractions")
    assert again[1].splitlines()[0] == f"{first} (already trained)"


def test_json_is_for_programs(run_cli, file):
    code, out, _ = run_cli("train", "--data", file, *QUICK, "--json")
    told = json.loads(out)
    assert code == 0
    assert told["augmented"] is None
    assert set(told["validation"]["clean"]) == {"loss", "accuracy", "macro_f1"}


def test_a_dry_run_writes_nothing(run_cli, file, tmp_path):
    code, out, _ = run_cli("train", "--data", file, *QUICK, "--augment", "10", "--dry-run")
    plan = json.loads(out)
    assert code == 0
    assert plan["rows"] == {"train": 96, "augmented": 10, "validation": 12}
    assert plan["steps"] == 4
    assert not (tmp_path / "runs").exists()


def test_overfit_answers_yes_or_no_and_keeps_nothing(run_cli, file, tmp_path, monkeypatch):
    code, out, _ = run_cli("train", "--data", file, *QUICK, "--overfit", "8")
    assert code == 0
    assert out.startswith("can it learn 8 rows by heart: yes (after ")
    monkeypatch.setattr("robustft.training.overfit._EPOCHS", 1)
    code, out, _ = run_cli("train", "--data", file, *QUICK, "--overfit", "8", "--lr", "1e-9")
    assert code == 1
    assert out.startswith("can it learn 8 rows by heart: no ")
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--with", "typoes", "--augment", "5"), "did you mean 'typos'"),
        (("--model", "./nothing"), "./nothing: expected a model folder, got no such folder"),
        (("--severity", "9"), "--severity: expected a number from 1 to 5"),
    ],
)
def test_mistakes_are_told_in_a_line_and_exit_with_2(run_cli, file, arguments, message):
    code, out, err = run_cli("train", "--data", file, "--model", "tiny", *arguments)
    assert (code, out) == (2, "")
    assert message in err.splitlines()[-1]


def test_without_a_hub_the_default_model_names_what_works(run_cli, file):
    code, _, err = run_cli("train", "--data", file)
    assert code == 2
    assert err.splitlines()[-1].startswith("distilbert-base-uncased: expected a model from the hub")
    assert "--model tiny" in err


def test_an_interrupt_says_how_to_go_on(run_cli, file, monkeypatch):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt("clean: stopped in epoch 1 of 1; the same command starts it again")

    monkeypatch.setattr("robustft.training.experiment.fit", interrupted)
    code, _, err = run_cli("train", "--data", file, *QUICK)
    assert code == 130
    assert "the same command starts it again" in err


def test_options_reach_the_run(run_cli, file, tmp_path):
    code, out, err = run_cli(
        "train", "--data", file, *QUICK, "--freeze", "encoder", "--reinit", "head", "--optimizer",
        "nesterov", "--schedule", "slanted-triangular", "--layer-lr-decay", "0.5", "--warmup",
        "0.2", "--accumulate", "2", "--eval-steps", "1", "--class-weights", "balanced",
    )  # fmt: skip
    assert code == 0, err
    assert "learning rate 0.01 (the default for SGD with Nesterov momentum)" in err
    run = tmp_path / out.splitlines()[0].split(": ")[1]
    manifest = json.loads((run / "manifest.json").read_text())
    used = manifest["training"]["arguments"]
    assert (used["freeze"], used["reinit"], used["optimizer"]) == ("encoder", "head", "nesterov")
    assert (used["layer_lr_decay"], used["warmup_ratio"]) == (0.5, 0.2)
    assert used["gradient_accumulation"] == 2
    assert len(manifest["training"]["curve"]) == manifest["training"]["steps"]
    parts = manifest["training"]["parameters"]["components"]
    assert parts["encoder"]["trained"] == 0 < parts["pooler"]["trained"]
    assert any("parameters train" in notice for notice in manifest["notices"])
    states = json.loads((run / manifest["tensors"]).read_text())
    assert all(state["unchanged"] for state in states if not state["trained"])


def test_several_seeds_end_in_mean_and_spread(run_cli, file):
    code, out, _ = run_cli("train", "--data", file, *QUICK, "--seeds", "2")
    lines = out.splitlines()
    assert code == 0
    assert lines[0].startswith("clean, seed 0: runs/reviews-tiny-clean-")
    assert lines[2].startswith("clean, seed 1: runs/reviews-tiny-clean-seed1-")
    assert lines[4] == "clean, 2 seeds (mean, spread, 95 % interval):"
    assert any("±" in line for line in lines[5:])
    code, out, _ = run_cli("train", "--data", file, *QUICK, "--seeds", "2", "--json")
    told = json.loads(out)
    assert [each["seed"] for each in told["seeds"]] == [0, 1]
    assert told["over_seeds"]["clean"]["loss"]["n"] == 2
    assert told["seeds"][1]["reused"] == ["clean"]


def test_the_model_is_pushed_in_the_end(run_cli, file, monkeypatch):
    pushed = []

    def push_run(run, repo):
        pushed.append((run, repo))
        return type("Pushed", (), {"url": "https://hub.invalid/me/mine"})

    monkeypatch.setattr("robustft.model.push.push_run", push_run)
    code, out, err = run_cli("train", "--data", file, *QUICK, "--push", "me/mine")
    assert code == 0
    assert [(str(run), repo) for run, repo in pushed] == [
        (out.splitlines()[0].split(": ")[1], "me/mine")
    ]
    assert "pushed: https://hub.invalid/me/mine" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--freeze", "encoderr"), "did you mean 'encoder'"),
        (("--controls", "duplicated"), "controls: expected rows to augment"),
        (("--controls", "duplicates", "--augment", "5"), "did you mean 'duplicated'"),
        (("--class-weights", "goood=2"), "class_weights: expected names of bad, good, got 'goood'"),
        (("--extra-data", "no.csv"), "no.csv"),
    ],
)
def test_options_that_do_not_fit_are_refused_before_training(run_cli, file, arguments, message):
    code, out, err = run_cli("train", "--data", file, *QUICK, *arguments)
    assert (code, out) == (2, "")
    assert message in err.splitlines()[-1]


def test_fast_is_another_run_of_the_same_and_its_model_is_evaluated_fast(run_cli, file):
    plain = json.loads(run_cli("train", "--data", file, *QUICK, "--json")[1])
    code, out, _ = run_cli("train", "--data", file, *QUICK, "--fast", "--json")
    fast = json.loads(out)
    assert code == 0
    assert fast["clean"] != plain["clean"]
    assert not [notice for notice in fast["notices"] if "--fast" in notice]
    given = ("eval", fast["clean"], "--transformed", "--with", "typos", "--device", "cpu", "--json")
    (slow_code, slow, _), (fast_code, swift, _) = (
        run_cli(*given, *more) for more in (("--out", "a"), ("--out", "b", "--fast"))
    )
    assert (slow_code, fast_code) == (0, 0)
    assert json.loads(slow)["cells"] == json.loads(swift)["cells"]
