"""Markup: tags and entities that a scraper left in the text, and the asterisks of forums."""

from __future__ import annotations

import html
import re
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from html.entities import codepoint2name
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from robustft.seeding import Draw
from robustft.text import Batch, Document, Edit, Lexicon, SpanKind, Unit, Units
from robustft.text.characters import NEWLINE, SPACE
from robustft.transform.base import LabelKind, Level, Proposal, Skip, Transform
from robustft_transforms._grammar import word_list
from robustft_transforms._whole import holds

Kind = Literal["html", "emphasis", "breaks", "entities", "markdown", "plain"]

_TAGS = ("b", "b", "i", "i", "em", "strong")
_STARS = ("*", "*", "**", "_")
_BREAKS = ("<br />", "<br /><br />", " <br /><br />")
_SPACES = ("&nbsp; ", " &nbsp;")
# How often sentences are parted by a break, a hard space, or become paragraphs.
_WAYS = (0.45, 0.25, 0.3)
# All pages escape these, each in its own way.
_QUOTES = {"'": ("&#39;", "&#039;", "&apos;"), '"': ("&quot;", "&#34;")}
# The marks and letters that have an entity; a mark of a tag or an entity is not among them.
_NAMED = "".join(chr(code) for code in sorted(codepoint2name) if code >= 0xA1 and code != 0xAD)
_ESCAPABLE = re.compile(
    rf"[&<>\"'{_NAMED}](?:(?<=&)(?!#?\w+;)|(?<=<)(?=[\s\d=3-])|(?<=[\s\d=-]>)(?=\s)|(?<=[^&<>]))"
)
_ENTITY = re.compile(r"&(?:#\d{2,6}|#x[0-9a-fA-F]{2,5}|[A-Za-z]{2,8}\d?);")
_BREAK = re.compile(r"[ \t]*<[Bb][Rr]\s*/?>[ \t]*")
_WRITTEN = re.compile(r"</?[A-Za-z!][^<>\x00]*>|&(?:#\w{2,7}|\w{2,8});")
_NAME_GOES_ON = re.compile(r"(?: [A-Z][\w'’]+)*")
_AFTER_CAPITAL = re.compile(r"(?:\A|[\W_])[A-Z][\w'’]* \Z")
_LONGEST_NAME = 24
_FREE = frozenset(' \t\n.,;:!?"“”()…')
_SHORTEST_WORD = 5
# No word that anybody stresses; the rest is in ``grammar.txt``.
_FUNCTION_WORDS = frozenset(
    "which their there these those where while being other every whose given using having itself "
    "himself herself myself yourself themselves thing things something anything everything someone "
    "anyone everyone might could would should shall since until though although because however "
    "doing going seems seemed based called makes takes gives comes least rather quite either "
    "neither whether theirs yours ourselves".split()
)
_WEIGHTS = {"word": 1.0, "mark": 2.0, "gap": 6.0}


@dataclass(frozen=True, kw_only=True)
class Markup(Transform):
    """Leave markup in the text: tags, entities, non-breaking spaces, or a forum's asterisks.

    Where it occurs: pages that were scraped without a parser (the reviews of IMDB are full of
    ``<br />``, news feeds of ``&quot;`` and ``&#39;``), mail, content that is escaped on its way
    through a database, and Markdown that nothing has rendered.

    What it does, by `kind`: ``emphasis`` puts a word into ``<b>``, ``<i>``, ``<em>`` or
    ``<strong>``. ``breaks`` parts sentences by ``<br />`` or ``&nbsp;``, or makes one a ``<p>``
    of its own. ``entities`` escapes quotes, apostrophes, ampersands, dashes and accented letters.
    ``html`` is all of these; ``markdown`` stresses a word by asterisks or underscores; ``plain``
    goes the other way and resolves the entities and line breaks that a text has. Every tag that is
    opened is closed, no tag or entity that is there is touched but by ``plain``, and rendered the
    text reads as before.

    What it may break: whatever takes a text for plain words. A label of acceptability, or one a
    word, does not fit markup.

    Source: HTML Living Standard, WHATWG; CommonMark Spec 0.31. The kinds and the rates are ours.

    Parameters
    ----------
    kind
        ``html``, ``emphasis``, ``breaks``, ``entities``, ``markdown`` or ``plain``.
    """

    kind: Kind = "html"

    name: ClassVar[str] = "markup"
    level: ClassVar[Level] = Level.WORD
    preserves: ClassVar[frozenset[LabelKind]] = frozenset(LabelKind) - {
        LabelKind.ACCEPTABILITY,
        LabelKind.TOKEN_TAGS,
    }
    # A name in italics is the same name, a number is not touched but in "&#39;" or "5'10"; and only
    # ``plain`` touches tags and entities.
    opens: ClassVar[frozenset[SpanKind]] = frozenset(
        {SpanKind.NAME, SpanKind.NEGATION, SpanKind.NUMBER, SpanKind.HTML}
    )
    rates: ClassVar[Mapping[int, float]] = {1: 0.005, 2: 0.01, 3: 0.02, 4: 0.05, 5: 0.2}
    example: ClassVar[str] = "It's a \"wonderful\" film. I didn't expect to enjoy it so much!"

    def units(self, batch: Batch) -> Units:
        """Return the words, marks and gaps between sentences that the kind may change."""
        if self.kind == "plain":
            return _merged([batch.find(_ENTITY), batch.find(_BREAK)])
        found = []
        if self.kind in ("html", "emphasis", "markdown"):
            words = batch.alphabetic_words(_SHORTEST_WORD)
            plain = np.isin(words.start, batch.words_in(_function_words()).start)
            found.append(words.where(~batch.hyphenated(words) & ~plain))
        if self.kind in ("html", "breaks"):
            found.append(_gaps(batch))
        if self.kind in ("html", "entities"):
            found.append(batch.find(_ESCAPABLE))
        units = _merged(found)
        written = np.zeros(len(batch.codes), np.bool_)
        for start, end in _spans(batch.find(_WRITTEN)):
            written[start:end] = True
        return units.where(~batch.any_in(written, units))

    def weights(self, batch: Batch, units: Units) -> npt.NDArray[np.float64] | None:
        """Return what lets the few gaps and marks be drawn among the many words."""
        if self.kind != "html":
            return None
        bits = batch.classes[units.start]
        gap, single = (bits & SPACE) != 0, units.end - units.start == 1
        picked = np.where(gap, _WEIGHTS["gap"], np.where(single, _WEIGHTS["mark"], 1.0))
        return picked.astype(np.float64)

    def replacement(self, document: Document, unit: Unit, draw: Draw) -> Proposal:
        """Return the word, mark or gap with markup, or an entity without."""
        text, part = document.text, unit.text
        if self.kind == "plain":
            return _resolved(part)
        if part.isspace():
            return _broken(text, document.sentences, unit, draw)
        if len(part) == 1:
            return _escaped(text, part)
        return _stressed(text, unit, draw.choice(_STARS if self.kind == "markdown" else _TAGS))


