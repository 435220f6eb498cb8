"""What a report is about: the evaluations and attacks in the folders that somebody named."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from robustft.data.run_folder import RunFolder, newest
from robustft.errors import RunError

__all__ = ["find_sources"]

KINDS = ("eval", "attack")
_PLACES = {"eval": "evaluations", "attack": "attacks"}


def find_sources(
    runs: Sequence[str | os.PathLike[str]], *, root: Path = Path("runs")
) -> list[RunFolder]:
    """Return the evaluations and attacks to show, in the order given, each once.

    Parameters
    ----------
    runs
        Folders of evaluations or attacks; a training run stands for its newest evaluation and,
        where there is one, its newest attack. None at all: the newest evaluation under `root`.

    Raises
    ------
    RunError
        A folder is no finished run, or one of a kind that has no results to show.
    """
    found = [source for name in runs for source in _of(Path(name))] or [_newest(root)]
    return list({run.path.resolve(): run for run in found}.values())


def _of(folder: Path) -> list[RunFolder]:
    run = RunFolder.open(folder)
    if run.kind in KINDS:
        return [run]
    if run.kind != "train":
        raise RunError(
            f"{folder}: expected the folder of an evaluation, an attack or a training run, "
            f"got one of kind {run.kind!r}"
        )
    inside = [next(iter(newest(folder / place, kind)), None) for kind, place in _PLACES.items()]
    made = [run for run in inside if run is not None]
    if not made:
        raise RunError(
            f"{folder}: expected a training run that was evaluated, got one without evaluations; "
            f"run: robustft eval {folder}"
        )
    return made


def _newest(root: Path) -> RunFolder:
    manifests = root.glob(f"*/{_PLACES['eval']}/*/manifest.json")
    places = {path.parent.parent for path in manifests} | {root, root / _PLACES["eval"]}
    found = [run for place in sorted(places) for run in newest(place, "eval")]
    if not found:
        raise RunError(
            f"{root}: expected a finished evaluation in it, got none; make one with "
            "robustft eval, or name a run"
        )
    return max(found, key=lambda run: (run.path / "manifest.json").stat().st_mtime_ns)
