"""Protected spans: what a transform must leave alone unless it says that it opens that kind.

The spans of a whole batch are kept as one bit mask over its buffer. Patterns run only where a
trigger stands (``@``, ``<``, a digit, ...), so plain prose costs next to nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import regex

from robustft.text import characters
from robustft.text.characters import (
    APOSTROPHE,
    EDGE,
    EMOJI,
    LETTER,
    NEWLINE,
    SPACE,
    TRIGGER,
    UPPER,
    WORD,
)
from robustft.text.document import Batch, Units
from robustft.text.lexicon import Lexicon

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

__all__ = [
    "NEGATORS",
    "SpanKind",
    "closed_to",
    "negators_in",
    "protected_mask",
    "protected_spans",
]


class SpanKind(StrEnum):
    """What a protected span holds."""

    URL = "url"
    EMAIL = "email"
    MENTION = "mention"
    HASHTAG = "hashtag"
    HTML = "html"
    PLACEHOLDER = "placeholder"
    NUMBER = "number"
    DATE = "date"
    EMOJI = "emoji"
    NAME = "name"
    NEGATION = "negation"
    TASK = "task"


_BIT = {kind: 1 << position for position, kind in enumerate(SpanKind)}

_NEGATORS = (
    "not no never nobody none nor neither nothing nowhere cannot without n't cant dont wont isnt "
    "arent wasnt werent doesnt didnt hasnt havent hadnt couldnt wouldnt shouldnt aint"
)
NEGATORS = Lexicon(_NEGATORS.split())
"""Words that negate, contracted forms without their apostrophe included."""

_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|"
    r"Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\b\.?"
)
_UNIT = (
    r"(?:[kcm]?m|[km]?g|km/h|mph|lbs?|oz|ft|in(?:ch(?:es)?)?|miles?|met(?:er|re)s?|"
    r"kilomet(?:er|re)s?|kilo(?:gram)?s?|grams?|lit(?:er|re)s?|gallons?|acres?|hectares?|degrees?|"
    r"seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|weeks?|months?|years?|yrs?|"
    r"a\.?m\b\.?|p\.?m\b\.?|percent|per cent|dollars?|bucks|cents?|pounds?|euros?|stars?|points?|"
    r"thousand|million|billion|hundred|dozen|[kMG]?Hz|[KMGT]i?B|%|\u00b0[CF]?)"
)
_DIGITS = r"\d[\d.,:/\u2019'\u2013-]*(?<=\d)"

# Each trigger has a bit, so that a chunk (a run without white space) tells by the triggers that
# it holds which patterns can match in it.
_CHARS = "<[@#&:/.{%\\"
_CHAR_BIT = {char: 1 << position for position, char in enumerate(_CHARS)}
_ANY_DIGIT = 1 << len(_CHARS)


def _bits_of(*chars: str) -> int:
    return sum(_CHAR_BIT[char] for char in chars)


_IN_CHUNK: tuple[tuple[int, SpanKind, regex.Pattern[str]], ...] = (
    (
        _bits_of(":", "."),
        SpanKind.URL,
        regex.compile(
            r"""(?:[a-z][a-z0-9+.-]*+://|\bwww\.)[^\s\x00<>"]+(?<![.,!?;:)'"\]\u201d\u2019])
              | (?<![\w@.])(?:[a-z0-9-]++\.)+(?:com|org|net|edu|gov|io|co|uk|de|eu|info)
                \b(?![\w@])(?:/[^\s\x00<>"]*(?<![.,!?;:)'"\]]))?""",
            regex.VERBOSE | regex.IGNORECASE,
        ),
    ),
    (
        _bits_of("/", "\\"),  # a file path hangs together by its slashes
        SpanKind.URL,
        regex.compile(r"(?<![\w<])(?:/[\w.-]+){2,}|[A-Za-z]:\\[\w.\\-]+"),
    ),
    (_bits_of("@"), SpanKind.EMAIL, regex.compile(r"[\w.+%-]++@[\w-]+(?:\.[\w-]+)+")),
    (_bits_of("@"), SpanKind.MENTION, regex.compile(r"(?<![\w@])@\w+")),
    (_bits_of("#"), SpanKind.HASHTAG, regex.compile(r"(?<![\w&#])#\w+")),
    (
        _bits_of("&"),
        SpanKind.HTML,
        regex.compile(r"&(?:#\d{1,7}|#x[0-9a-fA-F]{1,6}|[A-Za-z]\w{1,30});"),
    ),
    (
        _bits_of("{", "%", "<"),
        SpanKind.PLACEHOLDER,
        regex.compile(r"\{\{?[\w.:-]{1,40}\}\}?|%\(\w+\)s|<<\w+>>"),
    ),
)
# Found from a trigger on, across white space.
_AT = (
    ("<", SpanKind.HTML, regex.compile(r"<(?:/?[A-Za-z][^<>\x00]*|!--[^\x00]*?--|![^<>\x00]*)>")),
    ("[", SpanKind.PLACEHOLDER, regex.compile(r"\[[^\[\]\n\x00]{1,60}\]")),
)
_OPENING = _bits_of("<", "[")
_LINE_BREAK = "<br />"
_NUMBER = regex.compile(
    rf"(?:[$\u00a3\u20ac]\s?)?(?<!\d)(?:{_DIGITS}|\d)"
    rf"(?:\s?{_UNIT}(?!\w)|[-\u2013]\w+|[A-Za-z%+]+)?"
)
_DATE = regex.compile(
    rf"(?<!\w)(?:{_MONTH}\s\d{{1,2}}(?:st|nd|rd|th)?\b(?:,?\s\d{{4}}\b)?|{_MONTH},?\s\d{{4}}\b|"
    rf"\d{{1,2}}(?:st|nd|rd|th)?\s(?:of\s)?{_MONTH}(?:,?\s\d{{4}}\b)?)"
)
_MONTH_NAME = regex.compile(rf"\b{_MONTH}")
_MONTH_BEFORE = 16


class _Marker:
    """Gathers spans by kind and writes them into the mask, each kind at once."""

    def __init__(self) -> None:
        self._starts: dict[SpanKind, list[int]] = {kind: [] for kind in SpanKind}
        self._ends: dict[SpanKind, list[int]] = {kind: [] for kind in SpanKind}

    def add(self, kind: SpanKind, start: int, end: int) -> None:
        self._starts[kind].append(start)
        self._ends[kind].append(end)

    def add_spans(self, kind: SpanKind, start: Ints, end: Ints) -> None:
        self._starts[kind] += start.tolist()
        self._ends[kind] += end.tolist()

    def add_units(self, kind: SpanKind, units: Units) -> None:
        self.add_spans(kind, units.start, units.end)

    def write(self, mask: npt.NDArray[np.uint16]) -> None:
        for kind, starts in self._starts.items():
            if starts:
                start = np.array(starts)
                length = np.array(self._ends[kind]) - start
                shift = np.repeat(start - np.cumsum(length) + length, length)
                # |= through repeated indices is safe: each writes the same bit.
                mask[np.arange(len(shift)) + shift] |= _BIT[kind]


def _mark_triggered(batch: Batch, marker: _Marker) -> None:
    """Run the patterns in and around every chunk that holds a trigger."""
    bits = batch.classes[:-1]
    triggers = np.flatnonzero(bits & TRIGGER)
    breaks = _line_breaks(batch, triggers)
    marker.add_spans(SpanKind.HTML, breaks, breaks + len(_LINE_BREAK))
    triggers = triggers[_opens(batch, triggers, breaks)]
    if not len(triggers):
        return
    bounds = np.concatenate(
        [[-1], np.flatnonzero((bits & SPACE) | (batch.codes == 0)), [len(bits)]]
    )
    chunk, firsts = np.unique(np.searchsorted(bounds, triggers), return_index=True)
    held = np.bitwise_or.reduceat(_trigger_bits(batch.codes[triggers]), firsts)
    columns = ((bounds[chunk - 1] + 1).tolist(), bounds[chunk].tolist(), held.tolist())
    for low, high, triggered in zip(*columns, strict=True):
        if triggered & _OPENING:
            _mark_openings(batch.buffer, low, high, marker)
        for needed, kind, pattern in _IN_CHUNK:
            if triggered & needed:
                for found in pattern.finditer(batch.buffer, low, high):
                    marker.add(kind, *found.span())
        if triggered & _ANY_DIGIT:
            _mark_numbers(batch.buffer, low, high, marker)


def _line_breaks(batch: Batch, triggers: Ints) -> Ints:
    """Return where a `_LINE_BREAK` stands: by far the most frequent tag, so found all at once."""
    at: Ints = triggers[batch.codes[triggers] == ord(_LINE_BREAK[0])]
    at = at[at + len(_LINE_BREAK) <= len(batch.codes)]
    for place, char in enumerate(_LINE_BREAK[1:], 1):
        at = at[batch.codes[at + place] == ord(char)]
    return at


def _opens(batch: Batch, triggers: Ints, breaks: Ints) -> Mask:
    """Tell which triggers can begin or join what a pattern matches, by what stands after them."""
    codes = batch.codes[triggers]
    after = batch.codes[np.minimum(triggers + 1, len(batch.codes) - 1)]
    after[triggers + 1 == len(batch.codes)] = 0
    bits = batch.classes[triggers + 1]
    stop, colon, slash = (codes == ord(char) for char in ".:/")
    # A stop or a slash before a space or a mark ends a word or a tag.
    idle = (((bits & (SPACE | EDGE)) != 0) | (after == 0)) & (stop | slash)
    idle |= stop & (after == ord("<"))
    idle |= colon & (after != ord("/"))
    idle |= slash & (after < 128) & ((bits & WORD) == 0) & (after != ord(".")) & (after != ord("-"))
    idle |= (codes == ord("&")) & (after != ord("#")) & ((bits & LETTER) == 0)
    idle[np.searchsorted(triggers, breaks)] = True
    opens: Mask = ~idle
    return opens


def _trigger_bits(codes: npt.NDArray[np.uint32]) -> npt.NDArray[np.int64]:
    """Return the bit of each trigger; currency signs have none, since their digit has one."""
    table = np.zeros(128, np.int64)
    for char, bit in _CHAR_BIT.items():
        table[ord(char)] = bit
    table[ord("0") : ord("9") + 1] = _ANY_DIGIT
    return np.where(codes < 128, table[np.minimum(codes, 127)], _ANY_DIGIT)


def _mark_openings(buffer: str, low: int, high: int, marker: _Marker) -> None:
    """Mark tags and placeholders that begin in the chunk; they may go on beyond it."""
    for char, kind, pattern in _AT:
        at = buffer.find(char, low, high)
        while at >= 0:
            if found := pattern.match(buffer, at):
                marker.add(kind, *found.span())
            at = buffer.find(char, at + 1, high)


def _mark_numbers(buffer: str, low: int, high: int, marker: _Marker) -> None:
    """Mark numbers that begin in the chunk, with their units, and dates around them."""
    limit = min(len(buffer), high + 24)
    for found in _NUMBER.finditer(buffer, low, limit):
        if found.start() >= high:
            break
        marker.add(SpanKind.NUMBER, *found.span())
    begin = max(0, low - _MONTH_BEFORE)
    if _MONTH_NAME.search(buffer, begin, limit):
        for found in _DATE.finditer(buffer, begin, limit):
            if found.start() < high:
                marker.add(SpanKind.DATE, *found.span())


def _mark_words_with_digits(batch: Batch, marker: _Marker) -> None:
    words = batch.words
    digits = (batch.classes[:-1] & characters.DIGIT) != 0
    marker.add_units(SpanKind.NUMBER, words.where(batch.any_in(digits, words)))


def _mark_emoji(batch: Batch, marker: _Marker) -> None:
    bits = batch.classes[:-1]
    if not (bits & EMOJI).any():
        return
    # Joiners, variation selectors and keycaps belong to the symbol that they follow.
    inside = np.zeros(len(bits) + 2, np.int8)
    inside[1:-1] = (bits & (EMOJI | characters.MARK)) != 0
    steps = np.diff(inside)
    runs = batch.spans(np.flatnonzero(steps == 1), np.flatnonzero(steps == -1))
    marker.add_units(SpanKind.EMOJI, runs.where(batch.any_in((bits & EMOJI) != 0, runs)))


def _mark_negation(batch: Batch, marker: _Marker) -> None:
    marker.add_units(SpanKind.NEGATION, negators_in(batch))


def negators_in(batch: Batch) -> Units:
    """Return the words that negate: those of `NEGATORS` and what ends in n't."""
    words = batch.words
    negates = batch.is_in(NEGATORS)
    at = np.flatnonzero(batch.classes[1:-2] & APOSTROPHE) + 1
    codes = batch.folded
    at = at[(codes[at - 1] == ord("n")) & (codes[at + 1] == ord("t"))]
    holder = np.searchsorted(words.start, at, side="right") - 1
    # The word must end in n't and say what is negated: "didn't", not a quoted 'n'.
    negates[holder[(holder >= 0) & (words.end[holder] == at + 2)]] = True
    return words.where(negates)


