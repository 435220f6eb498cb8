"""Edits as JSON lines: one object a text, which replays, inverts and explains it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import orjson

from robustft.data.change import PerturbedRows, overall
from robustft.text.edits import Edit
from robustft.transform.perturbed import Perturbed

__all__ = ["edit_lines", "json_line", "pair_record", "stream_record"]


def json_line(value: Mapping[str, Any]) -> bytes:
    """Return one line of JSON in UTF-8; a lone surrogate, which has no UTF-8, is escaped."""
    try:
        return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
    except (orjson.JSONEncodeError, TypeError):
        return json.dumps(value).encode() + b"\n"


def stream_record(row: Perturbed) -> dict[str, Any]:
    """Return what ``robustft transform -`` prints for a text: `edits` are over the original."""
    return {
        "id": row.source_id,
        "text": row.text,
        "original": row.original,
        "status": row.status.value,
        "reason": row.reason,
        "edits": [_edit(edit) for edit in row.edits],
    }


def pair_record(rows: Mapping[str, Perturbed]) -> dict[str, Any]:
    """Return what ``robustft transform -`` prints beside the changed texts of a row.

    Edits are over the originals, and each names its column.
    """
    status = overall(row.status for row in rows.values())
    reasons = {name: row.reason for name, row in rows.items() if row.status is status}
    return {
        "id": next(iter(rows.values())).source_id,
        "original": {},
        "status": status.value,
        "reason": "; ".join(f"{name}: {reason}" for name, reason in reasons.items() if reason),
        "edits": [
            {"column": name, **_edit(edit)} for name, row in rows.items() for edit in row.edits
        ],
    }


def _edit(edit: Edit) -> dict[str, Any]:
    start, end, replacement, transforms = edit
    return {"start": start, "end": end, "replacement": replacement, "transforms": transforms}


def edit_lines(perturbed: PerturbedRows, ids: Iterable[str] | None = None) -> bytes:
    """Return the lines of an ``edits/*.jsonl``, one a text that might change, row by row.

    Each edit also holds the text that it took out, so that a row can be turned back without its
    source. The counts are those of `PerturbedBatch`.
    """
    counts = {
        column: np.stack([batch.words, batch.target, batch.eligible, batch.changed], 1).tolist()
        for column, batch in perturbed.columns.items()
    }
    width = len(perturbed.columns)
    names = list(perturbed.ids if ids is None else ids)
    lines = []
    for position, (column, row) in enumerate(perturbed.texts()):
        original, number = row.original, position // width
        words, target, eligible, changed = counts[column][number]
        lines.append(
            json_line(
                {
                    "id": names[number],
                    "source_id": row.source_id,
                    "column": column,
                    "status": row.status.value,
                    "reason": row.reason,
                    "words": words,
                    "target": target,
                    "eligible": eligible,
                    "changed": changed,
                    "edits": [
                        {
                            "start": start,
                            "end": end,
                            "removed": original[start:end],
                            "replacement": replacement,
                            "transforms": transforms,
                        }
                        for start, end, replacement, transforms in row.edits
                    ],
                }
            )
        )
    return b"".join(lines)
