"""Where a model's parameters are: by component, layer and module, without memory or a download.

Counts come from the modules themselves, built on torch's meta device, where a tensor has a shape
and no values. Beside them stands, for BERT and its kin, what the configuration says they must be.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

import torch
import transformers
from torch import nn

from robustft.errors import ModelError, UsageError, first_line, suggest
from robustft.model.anatomy import Anatomy, Component, anatomy
from robustft.model.formulas import Formula, formulas_for, symbols_of
from robustft.model.freezing import freeze
from robustft.model.hub import quiet_transformers

__all__ = ["HEADS", "Head", "ParameterRow", "ParameterTable", "compare", "count_parameters"]

Head = Literal["none", "classification", "regression", "question-answering", "masked-lm"]
HEADS: tuple[str, ...] = get_args(Head)

_CLASSES = {
    "none": transformers.AutoModel,
    "classification": transformers.AutoModelForSequenceClassification,
    "regression": transformers.AutoModelForSequenceClassification,
    "question-answering": transformers.AutoModelForQuestionAnswering,
    "masked-lm": transformers.AutoModelForMaskedLM,
}
_LAYER = re.compile(r"^layer \d+$")


@dataclass(frozen=True)
class ParameterRow:
    """One line of the table.

    Attributes
    ----------
    place
        Where it is: ``("encoder", "layer 0", "attention", "self.query")``, or the first few of
        these for a line that sums up what is below it.
    kind
        The class of the module; empty for a line that sums up.
    count, trainable
        How many parameters there are, and how many of them train.
    formula, numbers, expected
        What the configuration says they must be; None where no formula is written down.
    note
        What the number alone would not say.
    """

    place: tuple[str, ...]
    kind: str
    count: int
    trainable: int
    formula: str | None = None
    numbers: str | None = None
    expected: int | None = None
    note: str = ""

    @property
    def path(self) -> str:
        """The place, its parts joined by slashes."""
        return "/".join(self.place)


@dataclass(frozen=True)
class ParameterTable:
    """The parameters of one model.

    Attributes
    ----------
    rows
        All lines of all depths, each before the lines it sums up.
    total
        The whole model; a weight that is used twice is counted once.
    symbols
        What the letters of the formulas stand for; None where there are no formulas.
    """

    name: str
    head: str
    architecture: str
    model_type: str
    rows: tuple[ParameterRow, ...]
    total: ParameterRow
    symbols: dict[str, int] | None
    notes: tuple[str, ...]

    def count(self, *place: str) -> int:
        """Return the parameters of a place; 0 where the model has no such place.

        ``table.count("encoder", "layer 0")`` are those of the lowest layer.
        """
        return next((row.count for row in self.rows if row.place == place), 0)

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain values."""
        return {
            "name": self.name,
            "head": self.head,
            "architecture": self.architecture,
            "model_type": self.model_type,
            "total": self.total.count,
            "trainable": self.total.trainable,
            "components": {str(part): self.count(part) for part in Component},
            "formula": self.total.formula,
            "expected": self.total.expected,
            "symbols": self.symbols,
            "rows": [{**asdict(row), "place": list(row.place)} for row in self.rows],
            "notes": list(self.notes),
        }


def count_parameters(
    config: Any, *, name: str = "", head: str = "none", labels: int | None = None,
    frozen: str = "none",
) -> ParameterTable:  # fmt: skip
    """Count the parameters of a model of this configuration, with this head.

    Parameters
    ----------
    labels
        How many classes a classifier tells apart; None: as many as the configuration names (two
        where it names none).
    frozen
        What ``--freeze`` would be: see `robustft.model.freezing.FREEZES`.

    Raises
    ------
    UsageError
        The head is unknown, or what is to be frozen does not fit the model.
    ModelError
        The architecture has no such head, or no layers that we can find.
    """
    if head not in HEADS:
        known = ", ".join(HEADS)
        raise UsageError(f"head: expected one of {known}, got {head!r}{suggest(head, HEADS)}")
    own = copy.deepcopy(config)
    own.num_labels = _outputs(config, head, labels)
    model = _build(own, head, name)
    parts = anatomy(model)
    freeze(model, frozen)
    leaves = list(_leaves(model, parts))
    pooler = any(leaf.place[0] == Component.POOLER and leaf.count for leaf in leaves)
    formulas = formulas_for(own, head, own.num_labels, pooler=pooler)
    rows = tuple(_with_formula(row, formulas) for row in _summed(leaves))
    total = _sum(leaves, ())
    table = ParameterTable(
        name=name or own.model_type,
        head=head,
        architecture=type(model).__name__,
        model_type=own.model_type,
        rows=rows,
        total=_with_formula(total, formulas),
        symbols=None if formulas is None else symbols_of(own, own.num_labels),
        notes=(),
    )
    return replace(table, notes=tuple(_notes(table, parts, config)))


