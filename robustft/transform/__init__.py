"""How texts are changed: transforms, composites, constraints, and the engine that runs them.

The names below are loaded when they are first used: which transforms there are (`discovery`) can
be asked without loading numpy and the engine.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from robustft.transform.base import (
        BatchedTransform,
        FunctionTransform,
        LabelKind,
        Level,
        RewriteTransform,
        Skip,
        Transform,
    )
    from robustft.transform.compose import Compose, Constrained, OneOf, SomeOf, Sometimes
    from robustft.transform.constraints import (
        Constraint,
        Length,
        MaxChanged,
        NoRepeat,
        constraints_from,
    )
    from robustft.transform.engine import perturb
    from robustft.transform.kept import KeepMatches, KeepPartsOfSpeech, KeepWords
    from robustft.transform.perturbed import Perturbed, PerturbedBatch, Status, Step
    from robustft.transform.registry import build, get, names, parse_specs
    from robustft.transform.scored import MaxPerplexityRatio, MinSimilarity

_WHERE = {
    "BatchedTransform": "base",
    "Compose": "compose",
    "Constrained": "compose",
    "Constraint": "constraints",
    "FunctionTransform": "base",
    "KeepMatches": "kept",
    "KeepPartsOfSpeech": "kept",
    "KeepWords": "kept",
    "LabelKind": "base",
    "Length": "constraints",
    "Level": "base",
    "MaxChanged": "constraints",
    "MaxPerplexityRatio": "scored",
    "MinSimilarity": "scored",
    "NoRepeat": "constraints",
    "OneOf": "compose",
    "Perturbed": "perturbed",
    "PerturbedBatch": "perturbed",
    "RewriteTransform": "base",
    "Skip": "base",
    "SomeOf": "compose",
    "Sometimes": "compose",
    "Status": "perturbed",
    "Step": "perturbed",
    "Transform": "base",
    "build": "registry",
    "constraints_from": "constraints",
    "get": "registry",
    "names": "discovery",
    "parse_specs": "registry",
    "perturb": "engine",
}

__all__ = [
    "BatchedTransform",
    "Compose",
    "Constrained",
    "Constraint",
    "FunctionTransform",
    "KeepMatches",
    "KeepPartsOfSpeech",
    "KeepWords",
    "LabelKind",
    "Length",
    "Level",
    "MaxChanged",
    "MaxPerplexityRatio",
    "MinSimilarity",
    "NoRepeat",
    "OneOf",
    "Perturbed",
    "PerturbedBatch",
    "RewriteTransform",
    "Skip",
    "SomeOf",
    "Sometimes",
    "Status",
    "Step",
    "Transform",
    "build",
    "constraints_from",
    "get",
    "names",
    "parse_specs",
    "perturb",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_WHERE[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_WHERE})
