"""``robustft demo`` leads through the three commands; what they do is tested with them."""

from __future__ import annotations

from pathlib import Path

import pytest

import robustft.cli.eval
import robustft.cli.transform
import robustft.training.experiment
from robustft.training.experiment import TrainedPair


@pytest.fixture
def calls(monkeypatch):
    """Put recorders in place of the three commands' work."""
    made = []

    def train(**settings):
        made.append(("train", (), settings))
        return TrainedPair(clean=Path("runs/clean"), augmented=Path("runs/aug"), validation={})

    def recorder(name):
        return lambda *args, **settings: made.append((name, args, settings))

    monkeypatch.setattr(robustft.cli.transform, "transform", recorder("transform"))
    monkeypatch.setattr(robustft.cli.eval, "eval_", recorder("eval"))
    monkeypatch.setattr(robustft.training.experiment, "train", train)
    return made


def test_the_demo_gives_the_three_commands_in_order(run_cli, calls):
    code, out, err = run_cli("demo")
    assert code == 0
    assert [name for name, _, _ in calls] == ["transform", "train", "eval"]
    assert calls[0][2]["preview"] is True
    assert calls[1][2]["augment"] == 5000
    assert calls[2][1] == (["runs/aug", "runs/clean"],)
    assert calls[2][2]["transformed"] is True
    for command in ("transform --preview", "train --augment 5000", "eval --transformed"):
        assert f"$ robustft {command}\n" in err
    assert out == "trained: runs/clean\ntrained: runs/aug\n"


def test_the_seed_reaches_every_step_and_is_shown(run_cli, calls):
    """`eval` takes it from the run."""
    _, _, err = run_cli("demo", "--seed", "7")
    assert [settings.get("seed") for _, _, settings in calls] == [7, 7, None]
    assert "$ robustft train --augment 5000 --seed 7\n" in err


def test_settings_of_the_folder_do_not_reach_the_demo(run_cli, calls, tmp_path):
    (tmp_path / "robustft.toml").write_text('data = "mine.csv"\nmodel = "mine"\n')
    assert run_cli("demo")[0] == 0
    assert not any({"data", "model"} & set(settings) for _, _, settings in calls)
