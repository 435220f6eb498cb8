"""What the adapters of foreign libraries share."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, ClassVar

from robustft.errors import SpecError
from robustft.seeding import Draw
from robustft.text.edits import Edit, apply
from robustft.transform.base import LabelKind, Level, RewriteTransform
from robustft.transform.providers import provide

__all__ = ["ForeignTransform"]

_TOKEN = re.compile(r"\w+|[^\w\s]")
# Beyond this many tokens aligning them takes longer than the augmenter did.
_MOST_TOKENS = 3_000


@dataclass(frozen=True, kw_only=True)
class ForeignTransform(RewriteTransform):
    """An augmenter of another library by the name of its class.

    Parameters
    ----------
    aug
        The class.
    options
        Its keyword arguments as ``key:value``, several joined by ``+``; a value is read as JSON if
        it is some, else as text.
    python
        A Python that has the library, where this one has not.
    respace
        Drop edits that only move white space: many augmenters cut a text into tokens and join them
        with spaces, which tells them from a person.
    """

    aug: str = ""
    options: tuple[str, ...] = ()
    python: str = ""
    respace: bool = True

    level: ClassVar[Level] = Level.DOCUMENT
    # Only the user knows what an augmenter of somebody else keeps; --force says so.
    preserves: ClassVar[frozenset[LabelKind]] = frozenset()
    deterministic: ClassVar[bool] = False
    rates: ClassVar[Mapping[int, float]] = dict.fromkeys(range(1, 6), 1.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._keywords()

    def _keywords(self) -> dict[str, Any]:
        keywords = {}
        for option in self.options:
            key, colon, value = option.partition(":")
            if not colon or not key.isidentifier():
                raise SpecError(f"{self.name}: expected options as key:value, got {option!r}")
            try:
                keywords[key] = json.loads(value)
            except ValueError:
                keywords[key] = value
        return keywords

    def rewrite(self, texts: Sequence[str], draws: Sequence[Draw]) -> list[str]:
        """Return what the library makes of each text, from a seed of its own."""
        if not self.aug:
            raise SpecError(f"{self.name}: expected the name of a class, such as aug={self.usual}")
        augment = provide(
            self.name, self.aug, python=self.python, options=json.dumps(self._keywords())
        )
        made = augment(texts, [draw.bits() % 2**32 for draw in draws])
        if not self.respace:
            return list(made)
        return [_respaced(before, after) for before, after in zip(texts, made, strict=True)]

    usual: ClassVar[str]


def _respaced(before: str, after: str) -> str:
    """Write what is new in `after` with the white space that `before` has around it."""
    old, new = list(_TOKEN.finditer(before)), list(_TOKEN.finditer(after))
    if max(len(old), len(new)) > _MOST_TOKENS:
        return after
    matcher = SequenceMatcher(None, [t[0] for t in old], [t[0] for t in new], autojunk=False)
    edits: list[Edit] = []
    for kind, i, i_end, j, j_end in matcher.get_opcodes():
        if kind == "equal":
            continue
        made = after[new[j].start() : new[j_end - 1].end()] if j < j_end else ""
        if i_end - i == j_end - j:
            edits += [
                Edit(*was.span(), token[0])
                for was, token in zip(old[i:i_end], new[j:j_end], strict=True)
            ]
        elif kind == "insert":
            at = old[i].start() if i < len(old) else len(before)
            edits.append(Edit(at, at, f"{made} " if i < len(old) else f" {made}"))
        elif kind == "delete":
            last = i_end == len(old)
            start = old[i - 1].end() if last and i else old[i].start()
            edits.append(Edit(start, old[i_end - 1].end() if last else old[i_end].start(), ""))
        else:
            edits.append(Edit(old[i].start(), old[i_end - 1].end(), made))
    return apply(before, edits)
