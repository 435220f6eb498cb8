"""A small context-free grammar that writes text, for the built-in corpora.

A grammar file is TOML with three tables. ``[words]`` holds comma-separated lists, drawn by a Zipf
law in the order written, so that a corpus has a long tail of rare words; ``[names]`` holds such
lists, drawn evenly. ``[lines]`` holds one alternative a line, drawn evenly; ``3*`` before a line
makes it three times as likely, ``+`` or ``-`` limits it to praise or to blame. A key that ends in
``+`` or ``-`` holds the alternatives of that sign alone. Within an alternative:

- ``{name}`` is replaced by a draw from the rule `name`, with the sign of the text;
- ``{!name}`` does so with the opposite sign;
- ``{key:name}`` draws once a text and repeats what was drawn wherever `key` returns;
- ``{name(other)}`` draws from the rule `name` with ``@`` in its lines standing for `other`,
  unless a rule is written under just that name, such as ``state(any)``;
- ``a(n)`` becomes *a* or *an* by the word that follows;
- ``it~is`` becomes *it's* or *it is*, and so does every other pair of words joined by ``~``; a
  verb before *not* is contracted by the same draw.
- `` | `` parts sentences: each gets a capital letter and, if it has no other end, a full stop.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from itertools import accumulate
from typing import Any, NamedTuple

from robustft.errors import DataError
from robustft.seeding import Draw

__all__ = ["Grammar", "Passage", "finish", "read_grammar"]

_SLOT = re.compile(r"\{(!?)(?:(\w+):)?([\w@]+(?:\([\w@!]+\))?)\}")
_WEIGHT = re.compile(r"(\d+)\*(?: |$)")
_ARTICLE = re.compile(r"\b([Aa])\(n\) (?=(\S+))")
_PAIR = re.compile(r"\b(\w+)~(\w+)")
_NOT = re.compile(
    r"\b(are|can|could|did|do|does|had|has|have|is|must|need|should|was|were|would) ?not\b"
)
# Words whose first letter misleads about their first sound.
_VOWEL_SOUND = re.compile(
    r"(?:[aeio]|u(?!ni[^nm]|s[eu]|t[ei])|hour|honest|honor|heir|8|11|18)", re.I
)
_CONSONANT_SOUND = re.compile(r"(?:one\b|one-|once|eu|ew|ubiq)", re.I)
_CLITIC = {
    "is": "'s", "has": "'s", "am": "'m", "are": "'re", "have": "'ve",
    "had": "'d", "would": "'d", "will": "'ll",
}  # fmt: skip
# A redraw keeps a text from saying the same thing twice; a rule with few words may run out.
_REDRAWS = 8


class _Slot(NamedTuple):
    """A place in an alternative that another rule fills."""

    rule: str
    flip: bool
    key: str | None


class _Rule(NamedTuple):
    """The alternatives of one rule for one sign, their cumulative weights, and what marks each.

    Words are marked by themselves, so that two lists that share a word do not repeat it.
    """

    cumulative: list[float]
    alternatives: list[tuple[str | _Slot, ...]]
    marks: list[str]


class Passage:
    """One text in the making: its draws, what it has said, and the values it was given."""

    __slots__ = ("draw", "given", "used")

    def __init__(self, draw: Draw, given: Mapping[str, str] | None = None) -> None:
        self.draw = draw
        self.given = dict(given or {})
        self.used: set[str] = set()


class Grammar:
    """Rules by name, compiled when first used.

    Parameters
    ----------
    words, names, lines
        The three tables of a grammar file (see the module), later layers having replaced the keys
        of earlier ones.

    Raises
    ------
    DataError
        When a text reaches a slot for which there is neither a rule nor a given value.
    """

    def __init__(
        self, words: Mapping[str, str], names: Mapping[str, str], lines: Mapping[str, str]
    ) -> None:
        self._words = dict(words)
        self._names = dict(names)
        self._lines = dict(lines)
        self._rules: dict[tuple[str, str], _Rule] = {}

    def expand(self, name: str, sign: str, passage: Passage) -> str:
        """Return a draw from the rule `name`; `sign` is ``"+"``, ``"-"`` or ``""``."""
        rule = self._rules.get((name, sign)) or self._compile(name, sign)
        last = len(rule.cumulative) - 1
        for _ in range(_REDRAWS):
            point = passage.draw.random() * rule.cumulative[-1]
            index = min(bisect(rule.cumulative, point), last)
            if rule.marks[index] not in passage.used:
                break
        passage.used.add(rule.marks[index])
        return "".join(
            part if isinstance(part, str) else self._fill(part, sign, passage)
            for part in rule.alternatives[index]
        )

    def _fill(self, slot: _Slot, sign: str, passage: Passage) -> str:
        key = slot.key or slot.rule
        known = passage.given.get(key)
        if known is not None:
            return known
        if slot.flip:
            sign = "-" if sign == "+" else "+"
        text = self.expand(slot.rule, sign, passage)
        if slot.key is not None:
            passage.given[slot.key] = text
        return text

    def _compile(self, name: str, sign: str) -> _Rule:
        base, _, argument = name.partition("(")
        for key in (name + sign, name, base):
            if key in self._words:
                found = _split_words(self._words[key], -1.3)
                break
            if key in self._names:
                found = _split_words(self._names[key], 0.0)
                break
            if key in self._lines:
                source = self._lines[key].replace("@", argument.rstrip(")"))
                found = _split_lines(key, source, sign)
                break
        else:
            raise DataError(f"grammar: expected a rule for {{{name}}}, got none for sign {sign!r}")
        self._rules[name, sign] = found
        return found


def _split_words(text: str, exponent: float) -> _Rule:
    """Return the comma-separated `text` as a rule, each weighted by its rank to `exponent`."""
    words = [" ".join(word.split()) for word in text.split(",")]
    weights = (float(rank) ** exponent for rank in range(1, len(words) + 1))
    return _Rule(list(accumulate(weights)), [_parse(word) for word in words], words)


def _split_lines(name: str, text: str, sign: str) -> _Rule:
    """Return the lines of `text` that are for `sign` as a rule."""
    weights: list[float] = []
    alternatives = []
    for line in text.strip("\n").split("\n"):
        marked = line[:2] in ("+ ", "- ")
        if marked and line[0] != sign:
            continue
        body = line[2:] if marked else line
        weight = _WEIGHT.match(body)
        weights.append(float(weight[1]) if weight else 1.0)
        alternatives.append(_parse(body[weight.end() :] if weight else body))
    marks = [f"{name}:{index}" for index in range(len(weights))]
    return _Rule(list(accumulate(weights)), alternatives, marks)


def _parse(text: str) -> tuple[str | _Slot, ...]:
    """Return `text` cut at its slots."""
    parts: list[str | _Slot] = []
    end = 0
    for match in _SLOT.finditer(text):
        parts += [text[end : match.start()]] if match.start() > end else []
        parts.append(_Slot(match[3], bool(match[1]), match[2]))
        end = match.end()
    return (*parts, text[end:]) if end < len(text) else tuple(parts)


@cache
def read_grammar(*layers: str) -> Grammar:
    """Return the grammar of `layers`, each ``"file"`` or ``"file:table"``; later layers win."""
    tables: dict[str, dict[str, str]] = {"words": {}, "names": {}, "lines": {}}
    for layer in layers:
        file, _, table = layer.partition(":")
        content = _read_file(file)
        content = content[table] if table else content
        for name in tables:
            tables[name] |= content.get(name, {})
    return Grammar(**tables)


@cache
def _read_file(name: str) -> dict[str, Any]:
    path = files("robustft.data") / "grammars" / f"{name}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def finish(raw: str, draw: Draw, contracted: float) -> str:
    """Return `raw`, what a grammar wrote, as written text.

    Parameters
    ----------
    raw
        Sentences parted by `` | ``, with the marks described in this module.
    draw
        Decides each contraction.
    contracted
        The share of contractions among the places that allow one: 0 for a formal writer.
    """

    def pair(match: re.Match[str]) -> str:
        if draw.random() < contracted:
            return match[1] + _CLITIC[match[2]]
        return f"{match[1]} {match[2]}"

    def negation(match: re.Match[str]) -> str:
        if draw.random() >= contracted:
            return match[0]
        return "can't" if match[1] == "can" else f"{match[1]}n't"

    def article(match: re.Match[str]) -> str:
        word = match[2]
        vowel = _VOWEL_SOUND.match(word) and not _CONSONANT_SOUND.match(word)
        return f"{match[1]}n " if vowel else f"{match[1]} "

    sentences = (" ".join(part.split()) for part in raw.split(" | "))
    text = " ".join(
        s[:1].upper() + s[1:] + ("" if s.endswith((".", "!", "?")) else ".") for s in sentences
    )
    if "~" in text:
        text = _PAIR.sub(pair, text)
    if "not" in text:
        text = _NOT.sub(negation, text)
    return _ARTICLE.sub(article, text) if "(n)" in text else text