@cache
def _function_words() -> Lexicon:
    lists = ("prepositions", "conjunctions", "determiners", "modals", "clause openers", "adverbs")
    return Lexicon(_FUNCTION_WORDS.union(*map(word_list, lists)))


def _stressed(text: str, unit: Unit, tag: str) -> Proposal:
    """Return what stresses a word, or a name as a whole."""
    start, end = unit.start, unit.end
    if unit.text[0].isupper():
        if _AFTER_CAPITAL.search(text, max(0, start - _LONGEST_NAME), start):
            return Skip("inside a name")
        found = _NAME_GOES_ON.match(text, end)
        end = found.end() if found else end
    if not _FREE.issuperset(text[max(start - 1, 0) : start] + text[end : end + 1]):
        return Skip("part of a longer form")
    opening, closing = (tag, tag) if tag in _STARS else (f"<{tag}>", f"</{tag}>")
    return Edit(start, start, opening), Edit(end, end, closing)


def _merged(found: list[Units]) -> Units:
    """Put disjoint units of several kinds in order."""
    start = np.concatenate([units.start for units in found])
    order = np.argsort(start, kind="stable")
    text = np.concatenate([units.text for units in found])[order]
    return Units(text, start[order], np.concatenate([units.end for units in found])[order])


def _spans(units: Units) -> list[tuple[int, int]]:
    return list(zip(units.start.tolist(), units.end.tolist(), strict=True))


def _gaps(batch: Batch) -> Units:
    """Return the spaces between two sentences of a paragraph."""
    sentences = batch.sentences
    same = sentences.text[1:] == sentences.text[:-1]
    gaps = Units(sentences.text[:-1][same], sentences.end[:-1][same], sentences.start[1:][same])
    blank = (batch.classes[:-1] & (SPACE | NEWLINE)) == SPACE
    return gaps.where((gaps.end > gaps.start) & ~batch.any_in(~blank, gaps))


def _broken(text: str, sentences: list[tuple[int, int]], unit: Unit, draw: Draw) -> Proposal:
    """Return what parts two sentences: a line break, a hard space, or tags around the second."""
    way = draw.weighted(_WAYS)
    if way == 1:
        return draw.choice(_SPACES)
    start, end = sentences[bisect_left(sentences, (unit.end, unit.end))]
    if way == 0 or text.find("<", start, end) >= 0 or holds(text, "<p>"):
        made = draw.choice(_BREAKS)
        return made.replace(" />", ">") if holds(text, "<br>") else made
    return Edit(start, start, "<p>"), Edit(end, end, "</p>")


def _escaped(text: str, mark: str) -> str:
    """Return the entity of a mark, of the same kind all over a text."""
    if mark in _QUOTES:
        return _QUOTES[mark][len(text) % len(_QUOTES[mark])]
    name = codepoint2name[ord(mark)]
    return f"&{name};" if len(text) % 3 or mark in "&<>" else f"&#{ord(mark)};"


def _resolved(part: str) -> str | Skip:
    """Return the character of an entity, or a line break for a tag."""
    if part.rstrip().endswith(">"):
        return "\n"
    if part in ("&nbsp;", "&#160;", "&#xA0;", "&#xa0;"):
        return " "
    made = html.unescape(part)
    if made == part or not made.isprintable() or made in "<>":
        return Skip("no character of its own")
    return made