def compare(tables: Iterable[ParameterTable]) -> list[dict[str, Any]]:
    """Return the tables side by side: a row a component and module outside of the layers.

    Layers count as one row (the lowest, as ``each layer``) where all of a model's are alike, with
    how many there are beside it. ``difference`` is to the first table; 0 stands for no such part.
    """
    chosen = list(tables)
    columns = [dict(_overview(table)) for table in chosen]
    paths = list(dict.fromkeys(path for column in columns for path in column))
    order = [*Component, "total", "trainable"]
    paths.sort(key=lambda path: order.index(path.partition("/")[0]))
    rows = []
    for path in paths:
        counts = [column.get(path, 0) for column in columns]
        rows.append(
            {"part": path, "counts": counts, "difference": [n - counts[0] for n in counts[1:]]}
        )
    return rows


def _overview(table: ParameterTable) -> Iterator[tuple[str, int]]:
    layers = [row for row in table.rows if len(row.place) == 2 and _LAYER.match(row.place[1])]
    alike = len({row.count for row in layers}) == 1
    for row in table.rows:
        if len(row.place) > 2 or (row in layers and alike):
            continue
        yield row.path, row.count
        if row.place == (Component.ENCODER,) and alike:
            yield "encoder/layers", len(layers)
            yield "encoder/each layer", layers[0].count
    yield "total", table.total.count
    yield "trainable", table.total.trainable


def _outputs(config: Any, head: str, labels: int | None) -> int:
    if head == "classification":
        if labels is not None and labels < 2:
            raise UsageError(f"labels: expected at least 2 for classification, got {labels}")
        return labels or max(int(config.num_labels), 2)
    if labels is not None:
        raise UsageError(f"labels: expected with --head classification, got --head {head}")
    return 1 if head == "regression" else 2  # question answering: where it starts, where it ends


def _build(config: Any, head: str, name: str) -> nn.Module:
    """Build the model where tensors have no values: no memory, no initialisation."""
    try:
        with quiet_transformers(), torch.device("meta"):
            model: nn.Module = _CLASSES[head].from_config(config)
    except (ValueError, TypeError, ImportError, AttributeError) as problem:
        wanted = "a model" if head == "none" else f"a model with a head for {head}"
        raise ModelError(
            f"{name or config.model_type}: expected {wanted}, got: {first_line(problem)}"
        ) from None
    return model


def _leaves(model: nn.Module, parts: Anatomy) -> Iterator[ParameterRow]:
    """Yield a row for each module that has parameters of its own or nothing below it.

    Sorted by component, otherwise in the model's order: a weight that a head shares with the
    embeddings is met there first and counted there.
    """
    found: list[tuple[str, str, list[tuple[str, nn.Parameter]]]] = []
    for path, module in model.named_modules():
        own = [(n, p) for n, p in module.named_parameters(recurse=False, remove_duplicate=False)]
        if not any(True for _ in module.children()):
            found.append((path, type(module).__name__, own))
        else:  # parameters beside modules: a row each
            found += [(f"{path}.{n}" if path else n, "Parameter", [(n, p)]) for n, p in own]
    order = list(Component)
    found.sort(key=lambda leaf: order.index(parts.component(leaf[0])))
    owners: dict[int, str] = {}
    for path, kind, own in found:
        fresh = [p for _, p in own if id(p) not in owners]
        tied = [(p, owners[id(p)]) for _, p in own if id(p) in owners]
        owners |= {id(p): path for p in fresh}
        yield ParameterRow(
            place=_place(path, parts),
            kind=kind,
            count=sum(p.numel() for p in fresh),
            trainable=sum(p.numel() for p in fresh if p.requires_grad),
            note="; ".join(f"{p.numel():,} shared with {owner}" for p, owner in tied),
        )


