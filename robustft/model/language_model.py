"""Masked language models: loading or making one, and computing only the tokens that are asked for.

The output layer of a masked language model scores every piece of the vocabulary for every token,
which costs more than the encoder of a small model. Only hidden tokens have a loss, so only they
are given to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Literal

import torch
from transformers import AutoConfig, AutoModelForMaskedLM, AutoTokenizer, BertTokenizer

from robustft.data.task import Task
from robustft.errors import ModelError, first_line
from robustft.model.hub import TINY_INSTEAD, find_source, load_error, quiet_transformers
from robustft.model.load import LoadedModel, seeded_torch
from robustft.model.tiny import TINY, tiny_config, tiny_tokenizer
from robustft.seeding import fold_in

__all__ = ["HiddenTokens", "TokenizerChoice", "load_language_model"]

TokenizerChoice = Literal["keep", "train"]
# The first module of the output layer where it is not the first after the encoder.
_OUTPUT = {"distilbert": "vocab_transform"}


class HiddenTokens(torch.nn.Module):
    """A view of a masked language model whose logits are those of the ``selected`` tokens.

    They are given by their places in the flattened batch, so that a GPU need not be waited for.

    Parameters are shared with the model; logits have the shape (selected tokens, vocabulary).

    Raises
    ------
    ModelError
        The model's output layer could not be found.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        self.config = model.config
        self._selected: torch.Tensor | None = None
        _output_of(model).register_forward_pre_hook(self._pick)

    def set_attn_implementation(self, name: str) -> None:
        """Choose how the model computes attention, as its own method does."""
        self.model.set_attn_implementation(name)

    def forward(self, selected: torch.Tensor, **inputs: torch.Tensor) -> Any:
        """Return the model's outputs with logits for `selected`, places in rows x length."""
        self._selected = selected
        try:
            return self.model(**inputs)
        finally:
            self._selected = None

    def _pick(self, module: torch.nn.Module, given: tuple[Any, ...]) -> tuple[Any, ...] | None:
        if self._selected is None or given[0].ndim != 3:
            return None
        return (given[0].flatten(0, 1)[self._selected], *given[1:])


def load_language_model(
    name: str,
    *,
    seed: int,
    texts: Sequence[str],
    from_scratch: bool = False,
    tokenizer: TokenizerChoice = "keep",
    vocabulary: int | None = None,
    instead: str = TINY_INSTEAD,
) -> LoadedModel:
    """Return a masked language model with its tokenizer.

    Parameters
    ----------
    name
        A hub name, a folder, or ``tiny``.
    texts
        What a new tokenizer is trained on.
    from_scratch
        Take the shape of `name` alone and draw all weights from `seed`.
    tokenizer
        ``train`` makes a WordPiece tokenizer of `texts` with at most `vocabulary` pieces, which
        only a model from scratch can have; ``keep`` takes the one that comes with `name`.

    Raises
    ------
    HubError
        The name lives on a hub and cannot be had.
    ModelError
        The folder holds no model, or the model is no masked language model.
    """
    if tokenizer == "train" and not (from_scratch or name == TINY):
        raise ModelError(
            f"{name}: expected the tokenizer that its weights were trained with; a new one needs "
            "a model from scratch"
        )
    if name == TINY:
        tiny = tiny_tokenizer(texts, **({"vocabulary": vocabulary} if vocabulary else {}))
        config: Any = tiny_config(len(tiny))
        return _made(name, config, tiny, seed)
    source = find_source(name)
    where: dict[str, Any] = {"local_files_only": source.offline}
    with quiet_transformers():
        try:
            config = AutoConfig.from_pretrained(source.name, **where)
            if tokenizer == "train":
                made = tiny_tokenizer(texts, vocabulary=vocabulary or config.vocab_size)
                return _made(name, config, made, seed)
            own: Any = AutoTokenizer.from_pretrained(source.name, **where)
            if from_scratch:
                return _made(name, config, own, seed)
            with seeded_torch(fold_in(seed, "initialisation")):
                model, info = AutoModelForMaskedLM.from_pretrained(
                    source.name, dtype=torch.float32, output_loading_info=True, **where
                )
        except (OSError, ValueError, KeyError, RuntimeError, ImportError) as problem:
            raise load_error(source, name, "a masked language model", problem, instead) from problem
    new = tuple(sorted(set(info["missing_keys"])))
    said = (f"new weights, drawn at random: {', '.join(new)}",) if new else ()
    return LoadedModel(
        model=model, tokenizer=own, name=name, task=Task(), new_weights=new, notices=said
    )


def _made(name: str, config: Any, tokenizer: Any, seed: int) -> LoadedModel:
    """Return a model of this shape with random weights."""
    config.vocab_size = len(tokenizer)
    config.pad_token_id = tokenizer.pad_token_id
    if isinstance(tokenizer, BertTokenizer):
        # Of the model from which the shape was taken; this tokenizer has other ids.
        for field in ("bos_token_id", "eos_token_id", "cls_token_id", "sep_token_id"):
            if getattr(config, field, None) is not None:
                setattr(config, field, getattr(tokenizer, field, None))
    try:
        with seeded_torch(fold_in(seed, "initialisation")), quiet_transformers():
            model = AutoModelForMaskedLM.from_config(config)
    except (ValueError, KeyError) as problem:
        first = first_line(problem)
        raise ModelError(f"{name}: expected a masked language model, got: {first}") from problem
    with suppress(AttributeError):
        tokenizer.model_max_length = min(tokenizer.model_max_length, config.max_position_embeddings)
    return LoadedModel(model=model, tokenizer=tokenizer, name=name, task=Task(), from_scratch=True)


def _output_of(model: Any) -> torch.nn.Module:
    """Return the module that the encoder's hidden states go into."""
    base = getattr(model, "base_model_prefix", "")
    named = _OUTPUT.get(model.config.model_type)
    for name, module in model.named_children():
        if name == named or (named is None and name != base):
            return module  # type: ignore[no-any-return]
    raise ModelError(
        f"{type(model).__name__}: expected an output layer beside the encoder {base!r}, got none"
    )
