"""Translation there and back through another language, sentence by sentence.

Any pair of sequence-to-sequence models of transformers does, above all the Marian models of OPUS-MT
(Tiedemann and Thottingal, 2020, EAMT). What becomes of a sentence depends on it and on its own key
alone, not on the sentences that share its batch.
"""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import regex
import torch
from transformers import (
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    LogitsProcessor,
    LogitsProcessorList,
    PreTrainedModel,
)

from robustft.errors import ModelError, missing_extra, suggest
from robustft.model.device import resolve_device
from robustft.model.encoder import LOCAL
from robustft.model.hub import find_source, load_error, quiet_transformers
from robustft.model.load import position_limit
from robustft.seeding import mix, uniform
from robustft.text.characters import without_surrogates

__all__ = ["BackTranslator", "Translator", "load_back_translator", "load_translator"]

# Tokens a batch, padding included: some 30 sentences of a review.
_TOKENS = 1_024
# Of how many pieces a sample is drawn: what lies below is noise that spoils a sentence.
_POOL = 20
_CLAUSE_END = regex.compile(r"[,;:\u2013\u2014)]\s+")
_SPACE = regex.compile(r"\s+")


class Translator:
    """One direction: sentences of one language to sentences of another.

    Parameters
    ----------
    model, tokenizer
        A sequence-to-sequence model and what cuts its sentences into pieces.
    name
        As the user gave it, for messages.
    code
        What says the language to a model that knows several targets, such as ``>>fra<<``.
    """

    def __init__(
        self, model: PreTrainedModel, tokenizer: Any, *, name: str, code: str = ""
    ) -> None:
        self._model: Any = model.eval()
        self._tokenizer = tokenizer
        self.code = code
        self._prefix = f"{code} " if code else ""
        self.name = name
        self._limit = position_limit(model, tokenizer) or 512

    def __call__(
        self,
        sentences: Sequence[str],
        keys: Sequence[int],
        *,
        beams: int = 1,
        temperature: float = 0.0,
    ) -> list[str | None]:
        """Translate; a sentence for which the model finds no end comes back as None.

        Parameters
        ----------
        keys
            What the samples of each sentence are drawn from, where `temperature` is above 0.
        beams
            Width of the beam search; 1 takes the likeliest piece each time.
        temperature
            0 for no sampling; 1 samples from the model's own distribution over its likeliest
            pieces.
        """
        parts = [self._fitting(sentence) for sentence in sentences]
        flat = [part for row in parts for part in row]
        owner = [key for key, row in zip(keys, parts, strict=True) for _ in row]
        ids = [self._ids(part) for part in flat]
        made: list[str | None] = [None] * len(flat)
        order = sorted(range(len(flat)), key=lambda i: (-len(ids[i]), i))
        while order:
            size = max(1, _TOKENS // len(ids[order[0]]))
            batch, order = order[:size], order[size:]
            outputs = self._generate(
                [ids[i] for i in batch], [owner[i] for i in batch], beams, temperature
            )
            for i, output in zip(batch, outputs, strict=True):
                made[i] = output
        return _rejoined(parts, made)

    def _ids(self, sentence: str) -> list[int]:
        text = self._prefix + without_surrogates(sentence)
        ids: list[int] = self._tokenizer(text, verbose=False)["input_ids"]
        return ids

    def _fitting(self, sentence: str) -> list[str]:
        """Cut a sentence that the model cannot read whole, at clauses, else between words.

        What has neither and is too long is no language: nothing is left of it.
        """
        if len(sentence) <= self._limit // 2:  # a piece has at least one character
            return [sentence]
        if len(self._ids(sentence)) <= self._limit // 2:
            return [sentence]
        middle = len(sentence) // 2
        for pattern in (_CLAUSE_END, _SPACE):
            ends = [found.end() for found in pattern.finditer(sentence.rstrip())]
            if ends:
                at = min(ends, key=lambda end: abs(end - middle))
                return self._fitting(sentence[:at]) + self._fitting(sentence[at:])
        return []

    @torch.inference_mode()
    def _generate(
        self, ids: list[list[int]], keys: list[int], beams: int, temperature: float
    ) -> list[str | None]:
        padded = self._tokenizer.pad({"input_ids": ids}, return_tensors="pt")
        limits = [2 * len(row) + 16 for row in ids]
        extra: dict[str, Any] = {}
        if temperature > 0:
            extra["logits_processor"] = LogitsProcessorList([_Keyed(keys, temperature)])
        with quiet_transformers():
            outputs = self._model.generate(
                **padded.to(self._model.device),
                num_beams=1 if temperature > 0 else beams,
                do_sample=False,  # chance comes from the keys
                max_new_tokens=min(max(limits), self._limit - 1),
                max_length=None,
                **extra,
            ).tolist()
        return [
            self._tokenizer.decode(row, skip_special_tokens=True) if ended else None
            for row, ended in zip(outputs, map(self._ended, outputs, limits), strict=True)
        ]

    def _ended(self, output: list[int], limit: int) -> bool:
        end = self._tokenizer.eos_token_id
        # A decoder may be started by the token that also ends a sentence.
        return end in output[1 : limit + 1]


def _rejoined(parts: list[list[str]], made: list[str | None]) -> list[str | None]:
    """Put what came of the parts of each sentence together again."""
    outputs = iter(made)
    joined: list[str | None] = []
    for row in parts:
        found = [next(outputs) for _ in row]
        kept = [part.strip() for part in found if part is not None and part.strip()]
        joined.append(" ".join(kept) if kept and len(kept) == len(row) else None)
    return joined


class _Keyed(LogitsProcessor):
    """Adds noise so that the largest logit is a sample (Gumbel), drawn from each row's key."""

    def __init__(self, keys: Sequence[int], temperature: float) -> None:
        self._keys = keys
        self._temperature = temperature

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        best, index = scores.topk(min(_POOL, scores.shape[1]), dim=1)
        step = int(input_ids.shape[1]) * _POOL
        counters = torch.arange(step, step + best.shape[1]).numpy()
        chance = torch.stack(
            [
                torch.from_numpy(uniform(mix(np.array([key], np.uint64), counters)))
                for key in self._keys
            ]
        )
        noise = -torch.log(-torch.log(chance.clamp(1e-12, 1 - 1e-12)))
        noisy = best / self._temperature + noise.to(best)
        return torch.full_like(scores, -torch.inf).scatter(1, index, noisy)


class BackTranslator:
    """There and back."""

    def __init__(self, forward: Translator, back: Translator) -> None:
        self.forward = forward
        self.back = back

    def __call__(
        self,
        sentences: Sequence[str],
        keys: Sequence[int],
        *,
        beams: int = 1,
        temperature: float = 0.0,
    ) -> list[str | None]:
        """Return each sentence as it comes back, or None; chance chooses on the way there."""
        there = self.forward(sentences, keys, beams=beams, temperature=temperature)
        gone = [i for i, text in enumerate(there) if text]
        texts = [text for text in there if text]
        returned = self.back(texts, [keys[i] for i in gone], beams=max(beams, 1))
        made: list[str | None] = [None] * len(sentences)
        for i, text in zip(gone, returned, strict=True):
            made[i] = text
        return made


def load_back_translator(
    forward: str, *, back: str, language: str = "", device: str = "auto"
) -> BackTranslator:
    """Load two models that translate there and back; errors are those of `load_translator`."""
    return BackTranslator(
        load_translator(forward, language=language, device=device),
        load_translator(back, device=device),
    )


def load_translator(name: str, *, language: str = "", device: str = "auto") -> Translator:
    """Load one direction.

    Parameters
    ----------
    name
        A hub name such as ``Helsinki-NLP/opus-mt-en-de``, or a folder.
    language
        The target, for a model that knows several (``fra`` or ``>>fra<<``).

    Raises
    ------
    HubError
        The name lives on a hub and cannot be had.
    ModelError
        The folder holds no such model, or the model does not know the language.
    MissingExtraError
        The tokenizer needs sentencepiece, which is not installed.
    """
    source = find_source(name)
    where: dict[str, Any] = {"local_files_only": source.offline}
    if importlib.util.find_spec("sentencepiece") is None:
        raise missing_extra("sentencepiece", "translation")
    with quiet_transformers(), warnings.catch_warnings():
        # It recommends a package that straightens quotes; the transform does that.
        warnings.filterwarnings("ignore", message="Recommended: pip install sacremoses")
        try:
            tokenizer = AutoTokenizer.from_pretrained(source.name, **where)
            model = AutoModelForSeq2SeqLM.from_pretrained(source.name, dtype=torch.float32, **where)
        except (OSError, ValueError, KeyError, RuntimeError, ImportError) as problem:
            raise load_error(source, name, "a translation model", problem, LOCAL) from problem
    code = _code(language, tokenizer, name)
    return Translator(model.to(resolve_device(device)), tokenizer, name=name, code=code)


def _code(language: str, tokenizer: Any, name: str) -> str:
    """Return what says a target language to the model; nothing where there is but one."""
    codes = getattr(tokenizer, "supported_language_codes", [])
    known = [code.strip("<>") for code in codes]
    language = language.strip("<>")
    if language in known:
        return f">>{language}<<"
    if language:
        others = suggest(language, known) if known else "; it knows one target alone"
        raise ModelError(f"{name}: expected a language that it knows, got {language!r}{others}")
    if len(known) > 1:
        raise ModelError(f"{name}: expected one of its languages ({', '.join(known)}), got none")
    return ""
