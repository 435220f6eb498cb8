"""``robustft.toml`` in the working directory: what a user need not type again.

Each key is the name of a shared option, with ``_`` or ``-``; an option on the command line wins::

    data = "reviews.csv"
    model = "distilbert-base-uncased"
    with = "typos,synonyms:rate=0.2"
    label_map = {0 = "neg", 1 = "pos"}
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from robustft.errors import UsageError, suggest

__all__ = ["FILE_NAME", "KEYS", "defaults_for", "read_settings"]

FILE_NAME = "robustft.toml"

# Key -> the types of value it takes and how to say so.
KEYS: Mapping[str, tuple[tuple[type, ...], str]] = {
    "data": ((str,), "a text"),
    "split": ((str,), "a text"),
    "text_column": ((str,), "a text"),
    "label_column": ((str,), "a text"),
    "label_map": ((str, dict), "a text such as '0=neg,1=pos' or a table"),
    "label_kind": ((str,), "a text"),
    "max_train": ((int,), "a whole number"),
    "max_eval": ((int,), "a whole number"),
    "with": ((str, list), "a text or a list of texts"),
    "sides": ((str,), "a text"),
    "spans": ((str,), "protect or follow"),
    "severity": ((int, str), "a number from 1 to 5 or 'all'"),
    "keep_words": ((str, list), "a text or a list of texts"),
    "protect": ((str, list), "a text or a list of texts"),
    "keep_pos": ((str,), "a text"),
    "max_changed": ((int, float), "a number"),
    "no_repeat": ((bool,), "true or false"),
    "min_words": ((int,), "a whole number"),
    "max_words": ((int,), "a whole number"),
    "min_similarity": ((int, float), "a number"),
    "similarity_model": ((str,), "a text"),
    "max_perplexity_ratio": ((int, float), "a number"),
    "fluency_model": ((str,), "a text"),
    "compare": ((str,), "a text"),
    "seed": ((int,), "a whole number"),
    "workers": ((int,), "a whole number"),
    "device": ((str,), "a text"),
    "model": ((str,), "a text"),
    "batch_size": ((int,), "a whole number"),
    "epochs": ((int,), "a whole number"),
    "lr": ((int, float), "a number"),
    "max_length": ((int,), "a whole number"),
    "max_drop": ((int, float, str, dict), "a number, or a table of numbers by set"),
    "min_accuracy": ((int, float, str, dict), "a number, or a table of numbers by set"),
    "gate_on": ((str,), "mix, all or names of sets"),
    "baseline": ((str,), "a text"),
    "strict": ((bool,), "true or false"),
}

# Numbers that options take as text, since they take other texts, too.
_AS_TEXT = ("severity", "max_drop", "min_accuracy")

# What a trained run knows about itself must not be overruled by a file that happens to lie in the
# working directory, so `eval` and `attack` take only these from it.
_FOR_EVAL = frozenset(
    "device workers batch_size max_eval max_drop min_accuracy gate_on baseline strict".split()
)


def read_settings(folder: Path | None = None) -> dict[str, Any]:
    """Return the settings of ``robustft.toml`` in `folder` (the working directory), or nothing.

    Keys come with ``_``; what may be a list of texts is one, `severity` and `label_map` are texts.

    Raises
    ------
    UsageError
        The file is no TOML, names an unknown key, or a value has the wrong type.
    """
    path = (folder or Path()) / FILE_NAME
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{FILE_NAME}: expected TOML, got an error: {error}") from error
    return {key.replace("-", "_"): _checked(key, value) for key, value in table.items()}


def _checked(key: str, value: Any) -> Any:
    name = key.replace("-", "_")
    if name not in KEYS:
        raise UsageError(
            f"{FILE_NAME}: expected one of the keys {', '.join(KEYS)}, "
            f"got {key!r}{suggest(name, KEYS)}"
        )
    types, words = KEYS[name]
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        raise UsageError(f"{FILE_NAME}: expected {key} to be {words}, got {value!r}")
    if list in types:
        return _texts(name, value)
    if isinstance(value, dict):
        return ",".join(f"{old}={new}" for old, new in value.items())
    return str(value) if name in _AS_TEXT else value


def _texts(name: str, value: Any) -> list[str]:
    texts = [value] if isinstance(value, str) else value
    if not all(isinstance(text, str) for text in texts):
        raise UsageError(f"{FILE_NAME}: expected {name} to be {KEYS[name][1]}, got {value!r}")
    return list(texts)


def defaults_for(command: str, parameters: Iterable[Any]) -> dict[str, Any]:
    """Return what ``robustft.toml`` says about the parameters of a command, by parameter name.

    The file is read only when the command takes one of its keys, so a broken file stops
    ``robustft train`` and not ``robustft list``.
    """
    takes: dict[str, str] = {}
    for parameter in parameters:
        names = {option.lstrip("-").replace("-", "_") for option in parameter.opts}
        takes |= {key: parameter.name for key in KEYS if key in names}
    if command in ("eval", "attack"):
        takes = {key: name for key, name in takes.items() if key in _FOR_EVAL}
    if command == "study":  # a recipe says itself which data and model it is about
        takes = {key: name for key, name in takes.items() if key not in ("data", "model")}
    if not takes:
        return {}
    return {takes[key]: value for key, value in read_settings().items() if key in takes}
