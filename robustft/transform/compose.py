"""Transforms made of transforms: all in order, one of them, some of them, or one at times.

A composite does not change text itself. It decides, for each text, which of its members act;
the engine runs the members. The choice is drawn from the text's own key, so it does not depend
on the other texts of a batch.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from robustft.errors import SpecError
from robustft.seeding import fold_in, mix, uniform
from robustft.transform.base import LabelKind, Transform
from robustft.transform.constraints import Constraint

__all__ = ["Compose", "Composite", "Constrained", "OneOf", "SomeOf", "Sometimes", "leaves"]

Keys = npt.NDArray[np.uint64]
Active = npt.NDArray[np.bool_]


class Composite(ABC):
    """Base of what holds other transforms.

    Parameters
    ----------
    members
        At least one transform or composite.
    """

    def __init__(self, members: Sequence[Transform | Composite]) -> None:
        if not members:
            raise SpecError(f"{type(self).__name__}: expected at least one transform, got none")
        self.members = tuple(members)
        if any(isinstance(member, Constrained) for member in members):
            raise SpecError(
                f"{type(self).__name__}: expected constraints around the whole of a chain, "
                "got them around a part"
            )

    @abstractmethod
    def choose(self, keys: Keys) -> npt.NDArray[np.bool_]:
        """Tell which members act on which texts: shape ``(len(members), len(keys))``."""

    @property
    def preserves(self) -> frozenset[LabelKind]:
        """The kinds of label that all members keep."""
        return frozenset.intersection(*(member.preserves for member in self.members))

    @property
    def deterministic(self) -> bool:
        """Whether all members give the same bytes on every machine."""
        return all(member.deterministic for member in self.members)

    @property
    def spec(self) -> str:
        """The members' specifications, in order."""
        inner = ",".join(member.spec for member in self.members)
        return inner if type(self) is Compose else f"{type(self).__name__}({inner})"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self.members)!r})"

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((type(self), self.members))


class Compose(Composite):
    """All members, in order; each sees the text that the one before it left."""

    def choose(self, keys: Keys) -> npt.NDArray[np.bool_]:
        """Let every member act on every text."""
        return np.ones((len(self.members), len(keys)), np.bool_)


class OneOf(Composite):
    """One member for each text, all with the same probability."""

    def choose(self, keys: Keys) -> npt.NDArray[np.bool_]:
        """Draw one member a text."""
        n = len(self.members)
        drawn = np.minimum((uniform(mix(keys, 0)) * n).astype(np.int64), n - 1)
        chosen: Active = np.arange(n)[:, None] == drawn[None, :]
        return chosen


class SomeOf(Composite):
    """A random subset of the members for each text, in the members' order.

    Parameters
    ----------
    members
        The transforms to choose from.
    least, most
        The sizes that a subset may have, both included; by default 1 and all. Each size has the
        same probability.
    """

    def __init__(
        self, members: Sequence[Transform | Composite], *, least: int = 1, most: int | None = None
    ) -> None:
        super().__init__(members)
        self.least, self.most = least, len(self.members) if most is None else most
        if not 0 <= self.least <= self.most <= len(self.members):
            raise SpecError(
                f"SomeOf: expected 0 <= least <= most <= {len(self.members)}, "
                f"got {self.least} and {self.most}"
            )

    def choose(self, keys: Keys) -> npt.NDArray[np.bool_]:
        """Draw a size, then the members whose random rank is below it."""
        sizes = self.most - self.least + 1
        size = self.least + np.minimum((uniform(mix(keys, 0)) * sizes).astype(np.int64), sizes - 1)
        ranks = np.stack([mix(keys, 1 + i) for i in range(len(self.members))])
        chosen: Active = np.argsort(np.argsort(ranks, axis=0), axis=0) < size[None, :]
        return chosen


class Sometimes(Composite):
    """One member, on a share of the texts.

    Parameters
    ----------
    member
        What to do.
    p
        The probability, 0 to 1, with which a text is given to it.
    """

    def __init__(self, member: Transform | Composite, *, p: float = 0.5) -> None:
        super().__init__([member])
        if not 0 <= p <= 1:
            raise SpecError(f"Sometimes: expected p from 0 to 1, got {p}")
        self.p = p

    @property
    def spec(self) -> str:
        """The member's specification, with the probability."""
        return f"Sometimes({self.members[0].spec},p={self.p})"

    def choose(self, keys: Keys) -> npt.NDArray[np.bool_]:
        """Draw for each text."""
        chosen: Active = (uniform(mix(keys, 0)) < self.p)[None, :]
        return chosen


class Constrained(Composite):
    """A transform or composite whose every step is bound by constraints, around all of it.

    Parameters
    ----------
    member
        What to do.
    constraints
        What edits and texts must satisfy; see `robustft.transform.constraints`.
    """

    def __init__(
        self, member: Transform | Composite, constraints: Sequence[Constraint] = ()
    ) -> None:
        super().__init__([member])
        self.constraints = tuple(constraints)

    @property
    def spec(self) -> str:
        """The member's specification."""
        return self.members[0].spec

    def choose(self, keys: Keys) -> npt.NDArray[np.bool_]:
        """Let the member act on every text."""
        return np.ones((1, len(keys)), np.bool_)


def leaves(
    node: Transform | Composite, keys: Keys, active: Active | None = None, path: str = ""
) -> Iterator[tuple[str, Transform, Active]]:
    """Walk to the single transforms, in order of application.

    Yields
    ------
    The leaf's place in the tree (part of its draws' keys), the transform, and a boolean mask,
    shape ``(len(keys),)``, of the texts on which it acts.
    """
    if active is None:
        active = np.ones(len(keys), np.bool_)
    if isinstance(node, Constrained):  # its draws are those of what it holds
        node = node.members[0]
    if isinstance(node, Transform):
        yield path, node, active
        return
    chosen = node.choose(mix(keys, fold_in(0, "choose", path)))
    for position, member in enumerate(node.members):
        yield from leaves(member, keys, active & chosen[position], f"{path}.{position}")
