"""Make a loaded model what is to be trained: adapters, weights drawn anew, what is frozen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from robustft.errors import ModelError
from robustft.model.adapters import attach_adapter, parse_adapter
from robustft.model.anatomy import Component, anatomy
from robustft.model.freezing import freeze, trainable_names
from robustft.model.load import LoadedModel
from robustft.model.reinit import reinit
from robustft.model.tensors import Snapshot, snapshot, summarize, tensor_states, to_rows
from robustft.training.arguments import TrainingArguments
from robustft.training.watch import high_rate_warning

__all__ = ["Configured", "configure", "count_parameters", "describe_tensors"]


@dataclass(frozen=True)
class Configured:
    """A model that is ready to be trained.

    Attributes
    ----------
    arguments
        With the learning rate that follows from what trains, where none was given.
    trained
        The names of the parameters that train, sooner or later.
    redrawn
        The names of the weights that `reinit` drew anew.
    before
        What the weights are before training.
    pretrained_layers
        Whether something below the pooler trains that came from a checkpoint.
    """

    loaded: LoadedModel
    arguments: TrainingArguments
    trained: frozenset[str]
    redrawn: tuple[str, ...]
    before: Snapshot
    pretrained_layers: bool
    notices: tuple[str, ...]


def configure(loaded: LoadedModel, arguments: TrainingArguments) -> Configured:
    """Attach adapters, draw anew what is to start afresh, then freeze; in place, in this order.

    All that is random hangs on the initialisation seed alone. What a caller has frozen already
    stays so.

    Raises
    ------
    UsageError
        An option does not fit the model: it has no such layer or part, or nothing would train.
    ModelError
        The model cannot be adapted, or its parts cannot be told apart.
    """
    seed = arguments.initialisation_seed
    notices: list[str] = []
    redrawn: tuple[str, ...] = ()
    if arguments.adapter is not None:
        known = loaded.notices
        loaded = attach_adapter(loaded, parse_adapter(arguments.adapter), seed)
        notices += [notice for notice in loaded.notices if notice not in known]
    if arguments.reinit is not None:
        redrawn = reinit(loaded.model, arguments.reinit, seed)
        notices.append(f"drawn anew: {', '.join(redrawn)}")
    freeze(loaded.model, arguments.freeze)
    counts = count_parameters(loaded.model)
    if arguments.freeze != "none":
        notices.append(f"{counts['trained']:,} of {counts['total']:,} parameters train")
    deep = not loaded.from_scratch and arguments.adapter is None and _trains_layers(loaded.model)
    if arguments.learning_rate is None:
        rate, why = (2e-5, "pretrained layers") if deep else (2e-3, "a frozen encoder")
        arguments = arguments.model_copy(update={"learning_rate": rate})
        notices.append(f"learning rate {rate:g} (the default for {why})")
    warning = high_rate_warning(arguments, pretrained_layers=deep)
    notices += [] if warning is None else [warning]
    return Configured(
        loaded=loaded,
        arguments=arguments,
        trained=trainable_names(loaded.model),
        redrawn=redrawn,
        before=snapshot(loaded.model),
        pretrained_layers=deep,
        notices=tuple(notices),
    )


def count_parameters(model: Any, trained_names: Collection[str] | None = None) -> dict[str, Any]:
    """Return how many parameters there are and how many train, in all and by component.

    What trains is what requires a gradient, unless `trained_names` says so.

    ``{"total": n, "trained": n, "components": {"encoder": {"total": n, "trained": n}, ...}}``;
    no components where the parts of the model cannot be told apart.
    """
    total, trained = Counter[str](), Counter[str]()
    parts = _anatomy(model)
    for name, parameter in model.named_parameters():
        part = str(parts.component(name)) if parts else "all"
        total[part] += parameter.numel()
        trains = parameter.requires_grad if trained_names is None else name in trained_names
        trained[part] += parameter.numel() if trains else 0
    counts: dict[str, Any] = {"total": total.total(), "trained": trained.total()}
    if parts:
        counts["components"] = {
            str(part): {"total": total[part], "trained": trained[part]} for part in Component
        }
    return counts


def describe_tensors(configured: Configured) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    """Compare the model with what it was before training: findings, and a row a tensor.

    Both are empty where the parts of the model cannot be told apart.
    """
    loaded = configured.loaded
    if _anatomy(loaded.model) is None:
        return (), []
    states = tensor_states(
        configured.before,
        loaded.model,
        loaded.new_weights,
        configured.redrawn,
        trained=configured.trained,
    )
    return summarize(states), to_rows(states)


def _trains_layers(model: Any) -> bool:
    """Tell whether anything below the pooler trains; yes where nobody knows."""
    parts = _anatomy(model)
    below = (Component.EMBEDDINGS, Component.ENCODER)
    return parts is None or any(parts.component(name) in below for name in trainable_names(model))


def _anatomy(model: Any) -> Any:
    try:
        return anatomy(model)
    except ModelError:
        return None
