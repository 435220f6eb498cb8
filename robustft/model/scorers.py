"""What scores pairs of texts for constraints: the providers of similarity and fluency."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from robustft.model.encoder import SentenceEncoder, load_encoder
from robustft.model.fluency import Fluency, load_fluency

__all__ = ["PerplexityRatio", "Similarity", "perplexity_ratio", "similarity"]


@dataclass(frozen=True)
class Similarity:
    """The cosine of the embeddings of two texts."""

    encoder: SentenceEncoder

    def __call__(self, originals: Sequence[str], changed: Sequence[str]) -> npt.NDArray[Any]:
        """Return one cosine a pair, float64, shape ``(len(originals),)``."""
        vectors = self.encoder([*originals, *changed])
        before, after = vectors[: len(originals)], vectors[len(originals) :]
        cosines: npt.NDArray[np.float64] = (before * after).sum(axis=1)
        return cosines


@dataclass(frozen=True)
class PerplexityRatio:
    """How many times the perplexity of the original that of the changed text is."""

    fluency: Fluency

    def __call__(self, originals: Sequence[str], changed: Sequence[str]) -> npt.NDArray[Any]:
        """Return one ratio a pair, float64, shape ``(len(originals),)``."""
        surprise = self.fluency([*originals, *changed])
        ratios: npt.NDArray[np.float64] = np.exp(
            surprise[len(originals) :] - surprise[: len(originals)]
        )
        return ratios


def similarity(model: str, *, device: str = "auto") -> Similarity:
    """Provide the similarity by a sentence encoder; see `robustft.model.encoder.load_encoder`."""
    return Similarity(load_encoder(model, device=device))


def perplexity_ratio(model: str, *, device: str = "auto") -> PerplexityRatio:
    """Provide the fluency by a language model; see `robustft.model.fluency.load_fluency`."""
    return PerplexityRatio(load_fluency(model, device=device))
