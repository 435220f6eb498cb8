"""Models that differ in the training seed alone, and how far draws and seeds move their drop."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from robustft.evaluation.measures import Measure, Said
from robustft.evaluation.results import ORIGINAL, SetFacts, Spread
from robustft.evaluation.subjects import Subject
from robustft.scoring.spread import split_variance, variance_of_rows

__all__ = ["Family", "families_of", "spread_of"]

_HASH = re.compile(r"-[0-9a-f]{6,}(-\d+)?$")
# What differs between runs that differ in their seed alone: the seed, what is drawn by it (the
# splits, and so their fingerprints), and where things lie.
_OF_THE_SEED = ("seed", "fingerprint", "data", "fingerprints", "clean_twin")


@dataclass(frozen=True)
class Family:
    """Models of one way of training, one a seed."""

    name: str
    models: tuple[str, ...]


def families_of(subjects: Sequence[Subject]) -> list[Family]:
    """Return the models by family; one that is no training run is its own."""
    members: dict[str, list[str]] = {}
    seeds: set[tuple[str, Any]] = set()
    for subject in subjects:
        key = subject.facts.name if subject.run is None else _key(subject.run.config)
        seed = None if subject.run is None else _seed(subject.run.config)
        if (key, seed) not in seeds:  # two runs of one seed are no two seeds
            seeds.add((key, seed))
            members.setdefault(key, []).append(subject.facts.name)
    return [Family(_HASH.sub("", names[0]), tuple(names)) for names in members.values()]


def _seed(config: Mapping[str, Any]) -> Any:
    """Return the seed of the training; that of the data may be one for several of them."""
    return config.get("training", {}).get("seed", config.get("seed"))


def _key(config: Mapping[str, Any]) -> str:
    plain = {name: value for name, value in config.items() if name not in _OF_THE_SEED}
    training = {k: v for k, v in config.get("training", {}).items() if k != "seed"}
    return json.dumps(plain | {"training": training}, sort_keys=True, default=str)


def spread_of(
    measure: Measure,
    facts: SetFacts,
    outputs: Mapping[str, Mapping[str, Said]],
    families: Sequence[Family],
) -> list[Spread]:
    """Return for each family how its drop on a set is spread over draws and training seeds.

    Parameters
    ----------
    outputs
        By model, then by set.
    """
    found = []
    for family in families:
        if facts.draws * len(family.models) < 2:
            continue
        # What each row loses, for each draw, seed and row.
        rows = np.stack([_changes(measure, facts, outputs[m]) for m in family.models], 1)
        values = rows.mean(2)
        split = split_variance(values)
        causes = {"draws": split.draws, "seeds": split.seeds, "rest": split.rest}
        found.append(
            Spread(
                family=family.name,
                models=family.models,
                set=facts.name,
                values=tuple(tuple(line) for line in values.tolist()),
                mean=split.mean,
                sd={cause: component.sd for cause, component in causes.items()},
                shares={cause: component.share for cause, component in causes.items()},
                rows_sd=variance_of_rows(rows, sources=measure.sources).sd,
            )
        )
    return found


def _changes(measure: Measure, facts: SetFacts, outputs: Mapping[str, Said]) -> Any:
    drawn = measure.repeated(facts.draws).loss(outputs[facts.name].predictions)
    before = measure.loss(outputs[ORIGINAL].predictions)
    return drawn.reshape(facts.draws, -1) - before
