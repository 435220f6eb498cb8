"""Reports that are texts: what a run found, for pull requests, papers, build servers, programs."""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from robustft.data.run_folder import RunFolder
from robustft.errors import DataError, UsageError
from robustft.evaluation.gate import GATE, Gate
from robustft.evaluation.results import RobustnessResult
from robustft.report.sources import find_sources

__all__ = ["FORMATS", "read_gate", "text_report"]

FORMATS = ("markdown", "latex", "junit", "json")
_ONE = ("junit", "json")


def text_report(
    runs: Sequence[str | os.PathLike[str]], kind: str, *, root: str | os.PathLike[str] = "runs"
) -> str:
    """Return what evaluations found in one of `FORMATS`, with what their gates found last.

    Parameters
    ----------
    runs
        Folders of evaluations or training runs; see `find_sources`.

    Raises
    ------
    RunError
        There is no such run, or its results are of another format.
    UsageError
        Several evaluations are named for a format that holds one, or none is.
    """
    if kind not in FORMATS:
        raise UsageError(f"format: expected one of {', '.join(FORMATS)}, got {kind!r}")
    found = [run for run in find_sources(runs, root=Path(root)) if run.kind == "eval"]
    if not found or (kind in _ONE and len(found) > 1):
        what = "one evaluation" if kind in _ONE else "evaluations"
        raise UsageError(f"--format {kind}: expected {what}, got {len(found)}")
    return "\n".join(_rendered(run, kind) for run in found)


def _rendered(run: RunFolder, kind: str) -> str:
    result = RobustnessResult.from_dict(run.read_json("metrics.json"))
    if kind == "json":
        return json.dumps(result.to_dict(), indent=2, ensure_ascii=False) + "\n"
    name = run.path.resolve().name
    module = importlib.import_module(f"robustft.report.{kind}")
    text: str = module.render(
        replace(result, folder=str(run.path)), gate=read_gate(run.path / GATE), title=name
    )
    return text


def read_gate(path: Path) -> Gate | None:
    """Return what the gate found when the run was last judged; None where it never was."""
    if not path.is_file():
        return None
    try:
        return Gate.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        raise DataError(
            f"{path}: expected what robustft eval writes for a gate, got something else; "
            "evaluate again with the limits"
        ) from None
