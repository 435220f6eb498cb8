"""Pretrain a masked language model on running text, and watch its perplexity.

Perplexity is exp of the mean cross entropy of the hidden tokens (Devlin et al., 2019, for the
task), here of held-out texts whose hidden tokens are the same in every epoch and every run of the
same seed. It depends on the tokenizer: models with different vocabularies cannot be compared by it.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from robustft.data.run_folder import RunFolder, hardware
from robustft.model.language_model import HiddenTokens, TokenizerChoice, load_language_model
from robustft.model.load import LoadedModel
from robustft.model.processes import share, together
from robustft.model.tiny import TINY
from robustft.training.arguments import TrainingArguments, resolve_arguments
from robustft.training.examples import Examples
from robustft.training.loop import TrainingResult, fit_setup, run_identity
from robustft.training.masking import MASK_RATE, Blocks, pack
from robustft.training.objectives import Collected, Scores
from robustft.training.pretrain_plan import PretrainPlan, plan_pretraining
from robustft.training.setup import Setup, prepare_examples
from robustft.training.validation import validate

__all__ = ["MaskedLanguageModelling", "Pretrained", "pretrain", "run_pretraining"]

_BEFORE = "before.json"


@dataclass(frozen=True)
class MaskedLanguageModelling:
    """Cross entropy of the hidden tokens; perplexity."""

    metric: str = "perplexity"
    lower_is_better: bool = True

    def loss_sum(self, outputs: Any, labels: torch.Tensor, *, training: bool) -> torch.Tensor:
        """Return the cross entropy, summed over the hidden tokens."""
        return torch.nn.functional.cross_entropy(outputs.logits.float(), labels, reduction="sum")

    def collect(self, outputs: Any) -> None:
        """Keep nothing: the loss says it all."""

    def score(self, collected: Collected, data: Examples, loss: float) -> Scores:
        """Return the perplexity: exp of the mean loss; None where it is too large for a number."""
        perplexity = math.exp(loss) if loss < 700 else None
        return Scores(loss, {"perplexity": perplexity}, constant=False)


@dataclass(frozen=True)
class Pretrained:
    """A finished pretraining run.

    Attributes
    ----------
    folder
        The run; its model is in ``checkpoints/best`` and can be fine-tuned from there.
    before
        Perplexity on the held-out tokens before the first step.
    history
        One entry an epoch: ``epoch``, ``train_loss``, ``loss`` and ``perplexity``.
    """

    folder: Path
    before: float | None
    history: list[dict[str, Any]]
    best_epoch: int
    minutes: float
    reused: bool
    notices: tuple[str, ...]

    @property
    def perplexities(self) -> list[float | None]:
        """Perplexity after each epoch."""
        return [entry["perplexity"] for entry in self.history]

    def to_pandas(self) -> Any:
        """Return the history as a data frame, a row an epoch."""
        import pandas as pd

        return pd.DataFrame(self.history)


def pretrain(
    data: Any = None,
    model: str | os.PathLike[str] = TINY,
    *,
    split: str | None = None,
    from_scratch: bool | None = None,
    tokenizer: TokenizerChoice | None = None,
    vocabulary: int | None = None,
    whole_words: bool = False,
    mask_rate: float = MASK_RATE,
    max_mb: float | None = None,
    max_train: int | None = None,
    text_column: str | None = None,
    out: str | os.PathLike[str] | None = None,
    root: str | os.PathLike[str] = "runs",
    seed: int = 0,
    progress: bool = True,
    **arguments: Any,
) -> Pretrained:
    """Train a masked language model, from scratch or on from a checkpoint.

    Parameters
    ----------
    data
        A file, folder or hub name, as `load_dataset` takes; None for the built-in reviews.
    model
        A hub name, a folder, or ``tiny``.
    split
        Which rows to learn from: by default ``unsupervised``, else ``train``, else all.
    from_scratch
        Take the model's shape and random weights; always so for ``tiny``.
    tokenizer, vocabulary
        ``train`` makes a WordPiece tokenizer of the texts, of at most `vocabulary` pieces.
    whole_words
        Hide whole words instead of single word pieces.
    max_mb, max_train
        Use so many megabytes (UTF-8) or so many texts, chosen by `seed`.
    out, root
        The run's folder; by default one under `root` named after the settings.
    arguments
        Fields of `TrainingArguments`; here 5 epochs of batches of 32 blocks of 128 tokens.

    Raises
    ------
    UsageError, DataError, ModelError, HubError, RunError
        A setting, the texts, the model or a folder cannot be used; the message says which.
    """
    plan = plan_pretraining(
        data,
        model,
        split=split,
        from_scratch=from_scratch,
        tokenizer=tokenizer,
        vocabulary=vocabulary,
        whole_words=whole_words,
        mask_rate=mask_rate,
        max_mb=max_mb,
        max_train=max_train,
        text_column=text_column,
        out=out,
        root=root,
        seed=seed,
        arguments=arguments,
    )
    return run_pretraining(plan, progress=progress)


def run_pretraining(plan: PretrainPlan, *, progress: bool = True) -> Pretrained:
    """Do what `plan` says; a run that is finished is not trained again."""
    run = RunFolder.start("pretrain", plan.readable, plan.config(), out=plan.out, root=plan.root)
    reused = run.finished
    if not reused:
        _train(plan, run, progress=progress)
    manifest = run.manifest
    return Pretrained(
        folder=run.path,
        before=manifest["perplexity"]["before"],
        history=manifest["training"]["history"],
        best_epoch=manifest["best_epoch"],
        minutes=manifest["minutes"],
        reused=reused,
        notices=tuple(dict.fromkeys([*plan.notices, *manifest["notices"]])),
    )


def _train(plan: PretrainPlan, run: RunFolder, *, progress: bool) -> None:
    loaded = load_language_model(
        plan.model,
        seed=plan.seed,
        texts=plan.train,
        from_scratch=plan.from_scratch,
        tokenizer=plan.tokenizer,
        vocabulary=plan.vocabulary,
    )
    arguments, notices = resolve_arguments(
        plan.arguments, from_scratch=loaded.from_scratch, max_positions=loaded.max_positions
    )
    blocks = [_blocks(plan, loaded, texts, arguments) for texts in (plan.train, plan.held_out)]
    texts = run_identity(*plan.train, *plan.held_out)
    how = {
        "identity": run_identity(plan.config(), arguments.model_dump(), texts),
        "progress": progress,
        "title": "pretraining",
        "notices": (*loaded.notices, *notices),
    }
    setup, result, before = together(_fit, loaded, blocks, arguments, run, how)
    run.finish(_manifest(plan, setup, result, before))


def _fit(
    loaded: LoadedModel,
    blocks: Sequence[Blocks],
    arguments: TrainingArguments,
    run: RunFolder,
    how: Mapping[str, Any],
) -> tuple[Setup, TrainingResult, float | None]:
    """Train in each of the processes; also return the perplexity before."""
    setup = prepare_examples(loaded, MaskedLanguageModelling(), blocks[0], blocks[1], arguments)
    setup.model = HiddenTokens(setup.model)
    before = _before(setup, run)
    return setup, fit_setup(setup, run.path, **how), before


def _blocks(
    plan: PretrainPlan, loaded: LoadedModel, texts: Sequence[str], arguments: TrainingArguments
) -> Blocks:
    return pack(
        loaded.tokenizer,
        texts,
        arguments.max_length or 128,
        rate=plan.mask_rate,
        whole_words=plan.whole_words,
    )


def _before(setup: Setup, run: RunFolder) -> float | None:
    """Return the perplexity of the model as it came; a resumed run has it on disk."""
    if not share((run.path / _BEFORE).is_file):
        metrics = validate(setup, setup.validation).metrics
        if setup.team.leads:
            run.write_json(_BEFORE, metrics)
    value: float | None = share(lambda: run.read_json(_BEFORE)["perplexity"])
    return value


def _manifest(
    plan: PretrainPlan, setup: Setup, result: TrainingResult, before: float | None
) -> dict[str, Any]:
    counts = {
        "texts": len(plan.train),
        "held_out_texts": len(plan.held_out),
        "blocks": len(setup.train),
        "held_out_blocks": len(setup.validation),
        "tokens": int(setup.train.lengths.sum()),
        "held_out_hidden": int(setup.validation.weight(np.arange(len(setup.validation)), 0)),
        "vocabulary": len(setup.loaded.tokenizer),
    }
    return {
        "data": plan.dataset.name,
        "counts": counts,
        "perplexity": {
            "before": before,
            "after": [entry["perplexity"] for entry in result.history],
        },
        "best_epoch": result.best_epoch,
        "validation": result.metrics,
        "minutes": result.minutes,
        "peak_memory_mb": result.peak_memory_mb,
        "hardware": hardware(),
        "training": result.to_dict(),
        "notices": list(result.notices),
    }