def _place(path: str, parts: Anatomy) -> tuple[str, ...]:
    """Return component, group, part and module of a module's path."""
    part = parts.component(path)
    for index, prefix in enumerate(parts.layers):
        if path.startswith(f"{prefix}."):
            # ALBERT wraps the one layer of a group in a list of its own.
            rest = re.sub(r"^albert_layers\.", "", path[len(prefix) + 1 :])
            group, _, below = rest.partition(".")
            return tuple(p for p in (str(part), f"layer {index}", group, below) if p)
    inside = path[len(parts.base) + 1 :] if parts.base and path.startswith(parts.base) else path
    for prefix in ("embeddings.", "encoder.", "pooler."):
        inside = inside.removeprefix(prefix)
    return (str(part), inside)


def _summed(leaves: list[ParameterRow]) -> Iterator[ParameterRow]:
    """Yield each leaf, and before the first of a group the sum of the group."""
    seen: set[tuple[str, ...]] = set()
    for leaf in leaves:
        for length in range(1, len(leaf.place)):
            group = leaf.place[:length]
            if group not in seen:
                seen.add(group)
                yield _sum(leaves, group)
        yield leaf


def _sum(leaves: list[ParameterRow], group: tuple[str, ...]) -> ParameterRow:
    below = [leaf for leaf in leaves if leaf.place[: len(group)] == group]
    return ParameterRow(
        place=group,
        kind="",
        count=sum(leaf.count for leaf in below),
        trainable=sum(leaf.trainable for leaf in below),
    )


def _with_formula(row: ParameterRow, formulas: dict[str, Formula] | None) -> ParameterRow:
    path = re.sub(r"^encoder/layer \d+", "encoder/layer", row.path)
    formula = (formulas or {}).get(path)
    if formula is None:
        return row
    note = row.note
    if formula.value != row.count:
        note = "; ".join(filter(None, (note, f"the formula gives {formula.value:,}")))
    return replace(
        row, formula=formula.text, numbers=formula.numbers, expected=formula.value, note=note
    )


def _notes(table: ParameterTable, parts: Anatomy, config: Any) -> Iterator[str]:
    """Yield what a reader of the table should know."""
    if table.symbols is None:
        yield (
            f"No formula is written down for {table.model_type}; the counts are those of its "
            "modules."
        )
    if parts.passes > len(parts.layers):
        many = f"{len(parts.layers)} layer{'s' if len(parts.layers) > 1 else ''}"
        yield f"A text passes {parts.passes} times through {many}; shared weights count once."
    if table.head in ("question-answering", "masked-lm") and not parts.pooler:
        yield from _on_the_missing_pooler(table, config)
    yield from _on_the_letter(table)


def _on_the_missing_pooler(table: ParameterTable, config: Any) -> Iterator[str]:
    bare = count_parameters(config, head="none")
    pooler = bare.count(Component.POOLER)
    if not pooler:
        return
    kind = table.head.replace("-", " ")
    head = table.count(Component.HEAD)
    yield (
        f"Today's transformers builds models for {kind} without a pooler: {bare.total.count:,} "
        f"(the bare model) − {pooler:,} (pooler) + {head:,} (head) = {table.total.count:,}."
    )
    if table.head == "question-answering":
        two = count_parameters(config, head="classification", labels=2).total.count
        yield (
            f"Where {two:,} is given for question answering, a pooler is counted that these "
            "models do not have: it is the figure of the two-class classifier."
        )


def _on_the_letter(table: ParameterTable) -> Iterator[str]:
    """Yield the misprint in Wang (2023), for models of the size that it prints."""
    embeddings, encoder = table.count(Component.EMBEDDINGS), table.count(Component.ENCODER)
    if encoder != 85_054_464 or not 23_400_000 < embeddings < 23_900_000:
        return
    yield (
        "Wang (2023, On Finetuning Large Language Models, figure 1) prints 2.3 M for the "
        f"embeddings and 8.5 M for the encoder. The counts are {embeddings / 1e6:.2f} M and "
        f"{encoder / 1e6:.2f} M: the figure is off by a factor of ten."
    )
