"""The rows that a page can show: all failures, a sample of passes, small enough for one file."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from robustft.data.task import Task
from robustft.errors import DataError
from robustft.evaluation.results import ORIGINAL, RobustnessResult, SetFacts
from robustft.report.findings import Needed
from robustft.report.outcomes import Outcome, Outcomes
from robustft.report.slices import Parts
from robustft.report.windows import Change, show
from robustft.seeding import fold_in, mix

__all__ = ["BUDGET", "Cases", "budget_of", "keyed", "make_cases", "script_data"]

BUDGET = 2_300_000
"""Bytes of a page that its rows may take."""

PASSES = 1_000
_OVERHEAD, _LEAST, _MOST = 90, 160, 4_000
PLAIN = 300_000
# What text of a row comes to in the page: about two fifths when compressed, a third more in base64.
_SHRINKS = 0.55


@dataclass(frozen=True)
class Cases:
    """Rows to show, and how many there are of each kind.

    Attributes
    ----------
    data
        What the page's script reads, fit for JSON.
    failures, passes
        Changed rows of all sets in which some model's outcome changed, or none did; counted in
        the run, and of these shown.
    """

    data: dict[str, Any]
    failures: int
    failures_shown: int
    passes: int
    passes_shown: int


@dataclass(frozen=True, eq=False)
class _Chosen:
    """Rows of one set."""

    facts: SetFacts
    rows: npt.NDArray[np.int64]


def make_cases(
    folder: Path,
    result: RobustnessResult,
    outcomes: Outcomes,
    *,
    minimal: Needed | None = None,
    parts: Parts | None = None,
    budget: int = BUDGET,
) -> Cases | None:
    """Choose rows and write them down; None where no text was changed.

    Parameters
    ----------
    minimal
        The edits that are needed to flip a prediction; they are shown first, and marked.
    parts
        Of the rows, by name; each row tells which it belongs to.
    budget
        Bytes that the data may take in the page. Where the failures alone need more, a sample of
        them is shown, drawn by their ids; the counts say so.
    """
    sets = [s for s in result.sets if s.name != ORIGINAL and _known(result, outcomes, s)]
    if not sets:
        return None
    found = {s.name: _flipped(result, outcomes, s) for s in sets}
    keys = np.array([keyed(row) for row in outcomes.ids], np.uint64)
    failures = int(sum(flips.sum() for flips in found.values()))
    passes = int(sum((~flips).sum() for flips in found.values()))
    wanted, kept_passes = failures, min(passes, PASSES)
    while True:
        wanted, _ = budget_of(wanted, budget)
        most, _ = budget_of(wanted + kept_passes, budget)
        kept_passes = min(kept_passes, max(most - wanted, most // 10))
        chosen = _choose(sets, found, keys, wanted, kept_passes)
        total = sum(len(c.rows) for c in chosen)
        _, width = budget_of(total, budget)
        data = _data(folder, result, outcomes, chosen, width, minimal or {}, parts or {})
        size = len(script_data(data)[1])
        if size <= budget or total <= 1:
            break
        wanted = int(wanted * 0.95 * budget / size)
        kept_passes = int(kept_passes * 0.95 * budget / size)
    flips_shown = sum(int(found[c.facts.name][c.rows].sum()) for c in chosen)
    shown = sum(len(c.rows) for c in chosen)
    return Cases(data, failures, flips_shown, passes, shown - flips_shown)


def budget_of(rows: int, budget: int) -> tuple[int, int]:
    """Return how many of so many rows have room, and how many characters each may take."""
    kept = min(rows, int(budget / _SHRINKS / (_LEAST + _OVERHEAD)))
    width = budget / _SHRINKS / max(kept, 1) - _OVERHEAD
    return kept, int(min(max(width, _LEAST), _MOST))


def keyed(row: Any) -> int:
    """Return a number that hangs on an id alone, to draw a sample by."""
    return fold_in(0, "report", str(row))


def _known(result: RobustnessResult, outcomes: Outcomes, facts: SetFacts) -> bool:
    return any(outcomes.of(m.name, facts.name) is not None for m in result.models)


def _flipped(
    result: RobustnessResult, outcomes: Outcomes, facts: SetFacts
) -> npt.NDArray[np.bool_]:
    made = [outcomes.of(m.name, facts.name) for m in result.models]
    flips = [x >= Outcome.BROKE for x in made if x is not None]
    return np.asarray(np.logical_or.reduce(flips), np.bool_)


def _choose(
    sets: Sequence[SetFacts],
    found: Mapping[str, npt.NDArray[np.bool_]],
    keys: npt.NDArray[np.uint64],
    failures: int,
    passes: int,
) -> list[_Chosen]:
    """Take so many of each kind over all sets: the first by a hash of id and set."""
    order = np.concatenate([mix(keys, number) for number in range(len(sets))])
    flips = np.concatenate([found[s.name] for s in sets])
    taken = np.zeros(len(flips), np.bool_)
    for kind, most in ((flips, failures), (~flips, passes)):
        places = np.flatnonzero(kind)
        taken[places[np.argsort(order[places], kind="stable")[:most]]] = True
    parts = taken.reshape(len(sets), -1)
    return [_Chosen(s, np.flatnonzero(part)) for s, part in zip(sets, parts, strict=True)]


def _data(
    folder: Path,
    result: RobustnessResult,
    outcomes: Outcomes,
    chosen: Sequence[_Chosen],
    width: int,
    minimal: Needed,
    parts: Parts,
) -> dict[str, Any]:
    task = Task.from_dict(result.task)
    rows = sorted({int(r) for c in chosen for r in c.rows})
    texts = _texts(folder, task, rows)
    by: dict[str, int] = {"": 0}
    answers = _Answers(outcomes)
    cases: list[list[Any]] = []
    for number, part in enumerate(chosen):
        kept = {outcomes.ids[row]: int(row) for row in part.rows}
        edits = _edits(folder / "edits" / f"{part.facts.name}.jsonl", kept, by)
        needed = [minimal.get((m.name, part.facts.name), {}) for m in result.models]
        for name, row in kept.items():
            columns, shown, there = [], 0, 0
            for position, column in enumerate(task.text_columns):
                changes = [_marked(c, name, needed) for c in edits.get((name, column), ())]
                first = [i for i, change in enumerate(changes) if change.needed]
                made = show(texts[row][position], changes, width, first=first)
                columns.append(made.pieces)
                shown, there = shown + made.edits, there + len(changes)
            said = [answers.of(m.name, part.facts.name, row) for m in result.models]
            case = [name, number, answers.label(row), said, columns, shown, there]
            if parts:
                case.append([i for i, inside in enumerate(parts.values()) if inside[row]])
            cases.append(case)
    return {
        "sets": [
            {"name": s.name, "transform": _family(s), "severity": s.severity}
            for s in (c.facts for c in chosen)
        ],
        "columns": list(task.text_columns),
        "names": answers.names,
        "by": list(by),
        "parts": list(parts),
        "cases": cases,
    }


def _marked(
    change: Change, name: str, needed: Sequence[Mapping[str, frozenset[tuple[int, int]]]]
) -> Change:
    """Set a bit for each model that needs the edit to flip."""
    span = (change.start, change.end)
    bits = sum(1 << i for i, found in enumerate(needed) if span in found.get(name, ()))
    return change._replace(needed=bits) if bits else change


def _family(facts: SetFacts) -> str:
    """Return what a set is called whatever its severity."""
    return facts.transform or facts.name.removesuffix(f"-s{facts.severity}")


class _Answers:
    """What models said, by codes of the names that occur."""

    def __init__(self, outcomes: Outcomes) -> None:
        self._outcomes = outcomes
        self._codes: dict[int, int] = {}
        self._made: dict[tuple[str, str], npt.NDArray[np.int8] | None] = {}

    @property
    def names(self) -> list[str]:
        return [self._outcomes.names[code] for code in self._codes]

    def _code(self, value: Any) -> int | float | str:
        if self._outcomes.numeric:
            return f"{float(value):.3g}"
        code = int(value)
        return -1 if code < 0 else self._codes.setdefault(code, len(self._codes))

    def label(self, row: int) -> int | float | str:
        return self._code(self._outcomes.labels[row])

    def of(self, model: str, name: str, row: int) -> list[Any] | int:
        if (model, name) not in self._made:
            self._made[model, name] = self._outcomes.of(model, name)
        outcome = self._made[model, name]
        if outcome is None:
            return 0
        before, after = (self._outcomes.said[model, s] for s in (ORIGINAL, name))
        return [
            int(outcome[row]),
            self._code(before.guess[row]),
            round(1000 * float(before.sure[row])),
            self._code(after.guess[row]),
            round(1000 * float(after.sure[row])),
        ]


def _texts(folder: Path, task: Task, rows: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """Return the original texts of some rows, read batch by batch."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = folder / "data" / f"{ORIGINAL}.parquet"
    texts: dict[int, tuple[str, ...]] = {}
    wanted, start = np.asarray(rows, np.int64), 0
    try:
        for batch in pq.ParquetFile(path).iter_batches(4096, columns=list(task.text_columns)):
            inside = wanted[(wanted >= start) & (wanted < start + len(batch))]
            columns = [
                batch.column(c).take(pa.array(inside - start)).to_pylist()
                for c in task.text_columns
            ]
            for row, *found in zip(inside.tolist(), *columns, strict=True):
                texts[row] = tuple(_one(text) for text in found)
            start += len(batch)
    except (OSError, pa.ArrowException, KeyError) as error:
        raise DataError(f"{path}: expected the texts of the rows, got: {error}") from error
    if len(texts) < len(rows):
        raise DataError(f"{path}: expected row {rows[-1] + 1:,}, got {start:,} rows")
    return texts


