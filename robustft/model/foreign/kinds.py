"""Which kind of model a name or an object stands for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import urldefrag, urlsplit

from robustft.errors import ModelError, UsageError
from robustft.model.foreign.estimators import PICKLES, SKOPS, check_file, is_estimator
from robustft.model.foreign.functions import (
    function_name,
    is_function_name,
    load_function,
    source_hash,
)
from robustft.model.foreign.onnx import SUFFIX, check_graph, find_graph
from robustft.model.foreign.options import ModelOptions
from robustft.model.foreign.service import check_service, is_address

__all__ = ["Foreign", "Kind", "content_hash", "foreign_name", "foreign_object", "hash_of_files"]

Kind = Literal["transformers", "function", "estimator", "onnx", "endpoint"]

_FILES = (SKOPS, *sorted(PICKLES), SUFFIX)
_WEIGHTS = ("*.safetensors", "*.bin")
_BLOCK = 1 << 20


class Foreign(NamedTuple):
    """A model of another make: what opens it, what to call it, where it is, or the thing itself."""

    kind: Kind
    name: str
    model: str
    thing: Any = None


def foreign_name(name: str, options: ModelOptions) -> Foreign | None:
    """Return the model that a name stands for; None for one of transformers, or a run.

    Functions are imported and files checked, so that what cannot be used is said at once.

    Raises
    ------
    ModelError
        There is nothing by that name, or it is not what its name says.
    UsageError
        A file needs trust that was not given, or an address cannot be used.
    MissingExtraError
        The library that opens it is not installed.
    """
    path = Path(name).expanduser()
    if is_address(name):
        check_service(name, options)
        return Foreign("endpoint", _address_name(name), name)
    if path.suffix in _FILES:
        if not path.is_file():
            raise ModelError(f"{name}: expected a model file, got nothing there")
        if path.suffix == SUFFIX:
            check_graph(path, name)
            return Foreign("onnx", _safe(path.stem), str(path))
        check_file(path, trust=options.trust)
        return Foreign("estimator", _safe(path.stem), str(path))
    if path.is_dir():
        graph = None if any(list(path.glob(p)) for p in _WEIGHTS) else find_graph(path)
        if graph is None or (path / "config.toml").is_file():
            return None
        check_graph(graph, name)
        return Foreign("onnx", _safe(path.resolve().name), str(path))
    if is_function_name(name):
        function = load_function(name)
        return Foreign("function", _safe(name.rpartition(":")[2]), name, function)
    return None


def foreign_object(thing: Any) -> Foreign:
    """Return the model that an object is.

    Raises
    ------
    UsageError
        It is neither a function nor an estimator.
    """
    if is_estimator(thing) and not isinstance(thing, type):
        name = type(thing).__name__
        return Foreign("estimator", _safe(name), name, thing)
    if callable(thing) and not isinstance(thing, type):
        name = function_name(thing)
        return Foreign("function", _safe(name), name, thing)
    raise UsageError(
        "model: expected the name of a run or a model, a function from a list of texts, or an "
        f"estimator of scikit-learn, got {type(thing).__name__}"
    )


def content_hash(kind: Kind, model: str, thing: Any) -> str | None:
    """Return what tells a model of another make from others; None where nothing does.

    Of a function it is a hash of its source file, and of an endpoint its address: neither says
    all that decides its outputs.
    """
    if kind == "endpoint":
        return model
    if kind == "function":
        return source_hash(thing)
    if thing is not None:
        return None
    path = Path(model)
    graph = find_graph(path) if kind == "onnx" else None
    if graph is None:
        return hash_of_files([path])
    places = {graph.parent, path if path.is_dir() else graph.parent}
    beside = {file for place in places for file in place.glob("*.json")}
    # Large weights lie in files of their own, whatever they are called.
    data = {file for file in graph.parent.iterdir() if file.is_file()} if path.is_dir() else {graph}
    return hash_of_files(sorted(beside | data | set(graph.parent.glob(f"{graph.name}*"))))


def hash_of_files(paths: Iterable[Path]) -> str:
    """Return a hash of files' names and contents."""
    digest = blake2b(digest_size=8)
    for path in paths:
        digest.update(path.name.encode())
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    return digest.hexdigest()


def _address_name(address: str) -> str:
    url, model = urldefrag(address)
    parts = urlsplit(url)
    return _safe(f"{parts.netloc}{parts.path}" + (f"-{model}" if model else ""))


def _safe(name: str) -> str:
    """Return a name as a file may be called."""
    return re.sub(r"[^\w.]+", "-", name).strip("-.") or "model"
