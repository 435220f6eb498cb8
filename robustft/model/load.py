"""Load any classifier or question answerer of transformers, with a head that fits the task.

One rule for both ways in: weights come from safetensors where there is a choice, are held in
32 bits, and what was not in the checkpoint is named, never left to be guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoConfig,
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from robustft.data.task import Task, TaskType
from robustft.errors import ModelError
from robustft.model.adapter_spec import AdapterSpec
from robustft.model.adapters import train_adapter
from robustft.model.houlsby import VARIANT, read_adapter_json, restore_houlsby
from robustft.model.hub import Source, find_source, load_error, quiet_transformers
from robustft.model.labels import label_order, model_label_names
from robustft.model.seeded import seeded_torch
from robustft.model.tiny import TINY, tiny_config, tiny_tokenizer
from robustft.seeding import fold_in

__all__ = ["LoadedModel", "load_finetuned", "load_model", "position_limit", "seeded_torch"]

# Tokenizers without a limit carry a huge number instead.
_NO_LIMIT = 1_000_000


@dataclass
class LoadedModel:
    """A classifier with its tokenizer.

    Attributes
    ----------
    name
        As the user gave it.
    new_weights
        Names of the weights that the checkpoint did not hold and that start at random.
    label_order
        For each label code of the data, the model's output that stands for it.
    from_scratch
        True when all weights are random, so that training needs a larger learning rate.
    notices
        Sentences that the user should read.
    adapter
        The adapters in the model; only they, the pooler, the head and (Houlsby) the norms train.
    """

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    name: str
    task: Task
    new_weights: tuple[str, ...] = ()
    label_order: tuple[int, ...] = ()
    from_scratch: bool = False
    notices: tuple[str, ...] = field(default=())
    adapter: AdapterSpec | None = None

    @property
    def max_positions(self) -> int | None:
        """The number of tokens that the model can read; None when it has no limit."""
        return position_limit(self.model, self.tokenizer)


def load_model(
    name: str, *, task: Task, seed: int, train_texts: Sequence[str] | None = None
) -> LoadedModel:
    """Load `name` for fine-tuning on `task`; weights that are new are drawn from `seed`.

    Parameters
    ----------
    name
        A hub name, a folder, or ``tiny`` (which trains its tokenizer on `train_texts`). A model
        that was saved with Houlsby adapters goes on from them, its base frozen.

    Raises
    ------
    HubError
        The name lives on a hub and cannot be had.
    ModelError
        The folder holds no model, it is of no use for the task, or its tokenizer is missing.
    """
    if name == TINY:
        return _load_tiny(task, seed, train_texts or ())
    source = find_source(name)
    with quiet_transformers(), seeded_torch(fold_in(seed, "initialisation")):
        model, new, adapter = _from_pretrained(source, name, task, **_label_fields(task))
        tokenizer = _load_tokenizer(source, name, model)
    if adapter is not None:
        train_adapter(model)
    notices = []
    short = Path(name).name  # notices are kept in manifests, which name no folder outside
    if new:
        notices.append(f"{short}: new weights, drawn at random: {', '.join(new)}")
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
        notices.append(f"{short}: has no padding token; {tokenizer.pad_token!r} pads")
    if model.config.pad_token_id is None:
        model.config.pad_token_id = tokenizer.pad_token_id
    return LoadedModel(
        model=model,
        tokenizer=tokenizer,
        name=name,
        task=task,
        new_weights=new,
        label_order=tuple(range(task.num_labels)),
        notices=tuple(notices),
        adapter=adapter,
    )


def load_finetuned(path: str | Path, *, task: Task) -> LoadedModel:
    """Load a fine-tuned model for prediction and match its labels to the data's.

    Raises
    ------
    ModelError
        The folder holds no fine-tuned model, it is for another type of task, or its labels
        cannot be matched to those of the data.
    HubError
        The name lives on a hub and cannot be had.
    """
    name = str(path)
    source = find_source(name)
    with quiet_transformers(), seeded_torch(0):
        model, new, adapter = _from_pretrained(source, name, task)
        tokenizer = _load_tokenizer(source, name, model)
    if new:
        raise ModelError(
            f"{name}: expected {_wanted(task)}, fine-tuned, got weights without {', '.join(new)}; "
            f"fine-tune it first: robustft train --model {name}"
        )
    return LoadedModel(
        model=model,
        tokenizer=tokenizer,
        name=name,
        task=task,
        label_order=_output_order(model, task, name),
        adapter=adapter,
    )


def position_limit(model: Any, tokenizer: Any) -> int | None:
    """Return how many tokens a model can read, from its position embeddings and its tokenizer.

    RoBERTa and its kin number positions from one past the padding index, so that many of their
    embeddings are never used.
    """
    limits = []
    positions = getattr(model.config, "max_position_embeddings", None)
    if isinstance(positions, int) and positions > 0:
        limits.append(positions)
    for path, module in model.named_modules():
        if path.endswith("position_embeddings") and isinstance(module, torch.nn.Embedding):
            unused = 0 if module.padding_idx is None else module.padding_idx + 1
            limits.append(module.num_embeddings - unused)
    if tokenizer.model_max_length < _NO_LIMIT:
        limits.append(int(tokenizer.model_max_length))
    return min(limits) if limits else None


def _auto_class(task: Task) -> Any:
    """Return what finds the class of a model for `task` from its configuration."""
    if task.type is TaskType.QUESTION_ANSWERING:
        return AutoModelForQuestionAnswering
    return AutoModelForSequenceClassification


def _wanted(task: Task) -> str:
    if task.type is TaskType.QUESTION_ANSWERING:
        return "a model for question answering"
    return "a sequence classifier"


def _output_order(model: PreTrainedModel, task: Task, name: str) -> tuple[int, ...]:
    """Return the output for each label code; check that the model is for this type of task."""
    if task.type is TaskType.QUESTION_ANSWERING:
        return tuple(range(task.num_labels))
    names = model_label_names(model.config)
    if (len(names) == 1) != (task.type is TaskType.REGRESSION):
        kind = "regression" if len(names) == 1 else "classification"
        raise ModelError(
            f"{name}: expected a model for {task.type.value}, got one for {kind} "
            f"({len(names)} output{'s' if len(names) > 1 else ''})"
        )
    return (0,) if len(names) == 1 else label_order(names, task, where=name)


def _load_tiny(task: Task, seed: int, texts: Sequence[str]) -> LoadedModel:
    tokenizer = tiny_tokenizer(texts)
    config = tiny_config(len(tokenizer), **_label_fields(task))
    with seeded_torch(fold_in(seed, "initialisation")):
        model = _auto_class(task).from_config(config)
    return LoadedModel(
        model=model,
        tokenizer=tokenizer,
        name=TINY,
        task=task,
        new_weights=tuple(sorted(name for name, _ in model.named_parameters())),
        label_order=tuple(range(task.num_labels)),
        from_scratch=True,
    )


def _label_fields(task: Task) -> dict[str, Any]:
    """Return the configuration fields that give a model the task's outputs."""
    if task.type is TaskType.REGRESSION:
        # transformers wants a name for the one output, and takes one output for regression.
        return {
            "num_labels": 1,
            "problem_type": "regression",
            "id2label": {0: task.label_column},
            "label2id": {task.label_column: 0},
        }
    if task.type is TaskType.QUESTION_ANSWERING:
        return {"num_labels": task.num_labels}
    names = task.label_names
    if len(names) < 2:
        raise ModelError(
            f"training: expected labels of at least two classes, got {', '.join(names) or 'none'}"
        )
    return {
        "num_labels": task.num_labels,
        "problem_type": "single_label_classification",
        "id2label": dict(enumerate(names)),
        "label2id": {name: code for code, name in enumerate(names)},
    }


