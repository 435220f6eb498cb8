"""How likely a language model finds a text: causal models, and masked ones by hiding each token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForMaskedLM, AutoTokenizer

from robustft.errors import ModelError
from robustft.model.device import resolve_device
from robustft.model.encoder import LOCAL, in_batches
from robustft.model.hub import find_source, load_error, quiet_transformers
from robustft.model.language_model import HiddenTokens
from robustft.model.load import position_limit
from robustft.text.document import Batch

__all__ = ["Fluency", "load_fluency"]

_LONGEST = 512
_KEPT = 100_000
_IGNORED = -100


@dataclass
class Fluency:
    """The logarithm of a text's perplexity a word; what the last texts came to is kept.

    A word, not a token, so that a text is not found fluent for being cut into many pieces.
    """

    model: Any
    tokenizer: Any
    masked: bool
    longest: int
    device: torch.device
    _known: dict[str, float] = field(default_factory=dict)

    def __call__(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """Return the mean surprise of each text's words in nats, shape ``(len(texts),)``."""
        if len(self._known) > _KEPT:
            self._known.clear()
        missing = [text for text in dict.fromkeys(texts) if text not in self._known]
        if missing:
            words = np.maximum(Batch(missing).word_counts, 1)
            surprises = (self._surprises(missing) / words).tolist()
            self._known |= dict(zip(missing, surprises, strict=True))
        return np.array([self._known[text] for text in texts], np.float64)

    def _surprises(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        encoded = self.tokenizer(
            list(texts),
            truncation=True,
            max_length=self.longest,
            return_overflowing_tokens=True,
            return_special_tokens_mask=True,
        )
        source = encoded["overflow_to_sample_mapping"]
        total = np.zeros(len(texts))
        rows: list[list[int]] = []
        wanted: list[list[int]] = []
        owner: list[int] = []
        for text, ids, special in zip(
            source, encoded["input_ids"], encoded["special_tokens_mask"], strict=True
        ):
            made = _hidden(ids, special, self.tokenizer) if self.masked else self._shifted(ids)
            rows += [row for row, _ in made]
            wanted += [target for _, target in made]
            owner += [text] * len(made)
        with torch.inference_mode():
            for batch in in_batches(rows, self.device):
                found = self._batch([rows[i] for i in batch], [wanted[i] for i in batch])
                np.add.at(total, [owner[i] for i in batch], found)
        return total

    def _shifted(self, ids: list[int]) -> list[tuple[list[int], list[int]]]:
        """Return a row for a causal model, with what each of its tokens should be followed by."""
        start = self.tokenizer.bos_token_id
        if start is not None and ids[:1] != [start]:
            ids = [start, *ids]
        return [(ids, [*ids[1:], _IGNORED])] if ids else []

    def _batch(
        self, rows: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]
    ) -> npt.NDArray[np.float64]:
        """Return the sum of surprises of each row."""
        width = max(map(len, rows))
        pad = self.tokenizer.pad_token_id or 0
        inputs = torch.tensor([[*row, *[pad] * (width - len(row))] for row in rows])
        mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows])
        aims = torch.tensor([[*t, *[_IGNORED] * (width - len(t))] for t in targets])
        place = torch.nonzero(aims.flatten() != _IGNORED).flatten()
        given = {"input_ids": inputs.to(self.device), "attention_mask": mask.to(self.device)}
        selected = place.to(self.device)
        if self.masked:
            logits = self.model(selected, **given).logits
        else:
            logits = self.model(**given).logits.flatten(0, 1)[selected]
        losses = torch.nn.functional.cross_entropy(
            logits.float(), aims.flatten()[place].to(self.device), reduction="none"
        )
        sums = np.zeros(len(rows))
        np.add.at(sums, (place // width).numpy(), losses.double().cpu().numpy())
        return sums


def _hidden(
    ids: list[int], special: list[int], tokenizer: Any
) -> list[tuple[list[int], list[int]]]:
    """Return a row for each token that is the text's own, with that token hidden."""
    made = []
    for at, (token, own) in enumerate(zip(ids, special, strict=True)):
        if not own:
            row, target = ids.copy(), [_IGNORED] * len(ids)
            row[at], target[at] = tokenizer.mask_token_id, token
            made.append((row, target))
    return made


def load_fluency(name: str, *, device: str = "auto") -> Fluency:
    """Load a causal or masked language model from a folder or the hub.

    Raises
    ------
    HubError
        The name lives on a hub and cannot be had.
    ModelError
        It is no language model, or its output layer is missing.
    """
    source = find_source(name)
    where: dict[str, Any] = {"local_files_only": source.offline}
    place = resolve_device(device)
    with quiet_transformers():
        try:
            config = AutoConfig.from_pretrained(source.name, **where)
            tokenizer: Any = AutoTokenizer.from_pretrained(source.name, **where)
            masked = _is_masked(config, tokenizer)
            kind: Any = AutoModelForMaskedLM if masked else AutoModelForCausalLM
            model, info = kind.from_pretrained(
                source.name, dtype=torch.float32, output_loading_info=True, **where
            )
        except (OSError, ValueError, KeyError, RuntimeError, ImportError) as problem:
            raise load_error(source, name, "a language model", problem, LOCAL) from problem
    if info["missing_keys"]:
        missing = ", ".join(sorted(info["missing_keys"])[:3])
        raise ModelError(
            f"{name}: expected a language model with its output layer, got one without {missing}"
        )
    if not tokenizer.is_fast:
        raise ModelError(f"{name}: expected a tokenizer with a tokenizer.json, got a slow one")
    longest = min(position_limit(model, tokenizer) or _LONGEST, _LONGEST)
    if not masked:
        longest -= 1  # the token that a causal model begins with
    model = model.eval().to(place)
    return Fluency(HiddenTokens(model) if masked else model, tokenizer, masked, longest, place)


def _is_masked(config: Any, tokenizer: Any) -> bool:
    """Tell by the name of its class whether a model is masked or causal, else by its tokenizer."""
    names = " ".join(getattr(config, "architectures", None) or ())
    if "MaskedLM" in names:
        return True
    if "CausalLM" in names or "LMHead" in names:
        return False
    return tokenizer.mask_token_id is not None
