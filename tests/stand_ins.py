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


SETTINGS: dict[str, str] = {
    "nlpaug": "aug=KeyboardAug",
    "textattack": "aug=CharSwapAugmenter",
}

PROVIDERS: dict[str, Callable[..., Any]] = {
    "nlpaug": tokens_backwards,
    "textattack": tokens_backwards,
}
