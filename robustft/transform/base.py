"""What a transform is.

An author writes a frozen dataclass with two pure methods: which units could change, and what a
chosen unit becomes. Everything else (how many, which, what is protected, what is recorded) is the
engine's business.
"""

from __future__ import annotations

import dataclasses
import typing
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, ClassVar, NamedTuple, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from robustft.errors import SpecError, suggest
from robustft.seeding import Draw
from robustft.text.document import Batch, Document, Unit, Units
from robustft.text.edits import Edit
from robustft.text.protect import SpanKind

__all__ = [
    "DEFAULT_SEVERITY",
    "BatchedTransform",
    "FunctionTransform",
    "Generator",
    "LabelKind",
    "Level",
    "Proposal",
    "RewriteTransform",
    "Scorer",
    "Skip",
    "Transform",
]

DEFAULT_SEVERITY = 3
SEVERITIES = range(6)


class LabelKind(StrEnum):
    """What a label says about its text, so that a transform can say whether it keeps it."""

    SENTIMENT = "sentiment"
    TOPIC = "topic"
    ENTAILMENT = "entailment"
    SIMILARITY = "similarity"
    ACCEPTABILITY = "acceptability"
    QUANTITY = "quantity"
    ANSWER_SPAN = "answer_span"
    TOKEN_TAGS = "token_tags"
    INTENT = "intent"


class Level(StrEnum):
    """The size of the unit that a transform changes."""

    CHARACTER = "character"
    WORD = "word"
    SENTENCE = "sentence"
    DOCUMENT = "document"


class Skip(NamedTuple):
    """A unit is passed over, and why, in a few words that can be counted."""

    reason: str


Proposal: TypeAlias = str | Skip | tuple[Edit, ...]
"""What a unit becomes: the span's new text, nothing and why, or edits of the text it stands in."""


class Scorer(Protocol):
    """Scores pairs of texts, for example their similarity; given from above where a model does."""

    def __call__(self, originals: Sequence[str], changed: Sequence[str]) -> npt.NDArray[Any]:
        """Return one score a pair, float64, shape ``(len(originals),)``."""
        ...


class Generator(Protocol):
    """Proposes replacements for spans, for example a masked language model."""

    def __call__(
        self, texts: Sequence[str], spans: Sequence[tuple[int, int]]
    ) -> list[list[tuple[str, float]]]:
        """Return for each text and span its candidates with their scores, best first."""
        ...


@dataclass(frozen=True, kw_only=True)
class Transform(ABC):
    """A label-preserving change of text.

    Subclasses are frozen, keyword-only dataclasses; their fields are their settings and nothing
    else is state.

    Parameters
    ----------
    rate
        Target share of the text's words that change, 0 to 1; of its units, where these are
        sentences or whole texts (`level`). 0 is the identity; 1 changes all that may change.
    severity
        A named rate, 0 (the identity) to 5. Giving both is an error; giving neither means
        severity 3, unless the caller says another.

    Raises
    ------
    SpecError
        If a setting has a value that cannot be used.
    """

    rate: float | None = None
    severity: int | None = None

    name: ClassVar[str]
    version: ClassVar[str] = "1"
    level: ClassVar[Level]
    languages: ClassVar[frozenset[str]] = frozenset({"en"})
    preserves: ClassVar[frozenset[LabelKind]]
    opens: ClassVar[frozenset[SpanKind]] = frozenset()
    deterministic: ClassVar[bool] = True
    rates: ClassVar[Mapping[int, float]]
    needs: ClassVar[str] = ""
    """What it cannot run without, for people: "a masked language model: model=FOLDER"."""
    example: ClassVar[str] = "It's a wonderful film, and I didn't expect to enjoy it so much."

    def __post_init__(self) -> None:
        if self.rate is not None and self.severity is not None:
            raise SpecError(f"{self.name}: expected rate or severity, got both")
        if self.rate is not None and not 0 <= self.rate <= 1:
            raise SpecError(f"{self.name}: expected a rate from 0 to 1, got {self.rate}")
        if self.severity is not None and self.severity not in SEVERITIES:
            raise SpecError(f"{self.name}: expected a severity from 0 to 5, got {self.severity}")
        for key, known in _choices(type(self)).items():
            value = getattr(self, key)
            if value not in known:
                raise SpecError(
                    f"{self.name}: expected {key} to be one of {', '.join(map(str, known))}, "
                    f"got {value!r}{suggest(str(value), map(str, known))}"
                )

    def rate_at(self, severity: int | None = None) -> float:
        """Return the rate in force: the transform's own setting, else that of `severity`."""
        if self.rate is not None:
            return self.rate
        severity = self.severity if self.severity is not None else severity
        severity = DEFAULT_SEVERITY if severity is None else severity
        if severity not in SEVERITIES:
            raise SpecError(f"{self.name}: expected a severity from 0 to 5, got {severity}")
        return 0.0 if severity == 0 else self.rates[severity]

    @property
    def spec(self) -> str:
        """The specification that makes this transform again, such as ``typos:rate=0.1``."""
        given = []
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if value != field.default:
                given.append(f"{field.name}={value}")
        return f"{self.name}:{','.join(given)}" if given else self.name

    @abstractmethod
    def units(self, batch: Batch) -> Units:
        """Return what could change in a batch of texts: disjoint spans in text order."""

    def weights(self, batch: Batch, units: Units) -> npt.NDArray[np.float64] | None:
        """Return how readily each unit is drawn, positive, shape ``(len(units),)``.

        None, the default, draws all alike. With weights, a text's units are drawn one after the
        other, each time in proportion to the weights of those that are left (Efraimidis and
        Spirakis, 2006, *Weighted random sampling with a reservoir*).
        """
        return None

    @abstractmethod
    def replacement(self, document: Document, unit: Unit, draw: Draw) -> Proposal:
        """Return what `unit` becomes.

        A string replaces the unit's span. A tuple of edits, in the text's own coordinates, is for
        a change that needs more than the span (the article before it). `Skip` passes over the
        unit: the next in rank is tried in its place.
        """

    def at_once(self, batch: Batch, units: Units, keys: npt.NDArray[np.uint64]) -> list[Proposal]:
        """Return what each of many units becomes, exactly as `replacement` says; for speed alone.

        A transform that can work many units out faster than one by one overrides it; the engine
        asks where no constraint has a say.

        Parameters
        ----------
        batch
            The texts.
        units
            Spans of the batch's buffer, by text, in the order in which they were drawn.
        keys
            The keys of the units' draws, shape ``(len(units),)``: ``mix(keys, n)`` holds the n-th
            64 bits that each would draw, from 0.
        """
        raise NotImplementedError


