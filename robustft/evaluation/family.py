"""The runs of one experiment: the same settings, several seeds, clean, augmented and controls."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from robustft.data.run_folder import RunFolder, newest
from robustft.evaluation.augmentation import (
    AUGMENTED,
    CLEAN,
    DUPLICATED,
    STEP_MATCHED,
    AugmentationEffect,
    augmentation_effect,
)
from robustft.evaluation.results import RobustnessResult
from robustft.evaluation.sets import names_of_draws
from robustft.evaluation.trials import Trials, read_losses

__all__ = ["EFFECT", "Family", "Member", "family_effect", "find_family"]

EFFECT = "augmentation.json"
_ARMS = (CLEAN, AUGMENTED, DUPLICATED, STEP_MATCHED)
# What an augmented run's settings have besides those of its clean twin.
_OF_AUGMENTED = ("augment", "transforms", "severity", "sides", "spans", "constraints")


@dataclass(frozen=True)
class Member:
    """One run of an experiment."""

    arm: str
    seed: int
    path: Path


@dataclass(frozen=True)
class Family:
    """The runs of one experiment, arm by arm, seed by seed.

    Attributes
    ----------
    members
        At least two seeds of some arm, or a control.
    """

    members: tuple[Member, ...]

    @property
    def paths(self) -> list[Path]:
        """The run folders."""
        return [member.path for member in self.members]

    @property
    def seeds(self) -> tuple[int, ...]:
        """The training seeds."""
        return tuple(sorted({member.seed for member in self.members}))

    @property
    def arms(self) -> tuple[str, ...]:
        """The arms that there are."""
        return tuple(dict.fromkeys(member.arm for member in self.members))

    @property
    def command(self) -> str:
        """What adds the seeds and controls that are missing."""
        return (
            "Give the train command again with --seeds 5 --controls duplicated,step-matched; "
            "finished runs are kept."
        )


def find_family(root: Path) -> Family | None:
    """Return the experiment of the newest augmented run under `root`.

    None where there is but a pair, or one run, of one seed: that compares models, not ways of
    training.
    """
    runs = newest(root, "train") if root.is_dir() else []
    main = next((run for run in runs if run.config.get("role") == AUGMENTED), None)
    if main is None:
        return None
    same = [run for run in runs if _belongs(run, main)]
    members = {(str(run.config["role"]), _seed(run)): run.path for run in reversed(same)}
    found = sorted(members, key=lambda key: (_ARMS.index(key[0]), key[1]))
    family = Family(tuple(Member(arm, seed, members[arm, seed]) for arm, seed in found))
    several = len(family.seeds) > 1 or {DUPLICATED, STEP_MATCHED} & set(family.arms)
    return family if several else None


def _belongs(run: RunFolder, main: RunFolder) -> bool:
    role = run.config.get("role")
    if role not in _ARMS:
        return False
    return _key(run.config, clean=role == CLEAN) == _key(main.config, clean=role == CLEAN)


def _seed(run: RunFolder) -> int:
    return int(run.config.get("training", {}).get("seed", 0))


def _key(config: Mapping[str, Any], *, clean: bool) -> str:
    """Return what runs of one experiment share, whatever their seed and role."""
    aside = {"role", *(_OF_AUGMENTED if clean else ())}
    shared = {name: value for name, value in config.items() if name not in aside}
    training = {k: v for k, v in config.get("training", {}).items() if k != "seed"}
    return json.dumps({**shared, "training": training}, sort_keys=True, default=str)


def family_effect(
    family: Family, result: RobustnessResult, names: Sequence[str]
) -> AugmentationEffect:
    """Return what an evaluation of all members says of augmentation, and keep it in its folder.

    Parameters
    ----------
    result
        Of an evaluation of the members; its folder holds their predictions.
    names
        What the evaluation calls the members, in their order.
    """
    folder = Path(str(result.folder))
    trials = Trials()
    for member, name in zip(family.members, names, strict=True):
        place = folder / "predictions" / name
        for facts in result.sets:
            draws = [read_losses(place / f"{draw}.parquet") for draw in names_of_draws(facts)]
            trials.add(member.arm, facts.name, member.seed, *draws)
    effect = augmentation_effect(trials, mix=result.mix, command=family.command)
    RunFolder.open(folder).write_json(EFFECT, effect.to_dict())
    return effect
