"""Which parameter belongs to what: embeddings, encoder, pooler or head, and to which layer.

Names are read from the model itself, so that architectures nobody listed here work as well; what
is listed in `ARCHITECTURES` are the ones of which the pooler and the head were looked up. A name
may have been changed by adapters: peft's ``base_model.model.`` in front, ``.base_layer`` and
``.modules_to_save.default`` inside, and whatever follows the layer that an adapter sits in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from torch import nn

from robustft.errors import ModelError

__all__ = [
    "ARCHITECTURES",
    "Anatomy",
    "Architecture",
    "Component",
    "anatomy",
    "architecture_rows",
    "canonical",
    "is_added",
    "is_within",
]


class Component(StrEnum):
    """The four parts of a text model, from the text to the answer."""

    EMBEDDINGS = "embeddings"
    ENCODER = "encoder"
    POOLER = "pooler"
    HEAD = "head"


@dataclass(frozen=True)
class Architecture:
    """What pooler and head of a sequence classifier are in one architecture of transformers.

    Attributes
    ----------
    first_token
        Whether what is pooled is the hidden state of the first token; None: the configuration
        decides (ModernBERT's ``classifier_pooling``).
    pretrained
        Where the pooler's weights come from in the published checkpoints; empty: they have none,
        so that it starts at random.
    """

    model_type: str
    pooler: str
    head: str
    computes: str
    first_token: bool | None = True
    pretrained: str = ""


# Read from the modelling files of transformers 5 (src/transformers/models/*/modeling_*.py); the
# tests build each one and compare.
ARCHITECTURES: tuple[Architecture, ...] = (
    Architecture(
        "bert", "bert.pooler", "classifier", "dense, tanh", pretrained="next-sentence prediction"
    ),
    Architecture("distilbert", "pre_classifier", "classifier", "dense, ReLU"),
    Architecture("roberta", "classifier.dense", "classifier.out_proj", "dense, tanh"),
    Architecture("xlm-roberta", "classifier.dense", "classifier.out_proj", "dense, tanh"),
    Architecture("camembert", "classifier.dense", "classifier.out_proj", "dense, tanh"),
    Architecture("electra", "classifier.dense", "classifier.out_proj", "dense, GELU"),
    Architecture(
        "albert",
        "albert.pooler",
        "classifier",
        "dense, tanh",
        pretrained="sentence-order prediction",
    ),
    Architecture("deberta", "pooler", "classifier", "dense, GELU"),
    Architecture("deberta-v2", "pooler", "classifier", "dense, GELU"),
    Architecture("mpnet", "classifier.dense", "classifier.out_proj", "dense, tanh"),
    Architecture(
        "modernbert",
        "head",
        "classifier",
        "dense, GELU, norm",
        first_token=None,
        pretrained="masked-LM head",
    ),
)
_KNOWN = {facts.model_type: facts for facts in ARCHITECTURES}


def architecture_rows() -> list[dict[str, str]]:
    """Return `ARCHITECTURES` as rows of text: what pooler and head are, and what is pooled."""
    pooled = {True: "first token", False: "all tokens", None: "first token or mean"}
    return [
        {
            "architecture": facts.model_type,
            "pooler": facts.pooler,
            "computes": facts.computes,
            "reads": pooled[facts.first_token],
            "pretrained": facts.pretrained or "no",
            "head": facts.head,
        }
        for facts in ARCHITECTURES
    ]


# A dense layer before the classifier, by its usual names outside of the base model.
_POOLERS = (
    "pooler",
    "pre_classifier",
    "head",
    "dense",
    "classifier.dense",
    "classifier.linear_hidden",
    "classification_head.dense",
    "sequence_summary.summary",
)
# Heads by their usual names, for models whose base model is not a part of its own.
_HEADS = ("classifier", "score", "qa_outputs", "classification_head", "cls", "lm_head")

_BEFORE = re.compile(r"^(?:module\.|_orig_mod\.)*(?:base_model\.model\.)?")
_INSIDE = re.compile(r"\.(?:base_layer|original_module|modules_to_save\.[^.]+)(?=\.|$)")
_ADDED = re.compile(r"\.(?:adapter|lora_\w+|ia3_\w+)\.")


@lru_cache(maxsize=65_536)
def canonical(name: str) -> str:
    """Return a parameter's name as it was before peft, compilation or DDP wrapped the model.

    >>> canonical("base_model.model.bert.pooler.dense.base_layer.weight")
    'bert.pooler.dense.weight'
    """
    return _INSIDE.sub("", _BEFORE.sub("", name))


def is_added(name: str) -> bool:
    """Say whether a parameter was added by an adapter and so stands in no base checkpoint."""
    return _ADDED.search(name) is not None


def is_within(name: str, prefixes: Iterable[str]) -> bool:
    """Say whether a module or parameter is one of `prefixes` or lies below one of them."""
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)


@dataclass(frozen=True)
class Anatomy:
    """Where the parts of a model are, as prefixes of module names without those of adapters.

    Attributes
    ----------
    base
        The base model's prefix (``bert``); empty when the model is a base model.
    layers
        One prefix for each layer of the encoder, bottom to top. Layers that share their weights
        (ALBERT) are one.
    passes
        How many layers a text passes through: more than `layers` where they are shared.
    embeddings
        Tables, their norm and projection, and the relative positions that all layers read.
    pooler
        What turns hidden states into one vector; empty in question answering, masked LM and
        architectures without one.
    head
        What turns that vector into outputs.
    beside_first
        Modules outside of the list of layers that act within the lowest (DeBERTa's convolution).
    pools_first_token
        True when the head sees no token's last hidden state but the first's.
    """

    layers: tuple[str, ...]
    pooler: tuple[str, ...]
    head: tuple[str, ...]
    embeddings: tuple[str, ...]
    pools_first_token: bool
    base: str = ""
    passes: int = 0
    beside_first: tuple[str, ...] = ()

    def component(self, name: str) -> Component:
        """Return what a parameter (or module) belongs to.

        All of the base model that is neither embeddings nor pooler is encoder, final norms too;
        all outside of it that is no pooler is head.
        """
        plain = canonical(name)
        if is_within(plain, self.pooler):
            return Component.POOLER
        if is_within(plain, self.embeddings):
            return Component.EMBEDDINGS
        if is_within(plain, self.head):
            return Component.HEAD
        inside = not self.base or is_within(plain, (self.base,))
        return Component.ENCODER if inside else Component.HEAD

    def depth(self, name: str) -> int:
        """Return 0 for embeddings, 1 to L for the layers, L + 1 for pooler and head.

        What stands in the encoder outside of its layers comes behind them (a final norm): L.
        """
        part = self.component(name)
        if part is Component.EMBEDDINGS:
            return 0
        if part is not Component.ENCODER:
            return len(self.layers) + 1
        plain = canonical(name)
        for index, prefix in enumerate(self.layers, start=1):
            if is_within(plain, (prefix,)):
                return index
        return 1 if is_within(plain, self.beside_first) else len(self.layers)


def anatomy(model: Any) -> Anatomy:
    """Find the parts of a transformers model, bare or with a head, with adapters or without.

    The layers are the longest list of modules in the base model; in an encoder-decoder, those of
    the encoder and then those of the decoder.

    Raises
    ------
    ModelError
        No list of layers is there, or the parts of a layer lie in several lists (XLM).
    """
    while hasattr(model, "get_base_model"):  # peft's wrapper
        model = model.get_base_model()
    base, module = _base_model(model)
    config: Any = getattr(model, "config", None)
    layers = _layers(module, base, model, both=bool(getattr(config, "is_encoder_decoder", False)))
    modules = {canonical(name): part for name, part in model.named_modules() if name}
    parameters = {canonical(name) for name, _ in model.named_parameters(remove_duplicate=False)}
    pooler = _pooler(type(model).__name__, base, parameters)
    head = tuple(dict.fromkeys(_heads(base, parameters, pooler)))
    rest = [n for n in (*modules, *parameters) if not is_within(n, (*layers, *pooler, *head))]
    inside = [n for n in rest if not base or n.startswith(f"{base}.")]
    model_type = getattr(config, "model_type", "")
    embeddings = _embeddings(inside, modules, base, relative=model_type.startswith("deberta"))
    return Anatomy(
        layers=layers,
        pooler=pooler,
        head=head,
        embeddings=embeddings,
        pools_first_token=bool(pooler) and _pools_first_token(model, config),
        base=base,
        # ALBERT alone has groups: so many layers, each of them used several times over.
        passes=config.num_hidden_layers if hasattr(config, "num_hidden_groups") else len(layers),
        beside_first=tuple(n for n in modules if n == _join(base, "encoder.conv")),
    )


def _join(*parts: str) -> str:
    return ".".join(part for part in parts if part)


def _base_model(model: Any) -> tuple[str, nn.Module]:
    """Return the prefix and the module of the part that a head stands on."""
    prefix = getattr(model, "base_model_prefix", "")
    part = getattr(model, prefix, None) if prefix else None
    return (prefix, part) if isinstance(part, nn.Module) else ("", model)


def _layers(module: nn.Module, base: str, model: Any, *, both: bool) -> tuple[str, ...]:
    """Return the prefixes of the layers: entries of the longest outermost list of modules."""
    lists: dict[str, int] = {}
    for name, part in module.named_modules():
        if isinstance(part, nn.ModuleList) and not is_within(name, lists):
            lists[name] = len(part)
    filled = {name: size for name, size in lists.items() if size}
    if not filled:
        raise ModelError(
            f"{type(model).__name__}: expected an encoder with a list of layers, got none"
        )
    longest = max(filled, key=lambda name: filled[name])
    beside = [
        name
        for name in filled
        if name != longest
        and filled[name] == filled[longest] > 1
        and name.rpartition(".")[0] == longest.rpartition(".")[0]
    ]
    if beside:
        raise ModelError(
            f"{type(model).__name__}: expected layers in one list, got them in parts: "
            f"{', '.join((longest, *beside))}"
        )
    chosen = [longest]
    if both:
        chosen = [name for name in filled if name.partition(".")[0] in ("encoder", "decoder")]
    return tuple(
        _join(base, canonical(name), str(index))
        for name in chosen or [longest]
        for index in range(filled[name])
    )


def _pooler(kind: str, base: str, parameters: set[str]) -> tuple[str, ...]:
    """Return the pooler's prefix, if there is one.

    Heads that answer for each token (question answering, masked LM, tags) have none outside of
    the base model, even where a dense layer stands before them.
    """
    own = _join(base, "pooler")
    if any(is_within(name, (own,)) for name in parameters):
        return (own,)
    if not base or not kind.endswith(("SequenceClassification", "MultipleChoice")):
        return ()
    outside = {name for name in parameters if not is_within(name, (base,))}
    for prefix in _POOLERS:
        below = {name for name in outside if is_within(name, (prefix,))}
        if below and below != outside:  # a classifier alone is no pooler
            return (prefix,)
    return ()


def _heads(base: str, parameters: set[str], pooler: tuple[str, ...]) -> Iterator[str]:
    """Yield the prefix of the head for each parameter that belongs to it, in order of name."""
    for name in sorted(parameters):
        first, _, rest = name.partition(".")
        outside = not is_within(name, (base,)) if base else first in _HEADS
        if not outside or is_within(name, pooler):
            continue
        shared = any(prefix.startswith(f"{first}.") for prefix in pooler)
        yield f"{first}.{rest.partition('.')[0]}" if shared else first


def _embeddings(
    names: list[str], modules: dict[str, nn.Module], base: str, *, relative: bool
) -> tuple[str, ...]:
    """Return the topmost prefixes that are named after embeddings or are tables.

    What lies in further lists of modules (a decoder's layers) is no embedding. With `relative`,
    the norm beside DeBERTa's relative positions counts too: it is theirs.
    """
    found: dict[str, None] = {}
    for name in names:
        parts = name.split(".")
        if any(part.isdigit() for part in parts):
            continue
        start = 1 if base else 0
        named = next((i for i in range(start, len(parts)) if "emb" in parts[i].lower()), None)
        if named is not None:
            found[".".join(parts[: named + 1])] = None
        elif isinstance(modules.get(name), nn.Embedding):
            found[name] = None
    norm = _join(base, "encoder.LayerNorm")
    if relative and norm in modules:
        found[norm] = None
    return tuple(found)


def _pools_first_token(model: Any, config: Any) -> bool:
    if not type(model).__name__.endswith("SequenceClassification"):
        return False
    facts = _KNOWN.get(getattr(config, "model_type", ""))
    if facts is None:
        return False  # unknown: the last hidden states of all tokens may matter
    if facts.first_token is None:
        return getattr(config, "classifier_pooling", "") == "cls"
    return facts.first_token
