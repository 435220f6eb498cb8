"""Counterexamples and harmful replacements in plain words, for a terminal or a report."""

from __future__ import annotations

from collections.abc import Iterable

from robustft.evaluation.counterexamples.files import Counterexample, MinimalEdit
from robustft.evaluation.counterexamples.harm import Harm

__all__ = ["edit_text", "harm_text", "most_harmful", "most_telling", "sentence"]

_LONGEST = 40


def sentence(example: Counterexample) -> str:
    """Return what flips a prediction: *"great" → "superb" alone turns positive into negative*."""
    edits = [edit_text(edit) for edit in example.edits]
    if len(edits) == 1:
        said = f"{edits[0]} alone turns"
    else:
        said = f"{', '.join(edits[:-1])} and {edits[-1]} together turn"
    sure = f"{example.confidence_before:.0%} sure before, {example.confidence_after:.0%} after"
    return f"{said} {example.before} into {example.after} ({sure})"


def edit_text(edit: MinimalEdit) -> str:
    """Return an edit in words: a replacement, an insertion or a deletion."""
    return _change(edit.original, edit.replacement)


def _change(original: str, replacement: str) -> str:
    if not original:
        return f"inserting {_quoted(replacement)}"
    if not replacement:
        return f"leaving out {_quoted(original)}"
    return f"{_quoted(original)} → {_quoted(replacement)}"


def _quoted(text: str) -> str:
    short = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    return f'"{short}"'


def most_telling(examples: Iterable[Counterexample], count: int = 3) -> list[Counterexample]:
    """Return counterexamples of few edits and a large swing, no two with the same edits."""
    order = sorted(
        examples,
        key=lambda e: (len(e.edits), -e.confidence_before * e.confidence_after, e.model, e.id),
    )
    distinct: dict[tuple[tuple[str, str], ...], Counterexample] = {}
    for example in order:
        edits = tuple((edit.original.lower(), edit.replacement.lower()) for edit in example.edits)
        distinct.setdefault(edits, example)
    return list(distinct.values())[:count]


def most_harmful(found: Iterable[Harm], count: int = 5) -> list[Harm]:
    """Return the replacements that were tested and harm more rows than expected, in their order."""
    worse = [harm for harm in found if harm.p is not None and harm.harmed > harm.expected]
    return worse[:count]


def harm_text(harm: Harm) -> str:
    """Return what a replacement does: rows harmed, the rate with its interval, the corrected p."""
    what = _change(harm.original or "", harm.replacement or "")
    rate = f"{harm.rate.value or 0:.0%}"
    if harm.rate.low is not None and harm.rate.high is not None:
        rate += f" [{harm.rate.low:.0%}, {harm.rate.high:.0%}]"
    said = f"{what}: {harm.harmed} of {harm.right} rows, {rate}; {harm.expected:.1f} expected"
    if harm.p is None or harm.p_corrected is None:
        return said
    return f"{said} (p {harm.p:.2g}, Holm {harm.p_corrected:.2g})"
