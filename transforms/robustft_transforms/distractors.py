"""Distractors: something beside the point, put between the sentences of a text."""

from __future__ import annotations

import re
import string
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from robustft.seeding import Draw
from robustft.text import Batch, Document, Edit, Unit, Units
from robustft.transform.base import LabelKind, Level, Proposal, Skip, Transform
from robustft_transforms._discourse import inside_quotation, refers_back
from robustft_transforms._sections import lines_of
from robustft_transforms._whole import is_lower, is_upper

Kind = Literal["all", "sentence", "url", "handle", "hashtag"]
Place = Literal["any", "start", "end", "between"]

_DATA = "distractors.txt"
# What people put where: they answer @somebody, and add a tag or a link to what they have said.
_FITTING: Mapping[str, tuple[Kind, ...]] = {
    "start": ("sentence", "sentence", "handle"),
    "between": ("sentence", "sentence", "sentence", "url"),
    "end": ("sentence", "sentence", "url", "handle", "hashtag"),
}
_ENDED = re.compile(r"[.!?…][\"'”’)\]*_]*(?:</\w+>)*(?: [:;=]-?[()DP]| ''| \")?\Z")
_TOKENISED = re.compile(r" [.!?]+\W*\Z")
_TOKENISED_INSIDE = re.compile(r"\w (?:[.,!?;]|n't|'s)(?= )")
_ALPHANUMERIC = string.ascii_letters + string.digits
_SHORTENERS = (("https://t.co/", 10), ("https://bit.ly/", 7))
# Places that lie near each other never get the same sentence.
_STRIDE = 8


