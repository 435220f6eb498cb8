"""Counterexamples on disk: one JSON object a line, readable without a model."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, overload

from pydantic import TypeAdapter, ValidationError

from robustft.data.files import atomic_path
from robustft.data.records import json_line
from robustft.data.run_folder import RunFolder
from robustft.errors import RunError, UsageError, suggest
from robustft.evaluation.counterexamples.harm import VIEWS, Harm

__all__ = [
    "COUNTEREXAMPLES",
    "Counterexample",
    "Findings",
    "MinimalEdit",
    "counterexamples",
    "harmful_replacements",
    "read_counterexamples",
    "write_counterexamples",
    "write_harm",
]

COUNTEREXAMPLES, HARM = "counterexamples", "harm"
REPLACEMENTS = "replacements"


@dataclass(frozen=True, kw_only=True)
class MinimalEdit:
    """One edit of a counterexample: ``original[start:end]`` of a column, in code points."""

    column: str
    start: int
    end: int
    original: str
    replacement: str
    transforms: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Counterexample:
    """A row that a model has right, and a few of its edits that make the model err.

    Attributes
    ----------
    label, before, after
        Names of classes: what is right, what the model says of the original (the same), and what
        it says of `text`, which may be another error than with all edits.
    confidence_before, confidence_after
        The probability that the model gives to `before` and to `after`.
    edits
        Over the original; without any one of them the model is right.
    all_edits
        How many edits the transformed row has.
    smallest
        Whether no smaller set of the row's edits makes the model err, for all were tried.
    text, pair
        The row with these edits alone; `pair` is the second text, where rows have two.
    calls
        The texts that the model read to find this.
    model, set
        Where it comes from; known from the file's place.
    """

    id: str
    label: str
    before: str
    after: str
    confidence_before: float
    confidence_after: float
    edits: tuple[MinimalEdit, ...]
    all_edits: int
    smallest: bool
    text: str
    pair: str | None = None
    calls: int
    model: str = ""
    set: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return what its line holds."""
        plain = asdict(self)
        del plain["model"], plain["set"]
        if self.pair is None:
            del plain["pair"]
        return plain


Item = TypeVar("Item", Counterexample, Harm)


class Findings(Sequence[Item]):
    """Counterexamples, or harmful replacements, of an evaluation: by model, in their order."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._items: tuple[Item, ...] = tuple(items)

    def __len__(self) -> int:
        return len(self._items)

    @overload
    def __getitem__(self, index: int) -> Item: ...
    @overload
    def __getitem__(self, index: slice) -> Findings[Item]: ...
    def __getitem__(self, index: int | slice) -> Item | Findings[Item]:
        return Findings(self._items[index]) if isinstance(index, slice) else self._items[index]

    def to_pandas(self) -> Any:
        """Return a `pandas.DataFrame` with one row each; bounds of a rate have columns."""
        import pandas as pd

        return pd.json_normalize([asdict(item) for item in self._items])


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _path(folder: Path, model: str, set_name: str) -> Path:
    return folder / COUNTEREXAMPLES / model / f"{set_name}.jsonl"


def write_counterexamples(
    items: Sequence[Counterexample], folder: Path, model: str, set_name: str
) -> Path:
    """Write ``counterexamples/MODEL/SET.jsonl`` of an evaluation, whole or not at all."""
    path = _path(folder, model, set_name)
    with atomic_path(path, f"{len(items):,} counterexamples") as temporary:
        temporary.write_bytes(b"".join(json_line(item.to_dict()) for item in items))
    return path


def read_counterexamples(folder: Path, model: str, set_name: str) -> list[Counterexample]:
    """Return what `write_counterexamples` wrote; nothing where there is no such file.

    Raises
    ------
    RunError
        The file is damaged.
    """
    path = _path(folder, model, set_name)
    if not path.is_file():
        return []
    found = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            item = _adapter(Counterexample).validate_python(json.loads(line))
        except (ValueError, ValidationError) as problem:
            raise RunError(
                f"{path}, line {number}: expected a counterexample, got something else; "
                "evaluate again with --force"
            ) from problem
        found.append(replace(item, model=model, set=set_name))
    return found


def _harm_path(folder: Path, model: str, view: str) -> Path:
    inside = folder / HARM if view == REPLACEMENTS else folder / HARM / view
    return inside / f"{model}.json"


def write_harm(found: Sequence[Harm], folder: Path, model: str, view: str = REPLACEMENTS) -> Path:
    """Write ``harm/MODEL.json``, or ``harm/VIEW/MODEL.json`` of words or transforms."""
    path = _harm_path(folder, model, view)
    plain = [asdict(harm) for harm in found]
    for entry in plain:
        del entry["model"]
    text = json.dumps(plain, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    with atomic_path(path, f"{len(found):,} replacements") as temporary:
        temporary.write_bytes(text.encode("utf-8", "surrogatepass"))
    return path


def counterexamples(folder: str | os.PathLike[str]) -> Findings[Counterexample]:
    """Return all minimal counterexamples that an evaluation found.

    Raises
    ------
    RunError
        The folder is none of an evaluation, or a file in it is damaged.
    """
    run = RunFolder.open(folder)
    found: list[Counterexample] = []
    for model in run.manifest.get("models", ()):
        for path in sorted((run.path / COUNTEREXAMPLES / model).glob("*.jsonl")):
            found += read_counterexamples(run.path, model, path.stem)
    return Findings(found)


def harmful_replacements(folder: str | os.PathLike[str], by: str = REPLACEMENTS) -> Findings[Harm]:
    """Return what each replacement did to each model of an evaluation, the most harmful first.

    Parameters
    ----------
    by
        ``replacements``, ``words`` (what is replaced, whatever by) or ``transforms``.

    Raises
    ------
    RunError
        The folder is none of an evaluation, or a file in it is damaged.
    UsageError
        `by` is none of these.
    """
    if by not in VIEWS:
        raise UsageError(f"by: expected {', '.join(VIEWS)}, got {by!r}{suggest(by, VIEWS)}")
    run = RunFolder.open(folder)
    found: list[Harm] = []
    for model in run.manifest.get("models", ()):
        path = _harm_path(run.path, model, by)
        if not path.is_file():
            continue
        try:
            harms: list[Harm] = _adapter(list[Harm]).validate_json(path.read_bytes())
        except ValidationError as problem:
            raise RunError(
                f"{path}: expected what replacements did, got something else; "
                "evaluate again with --force"
            ) from problem
        found += [replace(harm, model=model) for harm in harms]
    return Findings(found)
