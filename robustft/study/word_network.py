"""A small network over word counts, and what each word adds to what it says."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from robustft.model.load import seeded_torch
from robustft.seeding import fold_in
from robustft.study.attribution import path_gradients

__all__ = ["NetworkSettings", "TrainedNetwork", "train_network", "word_attributions"]

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[Any]
_ROWS = 256


@dataclass(frozen=True, kw_only=True)
class NetworkSettings:
    """The network's shape and its training: ours, since the word list is what is published."""

    # Width of the word vectors and of the layer above them.
    hidden_size: int = 64
    # Share of the activations that are dropped in training.
    dropout: float = 0.5
    # AdamW's rate and decoupled decay; the rate is constant, early stopping ends the training.
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    # Rows a batch, and passes over the training split at most.
    batch_size: int = 32
    epochs: int = 60
    # Passes without a smaller validation loss after which training ends.
    patience: int = 5


@dataclass(frozen=True, eq=False)
class TrainedNetwork:
    """A network at its best pass over the data.

    Attributes
    ----------
    outputs
        1 for a regression or two classes, else one a class.
    unit
        What one unit of an output is worth: the training targets' standard deviation.
    loss
        On the validation split, of standardised targets for a regression.
    """

    network: _Network
    outputs: int
    unit: float
    epoch: int
    loss: float


class _Network(nn.Module):
    """Word vectors summed by weight, then two hidden layers; smooth, so that paths integrate."""

    def __init__(self, words: int, outputs: int, settings: NetworkSettings) -> None:
        super().__init__()
        width = settings.hidden_size
        bound = 1 / math.sqrt(words)
        self.vectors = nn.Parameter(torch.empty(words, width).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.zeros(width))
        self.layers = nn.Sequential(
            nn.GELU(),
            nn.Dropout(settings.dropout),
            nn.Linear(width, width),
            nn.GELU(),
            nn.Dropout(settings.dropout),
            nn.Linear(width, outputs),
        )

    def embed(self, counts: Any) -> torch.Tensor:
        """Return the sum of each row's word vectors, each times log(1 + count): ``(n, width)``."""
        return functional.embedding_bag(
            torch.from_numpy(counts.indices.astype(np.int64)),
            self.vectors,
            torch.from_numpy(counts.indptr[:-1].astype(np.int64)),
            per_sample_weights=torch.from_numpy(np.log1p(counts.data)),
            mode="sum",
        )

    def above(self, embedded: torch.Tensor) -> torch.Tensor:
        """Return the outputs for rows of summed word vectors: ``(n, outputs)``."""
        said: torch.Tensor = self.layers(embedded + self.bias)
        return said

    def forward(self, counts: Any) -> torch.Tensor:
        return self.above(self.embed(counts))


def train_network(
    train: tuple[Any, Labels],
    validation: tuple[Any, Labels],
    *,
    classes: int | None,
    seed: int,
    settings: NetworkSettings,
) -> TrainedNetwork:
    """Train on one CPU thread, so that the same seed gives the same weights on any machine's load.

    Parameters
    ----------
    train, validation
        Counts (CSR, shape ``(n, words)``) and labels: class codes, or numbers.
    classes
        How many there are; None for a regression.
    """
    # Labels that are all the same have no spread to measure by.
    unit = (float(np.std(train[1])) or 1.0) if classes is None else 1.0
    outputs = classes if classes is not None and classes > 2 else 1
    measure = _loss(outputs, classes)
    labels = [_targets(part[1], train[1], unit, classes) for part in (train, validation)]
    best: tuple[float, int, dict[str, torch.Tensor]] = (math.inf, 0, {})
    with _one_thread(), seeded_torch(fold_in(seed, "word network")):
        network = _Network(train[0].shape[1], outputs, settings)
        optimizer = torch.optim.AdamW(
            network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
        )
        for epoch in range(1, settings.epochs + 1):
            network.train()
            for rows in torch.randperm(len(labels[0])).split(settings.batch_size):
                optimizer.zero_grad()
                measure(network(train[0][rows.numpy()]), labels[0][rows]).mean().backward()
                optimizer.step()
            loss = _mean_loss(network, validation[0], labels[1], measure)
            if loss < best[0]:
                kept = {name: value.clone() for name, value in network.state_dict().items()}
                best = (loss, epoch, kept)
            if epoch - best[1] >= settings.patience:
                break
    network.load_state_dict(best[2])
    return TrainedNetwork(network.eval(), outputs, unit, best[1], best[0])


