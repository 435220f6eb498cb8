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


_OTHER_WORDS = {
    "film": "movie", "movie": "film", "movies": "films", "begins": "starts", "I think": "I believe",
    "It was": "It has been", "very": "really", "a lot": "much", "story": "tale", "good": "bad",
    "1999": "1998", "shouted": "yelled", "big": "large", "don't": "do not",
}  # fmt: skip
_ANY = re.compile("|".join(rf"(?<!\w){re.escape(words)}(?!\w)" for words in _OTHER_WORDS))


def in_other_words(text: str) -> str:
    """Stand in for a model that rewords, well or badly."""
    return _ANY.sub(lambda found: _OTHER_WORDS[found[0]], text)


def toy_translator(_forward: str, **_settings: Any) -> Callable[..., list[str | None]]:
    """Stand in for translation there and back; it finds no end of what is endless."""

    def translate(
        sentences: Sequence[str], _keys: Sequence[int], **_chosen: Any
    ) -> list[str | None]:
        return [None if "endless" in s else in_other_words(s) for s in sentences]

    return translate


def toy_chat(_model: str, **_settings: Any) -> Callable[..., list[str]]:
    """Stand in for a chat endpoint; it introduces, quotes, fences or refuses at times."""

    def chat(_instructions: str, texts: Sequence[str], **_chosen: Any) -> list[str]:
        return [_manner(text, in_other_words(text)) for text in texts]

    return chat


def _manner(text: str, made: str) -> str:
    if "horror" in text:
        return "I'm sorry, but I can't help with that."
    if "endless" in text:
        return ""
    if "quote" in text:
        return f'"{made}"'
    if "introduce" in text:
        return f"Here is the text in other words:\n\n{made}"
    return f"```\n{made}\n```" if "fence" in text else made


SETTINGS: dict[str, str] = {
    "masked_lm": "model=toy",
    "nlpaug": "aug=KeyboardAug",
    "paraphrase": "base_url=http://localhost:8000/v1,model=toy",
    "textattack": "aug=CharSwapAugmenter",
}

PROVIDERS: dict[str, Callable[..., Any]] = {
    "back-translation": toy_translator,
    "chat": toy_chat,
    "masked-lm": ToyMaskedLM,
    "nlpaug": tokens_backwards,
    "textattack": tokens_backwards,
}
