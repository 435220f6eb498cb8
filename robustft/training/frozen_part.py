"""Examples whose lower, frozen part of the model is done: hidden states looked up, or computed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import torch

from robustft.model.prefix import Prefix
from robustft.training.batching import Rows, TokenizedTexts, slice_batch
from robustft.training.examples import Batch, Examples
from robustft.training.feature_store import Vectors, Writer
from robustft.training.progress import TrainingBar

__all__ = [
    "FrozenExamples",
    "FrozenPart",
    "HiddenStates",
    "LookedUp",
    "Recomputed",
    "TokenExamples",
    "batches_by_length",
    "compare",
    "tokens_at_once",
]

# Tokens that go through the frozen part at once: as many as keep a processor busy.
_TOKENS = {"cpu": 4_096}
_TOKENS_ELSEWHERE = 65_536
# How far the parts may differ from the whole model: rounding, and more of it in 16 bits.
_TOLERANCE = {"fp32": 1e-4, "bf16": 5e-2}


@runtime_checkable
class TokenExamples(Examples, Protocol):
    """Examples of which a batch is token ids and labels, and nothing in it is random."""

    @property
    def tokens(self) -> TokenizedTexts:
        """Token ids of each row."""
        ...

    @property
    def labels(self) -> torch.Tensor:
        """What the model should say, shape (rows, ...)."""
        ...


class HiddenStates(Protocol):
    """The frozen part's output for texts, looked up or computed."""

    def __call__(self, rows: Rows, device: torch.device) -> dict[str, torch.Tensor]:
        """Return what the upper part of the model is called with."""
        ...