@cache
def _choices(cls: type[Transform]) -> dict[str, tuple[Any, ...]]:
    """Return the settings that are annotated as a `Literal`, with the values that they take."""
    try:
        hints = typing.get_type_hints(cls)
    except NameError:  # a class made in a function, whose annotations only its scope can read
        return {}
    return {
        field.name: typing.get_args(hints[field.name])
        for field in dataclasses.fields(cls)
        if typing.get_origin(hints[field.name]) is typing.Literal
    }


@dataclass(frozen=True, kw_only=True)
class BatchedTransform(Transform):
    """A transform whose replacements are worked out for many units at once, by a model.

    The engine asks in rounds over all texts of a batch: first for the units on top of each text's
    rank, as many as shall change, then for the next where some were passed over. It may ask for
    more than it uses, so a replacement must depend on its unit, text and draw alone, not on the
    units beside it: each sees the text as the step found it. Round a model's scores before they
    decide: they differ in their last digits with the company that a text is computed in.
    """

    @abstractmethod
    def replacements(self, batch: Batch, units: Units, draws: Sequence[Draw]) -> Sequence[Proposal]:
        """Return what each of `units` becomes; each has a draw of its own.

        Parameters
        ----------
        batch
            The texts; ``batch.texts[i]`` is text number ``i``.
        units
            At least one span of the batch's buffer, in order, several of a text among them;
            unit number ``j`` is ``batch.buffer[units.start[j] : units.end[j]]`` and stands in
            text number ``units.text[j]``, from ``units.start[j] - batch.starts[units.text[j]]`` on.
        draws
            One a unit.

        Returns
        -------
        One entry a unit, as `replacement` gives it; edits are in the coordinates of their text.
        """

    def replacement(self, document: Document, unit: Unit, draw: Draw) -> Proposal:
        """Return what one unit becomes (the engine calls `replacements` instead)."""
        offset = int(document.batch.starts[document.index])
        text, start, end = np.array([[document.index], [unit.start + offset], [unit.end + offset]])
        return self.replacements(document.batch, Units(text, start, end), [draw])[0]


@dataclass(frozen=True, kw_only=True)
class RewriteTransform(Transform):
    """A transform that rewrites whole texts; the engine turns before and after into edits.

    For models and foreign libraries. A rewrite that would touch a protected span is taken back
    there: the edits that overlap it are dropped, the others stay.
    """

    def units(self, batch: Batch) -> Units:
        """Return each non-empty text as one unit."""
        filled = batch.ends > batch.starts
        return Units(np.flatnonzero(filled), batch.starts[filled], batch.ends[filled])

    @abstractmethod
    def rewrite(self, texts: Sequence[str], draws: Sequence[Draw]) -> list[str]:
        """Return one new text for each of `texts`; each has a draw of its own."""

    def replacement(self, document: Document, unit: Unit, draw: Draw) -> Proposal:
        """Return the rewritten text (the engine calls `rewrite` on whole batches instead)."""
        return self.rewrite([unit.text], [draw])[0]


@dataclass(frozen=True, kw_only=True)
class FunctionTransform(RewriteTransform):
    """A plain function from text to text, taken as a transform.

    It claims to keep no kind of label: only its author can know. Rate and severity decide on what
    share of the texts it is used.
    """

    function: Callable[[str], str] = str

    name: ClassVar[str] = "function"
    level: ClassVar[Level] = Level.DOCUMENT
    preserves: ClassVar[frozenset[LabelKind]] = frozenset()
    rates: ClassVar[Mapping[int, float]] = dict.fromkeys(range(1, 6), 1.0)

    def rewrite(self, texts: Sequence[str], draws: Sequence[Draw]) -> list[str]:
        """Call the function on each text."""
        return [self.function(text) for text in texts]
