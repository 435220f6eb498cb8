"""From label columns as they come to one task for all splits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from robustft.data.features import with_class_names
from robustft.data.labels import Labels, is_whole, label_numbers
from robustft.data.rows import Rows, listed
from robustft.data.task import TaskType
from robustft.data.values import mixed_values
from robustft.errors import DataError, UsageError, suggest

__all__ = ["Settled", "settle_labels"]

_FAMILIES = {"bool": "truth values", "int": "numbers", "float": "numbers", "text": "texts"}


@dataclass
class Settled:
    """What the label columns of a data set turned out to be.

    Parameters
    ----------
    type
        The kind of task.
    names
        The name of each class by its code; empty for a regression.
    rows
        The rows by split; a column whose labels were renamed now holds codes.
    missing
        For each split with labels, which rows have none.
    notices
        What the user should know.
    """

    type: TaskType
    names: tuple[str, ...]
    rows: dict[str, Rows]
    missing: dict[str, npt.NDArray[np.bool_]] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)


def settle_labels(
    rows: Mapping[str, Rows],
    column: str,
    *,
    type_: TaskType | None,
    names: Sequence[str] | None,
    label_map: Mapping[str, str],
) -> Settled:
    """Decide on the task, the classes and their order, and find the rows without a label.

    Classes come in the order of the names that the schema gives, else as numbers, else sorted; a
    label map decides it by the numbers on its left, else by the order in which it is written.

    Parameters
    ----------
    rows
        By split; a split without `column` is unlabelled.
    column
        The label column.
    type_, names
        What the caller insists on; None where the data decide.
    label_map
        Which label becomes which, as `parse_label_map` returns it.

    Raises
    ------
    DataError
        Labels of several sorts, a label that is not among `names` or not in the map.
    UsageError
        A label map for a regression.
    """
    labels = {
        split: _read(part, column) for split, part in rows.items() if column in _columns(part)
    }
    present = {split: found for split, found in labels.items() if _has_labels(found)}
    notices = [
        _unlabelled(split, labels.get(split), column) for split in rows if split not in present
    ]
    type_ = type_ or _type_of(present, column)
    if type_ is TaskType.REGRESSION:
        if label_map:
            raise UsageError(f"label map: expected classes to rename, got numbers in {column}")
        return _regression(rows, labels, present, column, notices)

    if label_map:
        order = _map_order(label_map, present)
        renamed = {split: _renamed(found, label_map) for split, found in labels.items()}
    else:
        order = tuple(names) if names else _class_order(present, rows, column)
        renamed = {}
        notices += _many(order, present, column)
    stray = set(order).difference(names or order)
    if stray:
        raise DataError(
            f"label map: expected names among {', '.join(names or ())}, "
            f"got {', '.join(sorted(stray))}"
        )
    settled = Settled(type_, tuple(names) if names else order, dict(rows), {}, notices)
    for split, found in labels.items():
        _settle_split(settled, split, found, renamed.get(split), order)
        if split not in present:
            del settled.missing[split]
    return settled


def _columns(part: Rows) -> list[str]:
    return list(part.table.column_names)


def _read(part: Rows, column: str) -> Labels:
    values = mixed_values(part.table, column)
    if values is not None:
        kinds: dict[str, list[int]] = {}
        for row, value in enumerate(values):
            if value is not None:
                kinds.setdefault(type(value).__name__, []).append(row)
        parts = []
        for kind, found in kinds.items():
            file, numbers = part.places(found)[0]
            parts.append(f"{kind} ({file}, {listed(numbers)})")
        raise DataError(
            f"{part.where}: expected labels of one type in the column {column}, "
            f"got {' and '.join(parts)}"
        )
    return Labels(part.table, column, part.where)


def _has_labels(found: Labels) -> bool:
    return bool(len(found.index)) and not found.missing.all() and not found.all_minus_one


def _unlabelled(split: str, found: Labels | None, column: str) -> str:
    if found is None:
        return f"{split}: no column {column}; this split counts as unlabelled"
    said = "-1" if -1 in found.values else "empty"
    return f"{split}: every {column} is {said}; this split counts as unlabelled"


def _type_of(present: Mapping[str, Labels], column: str) -> TaskType:
    floats = [found for found in present.values() if found.kind == "float"]
    if not floats:
        return TaskType.CLASSIFICATION
    fractions = any(
        not is_whole(name) for found in floats for name in found.canonical if name is not None
    )
    if fractions or column.casefold() == "target":
        return TaskType.REGRESSION
    return TaskType.CLASSIFICATION


def _regression(
    rows: Mapping[str, Rows],
    labels: Mapping[str, Labels],
    present: Mapping[str, Labels],
    column: str,
    notices: list[str],
) -> Settled:
    settled = Settled(TaskType.REGRESSION, (), dict(rows), {}, notices)
    for split in labels:
        part = rows[split]
        numbers = label_numbers(part.table, column, part.where)
        index = part.table.column_names.index(column)
        if split not in present:  # -1 throughout: no numbers to learn from
            absent = pa.nulls(len(numbers), pa.float64())
            settled.rows[split] = _with_column(part, index, column, absent)
            continue
        endless = np.isinf(numbers)
        if endless.any():
            notices += part.notes(endless, column, "found", "with an infinite number for a label")
            numbers = np.where(endless, np.nan, numbers)
            finite = pa.array(numbers, from_pandas=True)
            settled.rows[split] = _with_column(part, index, column, finite)
        settled.missing[split] = np.isnan(numbers)
    return settled


def _with_column(part: Rows, index: int, name: str, values: pa.Array) -> Rows:
    table = part.table.set_column(index, name, values)
    return Rows(table.replace_schema_metadata(part.table.schema.metadata), part.files)


def _map_order(label_map: Mapping[str, str], present: Mapping[str, Labels]) -> tuple[str, ...]:
    keys = list(label_map)
    classes = next((found.names for found in present.values() if found.names), None)
    if all(is_whole(key) for key in keys):
        keys.sort(key=int)
    elif classes and set(keys) <= set(classes):
        keys.sort(key=classes.index)
    return tuple(dict.fromkeys(label_map[key] for key in keys if label_map[key]))


def _renamed(found: Labels, label_map: Mapping[str, str]) -> list[str | None]:
    """Return the new name of each distinct value, None for one without or to be dropped."""
    names: list[str | None] = []
    unknown = []
    lowered = {key.casefold(): new for key, new in label_map.items()}
    for value, name in zip(found.values, found.canonical, strict=True):
        if name is None or found.all_minus_one:
            names.append(None)
            continue
        new = label_map.get(name)
        if new is None and found.names is not None:
            new = label_map.get(str(value))
            # A set that was saved with the new names takes the same map again.
            new = name if new is None and name in label_map.values() else new
        if new is None and found.kind == "bool":
            new = lowered.get(name.casefold())
        if new is None:
            unknown.append(name)
        names.append(new or None)
    if unknown:
        raise DataError(
            f"label map: expected a name for every label in {found.column}, got none for "
            f"{', '.join(repr(name) for name in unknown[:5])}{suggest(unknown[0], label_map)}; "
            f"write {unknown[0]}= to leave such rows out"
        )
    return names


def _class_order(
    present: Mapping[str, Labels], rows: Mapping[str, Rows], column: str
) -> tuple[str, ...]:
    given = {split: found.names for split, found in present.items() if found.names}
    if len(set(given.values())) > 1:
        told = "; ".join(f"{split}: {', '.join(names)}" for split, names in given.items())
        raise DataError(f"{column}: expected the same class names in every split, got {told}")
    if given:
        return next(iter(given.values()))
    families: dict[str, list[str]] = {}
    for split, found in present.items():
        families.setdefault(_FAMILIES[found.kind], []).append(split)
    if len(families) > 1:
        told = " and ".join(f"{what} in {', '.join(found)}" for what, found in families.items())
        raise DataError(f"{column}: expected labels of one sort in every split, got {told}")
    names = {name for found in present.values() for name in found.canonical if name is not None}
    if "texts" in families:
        _check_one_sort(names, present, rows, column)
        return tuple(sorted(names, key=int) if all(map(is_whole, names)) else sorted(names))
    if "truth values" in families:
        return ("False", "True")
    return tuple(sorted(names, key=float))


def _check_one_sort(
    names: set[str], present: Mapping[str, Labels], rows: Mapping[str, Rows], column: str
) -> None:
    numbers = sorted(name for name in names if is_whole(name))
    words = sorted(names.difference(numbers))
    if not numbers or not words:
        return
    odd = words if len(words) <= len(numbers) else numbers
    places = [
        f"{file}, {listed(found_rows)}"
        for split, found in present.items()
        for file, found_rows in rows[split].places(np.flatnonzero(found.rows_with(odd)).tolist())
    ]
    raise DataError(
        f"{column}: expected labels of one sort, got numbers ({', '.join(numbers[:3])}) and words "
        f"({', '.join(words[:3])}) ({'; '.join(places)}); say what each means with --label-map"
    )


def _many(order: Sequence[str], present: Mapping[str, Labels], column: str) -> list[str]:
    rows = sum(len(found.index) for found in present.values())
    if len(order) <= max(20, rows / 10):
        return []
    told = f"{len(order):,} different values in {rows:,} rows are taken as classes"
    return [f"{column}: {told}; if they are amounts, ask for a regression"]


def _settle_split(
    settled: Settled,
    split: str,
    found: Labels,
    renamed: list[str | None] | None,
    order: tuple[str, ...],
) -> None:
    """Note which rows of a split have no label; write codes where its values need renaming."""
    part = settled.rows[split]
    if renamed is not None:
        code_of = {name: code for code, name in enumerate(order)}
        by_value = [-1 if name is None else code_of[name] for name in renamed]
        codes = np.array(by_value, dtype=np.int64)[found.index]
        settled.notices += _dropped(part, found, renamed)
        classes: Sequence[str] | None = order
    else:
        codes = found.codes(order, part.where)
        classes = _classes_to_write(part, found, order)
        if classes is not None and classes != order:
            codes = found.codes(classes, part.where)
    if classes is not None:
        index = part.table.column_names.index(found.column)
        coded = _with_column(part, index, found.column, pa.array(codes, mask=codes < 0))
        settled.rows[split] = Rows(with_class_names(coded.table, found.column, classes), part.files)
    settled.missing[split] = codes < 0


def _dropped(part: Rows, found: Labels, renamed: Sequence[str | None]) -> list[str]:
    notices = []
    for name, new in zip(found.canonical, renamed, strict=True):
        if name is not None and new is None and not found.all_minus_one:
            what = f"with the label {name!r}, which the label map drops"
            notices += part.notes(found.rows_with([name]), found.column, "found", what)
    return notices


def _classes_to_write(part: Rows, found: Labels, order: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return the names to write into the schema beside codes, or None to leave the column be."""
    if found.names is not None:
        # `datasets` takes codes for classes only when they are 64-bit.
        return None if part.table[found.column].type == pa.int64() else found.names
    numbers = found.kind in ("int", "float")
    return order if numbers and order and not any(map(is_whole, order)) else None
