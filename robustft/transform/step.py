"""One transform on one batch: rank what could change, take from the top until enough has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
import numpy.typing as npt

from robustft.errors import RobustftError, TransformError
from robustft.seeding import Draw, mix, uniform
from robustft.text.document import Batch, Document, Unit, Units
from robustft.text.edits import Edit, check, diff, simplify
from robustft.transform.base import RewriteTransform, Skip, Transform
from robustft.transform.constraints import Protection

__all__ = ["StepResult", "run_step"]

Keys = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]
TaskSpans = Sequence[Iterable[tuple[int, int]]]

# What is drawn from a text's key of a step: the rounding of its target, then one number a unit.
_ROUNDING, _FIRST_UNIT = 0, 1


@dataclass
class StepResult:
    """The edits of one step for each text of a batch, with what was wanted and what was possible.

    `target`, `eligible` and `changed` are int64, shape ``(n,)``, counted in units (a unit of a
    word transform is a word).
    """

    edits: list[tuple[Edit, ...]]
    target: Ints
    eligible: Ints
    changed: Ints
    skips: Counter[str] = field(default_factory=Counter)
    reasons: dict[int, str] = field(default_factory=dict)
    """For a text that a skip left unchanged, the last reason."""

    @classmethod
    def empty(cls, size: int, target: Ints, eligible: Ints) -> StepResult:
        """Return a result in which nothing has changed yet."""
        return cls([()] * size, target, eligible, np.zeros(size, np.int64))


def run_step(
    transform: Transform,
    batch: Batch,
    keys: Keys,
    rate: float,
    task_spans: TaskSpans | None = None,
) -> StepResult:
    """Let one transform change a batch of texts.

    Parameters
    ----------
    transform
        What to do.
    batch
        The texts.
    keys
        One key a text, uint64, shape ``(len(batch),)``; they alone decide what is drawn.
    rate
        The target share of each text's words, 0 to 1.
    task_spans
        For each text, spans that must not be touched.

    Raises
    ------
    TransformError
        If the transform crashes, or returns edits outside of the text or over one another.
    """
    protection = Protection(batch, transform.opens, task_spans)
    try:
        if isinstance(transform, RewriteTransform):
            return _rewrite(transform, batch, keys, rate, protection)
        units = transform.units(batch)
        _check_disjoint(units)
        return _change_units(transform, batch, units, keys, rate, protection)
    except RobustftError:
        raise
    except Exception as error:
        raise TransformError(
            f"{transform.name}: expected a transform that takes any text, got {error!r}"
        ) from error


def _check_disjoint(units: Units) -> None:
    if (units.start[1:] < units.end[:-1]).any() or (units.end < units.start).any():
        raise ValueError("units that overlap or are out of order")


def _change_units(
    transform: Transform,
    batch: Batch,
    units: Units,
    keys: Keys,
    rate: float,
    protection: Protection,
) -> StepResult:
    """Rank the units of all texts at once, then fill each text's target from the top."""
    # A unit's ordinal counts all units of its text, so that protection does not move the draws.
    ordinal = np.arange(len(units)) - np.searchsorted(units.text, units.text)
    allowed = np.flatnonzero(protection.allowed(units))
    units, ordinal = units.where(allowed), ordinal[allowed]
    eligible = np.bincount(units.text, minlength=len(batch)).astype(np.int64)
    result = StepResult.empty(len(batch), _targets(batch, keys, rate, eligible), eligible)

    wanted = np.minimum(result.target, eligible)
    drawn = np.flatnonzero(wanted[units.text])
    units, ordinal = units.where(drawn), ordinal[drawn]
    rank = mix(keys[units.text], ordinal + _FIRST_UNIT)
    # One sort orders by text, then by rank: 2**48 ranks are plenty within a text.
    order = np.argsort((units.text.astype(np.uint64) << np.uint64(48)) | (rank >> np.uint64(16)))
    offset = batch.starts[units.text[order]]
    columns = zip(
        (units.start[order] - offset).tolist(),
        (units.end[order] - offset).tolist(),
        ordinal[order].tolist(),
        rank[order].tolist(),
        strict=True,
    )
    counts = np.bincount(units.text, minlength=len(batch)).tolist()
    for text in np.flatnonzero(wanted).tolist():
        candidates = list(islice(columns, counts[text]))
        _fill(transform, Document(batch, text), candidates, int(wanted[text]), protection, result)
    return result


