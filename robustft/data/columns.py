"""Which columns hold the text or the two texts, the label and the id."""

from __future__ import annotations

from collections.abc import Sequence

from robustft.errors import DataError, suggest

__all__ = [
    "ANSWERS_NAME",
    "LABEL_NAMES",
    "TAG_NAMES",
    "TEXT_NAMES",
    "find_id",
    "find_label",
    "find_texts",
    "find_tokens",
    "named",
]

TEXT_NAMES = ("text", "sentence", "review", "content")
LABEL_NAMES = ("label", "sentiment", "target")
ANSWERS_NAME = "answers"
TOKEN_NAMES = ("tokens", "words")
TAG_NAMES = ("ner_tags", "tags")

# What data sets call the two texts of a pair; the first of them that a table has is taken.
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


def find_texts(columns: Sequence[str], given: str | None, where: str) -> tuple[str, str | None]:
    """Return the column that holds the text, and that of the second text of a pair or None.

    Columns are those named (two with a comma between them: ``premise,hypothesis``), else those
    with the usual names of a pair, unless there is a column *text*, else one with a usual name.

    Raises
    ------
    DataError
        There is none, or not the one or two that were named.
    """
    if given is not None:
        return _named_texts(given, columns, where)
    folded = {column.casefold(): column for column in columns}
    for first, second in _PAIRS:
        if first in folded and second in folded and "text" not in folded:
            return folded[first], folded[second]
    usual = _usual(columns, TEXT_NAMES)
    if usual is None:
        raise DataError(
            f"{where}: expected a column called {_or(TEXT_NAMES)}, got the columns "
            f"{_list(columns)}; name the one that holds the text with --text-column, or the two of "
            "a pair as --text-column first,second"
        )
    return usual, None


def find_tokens(columns: Sequence[str]) -> str | None:
    """Return the column of tokens, by its usual names, where there are tags and no other label."""
    if _usual(columns, TAG_NAMES) is None or _usual(columns, LABEL_NAMES) is not None:
        return None
    return _usual(columns, TOKEN_NAMES)


def _named_texts(given: str, columns: Sequence[str], where: str) -> tuple[str, str | None]:
    if given in columns or "," not in given:
        return named(given, columns, where, "--text-column"), None
    names = [name.strip() for name in given.split(",")]
    if len(names) != 2:
        raise DataError(
            f"{where}: expected one column or two (--text-column), got {len(names)}: {given}"
        )
    first, second = (named(name, columns, where, "--text-column") for name in names)
    if first == second:
        raise DataError(
            f"{where}: expected two columns of texts (--text-column), got {first!r} twice"
        )
    return first, second


def find_label(
    columns: Sequence[str],
    given: str | None,
    where: str,
    texts: Sequence[str | None],
    names: Sequence[str] = LABEL_NAMES,
) -> str | None:
    """Return the column that holds the label: the one named, else one of `names`, or None.

    A column of `texts` is never taken for the label.
    """
    if given is not None:
        found = named(given, columns, where, "--label-column")
        if found in texts:
            raise DataError(
                f"{where}: expected two columns, got {found!r} both as text and as label"
            )
        return found
    return _usual([column for column in columns if column not in texts], names)


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
