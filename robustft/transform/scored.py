"""Constraints for which a model scores the changed text beside the original."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from robustft.errors import SpecError
from robustft.text.sentences import sentence_spans
from robustft.transform.base import Scorer
from robustft.transform.constraints import Mask, TextConstraint
from robustft.transform.providers import provide

__all__ = ["MaxPerplexityRatio", "MinSimilarity", "Scope", "differing"]

Scope = Literal["sentences", "text"]

# A score differs in its last digits with the texts that it is computed beside.
_DIGITS = 4


@dataclass(frozen=True, kw_only=True)
class _Scored(TextConstraint):
    """What both have in common.

    Parameters
    ----------
    model
        A model folder or a hub name; needed unless `scorer` is given.
    of
        What is compared: ``sentences``, each that has changed beside what it was (a long text
        does not drown what happened in one of them), or the whole ``text``.
    device
        Where the model runs: ``auto``, ``cuda``, ``mps``, ``cpu``.
    scorer
        What scores pairs of texts, in place of a model by name.
    """

    model: str = ""
    of: Scope = "sentences"
    device: str = field(default="auto", compare=False)
    scorer: Scorer | None = field(default=None, repr=False)

    kind: ClassVar[str]

    def __post_init__(self) -> None:
        if self.of not in ("sentences", "text"):
            raise SpecError(f"{self.name}: expected of=sentences or of=text, got {self.of!r}")
        if isinstance(self.scorer, str):
            raise SpecError(
                f"{self.name}: expected its scorer to be passed in, got its name {self.scorer!r}"
            )
        if not self.model and self.scorer is None:
            raise SpecError(f"{self.name}: expected a model (a folder or a hub name), got none")

    def scores(self, originals: Sequence[str], changed: Sequence[str]) -> list[list[float]]:
        """Return for each pair of texts the rounded scores of what is compared of it."""
        parts = [
            differing(before, after) if self.of == "sentences" else [(before, after)]
            for before, after in zip(originals, changed, strict=True)
        ]
        pairs = list(dict.fromkeys(pair for found in parts for pair in found))
        if not pairs:
            return [[] for _ in parts]
        scorer = self.scorer or provide(self.kind, self.model, device=self.device)
        values: npt.NDArray[Any] = scorer([a for a, _ in pairs], [b for _, b in pairs])
        known = dict(zip(pairs, np.round(values, _DIGITS).tolist(), strict=True))
        return [[known[pair] for pair in found] for found in parts]


@dataclass(frozen=True, kw_only=True)
class MinSimilarity(_Scored):
    """Keep the changed text similar to the original, by a sentence encoder.

    The similarity is the cosine of the two embeddings, rounded to four digits; what it means
    depends on the encoder.

    Parameters
    ----------
    minimum
        The least similarity, -1 to 1.
    """

    minimum: float

    name: ClassVar[str] = "min_similarity"
    kind: ClassVar[str] = "similarity"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not -1 <= self.minimum <= 1:
            raise SpecError(f"min_similarity: expected a minimum from -1 to 1, got {self.minimum}")

    @property
    def reason(self) -> str:
        """Name the bound."""
        return f"similarity under {self.minimum:.3g}"

    def holds(self, originals: Sequence[str], changed: Sequence[str]) -> Mask:
        """Compare the least similar part with the bound."""
        return _mask(min(s, default=1) >= self.minimum for s in self.scores(originals, changed))


@dataclass(frozen=True, kw_only=True)
class MaxPerplexityRatio(_Scored):
    """Keep the changed text about as fluent as the original, by a language model.

    The perplexity is that of a word: of a causal language model, or the pseudo-perplexity of a
    masked one (Salazar et al., 2020, *Masked language model scoring*, ACL). A typing error raises
    it by design, so this is for transforms that mean to leave fluent text.

    Parameters
    ----------
    maximum
        How many times that of the original the perplexity may be, above 0.
    """

    maximum: float

    name: ClassVar[str] = "max_perplexity_ratio"
    kind: ClassVar[str] = "perplexity-ratio"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.maximum > 0:
            raise SpecError(f"max_perplexity_ratio: expected a maximum above 0, got {self.maximum}")

    @property
    def reason(self) -> str:
        """Name the bound."""
        return f"perplexity over {self.maximum:.3g} times the original's"

    def holds(self, originals: Sequence[str], changed: Sequence[str]) -> Mask:
        """Compare the least fluent part with the bound."""
        return _mask(max(s, default=1) <= self.maximum for s in self.scores(originals, changed))


def _mask(values: Iterable[bool]) -> Mask:
    return np.array(list(values), np.bool_)


def differing(original: str, changed: str) -> list[tuple[str, str]]:
    """Return the sentences that differ, each beside what it has become.

    Where sentences were joined, parted or moved, those of both sides are taken together; where
    some only came or went, the whole texts stand for them.

    >>> differing("It is long. It is dull.", "It is long. It is boring.")
    [('It is dull.', 'It is boring.')]
    """
    before, after = (
        [text[start:end] for start, end in sentence_spans(text)] for text in (original, changed)
    )
    pairs: list[tuple[str, str]] = []
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            continue
        if tag != "replace":
            return [(original, changed)]
        if b - a == d - c:
            pairs += zip(before[a:b], after[c:d], strict=True)
        else:
            pairs.append((" ".join(before[a:b]), " ".join(after[c:d])))
    return pairs
