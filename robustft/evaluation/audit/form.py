"""The form of an audit: one HTML file that opens from disk and gives the answers back as a file."""

from __future__ import annotations

import importlib.resources
import json
from typing import Any

from robustft.evaluation.audit.draw import Audit, Pair
from robustft.text.edits import diff

__all__ = ["NATURAL_QUESTION", "label_question", "render_form"]

NATURAL_QUESTION = "Would a careful editor let the changed text stand?"


def label_question(audit: Audit) -> str:
    """Return the question about the label, in words that fit what the label is about."""
    kind = audit.label_kind.replace("_", " ")
    return f"Does the label ({kind}) still hold?" if kind else "Does the label still hold?"


def render_form(audit: Audit) -> str:
    """Return the page. Texts travel as JSON and are shown as text, never as markup."""
    from jinja2 import Environment, StrictUndefined

    source = importlib.resources.files("robustft.evaluation") / "templates" / "audit.html.j2"
    environment = Environment(undefined=StrictUndefined, autoescape=True)
    data = {
        "audit": audit.fingerprint,
        "questions": {"label": label_question(audit), "natural": NATURAL_QUESTION},
        "pairs": [_shown(pair) for pair in audit.pairs],
    }
    return environment.from_string(source.read_text(encoding="utf-8")).render(
        data=_script_json(data), fingerprint=audit.fingerprint, pairs=len(audit.pairs)
    )


def _shown(pair: Pair) -> dict[str, Any]:
    return {
        "id": pair.id,
        "label": pair.label,
        "texts": [
            {"column": column, "parts": _parts(text, pair.after[column])}
            for column, text in pair.before.items()
        ],
    }


def _parts(before: str, after: str) -> list[tuple[str, str]]:
    """Cut both texts at their differences: pairs of what stood there and what stands there now."""
    parts, position = [], 0
    for edit in diff(before, after):
        parts.append((before[position : edit.start],) * 2)
        parts.append((before[edit.start : edit.end], edit.replacement))
        position = edit.end
    parts.append((before[position:],) * 2)
    return [part for part in parts if any(part)]


def _script_json(value: Any) -> str:
    """Write JSON that may stand in a script element, whatever the texts hold."""
    return json.dumps(value).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
