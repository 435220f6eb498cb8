"""How much of a gain carries over to changes that were not trained on.

*Leave one out*: trained on all transforms but one and tested on that one. *Lexicon split*: trained
on replacements from one half of a lexicon and tested on those from the other. Either is set beside
what training on the very changes of the test brings, so that robustness is told from having
learned words and tricks by heart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from robustft.evaluation.augmentation import AUGMENTED, CLEAN, STEP_MATCHED
from robustft.evaluation.gains import Gain, corrected, gain
from robustft.evaluation.trials import Cell, Trials
from robustft.evaluation.verdict import signed

__all__ = ["LeftOut", "LexiconSplit", "baseline", "leave_one_out", "lexicon_split"]


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """One transform, tested alone.

    Attributes
    ----------
    arm
        The one that was trained on all transforms but this.
    unseen, seen
        The gain of that arm, and of the one trained on all, over the same control.
    between
        The gain of the one trained on all over the one trained on all but this.
    answer
        ``carries over``, ``carries over in part``, ``only when trained on``, ``no gain shown``
        or ``cannot tell``.
    """

    transform: str
    arm: str
    unseen: Gain
    seen: Gain
    between: Gain
    answer: str


@dataclass(frozen=True, kw_only=True)
class LexiconSplit:
    """A lexicon in two halves.

    Attributes
    ----------
    cells
        The gain over the control for each half trained on and each half tested on.
    same, other
        Pooled: tested on the half that was trained on, and on the other one.
    learned
        How much better the half that was trained on is handled: words learned by heart.
    sentence
        What follows, in words.
    """

    cells: Mapping[str, Gain]
    same: Gain
    other: Gain
    learned: Gain
    answer: str
    sentence: str


def baseline(trials: Trials) -> str | None:
    """Return the arm that gains are over: step-matched, else clean; None where there is neither."""
    return next((arm for arm in (STEP_MATCHED, CLEAN) if arm in trials.arms), None)


def leave_one_out(trials: Trials, left_out: Mapping[str, str], *, seed: int = 0) -> list[LeftOut]:
    """Compare, for each transform, training on all, on all but it, and on none.

    Parameters
    ----------
    left_out
        For the set of a transform alone, the arm that was trained on all others. What has no
        trials yet is left out.

    Notes
    -----
    The gains of one kind over all transforms are one family of tests.
    """
    control = baseline(trials)
    if control is None:
        return []
    found: list[tuple[str, str, list[Gain]]] = []
    for name, arm in left_out.items():
        pairs = ((arm, control), (AUGMENTED, control), (AUGMENTED, arm))
        made = [gain(trials, [(one, name)], [(two, name)], seed=seed) for one, two in pairs]
        if all(one is not None for one in made):
            found.append((name, arm, [one for one in made if one is not None]))
    kinds = [corrected(trials, [gains[kind] for *_, gains in found]) for kind in range(3)]
    return [
        LeftOut(
            transform=name,
            arm=arm,
            unseen=unseen,
            seen=seen,
            between=between,
            answer=_carried(unseen, seen, between),
        )
        for (name, arm, _), unseen, seen, between in zip(found, *kinds, strict=True)
    ]


def _carried(unseen: Gain, seen: Gain, between: Gain) -> str:
    """Return whether what is gained by training on all is gained without this one, too."""
    if seen.test.p is None:
        return "cannot tell"
    if unseen.clear > 0:
        return "carries over in part" if between.clear > 0 else "carries over"
    if seen.clear <= 0:
        return "no gain shown"
    return "only when trained on" if between.clear > 0 else "cannot tell"


def lexicon_split(
    trials: Trials, halves: Mapping[str, Mapping[str, str]], *, seed: int = 0
) -> LexiconSplit | None:
    """Compare training on each half of a lexicon on either half; None where a part is missing.

    Parameters
    ----------
    halves
        By the name of the half, ``arm`` that was trained on it and ``set`` that it is tested on.
    """
    control = baseline(trials)
    if control is None or len(halves) != 2:
        return None
    cells: dict[str, tuple[list[Cell], list[Cell]]] = {
        f"{trained} on {tested}": ([(one["arm"], two["set"])], [(control, two["set"])])
        for trained, one in halves.items()
        for tested, two in halves.items()
    }
    (a, b) = halves
    same = [cells[f"{half} on {half}"][0][0] for half in halves]
    other = [cells[f"{a} on {b}"][0][0], cells[f"{b} on {a}"][0][0]]
    plain = [(control, halves[half]["set"]) for half in halves]
    singles = [
        gain(trials, *pair, names=(name, control), seed=seed) for name, pair in cells.items()
    ]
    pooled = [
        gain(trials, same, plain, names=("the half trained on", control), seed=seed),
        gain(trials, other, plain, names=("the other half", control), seed=seed),
        gain(trials, same, other, names=("the half trained on", "the other half"), seed=seed),
    ]
    if not all([*singles, *pooled]):
        return None
    four = corrected(trials, [one for one in singles if one is not None])
    three = corrected(trials, [one for one in pooled if one is not None])
    answer = _learned(*three)
    return LexiconSplit(
        cells=dict(zip(cells, four, strict=True)),
        same=three[0],
        other=three[1],
        learned=three[2],
        answer=answer,
        sentence=_sentence(trials.metric, answer, three),
    )


def _learned(same: Gain, other: Gain, learned: Gain) -> str:
    if same.test.p is None:
        return "not answerable"
    if other.clear > 0:
        return "both" if learned.clear > 0 else "robustness"
    if same.clear > 0 and learned.clear > 0:
        return "memorised words"
    return "cannot tell" if same.clear > 0 else "no gain"


def _sentence(metric: str, answer: str, pooled: Sequence[Gain]) -> str:
    from robustft.evaluation.augmentation_words import evidence

    same, other, learned = pooled
    if answer == "not answerable":
        return (
            "Whether training on half of the lexicon helps against the other half is not "
            f"answerable: {same.difference.reason}."
        )
    said = {
        "both": "Training on half of the lexicon helps against the other half, and more against "
        "its own words",
        "robustness": "Training on half of the lexicon helps against the other half, too; that it "
        "helps more against its own words is not shown",
        "memorised words": "Training on half of the lexicon is shown to help against its own words "
        "alone",
        "cannot tell": "Training on half of the lexicon helps against its own words; for the other "
        "half one cannot tell",
        "no gain": "Training on half of the lexicon is not shown to help, not even against its own "
        "words",
    }[answer]
    parts = (
        ("own half", same),
        ("other half", other),
        ("own less other half", learned),
    )
    told = "; ".join(
        f"{name} {signed(one.difference, metric)} {evidence(one, metric)}" for name, one in parts
    )
    return f"{said}: {told}; {len(same.seeds)} seeds x {same.rows:,} rows."
