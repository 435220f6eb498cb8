"""How far raters agree, beyond what chance would give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["krippendorff_alpha"]


def krippendorff_alpha(ratings: Sequence[Mapping[str, str]]) -> float | None:
    """Return Krippendorff's alpha for nominal answers; 1 is agreement, 0 what chance would give.

    Parameters
    ----------
    ratings
        For each rater, an answer by item; items may be missing.

    Returns
    -------
    None where it is undefined: under two raters, no item that two of them rated, or one and the
    same answer throughout, which leaves nothing to disagree about.

    Source: Krippendorff (2011), *Computing Krippendorff's alpha-reliability*; computed by
    `nltk.metrics.agreement`.
    """
    counts: dict[str, int] = {}
    for rater in ratings:
        for item in rater:
            counts[item] = counts.get(item, 0) + 1
    triples = [
        (str(number), item, answer)
        for number, rater in enumerate(ratings)
        for item, answer in rater.items()
        if counts[item] > 1
    ]
    if len({answer for _, _, answer in triples}) < 2:
        return None
    from nltk.metrics.agreement import AnnotationTask

    return float(AnnotationTask(data=triples).alpha())
