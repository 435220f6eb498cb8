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

from robustft.text.characters import (
    APOSTROPHE,
    DIGIT,
    EDGE,
    EMOJI,
    LETTER,
    MARK,
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
_UNIT_WORDS = (
    "m km cm mm g kg mg km/h mph lb lbs oz ft in inch inches mile miles meter meters metre metres "
    "kilometer kilometers kilometre kilometres kilo kilos kilogram kilograms gram grams liter "
    "liters litre litres gallon gallons acre acres hectare hectares degree degrees second seconds "
    "sec secs minute minutes min mins hour hours hr hrs day days week weeks month months year "
    "years yr yrs percent dollar dollars bucks cent cents pound pounds euro euros star stars "
    "point points thousand million billion hundred dozen Hz kHz MHz GHz KB MB GB TB KiB MiB GiB "
    "TiB"
).split()
_UNIT = rf"(?:{'|'.join(_UNIT_WORDS)}|per cent|[ap]\.?m\b\.?|%|\u00b0[CF]?)"
_DIGITS = r"\d[\d.,:/\u2019'\u2013-]*(?<=\d)"

# Each trigger has a bit, so that a chunk (a run without white space) tells by the triggers that
# it holds which patterns can match in it.
_CHARS = "<[@#&:/.{%\\"
_CHAR_BIT = {char: 1 << position for position, char in enumerate(_CHARS)}
_CURRENCIES = np.array([ord(char) for char in "$\u00a3\u20ac"], np.uint32)
_CHAR_CODES = np.array([ord(char) for char in _CHARS], np.uint32)
_TRIGGER_BITS = np.zeros(128, np.int64)
_TRIGGER_BITS[_CHAR_CODES] = list(_CHAR_BIT.values())


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
# Of the domains in the pattern of URLs.
_DOMAIN_STARTS = np.array(
    [ord(a) << 8 | ord(b) for a, b in "co or ne ed go io uk de eu in".split()], np.uint32
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
# By two code points of one byte, whether a unit may begin with them.
_UNIT_STARTS = np.zeros(1 << 15, np.bool_)
for _start in (*_UNIT_WORDS, "am", "pm", "a.", "p.", "per"):
    _UNIT_STARTS[[ord(_start[0]) << 8 | ord(c) for c in _start[1:2] or map(chr, range(256))]] = True
_UNIT_STARTS[[ord("%") << 8 | code for code in range(256)]] = True
_DATE = regex.compile(
    rf"(?<!\w)(?:{_MONTH}\s\d{{1,2}}(?:st|nd|rd|th)?\b(?:,?\s\d{{4}}\b)?|{_MONTH},?\s\d{{4}}\b|"
    rf"\d{{1,2}}(?:st|nd|rd|th)?\s(?:of\s)?{_MONTH}(?:,?\s\d{{4}}\b)?)"
)
_MONTH_NAMES = (
    "jan january feb february mar march apr april may jun june jul july aug august sep sept "
    "september oct october nov november dec december"
)
_MONTHS = Lexicon(name + end for name in _MONTH_NAMES.split() for end in ("", "'s"))
# What ties a number to what follows at once.
_JOINING = np.array([ord(char) for char in "%+-\u2013\u00b0"], np.uint32)
# How far from a number's chunk a date may begin, and a unit or a date end.
_MONTH_BEFORE, _UNIT_AFTER = 16, 24


class _Marker:
    """Gathers spans by kind and writes them into the mask, each kind at once."""

    def __init__(self) -> None:
        self._single: dict[SpanKind, list[int]] = {}
        self._many: dict[SpanKind, list[tuple[Ints, Ints]]] = {}

    def add(self, kind: SpanKind, start: int, end: int) -> None:
        self._single.setdefault(kind, []).extend((start, end))

    def add_spans(self, kind: SpanKind, start: Ints, end: Ints) -> None:
        self._many.setdefault(kind, []).append((start, end))

    def add_units(self, kind: SpanKind, units: Units) -> None:
        self.add_spans(kind, units.start, units.end)

    def write(self, mask: npt.NDArray[np.uint16]) -> None:
        for kind, flat in self._single.items():
            start, end = np.array(flat, np.int64).reshape(-1, 2).T
            self.add_spans(kind, start, end)
        for kind, spans in self._many.items():
            for start, end in spans:
                length = end - start
                last = np.cumsum(length)
                inside = np.arange(last[-1] if len(last) else 0)
                inside += np.repeat(start - last + length, length)
                # |= through repeated indices is safe: each writes the same bit.
                mask[inside] |= _BIT[kind]


def _mark_triggered(batch: Batch, marker: _Marker) -> None:
    """Run the patterns in and around every chunk that holds a trigger."""
    triggers = np.flatnonzero((batch.classes[:-1] & TRIGGER) != 0)
    breaks = _line_breaks(batch, triggers)
    marker.add_spans(SpanKind.HTML, breaks, breaks + len(_LINE_BREAK))
    triggers = triggers[_opens(batch, triggers, breaks)]
    lows, highs, firsts = _chunks(batch, triggers)
    if not len(lows):
        return
    held = np.bitwise_or.reduceat(_TRIGGER_BITS[batch.codes[triggers]], firsts)
    for low, high, triggered in zip(lows.tolist(), highs.tolist(), held.tolist(), strict=True):
        if triggered & _OPENING:
            _mark_openings(batch.buffer, low, high, marker)
        for needed, kind, pattern in _IN_CHUNK:
            if triggered & needed:
                for found in pattern.finditer(batch.buffer, low, high):
                    marker.add(kind, *found.span())


def _chunks(batch: Batch, positions: Ints) -> tuple[Ints, Ints, Ints]:
    """Return where the chunks around sorted positions begin and end, and the first in each."""
    if not len(positions):
        return positions, positions, positions
    bounds = np.concatenate([[-1], batch.gaps, [len(batch.codes)]])
    chunk, firsts = np.unique(np.searchsorted(bounds, positions), return_index=True)
    return bounds[chunk - 1] + 1, bounds[chunk], firsts


def _line_breaks(batch: Batch, triggers: Ints) -> Ints:
    """Return where a `_LINE_BREAK` stands: by far the most frequent tag, so found all at once."""
    at: Ints = triggers[batch.codes[triggers] == ord(_LINE_BREAK[0])]
    at = at[at + len(_LINE_BREAK) <= len(batch.codes)]
    for place, char in enumerate(_LINE_BREAK[1:], 1):
        at = at[batch.codes[at + place] == ord(char)]
    return at


def _opens(batch: Batch, triggers: Ints, breaks: Ints) -> Mask:
    """Tell which triggers can begin or join what a pattern matches, by what stands around them.

    It may say so of too many, never of too few: the patterns decide.
    """
    codes, bits = batch.codes[triggers], batch.classes
    opens: Mask = np.isin(codes, _CHAR_CODES)
    opens[np.searchsorted(triggers, breaks)] = False
    for char, joins in ((".", _joins_host), ("/", _joins_path), (":", _joins_scheme)):
        at = np.flatnonzero(opens & (codes == ord(char)))
        opens[at] = joins(batch, triggers[at])
    ampersand = codes == ord("&")
    opens &= ~ampersand | ((bits[triggers + 1] & LETTER) != 0) | _stands(batch, triggers, 1, "#")
    return opens


def _stands(batch: Batch, positions: Ints, offset: int, char: str) -> Mask:
    """Tell whether a character stands so far from each position."""
    at = positions + offset
    inside = (at >= 0) & (at < len(batch.codes))
    found: Mask = inside & (batch.codes[np.where(inside, at, 0)] == ord(char))
    return found


def _before_a_word(batch: Batch, positions: Ints) -> Mask:
    """Tell which marks do not stand before a space, another mark or the end of a text."""
    bits = batch.classes[positions + 1]
    return (bits != 0) & ((bits & (SPACE | EDGE)) == 0)


def _joins_host(batch: Batch, stops: Ints) -> Mask:
    """Tell which stops can part the names of a host: after www, or before a top-level domain."""
    joins = np.zeros(len(stops), np.bool_)
    at = np.flatnonzero(_before_a_word(batch, stops))
    stops, folded = stops[at], np.append(batch.folded, np.zeros(2, np.uint32))
    first, second = folded[stops + 1], folded[stops + 2]
    starts = np.isin(first << np.uint32(8) | second, _DOMAIN_STARTS) & (first < 128)
    joins[at] = starts | np.logical_and.reduce([folded[stops - i] == ord("w") for i in (1, 2, 3)])
    return joins


def _joins_path(batch: Batch, slashes: Ints) -> Mask:
    """Tell which slashes can begin a path: no letter and no tag's bracket goes before it."""
    joins = (batch.classes[slashes + 1] & WORD) != 0
    joins |= _stands(batch, slashes, 1, ".") | _stands(batch, slashes, 1, "-")
    joins &= (batch.classes[slashes - 1] & LETTER) == 0
    return joins & ~_stands(batch, slashes, -1, "<")


def _joins_scheme(batch: Batch, colons: Ints) -> Mask:
    return _stands(batch, colons, 1, "/")


def _mark_openings(buffer: str, low: int, high: int, marker: _Marker) -> None:
    """Mark tags and placeholders that begin in the chunk; they may go on beyond it."""
    for char, kind, pattern in _AT:
        at = buffer.find(char, low, high)
        while at >= 0:
            if found := pattern.match(buffer, at):
                marker.add(kind, *found.span())
            at = buffer.find(char, at + 1, high)


def _mark_numbers(batch: Batch, marker: _Marker) -> None:
    """Mark words with digits, numbers with what belongs to them, and dates around them."""
    words, buffer = batch.words, batch.buffer
    digits = (batch.classes[:-1] & DIGIT) != 0
    marker.add_units(SpanKind.NUMBER, words.where(batch.any_in(digits, words)))
    at = np.flatnonzero(digits)
    lows, highs, firsts = _chunks(batch, at)
    # A currency may be set apart from its number.
    apart = (lows > 1) & ((batch.classes[lows - 1] & SPACE) != 0)
    lows = lows - 2 * (apart & np.isin(batch.codes[lows - 2], _CURRENCIES))
    limits = np.minimum(highs + _UNIT_AFTER, len(buffer))
    months = batch.words_in(_MONTHS).start if len(lows) else lows
    near = np.searchsorted(months, lows - _MONTH_BEFORE) < np.searchsorted(months, limits)
    more = np.flatnonzero(near | _goes_on(batch, at[firsts], lows, highs))
    columns = (column[more].tolist() for column in (lows, highs, limits, near))
    for low, high, limit, dated in zip(*columns, strict=True):
        for found in _NUMBER.finditer(buffer, low, limit):
            if found.start() >= high:
                break
            marker.add(SpanKind.NUMBER, *found.span())
        if dated:
            for found in _DATE.finditer(buffer, max(0, low - _MONTH_BEFORE), limit):
                if found.start() < high:
                    marker.add(SpanKind.DATE, *found.span())


def _goes_on(batch: Batch, digits: Ints, lows: Ints, highs: Ints) -> Mask:
    """Tell which chunks may hold more of a number than the one word that a digit stands in.

    It may say so of too many, never of too few.
    """
    words = batch.words
    if not len(words):
        return np.ones(len(lows), np.bool_)
    first = np.searchsorted(words.start, lows)
    plain = (first < len(words)) & (np.searchsorted(words.start, highs) == first + 1)
    begin, end = (at[np.minimum(first, len(words) - 1)] for at in (words.start, words.end))
    codes = np.append(batch.codes, np.zeros(3, np.uint32))
    plain &= ~np.isin(codes[begin - 1], _CURRENCIES) & ~np.isin(codes[end], _JOINING)
    plain &= ~np.isin(codes[lows], _CURRENCIES) & (begin <= digits) & (digits < end)
    after = codes[highs + 1] << np.uint32(8) | codes[highs + 2]
    plain &= (codes[highs + 1] > 0x7F) | ~_UNIT_STARTS[np.minimum(after, 0x7FFF)]
    return ~plain


def _mark_emoji(batch: Batch, marker: _Marker) -> None:
    bits = batch.classes[:-1]
    if not (bits & EMOJI).any():
        return
    # Joiners, variation selectors and keycaps belong to the symbol that they follow.
    inside = np.zeros(len(bits) + 2, np.int8)
    inside[1:-1] = (bits & (EMOJI | MARK)) != 0
    steps = np.diff(inside)
    runs = batch.spans(np.flatnonzero(steps == 1), np.flatnonzero(steps == -1))
    marker.add_units(SpanKind.EMOJI, runs.where(batch.any_in((bits & EMOJI) != 0, runs)))


def _mark_negation(batch: Batch, marker: _Marker) -> None:
    marker.add_units(SpanKind.NEGATION, negators_in(batch))


def negators_in(batch: Batch) -> Units:
    """Return the words that negate: those of `NEGATORS` and what ends in n't."""
    words = batch.words
    negates = batch.is_in(NEGATORS)
    at = np.flatnonzero((batch.classes[1:-2] & APOSTROPHE) != 0) + 1
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


_ALWAYS = (_mark_triggered, _mark_numbers, _mark_emoji)
_UNLESS_OPEN = ((SpanKind.NEGATION, _mark_negation), (SpanKind.NAME, _mark_names))


def protected_mask(
    batch: Batch,
    task_spans: Sequence[Iterable[tuple[int, int]]] | None = None,
    opens: Iterable[SpanKind] = (),
) -> npt.NDArray[np.uint16]:
    """Return the kinds of protected span at each code point of the batch's buffer, as bits.

    Parameters
    ----------
    batch
        The texts.
    task_spans
        For each text, the spans that its task protects (an answer, an entity).
    opens
        Kinds that need not be looked for.

    Returns
    -------
    uint16, shape ``(len(batch.buffer),)``; test it with `closed_to`.
    """
    mask = np.zeros(len(batch.codes), np.uint16)
    if not len(mask):
        return mask
    marker = _Marker()
    opened = set(opens)
    for find in (*_ALWAYS, *(find for kind, find in _UNLESS_OPEN if kind not in opened)):
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
