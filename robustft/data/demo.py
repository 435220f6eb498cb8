"""The built-in corpora: generated reviews and generated conflict-event notes.

Both are written by the grammars in ``robustft/data/grammars`` (see `robustft.data._grammar`), so
that every command works at once, without a download. They are for trying the tool and for its
tests: no figure reached on them says anything about real text. The reviews were even written so
that the transforms matter: their opinions hang on few words, words with synonyms come first in the
lists, and this was tuned by looking at the default corpus's own test split.

Row `i` is drawn with a key folded from the seed and `i` alone, and a text that an earlier row
already has is drawn again. So the same seed gives the same rows in any process, and asking for
fewer rows gives the first of them.
"""

from __future__ import annotations

from typing import Any

from robustft.data._demo_events import write_note
from robustft.data._demo_reviews import write_review
from robustft.errors import UsageError
from robustft.seeding import Draw, fold_in

__all__ = ["demo_events", "demo_reviews"]


def demo_reviews(seed: int = 0, n: int = 10_000) -> list[dict[str, Any]]:
    """Return `n` distinct generated reviews with their sentiment.

    Each review has two to four sentences of 25 to 45 words in all, about a film, series, book,
    stage show, game, restaurant, hotel, museum, course, journey, gadget, kitchen appliance, piece
    of clothing or computer program. Most sentences are neutral; the sentiment hangs on one to
    three words, drawn by a Zipf law from long lists of praise and blame, so that some are rare.
    What a model has to learn beyond such words: negation ("not boring at all", "never failed to
    amuse", "not the wonderful evening I had hoped for") in about a sixth of the reviews, and in
    another sixth concessions and mixed reviews, where the verdict on the whole decides.

    Parameters
    ----------
    seed
        Of the corpus; another seed gives other reviews.
    n
        The number of rows.

    Returns
    -------
    list of dict
        With `id` ("review-00000"), `text` and `label`: 0 negative, 1 positive. One of the rows
        2k and 2k + 1 is positive, so an even `n` is balanced exactly.

    Raises
    ------
    UsageError
        When `n` is negative.
    """
    _check_count("demo_reviews", n)
    rows: list[dict[str, Any]] = []
    seen: set[str] = set()
    for row in range(n):
        label = Draw(fold_in(seed, "demo-reviews", "pair", row // 2)).integers(2) ^ (row % 2)
        draw = Draw(fold_in(seed, "demo-reviews", row))
        text = write_review(label, draw)
        while text in seen:
            text = write_review(label, draw)
        seen.add(text)
        rows.append({"id": f"review-{row:05d}", "text": text, "label": label})
    return rows


def demo_events(seed: int = 0, n: int = 4_000) -> list[dict[str, Any]]:
    """Return `n` distinct generated notes on conflict events with their log fatalities.

    All places and groups are invented. The number of deaths is drawn by the kind of event:
    protests and talks seldom cost a life, attacks on villages nearly always do; most events have
    none and a few have over a hundred, as in records of real conflicts. A note gives the number
    in words or digits, by a bound ("at least"), by a range, loosely ("dozens of") or not at all,
    and now and then is off by a few. Dates, the wounded, the arrested and the displaced put other
    numbers in its way. Ridge regression on tf-idf explains about four fifths of the variance.

    Parameters
    ----------
    seed
        Of the corpus; another seed gives other notes.
    n
        The number of rows.

    Returns
    -------
    list of dict
        With `id` ("event-00000"), `text` and `target`: the natural logarithm of one plus the
        number of deaths.

    Raises
    ------
    UsageError
        When `n` is negative.
    """
    _check_count("demo_events", n)
    rows: list[dict[str, Any]] = []
    seen: set[str] = set()
    for row in range(n):
        draw = Draw(fold_in(seed, "demo-events", row))
        text, target = write_note(draw)
        while text in seen:
            text, target = write_note(draw)
        seen.add(text)
        rows.append({"id": f"event-{row:05d}", "text": text, "target": target})
    return rows


def _check_count(where: str, n: int) -> None:
    if n < 0:
        raise UsageError(f"{where}: expected n of at least 0, got {n}")