def _targets(batch: Batch, keys: Keys, rate: float, eligible: Ints) -> Ints:
    """Round ``rate x words`` up or down at random, so that its mean is exact."""
    if rate >= 1:
        return eligible
    share = batch.word_counts * rate
    rounded: Ints = np.floor(share + uniform(mix(keys, _ROUNDING))).astype(np.int64)
    return rounded


def _fill(
    transform: Transform,
    document: Document,
    candidates: list[tuple[int, int, int, int]],
    wanted: int,
    protection: Protection,
    result: StepResult,
) -> None:
    """Go through one text's units by rank until as many as wanted have changed."""
    source, names = document.text, (transform.name,)
    edits: list[Edit] = []
    reason, done, irregular = "", 0, False
    for start, end, index, key in candidates:
        unit = Unit(start, end, source[start:end], index)
        made = transform.replacement(document, unit, Draw(key))
        if type(made) is str:
            proposed = [Edit(start, end, made, names)]
            reason = "" if made != unit.text else "same text"
            reason = reason or (_overlap(edits, proposed) if irregular else "")
        elif isinstance(made, Skip):
            reason = made.reason
        else:
            irregular = True
            proposed, reason = _extended(document, made, names, edits, protection)
        if reason:
            result.skips[f"{transform.name}: {reason}"] += 1
            continue
        edits += proposed
        done += 1
        if done == wanted:
            break
    if edits:
        edits.sort()
        result.edits[document.index] = tuple(edits)
        result.changed[document.index] = done
    elif reason:
        result.reasons[document.index] = reason


def _overlap(accepted: Sequence[Edit], proposed: Sequence[Edit]) -> str:
    for new in proposed:
        for old in accepted:
            if (new.start < old.end and old.start < new.end) or new.start == old.start:
                return "overlaps another edit"
    return ""


def _extended(
    document: Document,
    made: Iterable[Edit],
    names: tuple[str, ...],
    accepted: Sequence[Edit],
    protection: Protection,
) -> tuple[list[Edit], str]:
    """Check a change of more than its unit's span: bounds, protection, edits already accepted."""
    made = simplify(document.text, sorted(made))
    check(made, len(document.text))
    proposed = [Edit(e.start, e.end, e.replacement, names) for e in made]
    if not proposed:
        return proposed, "same text"
    if not all(protection.allows(document.index, edit) for edit in proposed):
        return proposed, "protected span"
    return proposed, _overlap(accepted, proposed)


def _rewrite(
    transform: RewriteTransform, batch: Batch, keys: Keys, rate: float, protection: Protection
) -> StepResult:
    """Rewrite whole texts; edits that would touch a protected span are dropped."""
    words = batch.word_counts
    result = StepResult.empty(len(batch), np.zeros(len(batch), np.int64), words)
    drawn = uniform(mix(keys, _ROUNDING)) < rate
    chosen = np.flatnonzero(drawn & (batch.ends > batch.starts)).tolist()
    draws = [Draw(key) for key in mix(keys[chosen], _FIRST_UNIT).tolist()]
    sources = [batch.texts[i] for i in chosen]
    rewritten = transform.rewrite(sources, draws) if sources else []
    if len(rewritten) != len(sources):
        raise ValueError(f"{len(rewritten)} texts for {len(sources)}")
    result.target[chosen] = words[chosen]
    for text, source, after in zip(chosen, sources, rewritten, strict=True):
        if not isinstance(after, str):
            raise TypeError(f"{type(after).__name__} in place of a text")
        proposed = diff(source, after, (transform.name,))
        kept = [edit for edit in proposed if protection.allows(text, edit)]
        result.skips[f"{transform.name}: protected span"] += len(proposed) - len(kept)
        result.edits[text] = tuple(kept)
        result.changed[text] = sum(len(source[e.start : e.end].split()) for e in kept)
        if not kept:
            result.reasons[text] = "protected span" if proposed else "same text"
    result.skips = +result.skips
    return result