@dataclass(frozen=True)
class FrozenExamples:
    """Rows whose frozen part is done: the model above it is given hidden states, not token ids.

    Attributes
    ----------
    whole
        The rows themselves, by whose lengths batches are formed: the very same as without reuse.
    first_token
        Whether a text is one vector, that of its first token.
    """

    whole: TokenExamples
    hidden: HiddenStates
    first_token: bool

    def __len__(self) -> int:
        return len(self.whole)

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Tokens of each text."""
        return self.whole.lengths

    @property
    def computed(self) -> npt.NDArray[np.int64]:
        """Vectors of each text that the upper part of the model is given."""
        return np.ones(len(self), np.int64) if self.first_token else self.whole.lengths

    @property
    def truncated(self) -> npt.NDArray[np.bool_]:
        """Whether a text was cut."""
        return self.whole.truncated

    def weight(self, rows: Rows, key: int) -> float:
        """Return the number of rows, or the sum of their weights."""
        return self.whole.weight(rows, key)

    def batch(self, rows: Rows, device: torch.device, key: int) -> Batch:
        """Return hidden states and labels; nothing is random."""
        labels = self.whole.labels[torch.from_numpy(rows)].to(device)
        return self.hidden(rows, device), labels


@dataclass(frozen=True)
class LookedUp:
    """Hidden states that are looked up.

    Attributes
    ----------
    values
        One vector a token (or a text), one text after the other; 16-bit patterns for bfloat16.
    offsets
        Where each text starts, and the end; shape (texts + 1,).
    """

    values: Vectors
    offsets: npt.NDArray[np.int64]

    def __call__(self, rows: Rows, device: torch.device) -> dict[str, torch.Tensor]:
        starts = self.offsets[rows]
        lengths = self.offsets[rows + 1] - starts
        longest = int(lengths.max())
        if longest == 1:
            return {"inputs_embeds": _on(device, self.values[starts][:, None])}
        padded = np.zeros((len(rows), longest, self.values.shape[1]), self.values.dtype)
        for place, start, length in zip(padded, starts, lengths, strict=True):
            place[:length] = self.values[start : start + length]
        inputs = {"inputs_embeds": _on(device, padded)}
        inside = np.arange(longest) < lengths[:, None]
        if not inside.all():
            inputs["attention_mask"] = torch.from_numpy(inside.astype(np.int64)).to(device)
        return inputs


@dataclass(frozen=True)
class FrozenPart:
    """The frozen part of a model as a function of texts.

    Attributes
    ----------
    first_token
        Whether the first token's vector is all that is needed of a text.
    """

    prefix: Prefix
    first_token: bool
    precision: str

    def run(self, tokens: TokenizedTexts, rows: Rows, device: torch.device) -> dict[str, Any]:
        """Compute hidden states of `rows`, and the mask where there is padding."""
        # Not in inference mode: what is trained above could not learn from its tensors.
        automatic = torch.autocast(
            device.type, dtype=torch.bfloat16, enabled=self.precision == "bf16"
        )
        inputs = tokens.collate(rows, device)
        with torch.no_grad(), automatic:
            hidden = self.prefix(inputs)
            if self.precision == "bf16":  # rounded as what is kept is
                hidden = hidden.to(torch.bfloat16)
            hidden = hidden.float()
        if self.first_token:
            return {"inputs_embeds": hidden[:, :1]}
        mask = {"attention_mask": inputs["attention_mask"]} if "attention_mask" in inputs else {}
        return {"inputs_embeds": hidden, **mask}

    def offsets(self, tokens: TokenizedTexts) -> npt.NDArray[np.int64]:
        """Return where the vectors of each text start, and the end."""
        return np.arange(len(tokens) + 1) if self.first_token else tokens.offsets

    def fill(
        self, tokens: TokenizedTexts, device: torch.device, write: Writer, bar: TrainingBar
    ) -> None:
        """Compute the vectors of all texts, texts of one length together."""
        offsets = self.offsets(tokens)
        for rows in batches_by_length(tokens.lengths, tokens_at_once(device)):
            hidden = self.run(tokens, rows, device)["inputs_embeds"]
            values = _bits(hidden, self.precision)
            for place, row in enumerate(rows):
                count = int(offsets[row + 1] - offsets[row])
                write(int(offsets[row]), values[place, :count])
            bar.step(len(rows), int(tokens.lengths[rows].sum()), None)


@dataclass(frozen=True)
class Recomputed:
    """Hidden states that are computed for each batch."""

    frozen: FrozenPart
    tokens: TokenizedTexts

    def __call__(self, rows: Rows, device: torch.device) -> dict[str, torch.Tensor]:
        if not self.frozen.first_token:
            return self.frozen.run(self.tokens, rows, device)
        # The upper part takes all rows at once; the frozen part needs no padding for that.
        lengths = self.tokens.lengths[rows]
        parts = slice_batch(lengths, max_rows=len(rows), split=device.type == "cpu")
        hidden = [
            self.frozen.run(self.tokens, rows[part], device)["inputs_embeds"] for part in parts
        ]
        order = torch.from_numpy(np.argsort(np.concatenate(parts))).to(device)
        return {"inputs_embeds": torch.cat(hidden)[order]}


def tokens_at_once(device: torch.device) -> int:
    """Return how many tokens go through the frozen part together."""
    return _TOKENS.get(device.type, _TOKENS_ELSEWHERE)


def batches_by_length(lengths: npt.NDArray[np.int64], tokens: int) -> Iterator[Rows]:
    """Yield all rows, longest first, so many that a batch has about `tokens` tokens."""
    order = np.argsort(-lengths, kind="stable").astype(np.int64)
    start = 0
    while start < len(order):
        count = max(1, tokens // max(1, int(lengths[order[start]])))
        yield order[start : start + count]
        start += count


def _bits(hidden: torch.Tensor, precision: str) -> Vectors:
    """Return hidden states as they are kept: NumPy has no bfloat16, so its bits as integers."""
    if precision == "bf16":
        hidden = hidden.to(torch.bfloat16).view(torch.int16)
    values: Vectors = hidden.cpu().numpy()
    return values


def _on(device: torch.device, values: Vectors) -> torch.Tensor:
    """Return kept hidden states as a tensor in 32 bits."""
    tensor = torch.from_numpy(np.asarray(values)).to(device, non_blocking=True)
    return tensor.view(torch.bfloat16).float() if tensor.dtype == torch.int16 else tensor


def compare(model: Any, upper: Any, frozen: FrozenPart, data: TokenExamples) -> int:
    """Compare both parts with the whole model on three texts of different lengths.

    Returns how many numbers a hidden state has.

    Raises
    ------
    RuntimeError
        They give something else, or something in the frozen part trains.
    """
    order = np.argsort(data.lengths, kind="stable")
    rows = np.unique(order[[0, len(order) // 2, -1]])
    device = next(model.parameters()).device
    inputs = data.tokens.collate(rows, device)
    hidden = frozen.prefix(inputs)
    if hidden.requires_grad:
        raise RuntimeError("something in it trains")
    model.eval()
    automatic = torch.autocast(
        device.type, dtype=torch.bfloat16, enabled=frozen.precision == "bf16"
    )
    with torch.no_grad(), automatic:
        wanted = model(**inputs).to_tuple()
        found = upper(**frozen.run(data.tokens, rows, device)).to_tuple()
    for a, b in zip(wanted, found, strict=True):
        difference = float((a.float() - b.float()).abs().max())
        if not difference <= _TOLERANCE[frozen.precision] * max(1.0, float(a.abs().max())):
            raise RuntimeError(f"its parts and the whole model differ by {difference:.2g}")
    return int(hidden.shape[-1])
