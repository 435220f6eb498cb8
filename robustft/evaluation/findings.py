"""What the matrix of models, transforms and severities shows: curves, summaries, slices, spread."""

from __future__ import annotations

from dataclasses import dataclass

from robustft.scoring.power import Detectable
from robustft.scoring.statistics import Difference, Estimate, Test

__all__ = ["Curve", "CurvePoint", "Slice", "Spread", "Summary"]


@dataclass(frozen=True, kw_only=True)
class CurvePoint:
    """A model on one set of a robustness curve.

    Attributes
    ----------
    severity
        0 is the original set.
    estimate
        The first metric, with the interval of this point alone.
    drop
        How much worse that is than at severity 0, on the same rows; None at 0 itself.
    target_share, changed_share, unchanged_share
        As in `SetFacts`: what should have changed, what did, and the rows that stayed.
    """

    severity: int
    set: str
    estimate: Estimate
    drop: Difference | None = None
    target_share: float = 0.0
    changed_share: float = 0.0
    unchanged_share: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Curve:
    """How a model fares as one transform, or the mix, changes more and more of the same rows.

    Attributes
    ----------
    transform
        The transform's name, or ``mix``; numbered where several chains have one of that name.
    points
        By severity, the original set first.
    mean, mean_drop
        The first metric, and how much worse it is than on the original set, as a mean over the
        severities from 1 up.
    """

    model: str
    transform: str
    points: tuple[CurvePoint, ...]
    mean: Estimate | None = None
    mean_drop: Difference | None = None


@dataclass(frozen=True, kw_only=True)
class Summary:
    """A model over all transforms, each alone, at one severity.

    Attributes
    ----------
    severity
        None where the transforms set their own rates.
    sets
        What it sums up: the sets of the single transforms.
    mean, mean_drop
        The first metric and its drop, as a mean in which each transform counts the same.
    worst_set, worst, worst_drop
        The set on which the model is worst. The interval covers the choice of the set too: the
        worst of many is low by chance alone.
    everywhere
        For classes: the share of rows that are right on the original and on every one of the sets.
    """

    model: str
    severity: int | None
    sets: tuple[str, ...]
    mean: Estimate
    mean_drop: Difference
    worst_set: str
    worst: Estimate
    worst_drop: Difference
    everywhere: Estimate | None = None


@dataclass(frozen=True, kw_only=True)
class Slice:
    """A model on a part of the rows of one set.

    Attributes
    ----------
    column
        What the rows are parted by: ``length``, ``label``, ``negation`` or a column of the data.
    value
        What the rows of this part share, such as ``1-12 words`` or ``yes``.
    small
        Whether there are too few rows to test; such a slice belongs to no family.
    original, metric
        The first metric on these rows, on the original set and on this one.
    drop, test
        How much worse it is on this set, paired, and whether that may be chance; corrected over
        all slices of the model by Holm, with the adjusted p of Benjamini and Hochberg beside it.
    detectable
        The smallest drop that this test would have shown.
    difference, difference_test
        The drop of these rows minus that of all others, two groups that share no row: whether the
        change hurts here more (positive) than elsewhere. Corrected in a family of its own.
    """

    model: str
    set: str
    column: str
    value: str
    rows: int
    small: bool
    original: Estimate
    metric: Estimate
    drop: Difference
    test: Test | None = None
    detectable: Detectable | None = None
    difference: Difference | None = None
    difference_test: Test | None = None


@dataclass(frozen=True, kw_only=True)
class Spread:
    """How far the drop moves when the edits are drawn anew, or the model is trained anew.

    Attributes
    ----------
    family
        What the training runs have in common: their name without the seed.
    models
        The runs, one a training seed.
    set
        The set whose drop (of the first metric, against the original set) this is about.
    values
        The drop, one a draw (outer) and training seed (inner).
    mean
        Over all draws and seeds.
    sd
        Standard deviations by cause: ``draws``, ``seeds`` and ``rest`` (what they do together);
        None where there is but one of that cause.
    shares
        The same as shares of the variance.
    rows_sd
        For comparison, the standard deviation that other test rows would give one such drop.
    """

    family: str
    models: tuple[str, ...]
    set: str
    values: tuple[tuple[float, ...], ...]
    mean: Estimate
    sd: dict[str, float | None]
    shares: dict[str, float | None]
    rows_sd: float | None = None
