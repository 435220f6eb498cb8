"""ONNX models: a graph that reads token ids, with its tokenizer beside it, or one that reads text.

The graph is found as ``model.onnx``, alone or in a folder; ``tokenizer.json`` beside it makes the
token ids, and ``config.json`` beside it names the labels and the length, as exporters write them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from robustft.data.task import Task
from robustft.errors import ModelError, first_line, missing_extra
from robustft.model.foreign.outputs import OutputReader

__all__ = ["GRAPH", "SUFFIX", "OnnxModel", "check_graph", "find_graph", "load_tokenizer"]

GRAPH = "model.onnx"
SUFFIX = ".onnx"
# Exporters of Hugging Face's models put the graph here.
_PLACES = (GRAPH, f"onnx/{GRAPH}")
_ERRORS_ONLY = 3
_TOKENS = frozenset(("input_ids", "attention_mask", "token_type_ids"))


class OnnxModel:
    """A graph and what is known of it.

    Parameters
    ----------
    path
        The graph.
    where
        What errors call it.
    device
        ``auto`` or ``cuda`` use the GPU where onnxruntime can.

    Attributes
    ----------
    providers
        What computes.
    rows
        Texts a call: what the graph says, where that is fixed.
    length
        Tokens that it reads: exactly so many if `fixed`, else at most; None if nobody says.

    Raises
    ------
    MissingExtraError
        onnxruntime is not installed.
    ModelError
        It is no graph, or none that reads texts or token ids.
    """

    concurrency = 1
    halted = False

    def __init__(self, path: Path, where: str, *, device: str = "auto") -> None:
        import torch

        runtime = _runtime()
        self.where, self._home = where, _home(path)
        usable = runtime.get_available_providers()
        wanted = ["CUDAExecutionProvider"] if device in ("auto", "cuda") else []
        self.providers = [p for p in wanted if p in usable] + ["CPUExecutionProvider"]
        settings = runtime.SessionOptions()
        settings.log_severity_level = _ERRORS_ONLY
        # As many threads as torch, and none that waits busily for work.
        settings.intra_op_num_threads = torch.get_num_threads()
        settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = runtime.InferenceSession(
                str(path), sess_options=settings, providers=self.providers
            )
        except Exception as problem:  # its errors have no common class
            raise ModelError(
                f"{where}: expected an ONNX model, got: {first_line(problem)}"
            ) from None
        self._inputs = {node.name: node for node in self._session.get_inputs()}
        self.reads_text = all("string" in node.type for node in self._inputs.values())
        if not self.reads_text and "input_ids" not in self._inputs:
            raise ModelError(
                f"{where}: expected an input called input_ids, or one of strings, got "
                f"{', '.join(f'{n} ({node.type})' for n, node in self._inputs.items())}"
            )
        unknown = [] if self.reads_text else sorted(set(self._inputs) - _TOKENS)
        if unknown:
            raise ModelError(
                f"{where}: expected the inputs {', '.join(sorted(_TOKENS))} at most, got also "
                f"{', '.join(unknown)}"
            )
        self.output, self._logits = self._choose_output()
        shape = next(iter(self._inputs.values())).shape
        self._fixed_rows = shape[0] if shape and isinstance(shape[0], int) else None
        self.rows: int = self._fixed_rows or 32
        self.fixed = not self.reads_text and len(shape) > 1 and isinstance(shape[1], int)
        self.length: int | None = shape[1] if self.fixed else self._config_length()
        self.masks = "attention_mask" in self._inputs

    def reader(self, task: Task) -> OutputReader:
        """Return what reads its outputs for a task; ``config.json`` beside it names the labels."""
        return OutputReader(self.where, task, classes=self._labels(), logits=self._logits)

    def __call__(self, texts: list[str], pairs: list[str] | None) -> Any:
        """Return the outputs for texts, of a graph that reads them."""
        if pairs is not None:
            raise ModelError(
                f"{self.where}: expected a data set of single texts for a graph that reads "
                "text, got pairs"
            )
        (node,) = self._inputs.values()
        given = np.asarray(texts, dtype=object)
        given = given.reshape(-1, 1) if len(node.shape) == 2 else given
        return self._run({node.name: given})

    def of_tokens(self, inputs: Mapping[str, npt.NDArray[np.int64]]) -> Iterator[Any]:
        """Yield the outputs for rows of token ids, int64 (n, tokens), as many as go together.

        `inputs` has ``input_ids``, and the other two where they are not all 1 and all 0.
        """
        ids = inputs["input_ids"]
        full = {"attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids), **inputs}
        kept = {name: full[name] for name in self._inputs}
        step = self._fixed_rows or len(ids)
        for start in range(0, len(ids), step):
            rows = {name: values[start : start + step] for name, values in kept.items()}
            count = len(rows["input_ids"])
            if count < step or self.fixed:
                rows = {name: self._padded(values, step) for name, values in rows.items()}
            yield self._run(rows)[:count]

    def _padded(self, values: npt.NDArray[np.int64], rows: int) -> npt.NDArray[np.int64]:
        width = self.length if self.fixed and self.length else values.shape[1]
        padded = np.zeros((rows, width), np.int64)
        padded[: len(values), : values.shape[1]] = values
        return padded

    def _run(self, inputs: Mapping[str, Any]) -> Any:
        kinds = {name: node.type for name, node in self._inputs.items()}
        cast = {
            name: values.astype(np.int32) if "int32" in kinds[name] else values
            for name, values in inputs.items()
        }
        try:
            (made,) = self._session.run([self.output], cast)
        except Exception as problem:
            raise ModelError(
                f"{self.where}: expected outputs, got: {first_line(problem)}"
            ) from problem
        return made

    def _choose_output(self) -> tuple[str, bool | None]:
        """Return the output to read, and whether it holds logits, as far as its name says so."""
        outputs = {node.name: node.type for node in self._session.get_outputs()}
        for name in outputs:
            if "logit" in name.lower():
                return name, True
        for name in outputs:
            if "prob" in name.lower():
                return name, False
        for name, kind in outputs.items():
            if "float" in kind or "double" in kind:
                return name, None
        for name, kind in outputs.items():
            if "string" in kind or "int" in kind:
                return name, False
        raise ModelError(
            f"{self.where}: expected an output of logits, probabilities or labels, got "
            f"{', '.join(f'{n} ({kind})' for n, kind in outputs.items())}"
        )

    def _config(self) -> dict[str, Any]:
        try:
            found = json.loads((self._home / "config.json").read_bytes())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _config_length(self) -> int | None:
        length = self._config().get("max_position_embeddings")
        return length if isinstance(length, int) and length > 0 else None

    def _labels(self) -> list[str] | None:
        names = self._config().get("id2label")
        if not isinstance(names, dict) or not names:
            return None
        return [str(names[code]) for code in sorted(names, key=int)]


def check_graph(graph: Path, where: str) -> None:
    """Check that a graph can be opened, as far as that is quickly seen.

    Raises
    ------
    MissingExtraError
        onnxruntime is not installed.
    ModelError
        The file is empty.
    """
    _runtime()
    if graph.stat().st_size == 0:
        raise ModelError(f"{where}: expected an ONNX model, got an empty file")


def find_graph(path: Path) -> Path | None:
    """Return the graph that a file or a folder holds; None if it holds none."""
    if path.suffix == SUFFIX and path.is_file():
        return path
    return next((path / p for p in _PLACES if (path / p).is_file()), None)


def load_tokenizer(graph: Path, where: str) -> Any:
    """Return the tokenizer beside a graph.

    Raises
    ------
    ModelError
        There is none, or it cannot be read.
    """
    from transformers import PreTrainedTokenizerFast

    home = _home(graph)
    file = home / "tokenizer.json"
    if not file.is_file():
        raise ModelError(
            f"{where}: expected tokenizer.json beside {graph.name}, which reads token ids, got none"
        )
    settings: dict[str, Any] = {}
    try:
        found = json.loads((home / "tokenizer_config.json").read_bytes())
        kept = ("pad_token", "model_max_length", "truncation_side")
        settings = {name: found[name] for name in kept if isinstance(found.get(name), str | int)}
    except (OSError, ValueError):
        pass
    try:
        return PreTrainedTokenizerFast(tokenizer_file=str(file), **settings)
    except Exception as problem:  # the library underneath raises plain Exception
        raise ModelError(f"{file}: expected a tokenizer, got: {first_line(problem)}") from None


def _home(graph: Path) -> Path:
    """Return the folder of what stands beside a graph."""
    beside = graph.parent
    up = beside.parent
    return up if beside.name == "onnx" and (up / "tokenizer.json").is_file() else beside


def _runtime() -> Any:
    try:
        import onnxruntime
    except ImportError:
        raise missing_extra("onnxruntime", "onnx") from None
    onnxruntime.disable_telemetry_events()
    onnxruntime.set_default_logger_severity(_ERRORS_ONLY)
    return onnxruntime
