"""The rows of an attack on disk: kept block by block, so that a killed one goes on."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from robustft.data.files import cannot_write
from robustft.data.records import json_line
from robustft.data.run_folder import LOG, RunFolder
from robustft.errors import RunError

__all__ = ["ATTACKS", "AttackStore", "Record", "read_attacks"]

ATTACKS = "attacks.jsonl"
_ANEW = "attacked anew"
_FIELDS = {"id", "label", "status", "column", "edits", "original", "text"}

Record: TypeAlias = dict[str, Any]
"""A row: ``id``, ``label``, ``before``, ``after``, ``status``, ``edits`` and so on."""


class AttackStore:
    """The rows that are done, a line each; a line that was cut off is not there.

    Parameters
    ----------
    folder
        The run.
    block
        So many rows are kept together: what is left of a block is attacked again.
    fresh
        Whether to forget what is there; rows of a finished attack stay until `finish`.
    """

    def __init__(self, folder: RunFolder, block: int, *, fresh: bool) -> None:
        self.folder, self.path = folder, folder.path / ATTACKS
        self.records: list[Record] = []
        if fresh:
            if folder.finished:
                self.path = self.path.with_name(f"{ATTACKS}.new")
            self.path.unlink(missing_ok=True)
            folder.log({"event": _ANEW})
        elif self.path.is_file():
            whole = self.path.read_bytes()
            lines = whole[: whole.rfind(b"\n") + 1].splitlines(keepends=True)
            found = _whole_records(lines)
            self.records = found[: len(found) // block * block]
            with self.path.open("r+b") as file:
                file.truncate(sum(map(len, lines[: len(self.records)])))
        self._logged = dict.fromkeys(("seconds_model", "seconds_search"), 0.0)

    def add(self, records: Iterable[Record], spent: Mapping[str, float]) -> None:
        """Append a block of rows; `spent` is the time of this process so far.

        Raises
        ------
        DataError
            The file cannot be written; what is done stays for the next try.
        """
        made = list(records)
        try:
            with self.path.open("ab") as file:
                file.write(b"".join(map(json_line, made)))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise cannot_write(self.path, f"{len(made)} rows", error) from error
        self.records += made
        since = {name: round(spent[name] - self._logged[name], 3) for name in spent}
        self._logged = dict(spent)
        self.folder.log({"event": "attacked", "rows": len(self.records), **since})

    def finish(self) -> None:
        """Put the rows in the place of those of an earlier attack."""
        self.path = self.path.replace(self.folder.path / ATTACKS)

    def seconds(self, name: str) -> float:
        """Return the time that all processes have spent on these rows."""
        log = self.folder.path / LOG
        lines = log.read_bytes().splitlines() if log.is_file() else []
        events = [event for line in lines if (event := _parsed(line)) is not None]
        starts = [at for at, event in enumerate(events) if event.get("event") == _ANEW]
        since = events[starts[-1] :] if starts else events
        return round(sum(float(event.get(name, 0.0)) for event in since), 3)


def read_attacks(folder: Path) -> tuple[Record, ...]:
    """Return the rows of an attack's folder.

    Raises
    ------
    RunError
        Their file is missing or damaged.
    """
    path = folder / ATTACKS
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise RunError(f"{path}: expected the rows of an attack, got: {error.strerror}") from error
    found = _whole_records(lines)
    if len(found) < len(lines):
        raise RunError(
            f"{path}, line {len(found) + 1}: expected a row of an attack, got something else; "
            "attack again with --force"
        )
    return tuple(found)


def _whole_records(lines: Iterable[bytes]) -> list[Record]:
    """Return the rows up to the first line that holds none."""
    found: list[Record] = []
    for line in lines:
        record = _parsed(line)
        if record is None or not record.keys() >= _FIELDS:
            break
        found.append(record)
    return found


def _parsed(line: bytes) -> Record | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
