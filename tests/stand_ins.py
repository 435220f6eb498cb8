"""What the transforms that need a model are tested with: small models of the same manners.

`SETTINGS` names, for a transform that cannot run with its defaults, those that it is tested with;
`PROVIDERS`, for a kind of model, what gives one in the tests. A transform that `needs` something
has an entry in `SETTINGS`; its golden file adds what else a case sets.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any


def tokens_backwards(
    augmenter: str, *, python: str = "", options: str = ""
) -> Callable[[Sequence[str], Sequence[int]], list[str]]:
    """Stand in for a foreign library: cut into tokens, spell one backwards, join with spaces."""

    def augment(texts: Sequence[str], seeds: Sequence[int]) -> list[str]:
        return [_one_backwards(text, seed) for text, seed in zip(texts, seeds, strict=True)]

    return augment


def _one_backwards(text: str, seed: int) -> str:
    tokens = re.findall(r"\w+|[^\w\s]", text)
    if tokens:
        at = seed % len(tokens)
        tokens[at] = tokens[at][::-1]
    return " ".join(tokens)


class ToyMaskedLM:
    """Proposes the same words everywhere, some of which it then finds unlike or unfitting."""

    words = (
        "film story begin kids beautiful awful big often perhaps entire movie tale start children "
        "gorgeous terrible huge frequently maybe whole films tales begins child mother movies "
        "stories starts kid mom began amusing images narrative started funny hard difficult "
        "intriguing Interesting terrific wonderful houses homes cheap inexpensive recall good"
    ).split()
    unlike = frozenset({"images"})
    unfit = frozenset({"narrative"})

    def __init__(self, _model: str, **_settings: Any) -> None:
        pass

    def __call__(
        self, texts: Sequence[str], spans: Sequence[tuple[int, int]]
    ) -> list[list[tuple[str, float]]]:
        return [[(w, 1 / n) for n, w in enumerate(self.words, 2)] for _ in texts]

    def similarity(
        self, texts: Sequence[str], spans: Sequence[tuple[int, int]], words: Sequence[str]
    ) -> list[float]:
        return [0.3 if word.lower() in self.unlike else 0.9 for word in words]

    def fit(
        self, texts: Sequence[str], spans: Sequence[tuple[int, int]], words: Sequence[str]
    ) -> list[float]:
        return [0.01 if word.lower() in self.unfit else 0.8 for word in words]


SETTINGS: dict[str, str] = {
    "masked_lm": "model=toy",
    "nlpaug": "aug=KeyboardAug",
    "textattack": "aug=CharSwapAugmenter",
}

PROVIDERS: dict[str, Callable[..., Any]] = {
    "masked-lm": ToyMaskedLM,
    "nlpaug": tokens_backwards,
    "textattack": tokens_backwards,
}
