"""Training one model in several processes: each learns from its part of every batch.

The batch of a step is that of the whole run: its rows are dealt out, longest first, so that the
processes have about as many tokens; the loss is divided by the weight of the whole batch and the
gradients are summed. So the number of processes changes no experiment: the same plan of batches,
the same schedule, the same steps, and losses that differ by rounding. Dropout alone is drawn anew:
each process has a stream of masks of its own.

Weights are whole in every process (DistributedDataParallel; Li et al., 2020), or divided among
them where the launcher asks for FSDP (`torch.distributed.fsdp.fully_shard`; Zhao et al., 2023).
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch

from robustft.errors import ModelError, UsageError
from robustft.model.anatomy import anatomy
from robustft.model.processes import World, gather, share, world
from robustft.seeding import fold_in
from robustft.training.arguments import TrainingArguments
from robustft.training.batching import Rows, slice_batch

if TYPE_CHECKING:
    from robustft.training.setup import Setup

__all__ = ["Piece", "Team", "like", "whole"]


@dataclass(frozen=True)
class Piece:
    """Rows of a batch that are computed at once.

    Attributes
    ----------
    rows
        Positions in the batch.
    counts
        False for rows of another process, computed to keep step with it: their loss is nothing.
    last
        Whether the step's gradients are summed over the processes after it.
    """

    rows: npt.NDArray[np.int64]
    counts: bool = True
    last: bool = True


class Team:
    """The processes that train a model; by default one.

    Attributes
    ----------
    divided
        The copy of the model whose weights are divided among the processes, or None.
    """

    def __init__(self) -> None:
        self.world: World = world()
        self.divided: Any = None
        self._replica: Any = None

    @property
    def size(self) -> int:
        """How many processes there are."""
        return self.world.size

    @property
    def leads(self) -> bool:
        """Whether this is the process that writes and prints."""
        return self.world.leads

    def key(self, key: int) -> int:
        """Return what this process draws its dropout by."""
        return key if self.leads else fold_in(key, "process", self.world.rank)

    def pieces(self, lengths: npt.NDArray[np.int64], *, max_rows: int, split: bool) -> list[Piece]:
        """Return this process's part of a batch with these row `lengths`, cut by `slice_batch`.

        A process without rows computes one of another's: all take part in each step. Where weights
        are divided, all compute as many pieces.
        """
        order = np.argsort(-lengths, kind="stable").astype(np.int64)
        ranks = range(self.size) if self.divided is not None else [self.world.rank]
        cut = {}
        for rank in ranks:
            part = order[rank :: self.size]
            slices = slice_batch(lengths[part], max_rows=max_rows, split=split)
            cut[rank] = [part[rows] for rows in slices]
        mine = [(rows, True) for rows in cut[self.world.rank]]
        mine += [(order[:1], False)] * (max(1, *map(len, cut.values())) - len(mine))
        return [
            Piece(rows, counts, last=number == len(mine))
            for number, (rows, counts) in enumerate(mine, start=1)
        ]

    @contextmanager
    def learning(self, model: Any, piece: Piece) -> Iterator[Any]:
        """Give what computes a piece of a batch, whose gradients are summed after the last one."""
        if self.divided is not None:
            self.divided.set_requires_gradient_sync(piece.last)
            yield model
        elif self._replica is None or piece.last:
            yield self._replica or model
        else:
            with self._replica.no_sync():
                yield self._replica

    def share_of(self, loss: torch.Tensor, piece: Piece) -> torch.Tensor:
        """Return what to differentiate of a piece's loss: gradients are averaged where summed."""
        return loss if self.size == 1 else loss * (self.size * piece.counts)

    def total(self, count: int) -> int:
        """Return the sum of a number over the processes, to all."""
        counts = gather(count)
        return share(lambda: sum(counts))

    def replicate(self, setup: Setup) -> None:
        """Let the gradients of the model of `setup` be summed over the processes from now on."""
        if self.size == 1 or self.divided is not None:
            return
        device = setup.device
        from torch.nn.parallel import DistributedDataParallel

        # Buffers are the same for good; processes may compute different numbers of pieces.
        known = inspect.signature(DistributedDataParallel.__init__).parameters
        new, old = "forward_sync_buffers", "broadcast_buffers"
        fixed: dict[str, Any] = {new if new in known else old: False}
        self._replica = DistributedDataParallel(
            setup.model,
            device_ids=[device.index] if device.type == "cuda" else None,
            **fixed,
            find_unused_parameters=setup.arguments.unfreeze is not None or _leaves_out(setup),
        )

    def batches(self, batches: Iterable[Rows]) -> Iterator[tuple[int, Rows, bool]]:
        """Yield this process's part of many batches: the number, the rows, whether they count.

        All have as many; what does not count is computed to keep step with the others.
        """
        dealt = list(batches)
        for start in range(0, len(dealt), self.size):
            number = start + self.world.rank
            counts = number < len(dealt)
            yield number, dealt[number if counts else start], counts

    def divide(self, model: Any, arguments: TrainingArguments, device: torch.device) -> Any:
        """Return a copy of `model` whose weights are divided, each layer apart.

        Raises
        ------
        UsageError
            The run asks for what needs whole weights.
        """
        from torch.distributed.device_mesh import init_device_mesh
        from torch.distributed.fsdp import fully_shard

        trains = all(parameter.requires_grad for parameter in model.parameters())
        if arguments.unfreeze is not None or not trains:
            raise UsageError(
                "FSDP: expected a model that trains as a whole, got frozen parts; they train in "
                "several processes without FSDP"
            )
        mesh = init_device_mesh(device.type, (self.size,))
        self.divided = copy.deepcopy(model)
        for name in _layers(model):
            fully_shard(
                self.divided.get_submodule(name),
                mesh=mesh,
                reshard_after_forward=self.world.reshards,
            )
        fully_shard(self.divided, mesh=mesh)
        return self.divided

    def collect(self, model: Any) -> None:
        """Put the divided weights together in `model`; nothing where they are whole."""
        if self.divided is None:
            return
        for module in self.divided.modules():
            if hasattr(module, "reshard"):  # after a validation some are still together
                module.reshard()
        own = dict(model.named_parameters())
        with torch.no_grad():
            for name, part in self.divided.named_parameters():
                own[name].copy_(whole(part))

    def hand_out(self, model: Any) -> None:
        """Divide the weights of `model` anew; nothing where they are whole."""
        if self.divided is None:
            return
        parts = dict(self.divided.named_parameters())
        with torch.no_grad():
            for name, values in model.named_parameters():
                parts[name].copy_(like(parts[name], values))


