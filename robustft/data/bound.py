"""Constraints in a run folder: written as plain values, and made again from them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from robustft.data.run_folder import portable
from robustft.transform.constraints import Constraint, constraints_from

__all__ = ["constraint_facts", "recorded_constraints"]


def constraint_facts(constraints: Sequence[Constraint], home: Path) -> dict[str, Any]:
    """Return what a configuration says of constraints: nothing where there are none.

    Local models are named as they are seen from a run folder in `home`.
    """
    plain = [constraint.to_dict() for constraint in constraints]
    for facts in plain:
        if "model" in facts:
            facts["model"] = portable(facts["model"], home)
    return {"constraints": plain} if plain else {}


def recorded_constraints(config: Mapping[str, Any], folder: Path) -> list[Constraint]:
    """Return the constraints of the run in `folder` from its configuration.

    Raises
    ------
    SpecError
        They cannot be made again: a scorer was passed in that has no name.
    """
    plain = [dict(facts) for facts in config.get("constraints", ())]
    for facts in plain:
        beside = folder.resolve() / str(facts.get("model", ""))
        if facts.get("model") and beside.exists():
            facts["model"] = os.path.normpath(beside)
    return constraints_from(plain)
