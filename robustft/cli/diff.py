"""A word diff of one text, in colour on a terminal, in brackets elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from robustft.text.edits import Edit

__all__ = ["word_diff"]

# Of a stretch without edits, this many characters are shown on each side of the gap.
_CONTEXT = 60


def _shortened(text: str, *, first: bool, last: bool) -> str:
    """Cut the middle out of a long stretch that did not change."""
    head = "" if first else text[:_CONTEXT]
    tail = "" if last else text[-_CONTEXT:]
    if len(text) <= len(head) + len(tail) + 20:
        return text
    return (
        f"{head} \u2026 {tail}" if head and tail else f"{head} \u2026" if head else f"\u2026 {tail}"
    )


def word_diff(text: str, edits: Sequence[Edit], *, colour: bool) -> Text:
    """Return `text` with what was taken out and what was put in marked.

    Parameters
    ----------
    text
        The original.
    edits
        Sorted, disjoint edits over it.
    colour
        Red and green; without it ``[-out-]{+in+}``, as git writes word diffs.
    """
    shown = Text("  ")
    position = 0
    for number, edit in enumerate(edits):
        shown.append(_shortened(text[position : edit.start], first=number == 0, last=False))
        removed, added = text[edit.start : edit.end], edit.replacement
        if removed:
            shown.append(removed if colour else f"[-{removed}-]", style="red strike")
        if added:
            gap = " " if colour and removed else ""
            shown.append(gap)
            shown.append(added if colour else f"{{+{added}+}}", style="bold green")
        position = edit.end
    rest = text[position:]
    shown.append(_shortened(rest, first=not edits, last=True) if edits else rest[: 4 * _CONTEXT])
    return shown
