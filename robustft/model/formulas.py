"""How many parameters BERT and its kin must have, computed from the configuration alone.

A formula is written once, as a reader would write it (``4·(H² + H) + 2·H``), and computed from
that text, so that what is shown is what was computed.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["SYMBOLS", "Formula", "evaluate", "formulas_for", "symbols_of"]

# What the letters stand for.
SYMBOLS = {
    "V": "word pieces",
    "P": "positions",
    "T": "token types",
    "H": "hidden units",
    "I": "intermediate units",
    "L": "layers",
    "n": "outputs",
}

_NORM = "2·H"  # a scale and a shift for each unit
_DENSE = "H² + H"  # weights and biases
_WIDEN = "H·I + I"
_NARROW = "I·H + H"

_BERT_LAYER = {
    "attention": f"4·({_DENSE}) + {_NORM}",  # query, key, value, output; norm
    "attention/self.query": _DENSE,
    "attention/self.key": _DENSE,
    "attention/self.value": _DENSE,
    "attention/output.dense": _DENSE,
    "attention/output.LayerNorm": _NORM,
    "intermediate": _WIDEN,
    "intermediate/dense": _WIDEN,
    "output": f"{_NARROW} + {_NORM}",
    "output/dense": _NARROW,
    "output/LayerNorm": _NORM,
}
_DISTIL_LAYER = {
    "attention": f"4·({_DENSE})",
    "attention/q_lin": _DENSE,
    "attention/k_lin": _DENSE,
    "attention/v_lin": _DENSE,
    "attention/out_lin": _DENSE,
    "sa_layer_norm": _NORM,
    "ffn": f"{_WIDEN} + {_NARROW}",
    "ffn/lin1": _WIDEN,
    "ffn/lin2": _NARROW,
    "output_layer_norm": _NORM,
}
_TABLES = {
    "word_embeddings": "V·H",
    "position_embeddings": "P·H",
    "token_type_embeddings": "T·H",
    "LayerNorm": _NORM,
}
_LAYER = f"4·({_DENSE}) + {_NORM} + {_WIDEN} + {_NARROW} + {_NORM}"

# Heads, without what they share with the embeddings (the decoder's weights).
_HEADS = {
    "none": "",
    "classification": "H·n + n",
    "regression": "H·n + n",
    "question-answering": "H·n + n",
    "masked-lm": f"{_DENSE} + {_NORM} + V",
}
_BERT_LIKE = ("bert", "roberta", "xlm-roberta", "camembert")


@dataclass(frozen=True)
class Formula:
    """A formula as text, the same with numbers in place of letters, and its value."""

    text: str
    numbers: str
    value: int


def symbols_of(config: Any, outputs: int) -> dict[str, int]:
    """Return what the letters of `SYMBOLS` are for a configuration.

    Names differ between architectures: DistilBERT's ``dim`` is known to transformers as
    ``hidden_size`` too, its ``hidden_dim`` is not.
    """
    inner: int = getattr(config, "intermediate_size", 0) or config.hidden_dim
    return {
        "V": int(config.vocab_size),
        "P": int(config.max_position_embeddings),
        "T": int(getattr(config, "type_vocab_size", 0)),
        "H": int(config.hidden_size),
        "I": inner,
        "L": int(config.num_hidden_layers),
        "n": outputs,
    }


def formulas_for(
    config: Any, head: str, outputs: int, *, pooler: bool
) -> dict[str, Formula] | None:
    """Return a formula for each part, by its path in the table; None for other architectures.

    Paths: "" is the whole model, ``embeddings/word_embeddings`` a table, ``encoder/layer`` any
    layer and ``encoder/layer/attention`` a part of it.
    """
    distil = config.model_type == "distilbert"
    if not distil and config.model_type not in _BERT_LIKE:
        return None
    types = "" if distil else " + T"
    texts = {
        "embeddings": f"(V + P{types} + 2)·H",
        "encoder": f"L·({_LAYER})",
        "encoder/layer": _LAYER,
        **{f"embeddings/{part}": text for part, text in _TABLES.items()},
    }
    for part, text in (_DISTIL_LAYER if distil else _BERT_LAYER).items():
        texts[f"encoder/layer/{part}"] = text
    if pooler:
        texts["pooler"] = _DENSE
    if _HEADS[head]:
        texts["head"] = _HEADS[head]
    texts[""] = " + ".join(
        texts[part] for part in ("embeddings", "encoder", "pooler", "head") if part in texts
    )
    symbols = symbols_of(config, outputs)
    return {path: _formula(text, symbols) for path, text in texts.items()}


def _formula(text: str, symbols: Mapping[str, int]) -> Formula:
    numbers = re.sub(r"[A-Za-z]+", lambda match: f"{symbols[match[0]]:,}", text)
    return Formula(text, numbers, evaluate(text, symbols))


def evaluate(text: str, symbols: Mapping[str, int]) -> int:
    """Compute a formula of sums, products (``·``), squares (``²``), letters and whole numbers.

    >>> evaluate("4·(H² + H)", {"H": 2})
    24

    Raises
    ------
    ValueError
        It holds anything else.
    """
    tree = ast.parse(text.replace("·", "*").replace("²", "**2"), mode="eval")
    return _value(tree.body, symbols)


def _value(node: ast.expr, symbols: Mapping[str, int]) -> int:
    match node:
        case ast.Constant(value=int(number)):
            return number
        case ast.Name(id=name) if name in symbols:
            return symbols[name]
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _value(left, symbols) + _value(right, symbols)
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return _value(left, symbols) * _value(right, symbols)
        case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=2)):
            return _value(left, symbols) ** 2
    raise ValueError(f"formula: expected sums, products and squares, got {ast.unparse(node)!r}")