@dataclass(frozen=True, kw_only=True)
class Distractors(Transform):
    """Put a neutral sentence, a link, a handle or a hashtag between the sentences of a text.

    Where it occurs: posts that answer somebody, carry a link or wander from their subject; pages
    whose navigation and captions ended up in the text.

    What it does: behind a sentence, or before the first, it adds one of a hundred sentences that
    hold no opinion, no negation, no number and no name ("There is a lamp above the table."), a
    shortened URL, a handle or a hashtag. All that stood there stays. Where the next sentence
    takes up the one before ("But it ..."), within a quotation or bracket, behind a question or a
    line that does not end like a sentence, no sentence is added. Text without capitals gets none,
    and text whose marks stand apart gets such marks.

    What it may break: the flow. The relation of two texts is not kept, since what is added to one
    need not follow from the other, nor is acceptability, which a bare link has none of.

    Source: Ribeiro et al. (2020), *Beyond accuracy: behavioral testing of NLP models with
    CheckList*, ACL, whose invariance tests add random URLs and handles; Jia and Liang (2017),
    *Adversarial examples for evaluating reading comprehension systems*, EMNLP, on added
    sentences (theirs resemble the question, these are about something else). The sentences are
    ours.

    Parameters
    ----------
    kind
        What is added: ``sentence``, ``url``, ``handle``, ``hashtag``, or ``all``: what suits the
        place, sentences most often.
    place
        Where: at the ``start``, at the ``end``, ``between`` two sentences, or ``any`` of these.
    """

    kind: Kind = "all"
    place: Place = "any"

    name: ClassVar[str] = "distractors"
    level: ClassVar[Level] = Level.SENTENCE
    preserves: ClassVar[frozenset[LabelKind]] = frozenset(LabelKind) - {
        LabelKind.ENTAILMENT,
        LabelKind.SIMILARITY,
        LabelKind.ACCEPTABILITY,
    }
    rates: ClassVar[Mapping[int, float]] = {1: 0.05, 2: 0.1, 3: 0.2, 4: 0.35, 5: 0.6}

    def units(self, batch: Batch) -> Units:
        """Return the places, empty spans: before the first sentence and behind each."""
        sentences = batch.sentences
        first = np.append(True, np.diff(sentences.text) > 0)[: len(sentences)]
        last = np.roll(first, -1)
        before, behind = sentences.where(first), sentences.where(self._behind(last))
        if self.place in ("between", "end"):
            before = before.where(np.zeros(len(before), np.bool_))
        at = np.concatenate([before.start, behind.end])
        order = np.argsort(at, kind="stable")
        text = np.concatenate([before.text, behind.text])[order]
        return Units(text, at[order], at[order])

    def _behind(self, last: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        if self.place == "any":
            return np.ones_like(last)
        return {"start": np.zeros_like(last), "end": last, "between": ~last}[self.place]

    def replacement(self, document: Document, unit: Unit, draw: Draw) -> Proposal:
        """Return the insertion, with the white space that it needs."""
        text, at = document.text, unit.start
        sentences = document.sentences
        following = bisect_left(sentences, (at, at))
        place = "start" if not following else "end" if following == len(sentences) else "between"
        kind = draw.choice(_FITTING[place]) if self.kind == "all" else self.kind
        if kind == "sentence":
            reason = _no_sentence(text, sentences, following)
            if reason and (self.kind != "all" or place != "end"):
                return Skip(reason)
            kind = "url" if reason else kind
        if kind == "sentence":
            made = _sentence(text, sentences[max(following - 1, 0)], unit.ordinal, draw)
        else:
            made = _token(kind, draw)
        if place == "start":
            made = f"{made} "
        else:
            made = _lead(text, sentences, following, kind, draw) + made
            glued = text[at : at + 1]
            made += " " if glued and not glued.isspace() and glued != "<" else ""
        return (Edit(at, at, made),)


def _no_sentence(text: str, sentences: list[tuple[int, int]], following: int) -> str:
    """Return why no sentence may go before number `following`, or an empty string."""
    if following:
        start, end = sentences[following - 1]
        if not _ENDED.search(text, max(start, end - 12), end):
            return "the sentence has no end mark"
        if following < len(sentences) and "?" in text[end - 3 : end]:
            return "behind a question"
        if inside_quotation(text, end):
            return "inside a quotation"
    if following < len(sentences):
        start, end = sentences[following]
        if not following and text[start : start + 4].lower() == "this":
            return ""
        if refers_back(text, start, end):
            return "the next sentence refers back"
        if text[start].islower() and not is_lower(text):
            return "the next sentence has no capital"
    return ""


def _lead(
    text: str, sentences: list[tuple[int, int]], following: int, kind: str, draw: Draw
) -> str:
    """Return what parts the insertion from the sentence before: at times a new paragraph."""
    if kind == "sentence" and following < len(sentences) and not draw.integers(3):
        gap = text[sentences[following - 1][1] : sentences[following][0]]
        if gap.strip() or "\n" in gap:
            return gap
    return " "


def _sentence(text: str, beside: tuple[int, int], ordinal: int, draw: Draw) -> str:
    """Return a sentence written as the text is, and as the one beside it ends."""
    sentences = lines_of(_DATA, "sentences")
    portion = len(sentences) // _STRIDE
    made = sentences[draw.integers(portion) * _STRIDE + (ordinal + len(text)) % _STRIDE]
    lower = is_lower(text)
    if _TOKENISED.search(text, max(beside[0], beside[1] - 12), beside[1]) or (
        lower and _TOKENISED_INSIDE.search(text)
    ):
        made = f"{made[:-1]} {made[-1]}"
    if lower:
        return made.lower()
    return made.upper() if is_upper(text) and " " in text[:200].strip() else made


def _token(kind: str, draw: Draw) -> str:
    """Return a random URL, handle or hashtag."""
    if kind == "hashtag":
        return draw.choice(lines_of(_DATA, "hashtags"))
    if kind == "url":
        host, length = draw.choice(_SHORTENERS)
        bits = draw.bits()  # more than the 60 bits that ten letters take
        return host + "".join(_ALPHANUMERIC[bits // 62**i % 62] for i in range(length))
    words = lines_of(_DATA, "handle words")
    first, second, style = draw.choice(words), draw.choice(words), draw.integers(4)
    tail = (f"_{second}", second, str(draw.integers(900) + 100), f"_{draw.integers(90) + 10}")
    return f"@{first}{tail[style]}"
