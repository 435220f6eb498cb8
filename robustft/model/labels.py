"""Whether a model's outputs mean what the data's labels mean."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from robustft.data.task import Task
from robustft.errors import ModelError

__all__ = [
    "by_position",
    "is_generic",
    "label_order",
    "model_label_names",
    "nearest_labels",
]

# The names that transformers gives to the outputs of a model whose author named none.
_GENERIC = re.compile(r"label_\d+")


def model_label_names(config: Any) -> tuple[str, ...]:
    """Return the names of a model's outputs, in their order."""
    names: Mapping[int, str] = config.id2label
    return tuple(str(names[index]) for index in sorted(names))


def label_order(model_names: Sequence[str], task: Task, *, where: str) -> tuple[int, ...]:
    """Return, for each label code of the data, which of the model's outputs stands for it.

    Names are compared without regard to case. A short form counts where it begins exactly one of
    the model's names and no two labels claim the same one (*neg*, *Negative*). Generic names
    (*LABEL_0*) say nothing and are taken by position, as are all names by data without labels.

    Raises
    ------
    ModelError
        The names cannot be matched one to one; the message lists both.
    """
    names = task.label_names
    if not names:
        return tuple(range(len(model_names)))
    if len(names) == len(model_names):
        theirs = [_plain(name) for name in model_names]
        ours = [_plain(name) for name in names]
        if all(map(is_generic, model_names)):
            return tuple(range(len(ours)))
        found = [_candidates(name, theirs) for name in ours]
        order = tuple(match[0] for match in found if len(match) == 1)
        if len(set(order)) == len(ours):
            return order
    advice = ",".join(f"{n}={m}" for n, m in zip(names, model_names, strict=False))
    raise ModelError(
        f"{where}: expected a model whose labels are the data's ({', '.join(names)}), got "
        f"{', '.join(model_names)}; name the data's labels as the model does, "
        f"such as --label-map {advice} (check the order)"
    )


def is_generic(name: str) -> bool:
    """Say whether a label's name is one of those that nobody chose, such as ``LABEL_0``."""
    return _GENERIC.fullmatch(_plain(name)) is not None


def nearest_labels(name: str, names: Sequence[str]) -> list[int]:
    """Return which of `names` a label may mean, by the rules of `label_order`."""
    return _candidates(_plain(name), [_plain(other) for other in names])


def by_position(where: str, why: str, names: Sequence[str]) -> str:
    """Return the sentence that says that labels were taken in the data's order, and why."""
    return f"{where}: {why}, so they are taken in the data's order: {', '.join(names)}"


def _plain(name: str) -> str:
    return name.casefold().strip().replace(" ", "_").replace("-", "_")


def _candidates(name: str, others: Sequence[str]) -> list[int]:
    exact = [index for index, other in enumerate(others) if other == name]
    if exact or len(name) < 3:
        return exact
    return [
        index
        for index, other in enumerate(others)
        if other.startswith(name) or (len(other) >= 3 and name.startswith(other))
    ]
