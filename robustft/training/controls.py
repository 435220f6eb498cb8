"""Controls of an augmented run, which tell gain from the transforms from gain by more training.

``duplicated`` trains on the training rows and an unchanged copy of a source row for each augmented
one: as many rows, as many steps, the very rows that were changed, but no new text.
``step-matched`` trains on the training rows alone for as many optimizer steps as the augmented run
took.
"""

from __future__ import annotations

from collections.abc import Iterable

from robustft.data.split import ID, Split
from robustft.errors import UsageError, suggest
from robustft.training.arguments import TrainingArguments

__all__ = ["CONTROLS", "DUPLICATED", "STEP_MATCHED", "duplicates", "parse_controls", "step_matched"]

DUPLICATED, STEP_MATCHED = "duplicated", "step-matched"
CONTROLS = (DUPLICATED, STEP_MATCHED)


def parse_controls(given: str | Iterable[str] | None) -> tuple[str, ...]:
    """Return the controls that are named, in our order; a text names them with commas between.

    Raises
    ------
    UsageError
        A name is unknown.
    """
    names = given.split(",") if isinstance(given, str) else list(given or ())
    wanted = [name.strip() for name in names if name.strip()]
    for name in wanted:
        if name not in CONTROLS:
            raise UsageError(
                f"controls: expected {' or '.join(CONTROLS)}, got {name!r}{suggest(name, CONTROLS)}"
            )
    return tuple(name for name in CONTROLS if name in wanted)


def duplicates(train: Split, augmented: Split) -> Split:
    """Return the augmented rows as their sources are; what says where they come from stays."""
    row_of = {row_id: row for row, row_id in enumerate(train.ids)}
    rows = [row_of[row_id] for row_id in augmented.table["source_id"].to_pylist()]
    sources = train.take(rows).table
    table, kept = augmented.table, (ID, "source_id", "copy")
    for index, name in enumerate(table.column_names):
        if name not in kept:
            table = table.set_column(index, table.schema.field(index), sources[name])
    return Split(augmented.name, table, augmented.task)


def step_matched(arguments: TrainingArguments, steps: int) -> TrainingArguments:
    """Return the arguments of a run of exactly `steps` optimizer steps."""
    return arguments.model_copy(update={"max_steps": steps, "early_stopping": None})