def _mark_names(batch: Batch, marker: _Marker) -> None:
    """Mark what looks like a name: a capital where no sentence begins, and what goes before it.

    Also short words in capitals between words that are not (acronyms). "I" and its contractions
    are no names. In doubt a word counts as a name: a name that is changed harms more than a word
    that is left.
    """
    bits = batch.classes
    words = batch.words
    words = words.where(batch.capitalised(words))
    if not len(words):
        return
    second, last = bits[words.start + 1], bits[words.end - 1]
    length = words.end - words.start
    pronoun = (batch.codes[words.start] == ord("I")) & ((second & APOSTROPHE) != 0)
    shouted = (length > 1) & (((second | APOSTROPHE) & last & UPPER) != 0)
    capital = (length > 1) & ~pronoun & ~shouted
    first = _begins_sentence(batch, words)
    name = capital & ~first
    adjoins = np.zeros(len(words) + 1, np.bool_)
    adjoins[1:-1] = words.start[1:] - words.end[:-1] == 1
    # At the beginning of a sentence a capital tells nothing, unless a name goes on from it.
    name[:-1] |= capital[:-1] & adjoins[1:-1] & name[1:]
    # Words in capitals beside each other are shouting; a short one alone is an acronym.
    loud = np.concatenate([[False], shouted, [False]])
    beside = (loud[:-2] & adjoins[:-1]) | (loud[2:] & adjoins[1:])
    name |= shouted & (length <= 4) & ~beside & ~first
    marker.add_units(SpanKind.NAME, words.where(name))


