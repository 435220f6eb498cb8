"""Ways to train and to predict on one GPU: ours, plainly and fast, and transformers'."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from common import NotMeasured

from robustft.errors import first_line
from robustft.model.flops import training_flops, utilisation
from robustft.model.load import LoadedModel, seeded_torch
from robustft.training import fast as fast_module
from robustft.training.arguments import training_arguments
from robustft.training.loop import train_epoch
from robustft.training.progress import TrainingBar
from robustft.training.setup import Setup, prepare
from robustft.training.validation import validate

__all__ = ["RATE", "fine_tune", "launches", "now", "pipeline_seconds", "trainer"]

RATE = 5e-5


def now() -> float:
    """Return the time, once all that was launched is done."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def precision() -> str:
    return "bf16" if torch.cuda.is_available() else "fp32"


def made_ready(
    loaded: LoadedModel,
    train: Any,
    held_out: Any,
    *,
    fast: bool,
    compiled: bool = False,
    **how: Any,
) -> Setup:
    """Return what our loop works with; compiled or not whatever the run's length."""
    before = fast_module.WORTH_COMPILING
    fast_module.WORTH_COMPILING = 0.0 if compiled else float("inf")
    try:
        arguments = training_arguments(
            learning_rate=RATE, max_length=512, fast=fast, precision=precision(), **how
        )
        return prepare(loaded, train, held_out, arguments)
    finally:
        fast_module.WORTH_COMPILING = before


def fine_tune(
    make: Callable[[], LoadedModel], train: Any, held_out: Any, **how: Any
) -> dict[str, Any]:
    """Train two epochs with our loop and take the time of the second."""
    setup = made_ready(make(), train, held_out, epochs=2, **how)
    with seeded_torch(0), TrainingBar("", 1, 0, shown=False) as bar:
        train_epoch(setup, 0, bar)
        tokens, computed, started = setup.tokens, setup.computed, now()
        train_epoch(setup, 1, bar)
        seconds = now() - started
    tokens, computed = setup.tokens - tokens, setup.computed - computed
    flops = training_flops(setup.loaded.model, setup.train.lengths)
    return {
        "seconds": seconds,
        "padding": 1 - tokens / computed,
        "loss": validate(setup, setup.validation).loss,
        "tflops": flops / seconds / 1e12,
        "utilisation": utilisation(flops, seconds, setup.device),
        "notices": list(setup.all_notices),
    }


class Rows(torch.utils.data.Dataset[dict[str, Any]]):
    """Tokenized rows as `Trainer` takes them."""

    def __init__(self, data: Any) -> None:
        bounds = zip(data.tokens.offsets[:-1], data.tokens.offsets[1:], strict=True)
        self._rows = [
            {"input_ids": data.tokens.ids[a:b].tolist(), "labels": int(label)}
            for (a, b), label in zip(bounds, data.labels, strict=True)
        ]

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self._rows[index]


def trainer(
    make: Callable[[], LoadedModel],
    train: Any,
    held_out: Any,
    *,
    best: bool,
    batch_size: int,
) -> dict[str, Any]:
    """Train two epochs with transformers' `Trainer` and take the time of the second.

    Parameters
    ----------
    best
        Its documented settings for speed, not its defaults. In 16 bits both ways.
    """
    from transformers import DataCollatorWithPadding, Trainer, TrainerCallback, TrainingArguments

    times: list[float] = []

    class Clock(TrainerCallback):  # type: ignore[misc]
        """Takes the time at the beginning of each epoch and in the end."""

        def on_epoch_begin(self, *args: Any, **kwargs: Any) -> None:
            times.append(now())

        def on_train_end(self, *args: Any, **kwargs: Any) -> None:
            times.append(now())

    gpu = torch.cuda.is_available()
    settings: dict[str, Any] = {}
    if best:
        settings = {
            "train_sampling_strategy": "group_by_length",
            "optim": "adamw_torch_fused",
            "torch_compile": gpu,
            "dataloader_num_workers": 4 if gpu else 0,
            "dataloader_pin_memory": gpu,
        }
    setup = made_ready(make(), train, held_out, fast=False, epochs=2, batch_size=batch_size)
    loaded = setup.loaded
    try:
        with tempfile.TemporaryDirectory() as folder:
            Trainer(
                model=loaded.model,
                args=TrainingArguments(
                    output_dir=folder, num_train_epochs=2, learning_rate=RATE, weight_decay=0.01,
                    per_device_train_batch_size=batch_size, warmup_steps=0.06, seed=0, bf16=gpu,
                    save_strategy="no", logging_strategy="no", report_to=[], disable_tqdm=True,
                    use_cpu=not gpu, **settings,
                ),
                train_dataset=Rows(setup.train),
                data_collator=DataCollatorWithPadding(
                    loaded.tokenizer, pad_to_multiple_of=64 if best else None
                ),
                callbacks=[Clock()],
            ).train()  # fmt: skip
    except Exception as problem:
        raise NotMeasured(f"Trainer: {first_line(problem)}") from problem
    return {"seconds": times[2] - times[1], "loss": validate(setup, setup.validation).loss}


def pipeline_seconds(loaded: LoadedModel, texts: list[str], batch_size: int) -> dict[str, Any]:
    """Classify texts with transformers' `pipeline`, in 16 bits on a GPU."""
    from transformers import pipeline

    gpu = torch.cuda.is_available()
    try:
        said = pipeline(
            "text-classification",
            model=loaded.model.to(torch.bfloat16) if gpu else loaded.model,
            tokenizer=loaded.tokenizer,
            device=0 if gpu else -1,
        )
        started = now()
        labels = said(list(texts), batch_size=batch_size, truncation=True, max_length=512)
        seconds = now() - started
    except Exception as problem:
        raise NotMeasured(f"pipeline: {first_line(problem)}") from problem
    return {"seconds": seconds, "labels": [each["label"] for each in labels]}


def launches(setup: Setup, epochs: int, steps: int) -> dict[str, float]:
    """Profile steps after `epochs` of warming up: how busy the GPU is, and what is launched.

    Raises
    ------
    NotMeasured
        There is no GPU.
    """
    if not torch.cuda.is_available():
        raise NotMeasured("no GPU on this machine")
    from torch.profiler import ProfilerActivity, profile

    from robustft.seeding import fold_in
    from robustft.training.batching import plan_epoch
    from robustft.training.loop import train_step

    total = setup.total_steps
    with seeded_torch(0), TrainingBar("", 1, 0, shown=False) as bar:
        for epoch in range(epochs):
            train_epoch(setup, epoch, bar)
        plan = plan_epoch(
            setup.train.lengths, setup.arguments.rows_per_step, fold_in(0, "epoch", 9)
        )
        plan = [rows for rows in plan if len(rows) == setup.arguments.rows_per_step][:steps]
        now()
        with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as profiler:
            started = now()
            for rows in plan:
                train_step(setup, rows, total - 1, total)
            seconds = now() - started
    events = list(profiler.events() or [])
    spans = sorted(
        (e.time_range.start, e.time_range.end)
        for e in events
        if e.device_type == torch.autograd.DeviceType.CUDA
    )
    launched = sum("Launch" in event.name for event in events)
    return {
        "busy": covered(spans) / (seconds * 1e6),
        "launches": launched / len(plan),
        "milliseconds": 1e3 * seconds / len(plan),
    }


def covered(spans: list[tuple[float, float]]) -> float:
    """Return how much time spans cover that may overlap, sorted by their start."""
    total, reached = 0.0, -np.inf
    for start, end in spans:
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total
