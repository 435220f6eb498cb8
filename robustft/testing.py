"""The conformance suite of transforms: for ours, and for the authors of plug-ins.

``check_transform("./shout.py:Shout")`` in a test of your own raises `AssertionError` with what
your transform does that a transform must not.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

import numpy as np

from robustft.seeding import fold_in
from robustft.text.document import Batch
from robustft.text.edits import apply, check, invert
from robustft.text.protect import closed_to, protected_mask
from robustft.transform.base import LabelKind, Level, Transform
from robustft.transform.engine import BATCH_SIZE, perturb
from robustft.transform.perturbed import PerturbedBatch, Status
from robustft.transform.providers import stand_in
from robustft.transform.registry import Transforms, build

__all__ = ["EDGE_TEXTS", "HUGE_TEXTS", "PLAIN_TEXTS", "check_transform", "stand_in"]

PLAIN_TEXTS = (
    "It's a wonderful film, and I didn't expect to enjoy it so much.",
    "The acting is terrible. I have never been so bored in my life!",
    "We've seen better, but the story is not bad; they'll make another one, I think.",
    "An hour later the phone rang again, and she couldn't believe what her brother had said.",
    "Honestly? The food was cold, the staff were rude and the room wasn't clean.",
)
"""Ordinary English, in which a transform should find something to change."""

EDGE_TEXTS = (
    "",
    " ",
    "a",
    "I",
    "\n\n\t",
    "...!!??",
    "\U0001f600\U0001f44d\U0001f3fd\u2764\ufe0f",
    "\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645",
    "\u65e5\u672c\u8a9e\u306e\u6587\u7ae0\u3067\u3059\u3002",
    "cafe\u0301 nai\u0308ve e\u0301le\u0300ve",
    "null\x00byte and \ufffe noncharacter",
    "\ud800 lone surrogate",
    "don\u2019t \u201cquote\u201d me",
    "<b>bold</b> &amp; https://example.com/a?b=c me@example.com @you #tag [id] {slot}",
    "On 9 May 2020 at 3:30 p.m. he paid $5.99 for 2.5 kg.",
    "ALL CAPS AND NOTHING ELSE, ISN'T IT?",
    "\u05e9\u05dc\u05d5\u05dd \u202bright to left\u202c, and\u200b zero\u200dwidth \ufeff marks",
    "\x7fELF\x02\x01\x01\x00\x00\x03\x00>\x00\x01\x00\u00ff\u00fe\x1b[31m\x08\x0c",
    '{"a": [1, -2.5e10, null]}\r\n%PDF-1.7 \\x00\\u0000 $(rm) ${HOME} `x` \';--',
    "x" * 10_000,
)
"""Texts that must come through without a crash, whatever they are."""

HUGE_TEXTS = (
    " ".join(PLAIN_TEXTS) * 600,
    "word " * 40_000,
    "(\u201c'<[{&@#" * 20_000,
)
"""Texts of 200,000 characters and more, which must come through in reasonable time."""


def check_transform(
    transform: Transforms, texts: Iterable[str] = PLAIN_TEXTS, *, workers: int = 1
) -> None:
    """Check that a transform keeps the contract of `robustft.transform.base.Transform`.

    Parameters
    ----------
    transform
        A spec, a transform or a function, without a rate or a severity of its own. One that
        `needs` a model is given it by its settings, or runs within `stand_in`.
    texts
        Texts of which, with the transform's `example`, at least one must change at rate 1.
    workers
        With more than one, the same is also done in so many processes, which must give the same
        bytes; the transform must then be importable by its spec.

    Raises
    ------
    AssertionError
        On the first rule that is broken, with the text that shows it.
    """
    made = build(transform)
    assert isinstance(made, Transform), f"expected one transform, got {made!r}"
    _check_facts(made)
    corpus = [*texts, made.example, *EDGE_TEXTS]
    everything = perturb(corpus, _at_rate(made, 1.0), seed=1)
    changed = any(s is Status.CHANGED for s in everything.status)
    assert changed, f"{made.name}: changed none of the texts at rate 1"
    _check_identity(made, corpus)
    full = perturb(corpus, made, severity=5, seed=1)
    for result in (everything, full, perturb(HUGE_TEXTS, _at_rate(made, 1.0), seed=1)):
        _check_record(made, result)
        _check_protection(made, result)
    if made.deterministic:
        _check_at_once(made, corpus, full)
        _check_independence(made, corpus, full)
        if workers > 1:
            _check_processes(transform, corpus, workers)
    _check_severities(made, corpus)


def _at_rate(made: Transform, rate: float) -> Transform:
    return dataclasses.replace(made, rate=rate, severity=None)


def _check_facts(made: Transform) -> None:
    facts = (("name", str), ("version", str), ("level", Level), ("needs", str))
    for fact, kind in facts:
        value = getattr(made, fact, None)
        assert isinstance(value, kind), f"{made.name}: expected {fact} to be {kind.__name__}"
    kinds = getattr(made, "preserves", None)
    assert isinstance(kinds, frozenset), f"{made.name}: expected preserves to be a frozenset"
    assert kinds <= frozenset(LabelKind), f"{made.name}: expected label kinds, got {kinds}"
    rates = [made.rates[s] for s in range(1, 6)]
    assert rates == sorted(rates), f"{made.name}: expected rates that rise, got {rates}"
    assert rates[0] > 0, f"{made.name}: expected a rate above 0 at severity 1, got {rates[0]}"
    assert rates[-1] <= 1, f"{made.name}: expected rates of at most 1, got {rates[-1]}"


def _check_identity(made: Transform, corpus: Sequence[str]) -> None:
    still = perturb(corpus, _at_rate(made, 0.0))
    assert still.texts == list(corpus), f"{made.name}: rate 0 changed a text"
    if made.rate is None and made.severity is None:
        still = perturb(corpus, made, severity=0)
        assert still.texts == list(corpus), f"{made.name}: severity 0 changed a text"


def _check_record(made: Transform, result: PerturbedBatch) -> None:
    """Edits replay, invert, and the status says what happened."""
    for row in result:
        edits = row.edits
        check(edits, len(row.original))
        where = f"{made.name} on {row.original[:60]!r}"
        assert row.replay(row.original) == row.text, f"{where}: its steps do not replay"
        assert apply(row.original, edits) == row.text, f"{where}: its edits do not replay"
        back = apply(row.text, invert(row.original, edits))
        assert back == row.original, f"{where}: its edits do not invert"
        changed = row.status is Status.CHANGED
        assert changed == (row.text != row.original), f"{where}: status {row.status} is wrong"
        assert changed or row.reason, f"{where}: no reason for {row.status}"
        assert row.text.strip() or not row.original.strip(), f"{where}: the text vanished"


def _check_protection(made: Transform, result: PerturbedBatch) -> None:
    """No edit touches a protected span of a kind that the transform does not open."""
    for row in result:
        closed = (protected_mask(Batch([row.original])) & closed_to(made.opens)) != 0
        for edit in row.edits:
            hit = bool(closed[edit.start : edit.end].any())
            where = row.original[edit.start : edit.end]
            assert not hit, f"{made.name}: changed the protected span {where!r}"


def _check_at_once(made: Transform, corpus: list[str], full: PerturbedBatch) -> None:
    """What is worked out for many units at once is what `replacement` says of each."""
    kind = type(made)
    if kind.at_once is Transform.at_once:
        return
    slow = type(kind.__name__, (kind,), {"at_once": Transform.at_once})
    alone = slow(**{field.name: getattr(made, field.name) for field in dataclasses.fields(made)})
    one_by_one = perturb(corpus, alone, severity=5, seed=1)
    assert one_by_one.texts == full.texts, f"{made.name}: at_once and replacement disagree"


def _check_independence(made: Transform, corpus: list[str], full: PerturbedBatch) -> None:
    """Neither the order of the rows nor their company changes what a text becomes."""
    again = perturb(corpus, made, severity=5, seed=1)
    assert again.texts == full.texts, f"{made.name}: the same call gave other texts"
    order = sorted(range(len(corpus)), key=lambda i: fold_in(0, "shuffle", i))
    ids = full.ids
    shuffled = perturb(
        [corpus[i] for i in order], made, severity=5, seed=1, ids=[ids[i] for i in order]
    )
    expected = [full.texts[i] for i in order]
    assert shuffled.texts == expected, f"{made.name}: the order of the rows changed a text"
    alone = perturb([corpus[0]], made, severity=5, seed=1, ids=[ids[0]])
    assert alone.texts == full.texts[:1], f"{made.name}: a text alone came out otherwise"


def _check_processes(transform: Transforms, corpus: Sequence[str], workers: int) -> None:
    """As many batches as there are processes, and some to spare, give what one process gives."""
    many = list(corpus) * (1 + BATCH_SIZE * (workers + 1) // len(corpus))
    here, there = (perturb(many, transform, severity=5, workers=n) for n in (1, workers))
    assert here.texts == there.texts, f"{transform}: {workers} processes gave other texts"


def _check_severities(made: Transform, corpus: Sequence[str]) -> None:
    """A higher severity asks for at least as much change of every text, within what may change."""
    if made.rate is not None or made.severity is not None:
        return
    results = [perturb(corpus, made, severity=s) for s in range(1, 6)]
    targets = np.stack([np.minimum(r.target, r.eligible) for r in results])
    assert (np.diff(targets, axis=0) >= 0).all(), f"{made.name}: a higher severity asks for less"