def _begins_sentence(batch: Batch, words: Units) -> npt.NDArray[np.bool_]:
    """Tell for each unit whether it may begin a sentence: what stands before it allows it."""
    before = words.start - 1
    for _ in range(_WIDEST_GAP):
        hidden = (batch.classes[before] & (SPACE | NEWLINE)) == SPACE
        if not hidden.any():
            break
        before -= hidden
    first: npt.NDArray[np.bool_] = before < batch.starts[words.text]
    first |= (batch.classes[before] & (EDGE | NEWLINE | SPACE)) != 0
    return first


_WIDEST_GAP = 8


_FINDERS = (_mark_words_with_digits, _mark_triggered, _mark_emoji, _mark_negation, _mark_names)


def protected_mask(
    batch: Batch, task_spans: Sequence[Iterable[tuple[int, int]]] | None = None
) -> npt.NDArray[np.uint16]:
    """Return the kinds of protected span at each code point of the batch's buffer, as bits.

    Parameters
    ----------
    batch
        The texts.
    task_spans
        For each text, the spans that its task protects (an answer, an entity).

    Returns
    -------
    uint16, shape ``(len(batch.buffer),)``; test it with `closed_to`.
    """
    mask = np.zeros(len(batch.codes), np.uint16)
    if not len(mask):
        return mask
    marker = _Marker()
    for find in _FINDERS:
        find(batch, marker)
    for start, spans in zip(batch.starts.tolist(), task_spans or (), strict=False):
        for low, high in spans:
            marker.add(SpanKind.TASK, start + low, start + high)
    marker.write(mask)
    return mask


def closed_to(opens: Iterable[SpanKind]) -> int:
    """Return the bits of the kinds that a transform with these `opens` must not touch."""
    return sum(_BIT.values()) & ~sum(_BIT[kind] for kind in set(opens))


def protected_spans(text: str) -> list[tuple[int, int, SpanKind]]:
    """Return the protected spans of one text, sorted; one entry a kind, so spans may overlap.

    >>> protected_spans("mail bob@example.com")
    [(5, 20, <SpanKind.EMAIL: 'email'>)]
    """
    mask = protected_mask(Batch([text]))
    found = []
    for kind in SpanKind:
        inside = np.zeros(len(mask) + 2, np.int8)
        inside[1:-1] = (mask & _BIT[kind]) != 0
        steps = np.diff(inside)
        starts, ends = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)
        found += [(a, b, kind) for a, b in zip(starts.tolist(), ends.tolist(), strict=True)]
    return sorted(found)
