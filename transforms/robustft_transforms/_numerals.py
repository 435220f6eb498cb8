"""Numbers in words and in digits, and back: the values are exact."""

from __future__ import annotations

from robustft.text import Lexicon

__all__ = [
    "CARDINALS",
    "NUMBER_WORDS",
    "ORDINALS",
    "SCALES",
    "TENS",
    "cardinal",
    "grouped",
    "ordinal",
    "read_cardinal",
    "read_ordinal",
    "suffixed",
]

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
).split()
TENS = {
    word: 10 * n
    for n, word in enumerate(
        "twenty thirty forty fifty sixty seventy eighty ninety".split(), start=2
    )
}
CARDINALS = {word: n for n, word in enumerate(_SMALL)} | TENS
"""The words for 0 to 19 and for the tens."""

SCALES = {
    "hundred": 100,
    "thousand": 10**3,
    "million": 10**6,
    "billion": 10**9,
    "trillion": 10**12,
}
_SHORT_SCALES = tuple(reversed(list(SCALES.items())[1:]))

_IRREGULAR = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
_TENS_NAMES = {value: word for word, value in TENS.items()}


def _ordinal_of(word: str) -> str:
    return _IRREGULAR.get(word) or (f"{word[:-1]}ieth" if word.endswith("y") else f"{word}th")


ORDINALS = {_ordinal_of(word): n for word, n in CARDINALS.items() if n}
"""The words for 1st to 19th and for the tens of ordinals."""

NUMBER_WORDS = Lexicon([*CARDINALS, *ORDINALS, *SCALES, "half", "once", "twice", "dozen"])
"""Words that count, for transforms that must not make another number of them."""


def cardinal(n: int) -> str:
    """Return the words for ``n``, from 0 to below 10**15.

    >>> cardinal(250_042)
    'two hundred and fifty thousand and forty-two'
    """
    if n < 20:
        return _SMALL[n]
    if n < 100:
        tens, ones = divmod(n, 10)
        return _TENS_NAMES[10 * tens] + (f"-{_SMALL[ones]}" if ones else "")
    if n < 1000:
        hundreds, rest = divmod(n, 100)
        return f"{_SMALL[hundreds]} hundred" + (f" and {cardinal(rest)}" if rest else "")
    word, scale = next(pair for pair in _SHORT_SCALES if pair[1] <= n)
    count, rest = divmod(n, scale)
    link = " and " if rest < 100 else " "
    return f"{cardinal(count)} {word}" + (link + cardinal(rest) if rest else "")


def ordinal(n: int) -> str:
    """Return the word for the ordinal number ``n``, from 1 to 99.

    >>> ordinal(21), ordinal(40)
    ('twenty-first', 'fortieth')
    """
    words = cardinal(n).split("-")
    return "-".join([*words[:-1], _ordinal_of(words[-1])])


def suffixed(n: int) -> str:
    """Return the ordinal number ``n`` in digits: 1st, 12th, 23rd."""
    teens = n // 10 % 10 == 1
    return f"{n}{'th' if teens else {1: 'st', 2: 'nd', 3: 'rd'}.get(n % 10, 'th')}"


def grouped(n: int) -> str:
    """Return ``n`` in digits, with commas between thousands."""
    return f"{n:,}"


def read_cardinal(words: str) -> int | None:
    """Return the value of a number in lower-case words, or None for what is not well formed.

    >>> read_cardinal("twelve hundred"), read_cardinal("a hundred and six")
    (1200, 106)
    >>> read_cardinal("six ten") is None
    True
    """
    total = group = 0
    last = limit = 10**15  # what the next scale and the next word must stay below
    for word in words.replace("-", " ").split():
        if word == "and" and limit in (100, 1000):
            continue
        if word == "a" and last == 10**15 and not group:
            group, limit = 1, 1
        elif word in CARDINALS:
            value = CARDINALS[word]
            if value >= limit or (not value and words != "zero"):
                return None
            group += value
            limit = 10 if value in _TENS_NAMES else 1
        elif word == "hundred" and 0 < group < 100 and (group < 10 or group % 10):
            group, limit = 100 * group, 100
        elif word in SCALES and word != "hundred" and group and SCALES[word] < last:
            last = SCALES[word]
            total += group * last
            group, limit = 0, 1000
        else:
            return None
    return total + group if words not in ("", "a") and not words.endswith(" and") else None


def read_ordinal(word: str) -> int | None:
    """Return the value of an ordinal in a lower-case word, up to 99, or None.

    >>> read_ordinal("twenty-first"), read_ordinal("third")
    (21, 3)
    """
    tens, _, last = word.rpartition("-")
    if last not in ORDINALS:
        return None
    if not tens:
        return ORDINALS[last]
    return TENS[tens] + ORDINALS[last] if tens in TENS and ORDINALS[last] < 10 else None
