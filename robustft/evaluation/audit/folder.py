"""An audit on disk: pairs for the raters, the key apart from them, the form, the answers."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from robustft.data.records import json_line
from robustft.data.run_folder import RunFolder
from robustft.errors import RunError
from robustft.evaluation.audit.answers import Answers, read_answers
from robustft.evaluation.audit.draw import Audit, Pair, Secret
from robustft.evaluation.audit.form import render_form

__all__ = ["ANSWERS", "FORM", "is_audit", "kept_answers", "load_audit", "save_audit"]

PAIRS, KEY, FORM, ANSWERS = "pairs.jsonl", "key.jsonl", "form.html", "answers"


def save_audit(
    audit: Audit,
    config: Mapping[str, Any],
    *,
    readable: str = "audit",
    out: Path | None = None,
) -> Path:
    """Write an audit to a run folder and return it; one that is there already stays as it is.

    Raises
    ------
    RunError
        If the folder holds something else.
    """
    folder = RunFolder.start("audit", readable, config, out=out)
    if folder.finished:
        return folder.path
    for name, rows in ((PAIRS, audit.pairs), (KEY, audit.key)):
        lines = b"".join(json_line(asdict(row)) for row in rows)
        (folder.path / name).write_bytes(lines)
    (folder.path / FORM).write_text(render_form(audit), encoding="utf-8")
    (folder.path / ANSWERS).mkdir(exist_ok=True)
    folder.finish(
        {
            "fingerprint": audit.fingerprint,
            "label_kind": audit.label_kind,
            "counts": {"pairs": len(audit.pairs)},
            "notices": list(audit.notices),
        }
    )
    return folder.path


def is_audit(path: str | os.PathLike[str]) -> bool:
    """Tell whether a path is the folder of an audit."""
    return (Path(path) / KEY).is_file()


def load_audit(path: str | os.PathLike[str]) -> Audit:
    """Read what `save_audit` wrote.

    Raises
    ------
    RunError
        If the folder holds no audit, or its pairs are not those that were drawn.
    """
    folder = Path(path)
    run = RunFolder.open(folder)
    try:
        pairs = tuple(Pair(**row) for row in _lines(folder / PAIRS))
        key = tuple(
            Secret(**{**row, "transforms": tuple(row["transforms"])})
            for row in _lines(folder / KEY)
        )
    except (OSError, ValueError, TypeError, KeyError) as problem:
        raise RunError(f"{folder}: expected an audit, got: {problem}") from problem
    manifest = run.manifest
    audit = Audit(pairs, key, manifest.get("label_kind", ""))
    if audit.fingerprint != manifest.get("fingerprint"):
        raise RunError(f"{folder / PAIRS}: expected the pairs that were drawn, got changed ones")
    return audit


def kept_answers(path: str | os.PathLike[str], audit: Audit) -> list[Answers]:
    """Return the answers that lie in an audit's folder, by the names of their files."""
    return [read_answers(file, audit) for file in sorted((Path(path) / ANSWERS).glob("*.json"))]


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    # Not splitlines: texts hold other line ends (U+0085, U+2028), which JSON leaves as they are.
    for line in path.read_bytes().splitlines():
        yield json.loads(line)
