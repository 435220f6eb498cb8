"""The options that say how models are opened, for every command that asks a model.

A command takes them all by the decorator `opens_models`, as one parameter ``model_options``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from robustft.cli.signatures import with_options

if TYPE_CHECKING:
    from robustft.model.foreign.options import ModelOptions

__all__ = ["MODEL_HELP", "opens_models", "options_of"]

MODEL_HELP = (
    "A run folder, a model folder or a hub name; a function (module:function, "
    "./file.py:function); model.skops; model.onnx; the address of an endpoint (http://...)."
)
_PANEL = "Any model"


def _option(hint: Any, name: str, text: str, **more: Any) -> Any:
    return Annotated[hint, typer.Option(name, rich_help_panel=_PANEL, help=text, **more)]


_OPTIONS: dict[str, tuple[Any, Any]] = {
    "trust": (
        _option(
            bool,
            "--trust",
            "Load files that can run code of their own: pickles, and types that skops does not "
            "know. Only if you trust whoever made them.",
        ),
        False,
    ),
    "cache": (
        _option(
            bool | None,
            "--cache/--no-cache",
            "Whether predictions are kept from one command to the next. Left out: those of "
            "models that are files; --cache keeps those of functions and endpoints, too, which "
            "may change unseen.",
        ),
        None,
    ),
    "timeout": (
        _option(
            float,
            "--timeout",
            "Seconds that an endpoint may take for each part of a reply.",
            metavar="SECONDS",
        ),
        60.0,
    ),
    "retries": (
        _option(
            int,
            "--retries",
            "How often a request is sent again after a failure that may pass.",
            metavar="N",
            min=0,
        ),
        5,
    ),
    "rate_limit": (
        _option(
            float | None,
            "--rate-limit",
            "At most so many requests a second to an endpoint.",
            metavar="N",
        ),
        None,
    ),
    "concurrency": (
        _option(
            int, "--concurrency", "Requests to an endpoint at a time.", metavar="N", min=1, max=64
        ),
        4,
    ),
    "key_variable": (
        _option(
            str,
            "--key-variable",
            "The environment variable that holds the key of an endpoint.",
            metavar="NAME",
        ),
        "ROBUSTFT_API_KEY",
    ),
    "header": (
        _option(
            list[str] | None,
            "--header",
            "Another header for an endpoint: its name, and the environment variable that holds "
            "its value. Can be repeated.",
            metavar="NAME=VARIABLE",
        ),
        None,
    ),
    "text_field": (
        _option(
            str,
            "--text-field",
            "What the texts are called in a request; inference servers of Hugging Face say inputs.",
            metavar="NAME",
        ),
        "texts",
    ),
}


def opens_models(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of this module; it gets them as ``model_options``."""

    @functools.wraps(command)
    def bound(*args: Any, **kwargs: Any) -> Any:
        given = {name: kwargs.pop(name, default) for name, (_, default) in _OPTIONS.items()}
        return command(*args, model_options=options_of(**given), **kwargs)

    return with_options(bound, command, _OPTIONS, replacing="model_options")


def options_of(*, header: list[str] | None = None, **given: Any) -> ModelOptions:
    """Return the options as one.

    Raises
    ------
    UsageError
        A value cannot be used.
    """
    from robustft.model.foreign.options import ModelOptions, header_variables

    return ModelOptions(headers=header_variables(header or ()), **given)