def word_attributions(
    trained: TrainedNetwork, counts: Any, *, steps: int = 32
) -> tuple[Floats, float]:
    """Return what each word adds over all texts, and by how much a text's sum is off at most.

    The baseline is the empty text. The first layer is linear in the words' weights, so the path
    is integrated over its `width` outputs alone and the rest of the chain rule is a product: a
    word's attribution in a text is its weight there, times its vector, times the mean gradient.
    With more than two classes a class's output is taken minus the mean over all of them.

    Returns
    -------
    totals
        Shape ``(words, outputs)``, in the labels' unit (for classes, log odds).
    gap
        How far the attributions of a text are from completeness, at most, in the same unit.
    """
    totals = np.zeros((counts.shape[1], trained.outputs))
    gap = 0.0
    with _one_thread():
        for start in range(0, counts.shape[0], _ROWS):
            rows = counts[start : start + _ROWS]
            for output in range(trained.outputs):
                added, off = _attributed(trained, rows, output, steps)
                totals[:, output] += added
                gap = max(gap, off)
    return totals, gap


def _attributed(
    trained: TrainedNetwork, counts: Any, output: int, steps: int
) -> tuple[Floats, float]:
    network = trained.network

    def said(embedded: torch.Tensor) -> torch.Tensor:
        outputs = network.above(embedded)
        value = outputs[:, output]
        return value - outputs.mean(1) if trained.outputs > 1 else value

    with torch.no_grad():
        embedded = network.embed(counts)
        nothing = torch.zeros_like(embedded)
        change = (said(embedded) - said(nothing)).numpy().astype(np.float64)
    gradients = path_gradients(said, embedded, nothing, steps=steps).numpy()
    row = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    vectors = network.vectors.detach().numpy()
    products = np.einsum("ij,ij->i", vectors[counts.indices], gradients[row])
    each = np.log1p(counts.data).astype(np.float64) * products * trained.unit
    by_text = np.bincount(row, weights=each, minlength=counts.shape[0])
    off = np.abs(by_text - change * trained.unit).max(initial=0.0)
    added = np.bincount(counts.indices, weights=each, minlength=counts.shape[1])
    return added.astype(np.float64), float(off)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let torch use one thread, since the order of a sum depends on how many there are."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _targets(labels: Labels, train: Labels, unit: float, classes: int | None) -> torch.Tensor:
    if classes is None:
        return torch.tensor((labels - np.mean(train)) / unit, dtype=torch.float32)
    return torch.tensor(labels, dtype=torch.float32 if classes <= 2 else torch.int64)


def _loss(
    outputs: int, classes: int | None
) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    """Return the function from outputs and targets to each row's loss."""

    def measure(said: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        if classes is None:
            return functional.mse_loss(said[:, 0], targets, reduction="none")
        if outputs == 1:
            return functional.binary_cross_entropy_with_logits(
                said[:, 0], targets, reduction="none"
            )
        return functional.cross_entropy(said, targets, reduction="none")

    return measure


def _mean_loss(network: _Network, counts: Any, targets: torch.Tensor, measure: Any) -> float:
    network.eval()
    total = 0.0
    with torch.no_grad():
        for start in range(0, len(targets), _ROWS):
            part = slice(start, start + _ROWS)
            total += float(measure(network(counts[part]), targets[part]).sum())
    return total / len(targets)