def whole(value: torch.Tensor) -> torch.Tensor:
    """Return a tensor put together from its parts; all processes must ask for it."""
    together: torch.Tensor = value.full_tensor() if hasattr(value, "full_tensor") else value
    return together


def like(parts: Any, value: torch.Tensor) -> torch.Tensor:
    """Return a whole tensor divided as `parts` are; one of another shape as it is."""
    if not hasattr(parts, "full_tensor") or parts.shape != value.shape:
        return value
    from torch.distributed.tensor import distribute_tensor

    return distribute_tensor(value.to(parts.device), parts.device_mesh, parts.placements)


def _layers(model: Any) -> tuple[str, ...]:
    """Return the names of the layers; none where the parts of the model cannot be told apart."""
    try:
        return tuple(anatomy(model).layers)
    except ModelError:
        return ()


def _leaves_out(setup: Setup) -> bool:
    """Tell whether something trains that has no part in the loss, as an idle pooler."""
    setup.model.eval()
    inputs, labels = setup.train.batch(np.zeros(1, np.int64), setup.device, 0)
    setup.objective.loss_sum(setup.model(**inputs), labels, training=True).backward()
    idle = any(p.requires_grad and p.grad is None for p in setup.model.parameters())
    setup.model.zero_grad(set_to_none=True)
    return idle
