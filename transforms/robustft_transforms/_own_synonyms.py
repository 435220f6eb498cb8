"""Synonyms from a CSV file of the user's own: the columns word and substitute, pos and score."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from robustft.errors import SpecError, suggest
from robustft.text import Batch
from robustft_transforms._beside import Beside
from robustft_transforms._synonyms import SynonymReading, beside_of_pos, half_of

__all__ = ["read_csv"]

_NEEDED, _OPTIONAL = ("word", "substitute"), ("pos", "score")
_POS = {"n": "n", "noun": "n", "v": "v", "verb": "v", "a": "a", "adjective": "a", "adj": "a"}
_POS |= {"r": "r", "adverb": "r", "adv": "r"}


def read_csv(path: Path) -> dict[str, list[SynonymReading]]:
    """Read a table of synonyms.

    Parameters
    ----------
    path
        A file in UTF-8 with a row of column names. A ``word`` is replaced by its ``substitute``
        as both are written (letter case apart). ``pos`` (noun, verb, adjective, adverb; n, v, a,
        r) restricts a pair to places where the neighbours say that the word is one. ``score``,
        above 0 and up to 1 (the default), says how sure the pair is.

    Raises
    ------
    SpecError
        With the file, row and column, if something cannot be used.
    """
    found: dict[tuple[str, str], list[tuple[str, float]]] = {}
    for where, row in _rows(path):
        word, substitute = _word(where, row["word"]), _substitute(where, row)
        pos = _pos(where, row.get("pos", ""))
        pairs = found.setdefault((word, pos), [])
        if substitute in (known for known, _score in pairs):
            raise SpecError(f"{where}: expected each pair once, got {word}, {substitute} again")
        pairs.append((substitute, _score(where, row.get("score", ""))))
    if not found:
        raise SpecError(f"{path}: expected a word and its substitute in each row, got no rows")
    table: dict[str, list[SynonymReading]] = {}
    for (word, pos), pairs in found.items():
        substitutes, scores = zip(*pairs, strict=True)
        halves = "".join(half_of(substitute.lower()) for substitute in substitutes)
        beside = beside_of_pos(pos) if pos else Beside()
        table.setdefault(word, []).append(SynonymReading(substitutes, scores, halves, beside))
    return table


def _rows(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield where each row stands, and its values by column."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            columns = [name.strip().lower() for name in next(reader, [])]
            _check_columns(path, columns)
            for row in reader:
                where = f"{path}, row {reader.line_num}"
                if any(row) and len(row) != len(columns):
                    raise SpecError(f"{where}: expected {len(columns)} values, got {len(row)}")
                if any(row):
                    values = (value.strip() for value in row)
                    yield where, dict(zip(columns, values, strict=True))
    except OSError as error:
        raise SpecError(
            f"synonyms: expected lexicon to be builtin, nltk or a CSV file, "
            f"got {str(path)!r} ({error.strerror})"
        ) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise SpecError(f"{path}: expected a CSV file in UTF-8, got {error}") from error


def _check_columns(path: Path, columns: list[str]) -> None:
    known = (*_NEEDED, *_OPTIONAL)
    if missing := [name for name in _NEEDED if name not in columns]:
        raise SpecError(
            f"{path}: expected the columns word and substitute, got no column {missing[0]!r}"
        )
    for name in columns:
        if name not in known:
            raise SpecError(
                f"{path}: expected the columns {', '.join(known)}, got {name!r}"
                f"{suggest(name, known)}"
            )
        if columns.count(name) > 1:
            raise SpecError(f"{path}: expected distinct columns, got {name!r} twice")


def _word(where: str, value: str) -> str:
    words = Batch([value]).words
    if len(words) != 1 or words.end[0] - words.start[0] != len(value):
        raise SpecError(f"{where}, column word: expected one word, got {value!r}")
    return value.lower().replace("’", "'")


def _substitute(where: str, row: dict[str, str]) -> str:
    value = " ".join(row["substitute"].split())
    if not value or value.lower() == row["word"].lower():
        raise SpecError(f"{where}, column substitute: expected another word, got {value!r}")
    return value


def _pos(where: str, value: str) -> str:
    if value and value.lower() not in _POS:
        raise SpecError(
            f"{where}, column pos: expected noun, verb, adjective or adverb, got {value!r}"
            f"{suggest(value, _POS)}"
        )
    return _POS.get(value.lower(), "")


def _score(where: str, value: str) -> float:
    try:
        score = float(value or 1)
    except ValueError:
        score = 0.0
    if not 0 < score <= 1:
        raise SpecError(
            f"{where}, column score: expected a number above 0 and up to 1, got {value!r}"
        )
    return score
