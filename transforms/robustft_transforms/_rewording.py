"""What transforms share that let a model reword a sentence or a text.

The model gets plain prose and gives plain prose; how the writer set it (all in small letters, cut
into tokens, with curly quotes, without a full stop) is put back. What comes back is refused where
it has lost a name or a number, negates more or less, or speaks well where it spoke ill; else it is
turned into edits that leave protected spans alone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from robustft.text import Edit, SpanKind, protected_spans
from robustft.text.edits import diff
from robustft.text.protect import NEGATORS
from robustft.transform.base import Proposal, Skip
from robustft_transforms._meanings import load_meanings, polarity

__all__ = ["OPENED", "Setting", "negations", "reworded", "set_as_before", "set_plain"]

OPENED = frozenset({SpanKind.NAME, SpanKind.NUMBER, SpanKind.DATE, SpanKind.NEGATION})
"""What may stand elsewhere in a reworded sentence; that none is lost is seen to here."""

_NUMBERS = frozenset({SpanKind.NUMBER, SpanKind.DATE})
_WORD = re.compile(r"\w+(?:['’]\w+)*")
_CLITIC = r"(?:n't|'(?:s|re|ve|ll|d|m))\b"
_TOKENISED = re.compile(rf"\w (?:[.,!?;:](?= |\Z)|{_CLITIC})")
_LOOSE = re.compile(rf" (?=[.,!?;:)%]+(?: |\Z)|{_CLITIC})|(?<=\() ")
_TIGHT = re.compile(
    rf"(?<=[\w)'\"])(?=[.,!?;:]+(?:\s|\Z))|(?<=\w)(?={_CLITIC})|(?<=\w)(?=\))|(?<=\()(?=\w)"
)
_END = re.compile(r"[.!?…]+[\"'”’)\]]*\Z")
_FULL_STOP = re.compile(r"(?<=\w)\.\Z")
_OPENING_QUOTE = re.compile(r"(?<![\w.,!?])\"(?=\w)")
_OPENING_SINGLE = re.compile(r"(?<!\w)'(?=\w)")
_STRAIGHT = str.maketrans("“”‘’", "\"\"''")
# Beside half as many words as there are, so many may come or go.
_FEW = 3


class Setting(NamedTuple):
    """How a writer set a text."""

    small: bool
    """Without a capital."""
    tokenised: bool
    """With spaces before marks and clitics, as treebanks have it."""
    treebank: bool
    """With ``quotes'' of two backticks and two apostrophes."""
    curly: bool
    ends: bool
    """Whether it ends with a full stop or the like."""
    begins: bool
    """Whether it begins with a capital."""


def set_plain(text: str) -> tuple[str, Setting]:
    """Return a text as plain prose, and how it was set."""
    setting = Setting(
        small=text == text.lower(),
        tokenised=_TOKENISED.search(text) is not None,
        treebank="``" in text,
        curly="’" in text or "“" in text,
        ends=_END.search(text) is not None,
        begins=text[:1].isupper(),
    )
    plain = text.translate(_STRAIGHT)
    if setting.treebank:
        plain = plain.replace("`` ", '"').replace(" ''", '"')
    if setting.tokenised:
        plain = _LOOSE.sub("", plain)
    if setting.small:
        plain = plain[:1].upper() + plain[1:]
    return plain, setting


def set_as_before(made: str, setting: Setting) -> str:
    """Return what a model wrote, set as the writer had set the text."""
    if not setting.ends:
        made = _FULL_STOP.sub("", made)
    if setting.small:
        made = made.lower()
    elif setting.begins:
        made = made[:1].upper() + made[1:]
    if setting.tokenised:
        made = _TIGHT.sub(" ", made)
    if setting.treebank:
        made = _OPENING_QUOTE.sub("`` ", made).replace('"', " ''")
    if setting.curly:
        made = _OPENING_QUOTE.sub("“", made).replace('"', "”")
        made = _OPENING_SINGLE.sub("‘", made).replace("'", "’")
    return made


def reworded(text: str, start: int, end: int, made: str) -> Proposal:
    """Return the edits that write `made` for ``text[start:end]``, or why it must not stand there.

    What is protected and not `OPENED` stays where it is, in its order; names and numbers are all
    there, and no good word is answered by a bad one.
    """
    before = text[start:end]
    if made == before:
        return Skip("same text")
    refused = _refusal(before, made)
    if refused:
        return Skip(refused)
    edits: list[Edit] = []
    done, position = 0, 0
    for low, high in [*_closed(before), (len(before), len(before))]:
        at = made.find(before[low:high], position) if low < high else len(made)
        if at < 0:
            return Skip("a protected span is lost")
        edits += [
            Edit(start + done + edit.start, start + done + edit.end, edit.replacement)
            for edit in diff(before[done:low], made[position:at])
        ]
        done, position = high, at + high - low
    return tuple(edits)


def _refusal(before: str, made: str) -> str:
    old, new = _words(before), _words(made)
    if not new:
        return "nothing came back"
    if abs(len(new) - len(old)) > _FEW + len(old) // 2:
        return "much longer or shorter"
    numbers, names = (_spans(before, kinds) for kinds in (_NUMBERS, {SpanKind.NAME}))
    if numbers != _spans(made, _NUMBERS):
        return "a number is lost"
    if not names <= Counter(new):
        return "a name is lost"
    was, is_now = (sum(map(_leaning, words)) for words in (old, new))
    return "the polarity changes" if was * is_now < 0 else ""


def negations(text: str) -> int:
    """Count the words that negate."""
    words = [word.lower().replace("’", "'") for word in _WORD.findall(text)]
    return sum(word in NEGATORS or word.endswith("n't") for word in words)


def _words(text: str) -> list[str]:
    return [_bare(word) for word in _WORD.findall(text)]


def _bare(word: str) -> str:
    """Return a word without the ending of a possessive."""
    return word.removesuffix("'s").removesuffix("’s")


def _leaning(word: str) -> int:
    lists = polarity(word.lower(), *load_meanings().lemmas(word.lower()))
    return ("positive" in lists) - ("negative" in lists)


def _spans(text: str, kinds: Iterable[SpanKind]) -> Counter[str]:
    return Counter(_bare(text[a:b]) for a, b, kind in protected_spans(text) if kind in kinds)


def _closed(text: str) -> list[tuple[int, int]]:
    """Return what must stay where it is, joined where spans overlap."""
    joined: list[tuple[int, int]] = []
    for start, end, kind in protected_spans(text):
        if kind in OPENED:
            continue
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
