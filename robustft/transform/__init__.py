"""How texts are changed: transforms, composites, and the engine that runs them."""

from robustft.transform.base import (
    BatchedTransform,
    FunctionTransform,
    LabelKind,
    Level,
    RewriteTransform,
    Skip,
    Transform,
)
from robustft.transform.compose import Compose, OneOf, SomeOf, Sometimes
from robustft.transform.engine import perturb
from robustft.transform.perturbed import Perturbed, PerturbedBatch, Status, Step
from robustft.transform.registry import build, get, names, parse_specs

__all__ = [
    "BatchedTransform",
    "Compose",
    "FunctionTransform",
    "LabelKind",
    "Level",
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
    "get",
    "names",
    "parse_specs",
    "perturb",
]
