"""What augmentation brought, in words that go no further than the numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from robustft.evaluation.gains import Gain
from robustft.evaluation.results import ORIGINAL
from robustft.evaluation.verdict import MARGIN, amount, interval, p_text, signed

if TYPE_CHECKING:
    from robustft.evaluation.augmentation import Answered, Does, Kind

__all__ = ["answer_sentence", "evidence", "kind_sentence", "limits"]

_AGAINST = {
    "clean": "the clean arm",
    "step-matched": "as many steps on the rows alone",
    "duplicated": "as many duplicated rows",
}


def answer_sentence(
    metric: str,
    name: str,
    answer: Does,
    gains: Sequence[Gain],
    missing: Sequence[str],
    command: str,
) -> str:
    """Return the answer for one set in a sentence or two."""
    where = "on the original text" if name == ORIGINAL else f"on transformed text ({name})"
    if answer == "not answerable":
        if name == ORIGINAL:
            return ""
        how = f" {command}" if command else ""
        said = f"Whether augmentation helps {where} is not answerable"
        return f"{said} without {_listed(missing)}.{how}"
    by = {one.against: one for one in gains}
    matched, clean = by["step-matched"], by["clean"]
    basis = f"{len(matched.seeds)} seeds x {matched.rows:,} rows"
    size = amount(matched.difference.value or 0.0, metric)
    told = {
        "helps": f"Augmentation helps {where}: by {size} over {_AGAINST['step-matched']}",
        "hurts": f"Augmentation hurts {where}: by {size} against {_AGAINST['step-matched']}",
        "no gain": f"Augmentation brings no gain {where}: {amount(MARGIN, metric)} or more over "
        f"{_AGAINST['step-matched']} is ruled out, {signed(matched.difference, metric)} seen",
        "cannot tell": f"Cannot tell whether augmentation helps {where}: "
        f"{signed(matched.difference, metric)} over {_AGAINST['step-matched']}",
    }[answer]
    others = [
        f"{signed(one.difference, metric)} over {_AGAINST[one.against]} {evidence(one, metric)}"
        for one in (clean, by.get("duplicated"))
        if one is not None
    ]
    first = f"{told} {evidence(matched, metric)}; {'; '.join(others)}; {basis}."
    return first if answer != "cannot tell" else f"{first} {limits(matched, metric)}"


def kind_sentence(
    metric: str, kind: Kind, transformed: Answered, parts: Sequence[Gain], arms: Sequence[str]
) -> str:
    """Return what kind of help it is: more steps, more rows or new text."""
    if kind in ("not answerable", "none"):
        return ""
    if not parts:
        absent = "duplicated" not in arms
        rest = "; --controls duplicated adds the control that tells it" if absent else ""
        return f"What kind of help it is cannot be told from fewer controls{rest}."
    names = ("more steps", "more rows", "the new text")
    told = ", ".join(
        f"{name} {signed(part.difference, metric)} {evidence(part, metric)}"
        for name, part in zip(names, parts, strict=True)
    )
    whole = transformed.against("clean")
    total = "" if whole is None else f" of {signed(whole.difference, metric)} over the clean arm"
    said = {
        "new text": "It is the new text that helps",
        "more steps": "It is the longer training that helps, the transforms are not shown to",
        "more rows": "It is the repeated rows that help, the transforms are not shown to",
        "cannot tell": "Cannot tell what kind of help it is",
    }[kind]
    return f"{said}: the gain{total} is {told}."


def evidence(found: Gain, metric: str) -> str:
    """Return interval and p-value: *(95% interval 1.2 to 5.2; p = 0.003)*."""
    corrected = found.test.p_corrected is not None
    p = p_text(found.test, corrected=corrected)
    return f"({interval(found.difference, metric)}; {p}{' after Holm' if corrected else ''})"


def limits(found: Gain, metric: str) -> str:
    """Return the smallest gain that would have been shown, in a sentence."""
    shown = found.detectable
    if shown is None or shown.value is None:
        return "So few seeds show no difference."
    return (
        f"With {len(found.seeds)} seeds and {found.rows:,} rows, a gain below "
        f"{amount(shown.value, metric)} would mostly go unseen ({shown.power:.0%} power)."
    )


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
