"""Answers of paid or slow services, kept on disk under what was asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from robustft.data.files import atomic_path

__all__ = ["ReplyStore"]


class ReplyStore:
    """A folder with one small file for each question; processes and threads may share it.

    Parameters
    ----------
    folder
        Made when the first answer is kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, question: Mapping[str, Any]) -> str | None:
        """Return the answer that was kept, or None."""
        try:
            kept = json.loads(self._path(question).read_bytes())
            # A file holds its question too: the hash is no proof, and people may want to look.
            answer = kept["answer"] if kept["question"] == question else None
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return answer if isinstance(answer, str) else None

    def keep(self, question: Mapping[str, Any], answer: str) -> None:
        """Write an answer.

        Raises
        ------
        DataError
            The folder cannot be written.
        """
        text = json.dumps({"question": question, "answer": answer}, indent=1)
        with atomic_path(self._path(question), "an answer") as temporary:
            temporary.write_text(text, encoding="utf-8")

    def _path(self, question: Mapping[str, Any]) -> Path:
        raw = json.dumps(question, sort_keys=True, separators=(",", ":"))
        name = sha256(raw.encode()).hexdigest()
        return self._folder / name[:2] / f"{name[2:]}.json"
