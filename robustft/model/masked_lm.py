"""Words for a place in a text, from a masked language model: what `masked_lm` asks.

Any model of transformers with a masked language modelling head does: BERT, RoBERTa, DistilBERT,
ELECTRA's generators, ModernBERT. What is said of a place depends on its text alone; scores are
rounded, since their last digits depend on what else is computed beside them.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from robustft.errors import ModelError
from robustft.model.device import resolve_device
from robustft.model.encoder import LOCAL
from robustft.model.language_model import HiddenTokens, load_language_model
from robustft.model.load import position_limit
from robustft.text.characters import without_surrogates

__all__ = ["MaskedLanguageModel", "load_masked_lm"]

Vectors = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]

# Tokens a batch, padding included.
_TOKENS = 2_048
# What marks a piece that begins a word behind white space (byte-level BPE, SentencePiece).
_SPACES = ("\u0120", "\u2581")
# What marks a piece that goes on with a word (WordPiece).
_GOES_ON = "##"
# How many places are remembered; at most some 100 MB.
_REMEMBERED = 50_000
# No word has more pieces.
_PIECES = 12
# Nouns that have nothing in common, and places for them: how alike they look to a model is its
# zero. Models differ widely in that (Ethayarajh, 2019, EMNLP, on anisotropy).
_PLACES = ("I saw the {} today.", "They talked about a {} for hours.", "Every {} has its price.")
_UNALIKE = ("table", "river", "doctor", "music", "war", "garden", "idea", "window")


class _Window(NamedTuple):
    """The tokens around a span and in it, and whether white space goes before it."""

    before: tuple[int, ...]
    inside: tuple[int, ...]
    after: tuple[int, ...]
    spaced: bool

    def holding(self, ids: Sequence[int]) -> _Row:
        """Return the tokens with `ids` in place of the span, and where these stand."""
        start = len(self.before)
        return _Row((*self.before, *ids, *self.after), start, start + max(1, len(ids)))


class _Row(NamedTuple):
    """Tokens to compute, and the place in them that is asked about."""

    ids: tuple[int, ...]
    start: int
    end: int


class MaskedLanguageModel:
    """Says which words a place in a text could hold, how well they fit, how alike they are.

    Parameters
    ----------
    model, tokenizer
        A masked language model and its tokenizer, a fast one.
    name
        As the user gave it, for messages.
    top_k
        How many words are proposed for a place.
    context
        How many tokens of a text are read at a time: those around the place.
    """

    def __init__(
        self, model: Any, tokenizer: Any, *, name: str, top_k: int = 8, context: int = 96
    ) -> None:
        if not tokenizer.is_fast or tokenizer.mask_token_id is None:
            lacks = "a mask" if tokenizer.is_fast else "positions (a fast tokenizer)"
            raise ModelError(f"{name}: expected a masked language model, got one without {lacks}")
        self.top_k = top_k
        # A transform asks about a place twice: whether it can change, and into what.
        self._known: dict[tuple[str, tuple[int, int]], list[tuple[str, float]]] = {}
        self._tokenizer = tokenizer
        self._device = model.device
        self._encoder: Any = model.eval().base_model
        self._model = HiddenTokens(model)
        edges = tokenizer("")["input_ids"]
        self._head, self._tail = edges[: len(edges) // 2], edges[len(edges) // 2 :]
        limit = position_limit(model, tokenizer) or 512
        # Some room for words of several pieces.
        self._context = max(2, min(context, limit - len(edges) - 2 * _PIECES))

    def __call__(
        self, texts: Sequence[str], spans: Sequence[tuple[int, int]]
    ) -> list[list[tuple[str, float]]]:
        """Return the words that each span of each text could hold, with their probabilities.

        The model sees what stands there, so that what it proposes is close to it. Best first; of
        two alike, the one that comes first in the vocabulary. Parts of words, marks and whatever
        else is no word of ASCII letters are left out.
        """
        asked = list(zip(texts, spans, strict=True))
        new = [place for place in dict.fromkeys(asked) if place not in self._known]
        if len(self._known) + len(new) > _REMEMBERED:
            self._known.clear()
            new = list(dict.fromkeys(asked))
        windows = self._windows([text for text, _ in new], [span for _, span in new])
        rows = [window.holding(window.inside) for window in windows]
        for number, scores in self._scores(rows):
            self._known[new[number]] = self._best(scores, spaced=windows[number].spaced)
        return [self._known[place] for place in asked]

    def fit(
        self, texts: Sequence[str], spans: Sequence[tuple[int, int]], words: Sequence[str]
    ) -> list[float]:
        """Return how likely `words` are where the spans are hidden, compared with what is there.

        1 is as likely, 0.1 ten times less. A word of several pieces counts by its first.
        """
        mask = (self._tokenizer.mask_token_id,)
        windows = self._windows(texts, spans)
        pieces = self._pieces(windows, words)
        found = [0.0] * len(windows)
        for number, scores in self._scores([window.holding(mask) for window in windows]):
            own, other = windows[number].inside, pieces[number]
            if own and other:
                found[number] = _rounded(scores[other[0]] / max(float(scores[own[0]]), 1e-9))
        return found

    def similarity(
        self, texts: Sequence[str], spans: Sequence[tuple[int, int]], words: Sequence[str]
    ) -> list[float]:
        """Return how much `words` are like what stands in the spans, in their place.

        The cosine of what the encoder makes of the one and of the other where they stand,
        rescaled so that 0 is for words that have nothing in common and 1 for the same word.
        """
        windows = self._windows(texts, spans)
        own = [window.holding(window.inside) for window in windows]
        other = [
            window.holding(ids)
            for window, ids in zip(windows, self._pieces(windows, words), strict=True)
        ]
        vectors = self._vectors([*own, *other])
        cosines = _cosines(vectors[: len(own)], vectors[len(own) :])
        zero = self._unalike
        return [round(float((c - zero) / (1 - zero)), 3) for c in cosines]

    @cached_property
    def _unalike(self) -> float:
        """The mean cosine of unrelated words in the same place."""
        means = []
        for place in _PLACES:
            start = place.index("{")
            texts = [place.format(word) for word in _UNALIKE]
            spans = [(start, start + len(word)) for word in _UNALIKE]
            rows = [window.holding(window.inside) for window in self._windows(texts, spans)]
            vectors = self._vectors(rows)
            first, second = np.triu_indices(len(rows), 1)
            means.append(_cosines(vectors[first], vectors[second]).mean())
        return min(0.99, float(np.mean(means)))

    def _windows(self, texts: Sequence[str], spans: Sequence[tuple[int, int]]) -> list[_Window]:
        """Cut the tokens around each span; neighbouring spans of a text share what is read.

        The window is as long as the context and begins at a multiple of half of it, so that at
        least a quarter of the context is read on either side, where there is as much.
        """
        distinct = {text: number for number, text in enumerate(dict.fromkeys(texts))}
        if not distinct:
            return []
        readable = [without_surrogates(text) for text in distinct]
        cut = self._tokenizer(
            readable, add_special_tokens=False, return_offsets_mapping=True, verbose=False
        )
        windows = []
        for text, (start, end) in zip(texts, spans, strict=True):
            ids, offsets = (cut[key][distinct[text]] for key in ("input_ids", "offset_mapping"))
            low = bisect_right(offsets, start, key=lambda offset: offset[1])
            high = max(low, bisect_left(offsets, end, key=lambda offset: offset[0]))
            half = self._context // 2
            first = max(0, low // half * half - half // 2)
            windows.append(
                _Window(
                    before=tuple(ids[first:low]),
                    inside=tuple(ids[low:high][:_PIECES]),
                    after=tuple(ids[high : max(high, first + self._context)]),
                    spaced=text[:start][-1:].isspace(),
                )
            )
        return windows

    def _pieces(self, windows: Sequence[_Window], words: Sequence[str]) -> list[list[int]]:
        """Return the tokens of words as they are where the windows' spans stand."""
        spaced = [
            f" {word}" if window.spaced else word
            for window, word in zip(windows, words, strict=True)
        ]
        if not spaced:
            return []
        cut = self._tokenizer(spaced, add_special_tokens=False)
        return [ids[:_PIECES] for ids in cut["input_ids"]]

    def _scores(self, rows: Sequence[_Row]) -> Iterator[tuple[int, Vectors]]:
        """Yield each row's number and the probability of each piece in its place."""
        for numbers, inputs, lines in self._batches(rows):
            width = inputs["input_ids"].shape[1]
            places = [
                line * width + len(self._head) + rows[number].start
                for number, line in zip(numbers, lines, strict=True)
            ]
            with torch.inference_mode():
                selected = torch.tensor(places, device=self._device)
                logits = self._model(selected=selected, **inputs).logits
                scores = logits.float().softmax(-1).cpu().numpy()
            yield from zip(numbers, scores, strict=True)

    def _vectors(self, rows: Sequence[_Row]) -> Vectors:
        """Return the mean vector of each row's place."""
        found: list[Vectors] = [np.zeros(0, np.float32)] * len(rows)
        for numbers, inputs, lines in self._batches(rows):
            with torch.inference_mode():
                vectors = self._encoder(**inputs).last_hidden_state.float().cpu().numpy()
            for number, line in zip(numbers, lines, strict=True):
                start, end = (len(self._head) + at for at in rows[number][1:])
                found[number] = vectors[line, start:end].mean(0)
        return np.stack(found) if found else np.zeros((0, 1), np.float32)

    def _batches(self, rows: Sequence[_Row]) -> Iterator[tuple[list[int], Any, list[int]]]:
        """Yield batches of rows of about the same length: their numbers, inputs, and lines in them.

        Rows of the same tokens are one line, whichever of its places they ask about.
        """
        asked: dict[tuple[int, ...], list[int]] = {}
        for number, row in enumerate(rows):
            asked.setdefault(row.ids, []).append(number)
        order = sorted(asked, key=lambda ids: (-len(ids), asked[ids]))
        while order:
            size = max(1, _TOKENS // (len(order[0]) + 1))
            chosen, order = order[:size], order[size:]
            whole = [[*self._head, *ids, *self._tail] for ids in chosen]
            inputs = self._tokenizer.pad({"input_ids": whole}, return_tensors="pt")
            numbers = [number for ids in chosen for number in asked[ids]]
            lines = [line for line, ids in enumerate(chosen) for _ in asked[ids]]
            yield numbers, inputs.to(self._device), lines

    def _best(self, scores: Vectors, *, spaced: bool) -> list[tuple[str, float]]:
        ids, words = self._words[spaced]
        offered = scores[ids]
        size = min(self.top_k, len(ids))
        top = np.argpartition(-offered, size - 1)[:size] if size else ids
        ranked = sorted((-_rounded(offered[i]), int(i)) for i in top)
        return [(words[i], -score) for score, i in ranked]

    @cached_property
    def _words(self) -> tuple[tuple[Ids, list[str]], tuple[Ids, list[str]]]:
        """The pieces that are words: where no white space goes before them, and where some does.

        A vocabulary that does not mark white space (WordPiece marks what goes on with a word) has
        the same ones in both.
        """
        pieces = self._tokenizer.convert_ids_to_tokens(range(len(self._tokenizer)))
        mark = _mark_of_space(pieces)
        found: tuple[dict[int, str], dict[int, str]] = ({}, {})
        for number, piece in enumerate(pieces):
            word = piece.removeprefix(mark)
            if len(word) > 1 and word.isascii() and word.isalpha():
                for spaced in (False, True):
                    if not mark or spaced == (word != piece):
                        found[spaced][number] = word
        bare, behind = ((np.array(list(f), np.int64), list(f.values())) for f in found)
        return bare, behind


def load_masked_lm(
    name: str, *, top_k: int = 8, context: int = 96, device: str = "auto"
) -> MaskedLanguageModel:
    """Return the masked language model called `name`, a folder or a name on the hub.

    Raises
    ------
    HubError
        The name lives on a hub and cannot be had.
    ModelError
        The folder holds no masked language model.
    """
    loaded = load_language_model(name, seed=0, texts=(), instead=LOCAL)
    if loaded.new_weights:
        raise ModelError(
            f"{name}: expected a masked language model, got weights without "
            f"{', '.join(loaded.new_weights)}"
        )
    model: Any = loaded.model
    model.to(resolve_device(device))
    return MaskedLanguageModel(model, loaded.tokenizer, name=name, top_k=top_k, context=context)


def _mark_of_space(pieces: Sequence[str]) -> str:
    """Return what marks the pieces behind white space; nothing where it marks the others."""

    def frequency(mark: str) -> int:
        return sum(piece.startswith(mark) and piece[len(mark) :].isalpha() for piece in pieces)

    best = max((*_SPACES, _GOES_ON), key=frequency)
    return "" if best == _GOES_ON else best


def _rounded(score: Any) -> float:
    return float(f"{score:.3g}")


def _cosines(first: Vectors, second: Vectors) -> Vectors:
    norms = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    products: Vectors = (first * second).sum(1) / np.maximum(norms, 1e-12)
    return products
