"""A word diff of one text, in colour on a terminal, in brackets elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from robustft.text.edits import Edit

__all__ = ["word_diff"]

# A text up to this many characters is shown whole; of a longer one, this many around each edit.
_WHOLE, _CONTEXT = 500, 70


def _shortened(text: str, *, first: bool, last: bool) -> str:
    """Cut the middle out of a long stretch that did not change, between words."""
    if len(text) <= (1 if first or last else 2) * _CONTEXT + 20:
        return text
    head = "" if first else text[:_CONTEXT].rpartition(" ")[0] + " "
    tail = "" if last else " " + text[-_CONTEXT:].partition(" ")[2]
    return f"{head}\u2026{tail}"


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
    whole = len(text) <= _WHOLE
    for number, edit in enumerate(edits):
        before = text[position : edit.start]
        shown.append(before if whole else _shortened(before, first=number == 0, last=False))
        removed, added = text[edit.start : edit.end], edit.replacement
        if removed:
            shown.append(removed if colour else f"[-{removed}-]", style="red strike")
        if added:
            gap = " " if colour and removed else ""
            shown.append(gap)
            shown.append(added if colour else f"{{+{added}+}}", style="bold green")
        position = edit.end
    rest = text[position:]
    shown.append(rest if whole else _shortened(rest, first=False, last=True))
    return shown
