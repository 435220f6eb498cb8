"""What rows are made of (texts, edits, what models said), written down for a page.

The edits of all rows to choose from are kept as the lines that they stand in and read when needed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from robustft.data.task import Task
from robustft.errors import DataError
from robustft.evaluation.results import ORIGINAL, RobustnessResult, SetFacts
from robustft.report.findings import Needed
from robustft.report.outcomes import Outcomes
from robustft.report.slices import Parts
from robustft.report.windows import Change, show

__all__ = ["Material"]

_FIELDS = {"id", "column", "edits"}


class Material:
    """Rows of several sets, each at its place: the row's number times the sets, plus the set's."""

    def __init__(
        self,
        folder: Path,
        result: RobustnessResult,
        outcomes: Outcomes,
        sets: Sequence[SetFacts],
        places: Sequence[int],
        needed: Needed,
        parts: Parts,
    ) -> None:
        self._sets, self._parts, self._outcomes = sets, parts, outcomes
        self._columns = Task.from_dict(result.task).text_columns
        self._models = [model.name for model in result.models]
        self._needed = [
            [needed.get((model, facts.name), {}) for model in self._models] for facts in sets
        ]
        rows = sorted({place // len(sets) for place in places})
        self._texts = _texts(folder, self._columns, rows)
        self._lines: dict[int, list[bytes]] = {}
        for number, facts in enumerate(sets):
            wanted = {
                outcomes.ids[place // len(sets)]: place
                for place in places
                if place % len(sets) == number
            }
            path = folder / "edits" / f"{facts.name}.jsonl"
            for line, found in _lines(path):
                if found["id"] in wanted and found["edits"]:
                    self._lines.setdefault(wanted[found["id"]], []).append(line)

    def data(self, places: Sequence[int], width: int) -> dict[str, Any]:
        """Return some rows as the page's script reads them, with about `width` characters each."""
        answers, by = _Answers(self._outcomes), {"": 0}
        cases = [self._case(place, width, answers, by) for place in places]
        return {
            "sets": [
                {"name": s.name, "transform": _family(s), "severity": s.severity}
                for s in self._sets
            ],
            "columns": list(self._columns),
            "names": answers.names,
            "by": list(by),
            "parts": list(self._parts),
            "cases": cases,
        }

    def _case(self, place: int, width: int, answers: _Answers, by: dict[str, int]) -> list[Any]:
        row, number = divmod(place, len(self._sets))
        name, facts = self._outcomes.ids[row], self._sets[number]
        edits = self._edits(place, by)
        columns, shown, there = [], 0, 0
        for column, text in zip(self._columns, self._texts[row], strict=True):
            changes = [_marked(c, name, self._needed[number]) for c in edits.get(column, ())]
            first = [i for i, change in enumerate(changes) if change.needed]
            made = show(text, changes, width, first=first)
            columns.append(made.pieces)
            shown, there = shown + made.edits, there + len(changes)
        said = [answers.of(model, facts.name, row) for model in self._models]
        case = [name, number, answers.label(row), said, columns, shown, there]
        if self._parts:
            case.append([i for i, inside in enumerate(self._parts.values()) if inside[row]])
        return case

    def _edits(self, place: int, by: dict[str, int]) -> dict[str, list[Change]]:
        """Return the edits of a row by column, and number the transforms that made them."""
        found: dict[str, list[Change]] = {}
        for line in self._lines.get(place, ()):
            record = _parsed(line)
            found[record["column"]] = [
                Change(
                    edit["start"],
                    edit["end"],
                    edit["replacement"],
                    by.setdefault(" + ".join(edit["transforms"]), len(by)),
                )
                for edit in record["edits"]
            ]
        return found


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


def _texts(folder: Path, columns: Sequence[str], rows: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """Return the original texts of some rows, read batch by batch."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = folder / "data" / f"{ORIGINAL}.parquet"
    texts: dict[int, tuple[str, ...]] = {}
    wanted, start = np.asarray(rows, np.int64), 0
    try:
        for batch in pq.ParquetFile(path).iter_batches(4096, columns=list(columns)):
            inside = wanted[(wanted >= start) & (wanted < start + len(batch))]
            read = [batch.column(c).take(pa.array(inside - start)).to_pylist() for c in columns]
            for row, *found in zip(inside.tolist(), *read, strict=True):
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


def _lines(path: Path) -> Iterator[tuple[bytes, Mapping[str, Any]]]:
    """Give the lines of a file of edits, as they are and read; none where there is no file."""
    if not path.is_file():
        return
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            where = f"{path}, line {number}"
            try:
                found = _parsed(line)
            except ValueError as error:
                raise DataError(f"{where}: expected JSON, got: {error}") from error
            if not (isinstance(found, dict) and found.keys() >= _FIELDS):
                raise DataError(f"{where}: expected the edits of a text, got {found!r:.80}")
            yield line, found


def _parsed(line: bytes) -> Any:
    import orjson

    try:
        return orjson.loads(line)
    except ValueError:
        # orjson takes no lone surrogates, which the standard library reads.
        return json.loads(line)