def _from_pretrained(
    source: Source, name: str, task: Task, **fields: Any
) -> tuple[PreTrainedModel, tuple[str, ...], AdapterSpec | None]:
    """Return the model in 32 bits, the names of the weights it did not come with, its adapters."""
    where: dict[str, Any] = {"local_files_only": source.offline}
    try:
        config = AutoConfig.from_pretrained(source.name, **where, **fields)
        adapter = read_adapter_json(source.name, offline=source.offline)
        model, info = _auto_class(task).from_pretrained(
            source.name,
            config=config,
            dtype=torch.float32,
            ignore_mismatched_sizes=True,
            output_loading_info=True,
            variant=None if adapter is None else VARIANT,
            **where,
        )
        if adapter is not None:
            restore_houlsby(model, adapter, source.name, offline=source.offline)
    except (OSError, ValueError, KeyError, RuntimeError, ImportError) as problem:
        raise load_error(source, name, _wanted(task), problem) from problem
    _align(model)
    mismatched = {entry[0] for entry in info["mismatched_keys"]}
    return model, tuple(sorted(set(info["missing_keys"]) | mismatched)), adapter


def _align(model: PreTrainedModel) -> None:
    """Give every weight memory of its own, at an address that the allocator aligns.

    Weights that are read from a file lie in it wherever its header left them, and on some
    processors the order in which a product is summed, so its last bit, depends on the address: a
    model that was saved and loaded would answer otherwise than the one that was trained.
    """
    for tensor in (*model.parameters(), *model.buffers()):
        tensor.data = tensor.data.clone()


def _load_tokenizer(source: Source, name: str, model: Any) -> PreTrainedTokenizerBase:
    try:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
            source.name, local_files_only=source.offline
        )
    except (OSError, ValueError, KeyError, RuntimeError, ImportError) as problem:
        raise load_error(source, name, "a tokenizer", problem) from problem
    # Without tokenizer files transformers hands out one that knows the special tokens alone.
    if len(tokenizer) <= len(tokenizer.all_special_tokens):
        raise ModelError(
            f"{name}: expected a tokenizer beside the model, got none (tokenizer.json is missing)"
        )
    size = model.get_input_embeddings().weight.shape[0]
    if len(tokenizer) > size:
        raise ModelError(
            f"{name}: expected a tokenizer of at most {size:,} pieces, as the model has, "
            f"got {len(tokenizer):,}; do the two belong together?"
        )
    return tokenizer
