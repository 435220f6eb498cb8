"""Sentence boundaries by rule: good enough to know where a sentence begins, and fast.

In doubt two sentences are taken for one: who moves sentences, or puts something between them,
must not do so in the middle of one.
"""

from __future__ import annotations

import re

__all__ = ["sentence_spans"]

# After these a name or a number follows, whatever its capital.
_BEFORE_NAME = frozenset(
    "mr mrs ms messrs mme mlle dr prof st mt vs gen col lt sgt capt cmdr maj rev hon rep sen gov "
    "pres fig figs vol vols approx dept e.g i.e cf ca al a.k.a p.s".split()
)
# These end a name, a time or a list. They end a sentence too if a word follows that often begins
# one; so do initials ("plan B. The" against "D. W. Griffith").
_AFTER_NAME = frozenset(
    "jr sr inc ltd co corp bros ave blvd etc ph.d jan feb mar apr jun jul aug sep sept oct nov "
    "dec".split()
)
_OPENERS = frozenset(
    "the a an this that these those there here it he she we you they i my your his her its our "
    "their what who why how when where which while if as so but and or yet then now in on at by "
    "for from with to of after before although though because since until also even just still "
    "however not no nothing all some many most both each every one is are was were do does did "
    "have has had let it's he's she's that's there's i'm i've i'd don't".split()
)
_INITIALS = re.compile(r"(?:[^\W\d_]\.)*[^\W\d_]")

# What follows a run of stops: what closes a quotation or bracket, or a smile, then white space, a
# tag or the end; or, where the writer forgot the space, a capital.
_STOP = r"""(?<![.!?…][.!?…])(?P<stop>(?<=[.!?…])[.!?…]*+)
    (?:(?P<close>["'”’)\]*_]*+(?:[ ][:;=]-?[()DP](?!\w))?
      (?:</(?:b|i|u|em|strong|q|cite|span|font|a)>)*)(?:\s+|(?=</?[A-Za-z])|\Z)
      |(?<=[a-z]{2}[.!?])(?!(?:Com|Net|Org)\b)(?=[A-Z][a-z]|[IA]\s))"""
_BLANK = r"(?<=\n)(?:[^\S\n]*+\n\s*|[ \t]*+(?=[-*•–][ \t]|\d{1,3}[.)][ \t]))"
_TAG = r"(?i:br|/?(?:p|div|li|ul|ol|tr|td|hr|h[1-6]|table|blockquote)\b)[^<>]*>"
# One set of characters in front is what makes the search fast.
_BOUNDARY = re.compile(rf"[.!?…\n<](?:{_STOP}|{_BLANK}|(?<=<){_TAG}(?:\s*<{_TAG})*\s*)", re.VERBOSE)
_NEXT_WORD = re.compile(r"[\"'“‘(\[*_¿¡]*(\w[\w'’]*)?")
_LONGEST = 16


def _ends(text: str, match: re.Match[str], start: int, lower: bool) -> bool:
    """Tell whether a match is a boundary of the sentence that begins at `start`.

    `lower` says that the whole text is in lower case.
    """
    if match["stop"] is None:
        return True
    found = _NEXT_WORD.match(text, match.end())
    following = found[1] if found else None
    if following is None:
        return True
    stop = text[match.start() : match.end("stop")]
    trails = stop[-1] == "…" or stop.endswith("..")
    if following[0].islower():
        # Where there are no capitals at all, their lack says nothing.
        if trails or not lower:
            return False
    elif trails:
        return following != "I" and not following.startswith(("I'", "I’"))
    return stop != "." or not _belongs_to_word(text, match.start(), start, following)


def _belongs_to_word(text: str, stop: int, start: int, following: str) -> bool:
    """Tell whether the full stop at `stop` is that of an abbreviation, initial or list number."""
    before = text[max(start, stop - _LONGEST) : stop].replace("-", " ").split()
    word = before[-1].lower().strip("\"'“‘([*_") if before else ""
    if word in _BEFORE_NAME:
        return True
    if word in _AFTER_NAME or (word != "i" and _INITIALS.fullmatch(word)):
        return following.islower() or following.lower().replace("’", "'") not in _OPENERS
    if word.isdigit():  # the number of an item of a list
        return stop - len(word) <= start
    return following[0].isdigit() and word in ("no", "nos", "pp")


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Return the spans of the sentences of `text`, without the white space around them.

    A sentence ends at ``.``, ``!``, ``?`` or an ellipsis with what closes a quotation or bracket,
    if white space, a tag or a capital follows. It does not where the stop belongs to an
    abbreviation, an initial or a list number, or where a lower-case word follows (unless the
    whole text is in lower case). It also ends at a blank line, before a list item and at an HTML
    tag that breaks the line.

    >>> text = "Dr. Smith left at 5 p.m. He said 'no!' and went.The end..."
    >>> [text[start:end] for start, end in sentence_spans(text)]
    ['Dr. Smith left at 5 p.m.', "He said 'no!' and went.", 'The end...']
    """
    spans: list[tuple[int, int]] = []
    start, lower = 0, text.islower()
    for match in _BOUNDARY.finditer(text):
        if not _ends(text, match, start, lower):
            continue
        if match["stop"] is None:
            end = match.start()
        else:
            end = match.end("close") if match["close"] is not None else match.end()
        _append(spans, text, start, end)
        start = match.end()
    _append(spans, text, start, len(text))
    return spans


def _append(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if end > start:
        spans.append((start, end))
