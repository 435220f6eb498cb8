"""What edits and texts must satisfy, besides what their transform sees to.

Some constraints close spans of the original to all transforms, some look at a proposed edit, some
at the whole text as it would be. A constraint that a proposal breaks passes over its unit, and
the next in rank is tried.
"""

from __future__ import annotations

import dataclasses
import importlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from robustft.errors import SpecError, suggest
from robustft.text.document import Batch, Units
from robustft.text.edits import Edit
from robustft.transform.perturbed import Step

__all__ = [
    "Constraint",
    "EditConstraint",
    "Length",
    "MaxChanged",
    "NoRepeat",
    "SpanConstraint",
    "TextConstraint",
    "constraints_from",
]

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Constraint:
    """A condition on what transforms do, the same for all transforms of a chain.

    Subclasses are frozen, keyword-only dataclasses whose fields are plain values; one that does
    not change the outcome, such as a device, has ``compare=False``.
    """

    name: ClassVar[str]

    @property
    def reason(self) -> str:
        """What a unit is passed over for, in a few words that can be counted."""
        return self.name

    def to_dict(self) -> dict[str, Any]:
        """Return name and settings, from which `constraints_from` makes it again."""
        given = {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if field.compare and getattr(self, field.name) != field.default
        }
        return {"name": self.name, **{key: _plain(value) for key, value in given.items()}}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    named = value is None or isinstance(value, str | int | float | bool)
    return value if named else f"{type(value).__module__}.{type(value).__qualname__}"


class SpanConstraint(Constraint, ABC):
    """Closes spans of the original to every edit."""

    @abstractmethod
    def spans(self, batch: Batch) -> Units:
        """Return the spans, in text order; they may overlap."""


class EditConstraint(Constraint, ABC):
    """Looks at what one unit would become."""

    @abstractmethod
    def allows(self, original: str, steps: Sequence[Step], edits: Sequence[Edit]) -> bool:
        """Tell whether edits may follow the `steps` that have been made from `original` on."""


class TextConstraint(Constraint, ABC):
    """Looks at the whole text as it would be, for many texts at once."""

    @abstractmethod
    def holds(self, originals: Sequence[str], changed: Sequence[str]) -> Mask:
        """Tell for each pair whether the changed text is good, shape ``(len(originals),)``."""

    def fits(self, originals: Sequence[str]) -> Mask:
        """Tell which texts may change at all; all, if a constraint does not say otherwise."""
        return np.ones(len(originals), np.bool_)


@dataclass(frozen=True, kw_only=True)
class MaxChanged(Constraint):
    """Change at most a share of a text's words, over the whole chain.

    An edit counts as the words that it replaces or, if these are more, those that it puts there;
    a word that two transforms change counts twice.

    Parameters
    ----------
    share
        Of the words of the original, 0 to 1; what it comes to is rounded down.
    """

    share: float

    name: ClassVar[str] = "max_changed"

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise SpecError(f"max_changed: expected a share from 0 to 1, got {self.share}")

    @property
    def reason(self) -> str:
        """Name the share."""
        return f"more than {self.share:.3g} of the words changed"


@dataclass(frozen=True, kw_only=True)
class NoRepeat(Constraint):
    """Change no place twice, and no word of a text a second time elsewhere.

    No transform edits what one before it has put there; where a word has been replaced, the same
    word stays wherever else it stands in that text, whatever its case. Transforms that rewrite
    whole texts are bound by the first half alone.
    """

    name: ClassVar[str] = "no_repeat"

    @property
    def reason(self) -> str:
        """Say what it was."""
        return "word replaced before"


@dataclass(frozen=True, kw_only=True)
class Length(TextConstraint):
    """Keep changed texts within some length; a text that is outside of it already stays.

    Parameters
    ----------
    min_words, max_words, min_characters, max_characters
        Bounds of the changed text, both included.
    max_growth
        How many times as long as the original it may be, in code points, 1 or more.
    """

    min_words: int | None = None
    max_words: int | None = None
    min_characters: int | None = None
    max_characters: int | None = None
    max_growth: float | None = None

    name: ClassVar[str] = "length"

    def __post_init__(self) -> None:
        given = [value for value in dataclasses.astuple(self) if value is not None]
        if not given:
            raise SpecError("length: expected a bound, got none")
        if min(given) < 0 or (self.max_growth is not None and self.max_growth < 1):
            raise SpecError(
                f"length: expected bounds of 0 or more, and a growth of 1 or more, got {self}"
            )
        for unit in ("words", "characters"):
            low, high = getattr(self, f"min_{unit}"), getattr(self, f"max_{unit}")
            if low is not None and high is not None and low > high:
                raise SpecError(f"length: expected min_{unit} <= max_{unit}, got {low} and {high}")

    @property
    def reason(self) -> str:
        """Name the bounds."""
        bounds = {k: v for k, v in dataclasses.asdict(self).items() if v is not None}
        return "length outside of " + ", ".join(f"{k}={v}" for k, v in bounds.items())

    def fits(self, originals: Sequence[str]) -> Mask:
        """Tell which texts are within the bounds."""
        return self.holds(originals, originals)

    def holds(self, originals: Sequence[str], changed: Sequence[str]) -> Mask:
        """Compare counts of words and code points with the bounds."""
        size = np.fromiter(map(len, changed), np.int64, len(changed))
        good = np.ones(len(changed), np.bool_)
        bounds: list[tuple[npt.NDArray[Any], float | None, float | None]] = [
            (size, self.min_characters, self.max_characters)
        ]
        if self.min_words is not None or self.max_words is not None:
            bounds.append((Batch(changed).word_counts, self.min_words, self.max_words))
        if self.max_growth is not None:
            before = np.fromiter(map(len, originals), np.int64, len(originals))
            bounds.append((size - self.max_growth * before, None, 0))
        for measured, low, high in bounds:
            if low is not None:
                good &= measured >= low
            if high is not None:
                good &= measured <= high
        return good


def constraints_from(plain: Iterable[Mapping[str, Any]]) -> list[Constraint]:
    """Return the constraints that `Constraint.to_dict` was called on.

    Raises
    ------
    SpecError
        A name or a setting is unknown.
    """
    # The other modules of constraints lean on this one; each makes its own known when imported.
    for module in ("kept", "scored"):
        importlib.import_module(f"robustft.transform.{module}")
    made = []
    known = _known()
    for given in plain:
        settings = {k: tuple(v) if isinstance(v, list) else v for k, v in given.items()}
        name = str(settings.pop("name", ""))
        if name not in known:
            raise SpecError(
                f"constraint: expected one of {', '.join(known)}, got {name!r}"
                f"{suggest(name, known)}"
            )
        try:
            made.append(known[name](**settings))
        except TypeError as problem:
            raise SpecError(f"{name}: expected its settings, got {settings}: {problem}") from None
    return made


def _known(base: type[Constraint] = Constraint) -> dict[str, type[Constraint]]:
    """Return the constraints there are, by name."""
    found: dict[str, type[Constraint]] = {}
    for cls in base.__subclasses__():
        if "name" in vars(cls):
            found[cls.name] = cls
        found |= _known(cls)
    return dict(sorted(found.items()))
