"""Which column holds the text, the label and the id."""

from __future__ import annotations

from collections.abc import Sequence

from robustft.errors import DataError, suggest

__all__ = ["LABEL_NAMES", "TEXT_NAMES", "find_id", "find_label", "find_text", "named"]

TEXT_NAMES = ("text", "sentence", "review", "content")
LABEL_NAMES = ("label", "sentiment", "target")

# Tasks whose example is more than one text: the columns that give them away.
_PAIRS = (
    ("premise", "hypothesis"),
    ("question", "context"),
    ("question", "sentence"),
    ("question1", "question2"),
    ("sentence1", "sentence2"),
    ("text1", "text2"),
)


def named(given: str, columns: Sequence[str], where: str, option: str) -> str:
    """Return the column that a user named, whatever its case.

    Raises
    ------
    DataError
        There is none; the message lists the columns and the nearest names.
    """
    if given in columns:
        return given
    same = [column for column in columns if column.casefold() == given.casefold()]
    if len(same) == 1:
        return same[0]
    raise DataError(
        f"{where}: expected a column {given!r} ({option}), got the columns "
        f"{_list(columns)}{suggest(given, columns)}"
    )


def find_text(columns: Sequence[str], given: str | None, where: str) -> str:
    """Return the column that holds the text: the one named, else one with a usual name.

    Raises
    ------
    DataError
        There is none, or the columns are those of a task on pairs of texts.
    """
    if given is not None:
        return named(given, columns, where, "--text-column")
    folded = {column.casefold() for column in columns}
    for pair in _PAIRS:
        if folded.issuperset(pair) and "text" not in folded:
            raise DataError(
                f"{where}: expected one text a row, got pairs ({' and '.join(pair)}); pairs are "
                f"not trained or evaluated yet: name one column with --text-column, of "
                f"{_list(columns)}"
            )
    usual = _usual(columns, TEXT_NAMES)
    if usual is None:
        raise DataError(
            f"{where}: expected a column called {_or(TEXT_NAMES)}, got the columns "
            f"{_list(columns)}; name the one that holds the text with --text-column"
        )
    return usual


def find_label(columns: Sequence[str], given: str | None, where: str, text: str) -> str | None:
    """Return the column that holds the label: the one named, else one with a usual name, or None.

    The column of the text is never taken for the label.
    """
    if given is not None:
        found = named(given, columns, where, "--label-column")
        if found == text:
            raise DataError(
                f"{where}: expected two columns, got {found!r} both as text and as label"
            )
        return found
    return _usual([column for column in columns if column != text], LABEL_NAMES)


def find_id(columns: Sequence[str], given: str | None, where: str) -> str | None:
    """Return the column that holds the ids: the one named, else one called *id*, or None."""
    if given is not None:
        return named(given, columns, where, "id column")
    return _usual(columns, ("id",))


def _usual(columns: Sequence[str], names: Sequence[str]) -> str | None:
    for name in names:
        if name in columns:
            return name
        for column in columns:
            if column.casefold().strip() == name:
                return column
    return None


def _list(columns: Sequence[str]) -> str:
    return ", ".join(columns) if columns else "none"


def _or(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"
