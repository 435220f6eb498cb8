"""The letters of a QWERTY keyboard (ANSI/ISO), and which of them lie side by side.

The rows of a real keyboard are staggered: against the upper row the home row stands a quarter of
a key to the right, the lower row three quarters (ISO/IEC 9995-2 draws them so).
"""

from __future__ import annotations

from functools import cache

__all__ = ["neighbours"]

_ROWS = (("qwertyuiop", 0.0), ("asdfghjkl", 0.25), ("zxcvbnm", 0.75))
# Wide enough for the two keys above and below on either side of the stagger (1.25), too narrow
# for the next but one (1.6).
_REACH = 1.3


@cache
def neighbours() -> dict[str, str]:
    """Return for each lower-case letter the letters whose keys touch its own, sorted."""
    place = {
        letter: (column + shift, float(row))
        for row, (letters, shift) in enumerate(_ROWS)
        for column, letter in enumerate(letters)
    }
    return {
        letter: "".join(
            sorted(
                other
                for other, (u, v) in place.items()
                if other != letter and (x - u) ** 2 + (y - v) ** 2 < _REACH**2
            )
        )
        for letter, (x, y) in place.items()
    }
