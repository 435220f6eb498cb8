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

__all__ = ["ATTACKS", "AttackStore", "Record", "read_attacks"]

ATTACKS = "attacks.jsonl"

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
        Whether to forget what is there.
    """

    def __init__(self, folder: RunFolder, block: int, *, fresh: bool) -> None:
        self.folder, self.path = folder, folder.path / ATTACKS
        self.records: list[Record] = []
        if fresh:
            self.path.unlink(missing_ok=True)
        elif self.path.is_file():
            whole = self.path.read_bytes()
            lines = whole[: whole.rfind(b"\n") + 1].splitlines(keepends=True)
            lines = lines[: len(lines) // block * block]
            self.records = [json.loads(line) for line in lines]
            with self.path.open("r+b") as file:
                file.truncate(sum(map(len, lines)))
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

    def seconds(self, name: str) -> float:
        """Return the time that all processes on this attack have spent."""
        log = self.folder.path / LOG
        lines = log.read_text(encoding="utf-8").splitlines() if log.is_file() else []
        return round(sum(float(json.loads(line).get(name, 0.0)) for line in lines), 3)


def read_attacks(folder: Path) -> tuple[Record, ...]:
    """Return the rows of an attack's folder."""
    lines = (folder / ATTACKS).read_bytes().splitlines()
    return tuple(json.loads(line) for line in lines)
