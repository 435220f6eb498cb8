"""Steps of one shape recorded once and launched as one from then on: CUDA graphs.

A step of BERT-base is about a thousand kernels. With a small batch they are short, and to launch
them may take the host longer than to compute them takes the GPU. A CUDA graph holds them all, from
the embeddings to the optimizer, and launches as one. It reads its inputs from the memory that it
was recorded with, so each batch is copied there, and it computes one shape, so batches are filled
up to few (`robustft.training.packed`).

Recording computes nothing, and needs what the first steps of a shape make ready (the optimizer's
moments, workspaces, compiled kernels). So the first two steps of a shape are computed plainly, as
steps of the run; the third is recorded, and that recording is what computes it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch

from robustft.errors import first_line
from robustft.training.examples import Batch

__all__ = ["Learn", "Recorded", "RecordedSteps"]

# Steps of a shape that are computed plainly before it is recorded.
_PLAIN = 2

Learn = Callable[[Iterable[Batch], Any], torch.Tensor]
"""A whole step: from its batches, and what their summed loss is divided by, to their mean loss."""


@dataclass(frozen=True)
class Recorded:
    """A recorded step: where it reads its batch, and what it does.

    Attributes
    ----------
    replay
        Computes the step for what `batch` and `weight` hold and leaves its loss in `loss`.
    """

    batch: Batch
    weight: torch.Tensor
    loss: torch.Tensor
    replay: Callable[[], None]

    def __call__(self, batch: Batch, weight: float) -> torch.Tensor:
        """Compute the step for a batch of the recorded shape."""
        inputs, labels = batch
        for name, value in self.batch[0].items():
            if isinstance(value, torch.Tensor):
                value.copy_(inputs[name], non_blocking=True)
        self.batch[1].copy_(labels, non_blocking=True)
        self.weight.fill_(weight)
        self.replay()
        return self.loss.clone()


class RecordedSteps:
    """Computes steps, and records those whose shape comes back.

    Where recording fails, all steps are computed plainly from then on.

    Parameters
    ----------
    optimizer
        Of the gradients that a failed recording leaves behind, which hold nothing.

    Attributes
    ----------
    notices
        What the user should know: why nothing is recorded.
    """

    def __init__(self, device: torch.device, optimizer: torch.optim.Optimizer) -> None:
        self.notices: tuple[str, ...] = ()
        self._device, self._optimizer = device, optimizer
        self._stream = torch.cuda.Stream(device)
        self._pool = torch.cuda.graph_pool_handle()  # shared: recordings never compute at once
        self._seen: Counter[Any] = Counter()
        self._recorded: dict[Any, Recorded] = {}

    def step(self, learn: Learn, batch: Batch, weight: float) -> torch.Tensor:
        """Compute one step; return its mean loss, still on the device."""
        shape = _shape(batch)
        if shape in self._recorded:
            return self._recorded[shape](batch, weight)
        self._seen[shape] += 1
        if self.notices or self._seen[shape] <= _PLAIN:
            return self._plainly(learn, batch, weight)
        static = _copied(batch)
        divisor = torch.full((), weight, device=self._device)
        try:
            recorded = self._record(learn, static, divisor)
        except RuntimeError as problem:
            self.notices = (f"--fast: steps are not recorded: {first_line(problem)}",)
            self._optimizer.zero_grad(set_to_none=True)
            _leave_recording(self._device)
            return self._plainly(learn, batch, weight)
        self._recorded[shape] = recorded
        return recorded(batch, weight)

    def _plainly(self, learn: Learn, batch: Batch, weight: float) -> torch.Tensor:
        """Compute a step on the stream that recording uses, where a GPU wants its first ones."""
        current = torch.cuda.current_stream(self._device)
        self._stream.wait_stream(current)
        with torch.cuda.stream(self._stream):
            loss = learn([batch], weight)
        current.wait_stream(self._stream)
        return loss

    def _record(self, learn: Learn, batch: Batch, weight: torch.Tensor) -> Recorded:
        """Record a step; nothing is computed."""
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self._pool, stream=self._stream):
            loss = learn([batch], weight)
        return Recorded(batch, weight, loss, graph.replay)


def _leave_recording(device: torch.device) -> None:
    """Give dropout a new state: a recording that failed may have left the old one recording."""
    if device.type != "cuda":
        return
    drawing = torch.cuda.default_generators[device.index or 0]
    seed = drawing.initial_seed()
    drawing.graphsafe_set_state(torch.Generator(device).graphsafe_get_state())
    drawing.manual_seed((seed + 1) % 2**63)


def _shape(batch: Batch) -> Any:
    """Return what two batches must share for one recording to compute both."""
    inputs, labels = batch
    return (
        tuple(
            (name, tuple(value.shape) if isinstance(value, torch.Tensor) else value)
            for name, value in sorted(inputs.items())
        ),
        tuple(labels.shape),
    )


def _copied(batch: Batch) -> Batch:
    inputs, labels = batch
    return {
        name: value.clone() if isinstance(value, torch.Tensor) else value
        for name, value in inputs.items()
    }, labels.clone()
