"""What raters said, as the form and the terminal write it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from robustft.data.files import atomic_path
from robustft.errors import DataError, suggest
from robustft.evaluation.audit.draw import Audit

__all__ = ["Answers", "Judgement", "Kind", "Says", "read_answers", "write_answers"]


class Says(StrEnum):
    """An answer to one question."""

    YES = "yes"
    NO = "no"
    UNSURE = "unsure"


class Kind(StrEnum):
    """Who rates; a language model is called one wherever its answers are reported."""

    PERSON = "person"
    LANGUAGE_MODEL = "language model"


class Judgement(NamedTuple):
    """What one rater said of one pair: whether its label holds, whether it reads naturally."""

    label: Says
    natural: Says


@dataclass
class Answers:
    """What one rater said of the pairs of one audit."""

    audit: str
    rater: str
    kind: Kind = Kind.PERSON
    given: dict[str, Judgement] = field(default_factory=dict)


def read_answers(path: str | os.PathLike[str], audit: Audit) -> Answers:
    """Read a file of answers and check that it belongs to `audit`.

    Raises
    ------
    DataError
        If it cannot be read, belongs to another audit, names pairs that there are not, or holds
        other answers than yes, no and unsure.
    """
    try:
        plain = json.loads(Path(path).read_bytes())
    except (OSError, ValueError) as problem:
        raise DataError(f"{path}: expected a JSON file of answers, got: {problem}") from problem
    if not isinstance(plain, dict) or not isinstance(plain.get("answers"), dict):
        raise DataError(f"{path}: expected an object with answers, as the form writes it")
    if plain.get("audit") != audit.fingerprint:
        raise DataError(
            f"{path}: expected answers to the audit {audit.fingerprint}, "
            f"got some to {plain.get('audit')!r}"
        )
    known = {pair.id for pair in audit.pairs}
    answers = Answers(
        audit.fingerprint,
        str(plain.get("rater") or Path(path).stem),
        _kind(plain.get("kind", Kind.PERSON), path),
    )
    for pair, said in plain["answers"].items():
        if pair not in known:
            raise DataError(f"{path}: expected a pair of the audit, got {pair!r}")
        answers.given[pair] = _judgement(said, f"{path}, {pair}")
    return answers


def _kind(text: Any, path: str | os.PathLike[str]) -> Kind:
    try:
        return Kind(text)
    except ValueError:
        known = [kind.value for kind in Kind]
        raise DataError(
            f"{path}: expected kind to be {' or '.join(known)}, got {text!r}"
            f"{suggest(str(text), known)}"
        ) from None


def _judgement(said: Any, where: str) -> Judgement:
    if not isinstance(said, Mapping):
        raise DataError(f"{where}: expected label and natural, got {said!r}")
    try:
        return Judgement(Says(str(said.get("label"))), Says(str(said.get("natural"))))
    except ValueError:
        raise DataError(f"{where}: expected yes, no or unsure twice, got {dict(said)!r}") from None


def write_answers(answers: Answers, path: Path) -> None:
    """Write answers as the form does; the file is whole at any time."""
    plain = {
        "audit": answers.audit,
        "rater": answers.rater,
        "kind": answers.kind.value,
        "answers": {
            pair: {"label": said.label.value, "natural": said.natural.value}
            for pair, said in answers.given.items()
        },
    }
    with atomic_path(path, f"{len(answers.given)} answers") as temporary:
        temporary.write_text(json.dumps(plain, indent=1) + "\n", encoding="utf-8")
