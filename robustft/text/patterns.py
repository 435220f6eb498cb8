"""Protected spans that patterns find: addresses, tags, placeholders, numbers and dates.

Patterns run only where a trigger stands (``@``, ``<``, a digit, ...), so plain prose costs next to
nothing. Whether a trigger opens anything is told for all of a batch at once.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import regex

from robustft.text.characters import DIGIT, LETTER, SPACE, TRIGGER, WORD
from robustft.text.document import Batch
from robustft.text.lexicon import Lexicon
from robustft.text.spans import Marker, SpanKind

__all__ = ["mark_numbers", "mark_triggered"]

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

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
# Of the domains in the pattern of URLs; without regard to case, a dotted capital is an i, too.
_DOMAIN_STARTS = np.array(
    [ord(n[0]) << 8 | ord(n[1]) for n in "co or ne ed go io uk de eu in \u0130o \u0130n".split()],
    np.uint32,
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
_UNIT_STARTS = np.zeros(1 << 16, np.bool_)
for _start in (*_UNIT_WORDS, "am", "pm", "a.", "p.", "per"):
    _UNIT_STARTS[[ord(_start[0]) << 8 | ord(c) for c in _start[1:2] or map(chr, range(256))]] = True
for _sign in "%\u00b0":
    _UNIT_STARTS[[ord(_sign) << 8 | code for code in range(256)]] = True
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


def mark_triggered(batch: Batch, marker: Marker) -> None:
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
    opens: Mask = _TRIGGER_BITS[np.minimum(codes, len(_TRIGGER_BITS) - 1)] > 0
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


def _joins_host(batch: Batch, stops: Ints) -> Mask:
    """Tell which stops can part the names of a host: after www, or before a top-level domain."""
    folded = np.append(batch.folded, np.zeros(2, np.uint32))
    first, second = folded[stops + 1], folded[stops + 2]
    joins = np.isin(first << np.uint32(8) | second, _DOMAIN_STARTS)
    www = np.flatnonzero(folded[stops - 1] == ord("w"))
    joins[www] |= (folded[stops[www] - 2] == ord("w")) & (folded[stops[www] - 3] == ord("w"))
    return joins


def _joins_path(batch: Batch, slashes: Ints) -> Mask:
    """Tell which slashes can begin a path: no letter and no tag's bracket goes before it."""
    joins: Mask = (batch.classes[slashes + 1] & WORD) != 0
    joins |= _stands(batch, slashes, 1, ".") | _stands(batch, slashes, 1, "-")
    joins &= (batch.classes[slashes - 1] & LETTER) == 0
    joins &= ~_stands(batch, slashes, -1, "<")
    return joins


def _joins_scheme(batch: Batch, colons: Ints) -> Mask:
    return _stands(batch, colons, 1, "/")


def _mark_openings(buffer: str, low: int, high: int, marker: Marker) -> None:
    """Mark tags and placeholders that begin in the chunk; they may go on beyond it."""
    for char, kind, pattern in _AT:
        at = buffer.find(char, low, high)
        while at >= 0:
            if found := pattern.match(buffer, at):
                marker.add(kind, *found.span())
            at = buffer.find(char, at + 1, high)


def mark_numbers(batch: Batch, marker: Marker) -> None:
    """Mark words with digits, numbers with what belongs to them, and dates around them."""
    words, buffer = batch.words, batch.buffer
    digits = (batch.classes[:-1] & DIGIT) != 0
    marker.add_units(SpanKind.NUMBER, words.where(batch.any_in(digits, words)))
    at = np.flatnonzero(digits)
    lows, highs, firsts = _chunks(batch, at)
    # A currency may be set apart from its number.
    apart = (lows > 1) & ((batch.classes[lows - 1] & SPACE) != 0)
    lows = lows - 2 * (apart & np.isin(batch.codes[np.maximum(lows - 2, 0)], _CURRENCIES))
    limits = np.minimum(highs + _UNIT_AFTER, len(buffer))
    near = _near_month(batch, lows - _MONTH_BEFORE, limits)
    ends = at[firsts], at[np.append(firsts[1:], len(at))[: len(firsts)] - 1]
    more = np.flatnonzero(near | _goes_on(batch, ends, lows, highs))
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


def _near_month(batch: Batch, lows: Ints, highs: Ints) -> Mask:
    """Tell in which of some stretches of the buffer a word begins that names a month."""
    first, last = (np.searchsorted(batch.words.start, at) for at in (lows, highs))
    counts = last - first
    ends = np.cumsum(counts)
    words = np.arange(ends[-1] if len(ends) else 0) + np.repeat(first - ends + counts, counts)
    months = np.append(0, np.cumsum(batch.places_in(_MONTHS, words) >= 0))
    found: Mask = months[ends] > months[ends - counts]
    return found


def _goes_on(batch: Batch, digits: tuple[Ints, Ints], lows: Ints, highs: Ints) -> Mask:
    """Tell which chunks may hold more of a number than one word, with all digits in it.

    `digits` are the first and the last in each chunk. It may say so of too many, never of too few.
    """
    words = batch.words
    if not len(words):
        return np.ones(len(lows), np.bool_)
    first = np.searchsorted(words.start, lows)
    plain = (first < len(words)) & (np.searchsorted(words.start, highs) == first + 1)
    begin, end = (at[np.minimum(first, len(words) - 1)] for at in (words.start, words.end))
    codes = np.append(batch.codes, np.zeros(3, np.uint32))
    plain &= ~np.isin(codes[begin - 1], _CURRENCIES) & ~np.isin(codes[end], _JOINING)
    plain &= ~np.isin(codes[lows], _CURRENCIES) & (begin <= digits[0]) & (digits[1] < end)
    plain &= (codes[end] != ord(".")) | (batch.folded[end - 1] != ord("m"))  # "10pm."
    after = codes[highs + 1] << np.uint32(8) | np.minimum(codes[highs + 2], 0xFF)
    plain &= (codes[highs + 1] > 0xFF) | ~_UNIT_STARTS[np.minimum(after, 0xFFFF)]
    found: Mask = ~plain
    return found