def _one(text: Any) -> str:
    """Return a text; the tokens of a tagged one joined as they are read."""
    return " ".join(map(str, text)) if isinstance(text, list) else str(text or "")


def _edits(
    path: Path, kept: Mapping[str, int], by: dict[str, int]
) -> dict[tuple[str, str], list[Change]]:
    """Return the edits of some rows by id and column; nothing where the file is missing."""
    found: dict[tuple[str, str], list[Change]] = {}
    for line in _lines(path):
        if line["id"] in kept and line["edits"]:
            found[line["id"], line["column"]] = [
                Change(
                    e["start"],
                    e["end"],
                    e["replacement"],
                    by.setdefault(" + ".join(e["transforms"]), len(by)),
                )
                for e in line["edits"]
            ]
    return found


def _lines(path: Path) -> Iterator[Mapping[str, Any]]:
    import orjson

    if not path.is_file():
        return
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                yield orjson.loads(line)
            except ValueError:
                # orjson takes no lone surrogates, which the standard library reads.
                try:
                    yield json.loads(line)
                except ValueError as error:
                    where = f"{path}, line {number}"
                    raise DataError(f"{where}: expected JSON, got: {error}") from error


def script_data(value: Any) -> tuple[str, str]:
    """Return the type and the content of a script element that holds `value`.

    Small data stand there as JSON in which no text can end the element or open a comment; larger
    ones are deflated and in base64.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    raw = text.encode("utf-8", "replace")
    if len(raw) <= PLAIN:
        plain = raw.decode().replace("&", "\\u0026").replace("<", "\\u003c")
        return "application/json", plain.replace(">", "\\u003e")
    packed = zlib.compress(raw, 9)
    return "text/plain", base64.b64encode(packed).decode()
