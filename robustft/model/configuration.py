"""The configuration of a model by name: a folder, a bare file, a name on the hub, or a known shape.

Nothing but the configuration is read, so that a model of any size can be looked at.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import CONFIG_MAPPING, AutoConfig

from robustft.errors import ModelError, first_line, suggest
from robustft.model.hub import cannot_be_had, find_source, quiet_transformers
from robustft.model.known import KNOWN_SHAPES, KnownShape, known_shape
from robustft.model.tiny import TINY, tiny_config

__all__ = ["Configuration", "find_configuration"]

_PROBLEMS = (OSError, ValueError, KeyError, TypeError, AttributeError, ImportError)
_TINY_PIECES = 4_000


@dataclass(frozen=True)
class Configuration:
    """A configuration, the head that its model was saved with (``none``: bare), and remarks."""

    name: str
    config: Any
    head: str = "none"
    notices: tuple[str, ...] = ()


def find_configuration(name: str) -> Configuration:
    """Return the configuration of the model called `name`, a folder, or a ``config.json``.

    Published models that everybody names are known by their shape, so that the hub is not asked; a
    notice says so.

    Raises
    ------
    ModelError
        The file or folder holds no configuration that transformers knows.
    HubError
        The name lives on a hub and cannot be had, and its shape is not known.
    """
    path = Path(os.path.expandvars(name)).expanduser()
    if path.is_file():
        return _of_file(name, path)
    if name == TINY:
        notice = f"tiny: has at most {_TINY_PIECES:,} word pieces, fewer on few texts"
        return Configuration(name, tiny_config(_TINY_PIECES), notices=(notice,))
    shape = None if path.exists() else known_shape(name)
    if shape is not None:
        return _of_shape(name, shape)
    source = find_source(name)
    try:
        with quiet_transformers():
            config = AutoConfig.from_pretrained(source.name, local_files_only=source.offline)
    except _PROBLEMS as problem:
        if source.folder:
            raise _no_configuration(name, problem) from problem
        reason = "no connection" if source.offline else first_line(problem)
        near = suggest(name, KNOWN_SHAPES)
        raise type(error := cannot_be_had(name, reason))(f"{error}{near}") from problem
    notices = []
    if source.folder and any((path / f).is_file() for f in ("adapter.json", "adapter_config.json")):
        notices.append(f"{path.name}: its adapters are not counted")
    return Configuration(name, config, _saved_head(config), tuple(notices))


def _of_file(name: str, path: Path) -> Configuration:
    try:
        with quiet_transformers():
            config = AutoConfig.from_pretrained(str(path))
    except _PROBLEMS as problem:
        raise _no_configuration(name, problem) from problem
    return Configuration(name, config, _saved_head(config))


def _of_shape(name: str, shape: KnownShape) -> Configuration:
    notice = f"{name}: counted from its published configuration ({shape.source})"
    config = CONFIG_MAPPING[shape.model_type](**shape.arguments())
    return Configuration(name, config, notices=(notice,))


def _saved_head(config: Any) -> str:
    """Return the head that the configuration's ``architectures`` name.

    That of pretraining (masked LM) is left out: who asks for such a model means what is beneath.
    """
    names = " ".join(config.architectures or ())
    if "ForSequenceClassification" in names:
        return "regression" if config.num_labels == 1 else "classification"
    return "question-answering" if "ForQuestionAnswering" in names else "none"


def _no_configuration(name: str, problem: BaseException) -> ModelError:
    return ModelError(
        f"{name}: expected a model's configuration (config.json), got: {first_line(problem)}"
    )
