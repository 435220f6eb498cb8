"""What optical character recognition takes for what. Where the weights come from: see `ocr`."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from robustft.seeding import Draw
from robustft.text.protect import NEGATORS
from robustft_transforms._lexicons import load_words

__all__ = ["Kind", "misread", "place_weights"]

Kind = Literal["all", "letters", "digits", "ligatures"]

# What stood there, then what was read (ﬁ and its like are ligatures) and how often in 10,000
# occurrences: the mean of the three engines that were measured, rounded; at most 60, and at most 20
# where one engine alone made it or where only the case changes. Pairs that do not look alike are
# left out; a rate of 1 or 2 marks some that do and that the engines hardly made.
_CONFUSIONS = """\
a e:3 d:3 u:1 o:1
b h:8
c e:15 r:3
d cl:1
e c:6
f t:60 r:20 l:16
g 9:5 y:4 q:2
h ll:6 b:3 li:1
i l:57 t:19 1:13 j:1
k h:20 lc:1
l t:54 1:20 I:20 f:14 i:10
m ln:9 rn:7 n:2 nn:1 in:1
n ll:5 u:1 ri:1
o a:29 0:18 e:4 u:2
q g:1
r c:4 l:2 t:1
s 5:19 $:5
t l:47 c:26 r:2 i:2 f:1
u ll:9 n:2 a:2 ii:1
v y:1
w vv:1
y v:6
z 2:20
B 8:60 E:2
C c:20 G:2
D 0:20 O:2
E F:2
F P:2
G C:2 6:2
I l:60 1:47 |:20
J j:20
L l:5
O 0:20 o:20 Q:2
Q O:2
S s:20 5:20
T l:2 r:2
U u:20
V v:20
W w:20 VV:1
X x:20
Z 2:2
cl d:2
ff ﬀ:20
ffi ﬃ:20
ffl ﬄ:20
fi ﬁ:20 h:20 n:20
fl ﬂ:20 n:60 h:20
in m:2
li h:1
nn m:1 rm:1
ri n:1
rn m:60
rt n:20
th m:9
ti u:1
tl d:2
tt n:60 u:15
vv w:2
"""
_LIGATURES = "\ufb00\ufb01\ufb02\ufb03\ufb04"
_LONGEST = 3
_SLANG = frozenset({"lol"})  # for "lot": no dictionary has it, and it would set another tone
# Alone, the pronoun is read as a letter or a stroke; read as a digit it would count something.
_PRONOUN = (("l", "|"), (60.0, 20.0))


class _Readings(NamedTuple):
    """What a word may be misread as, and how readily."""

    made: tuple[str, ...]
    weights: tuple[float, ...]


@cache
def _table(kind: Kind) -> dict[str, tuple[tuple[str, float], ...]]:
    """Return for what may stand in a word what it is taken for, with the rate."""
    table = {}
    for line in _CONFUSIONS.splitlines():
        true, *pairs = line.split()
        split = (pair.rpartition(":") for pair in pairs)
        seen = tuple((read, float(rate)) for read, _, rate in split if _is_of(kind, read))
        if seen:
            table[true] = seen
    return table


def _is_of(kind: Kind, read: str) -> bool:
    if kind == "all":
        return True
    if read in _LIGATURES:
        return kind == "ligatures"
    return kind == ("letters" if read.isalpha() else "digits")


def misread(word: str, draw: Draw, kind: Kind = "all") -> str | None:
    """Return `word`, of ASCII letters, with one place misread.

    None if there is no such place, or if each misreading makes another English word.
    """
    readings = _readings(word, kind)
    return readings.made[draw.weighted(readings.weights)] if readings.made else None


@lru_cache(maxsize=1 << 12)
def _readings(word: str, kind: Kind) -> _Readings:
    if word == "I":
        return _Readings(*_PRONOUN) if kind in ("all", "letters") else _Readings((), ())
    table, low = _table(kind), word.lower()
    found: dict[str, float] = {}
    for at in range(len(word)):
        for end in range(at + 1, min(at + _LONGEST, len(word)) + 1):
            for read, rate in table.get(word[at:end], ()):
                if read in _LIGATURES and _within_ligature(word, at, end):
                    continue
                made = word[:at] + read + word[end:]
                lower = made.lower()
                # Another case is no other word; it goes unseen among small letters alone.
                known = word.isupper() if lower == low else _is_known(lower)
                if not known:
                    found[made] = found.get(made, 0.0) + rate
    return _Readings(tuple(found), tuple(found.values()))


def _is_known(lower: str) -> bool:
    return lower in load_words() or lower in NEGATORS or lower in _SLANG


def _within_ligature(word: str, at: int, end: int) -> bool:
    """Tell whether a longer ligature takes in the letters, as "ffi" does "ff" and "fi"."""
    return word[at : end + 1] in ("ffi", "ffl") or word[max(0, at - 1) : end] in ("ffi", "ffl")


def place_weights(codes: npt.NDArray[np.uint32], kind: Kind = "all") -> npt.NDArray[np.float64]:
    """Return for each code point how readily what begins there is misread, shape ``(n,)``."""
    single, double = _rates(kind)
    low = np.minimum(codes, 127)
    weights = single[low]
    weights[:-1] += double[low[:-1], low[1:]]
    return weights


@cache
def _rates(kind: Kind) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the rates by code point, and by pair of them (a third one is left out of count)."""
    single, double = np.zeros(128), np.zeros((128, 128))
    for true, seen in _table(kind).items():
        rate = sum(each for _, each in seen)
        if len(true) == 1:
            single[ord(true)] += rate
        else:
            double[ord(true[0]), ord(true[1])] += rate
    return single, double
