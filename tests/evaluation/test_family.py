"""The runs of one experiment are found, evaluated together, and judged as ways of training."""

import json

import pandas as pd
import pytest
import torch

from robustft.evaluation.augmentation import AugmentationEffect
from robustft.evaluation.family import find_family
from robustft.training.experiment import train

WORDS = ("film", "meal", "hotel", "concert", "museum", "garden")
QUICK = {"epochs": 1, "batch_size": 16, "max_length": 16, "device": "cpu", "progress": False}
FOUR = ("clean", "augmented", "duplicated", "step-matched")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with the runs of two experiments: two seeds with controls, and a pair of before."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("family")
    rows = [
        (f"{how}{i}", f"it is a {how} {word} and it is number {i}", label)
        for i, word in enumerate(WORDS * 8)
        for how, label in (("superb", "good"), ("dreadful", "bad"))
    ]
    pd.DataFrame(rows, columns=["id", "text", "label"]).to_csv(folder / "reviews.csv", index=False)
    given = {"model": "tiny", "transforms": "contractions", "root": folder / "runs", **QUICK}
    train(folder / "reviews.csv", augment=8, **given)
    train(
        folder / "reviews.csv",
        augment=16,
        seeds=2,
        controls=("duplicated", "step-matched"),
        **given,
    )
    return folder


def test_the_experiment_of_the_newest_augmented_run_is_found(trained):
    family = find_family(trained / "runs")
    assert (family.arms, family.seeds) == (FOUR, (0, 1))
    assert [(m.arm, m.seed) for m in family.members] == [(a, s) for a in FOUR for s in (0, 1)]
    assert len(set(family.paths)) == 8
    # The clean run of the pair of before is that of this experiment, too; its augmented one is not.
    assert sum("augment8-" in path.name for path in family.paths) == 0


def test_a_pair_of_one_seed_is_no_experiment(trained, tmp_path):
    runs = tmp_path / "runs"
    runs.mkdir()
    for path in (trained / "runs").iterdir():
        if "clean" in path.name or "augment8-" in path.name:
            (runs / path.name).symlink_to(path)
    for path in runs.glob("*seed1*"):
        path.unlink()
    assert find_family(runs) is None
    assert find_family(tmp_path / "nothing") is None


def test_bare_eval_prints_the_arms_and_what_is_missing(trained, run_cli, monkeypatch):
    monkeypatch.chdir(trained)
    code, out, err = run_cli("eval", "--device", "cpu", "--counterexamples", "0")
    assert code == 0, err
    assert "mean ± standard deviation over 2 seeds" in out
    assert all(f"│ {arm} " in out for arm in FOUR)
    assert "is not answerable without 5 training seeds (there are 2 so far)." in out
    assert "--seeds 5 --controls duplicated,step-matched" in out
    code, out, _ = run_cli("eval", "--device", "cpu", "--counterexamples", "0", "--json")
    plain = json.loads(out)
    assert plain["augmentation"]["answer"] == "not answerable"
    found = AugmentationEffect.from_dict(plain["augmentation"])
    assert {score.arm for score in found.scores} == set(FOUR)
    assert found.transformed.against("step-matched").seeds == (0, 1)


def test_models_that_are_named_are_compared_as_before(trained, run_cli, monkeypatch):
    monkeypatch.chdir(trained)
    pair = [str(m.path) for m in find_family(trained / "runs").members if m.seed == 0][:2]
    code, out, err = run_cli("eval", *pair, "--device", "cpu", "--counterexamples", "0")
    assert code == 0, err
    assert "gain, won back" in out
    assert "not answerable" not in out
