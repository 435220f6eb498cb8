"""How texts are changed: transforms, composites, constraints, and the engine that runs them."""

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
