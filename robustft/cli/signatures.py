"""Options that several commands share, given to a command that need not list them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["with_options"]


def with_options(
    bound: Callable[..., Any],
    command: Callable[..., Any],
    options: Mapping[str, tuple[Any, Any]],
    *,
    replacing: str = "",
) -> Callable[..., Any]:
    """Return `bound` with the signature that typer reads: the command's, and more options.

    Parameters
    ----------
    bound
        Takes all these options and calls `command`.
    options
        By name: the annotation and the default.
    replacing
        The parameter of `command` that `bound` makes of the options.
    """
    signature = inspect.signature(command, eval_str=True)
    own = [p for p in signature.parameters.values() if p.name != replacing]
    extra = [
        inspect.Parameter(
            name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=default, annotation=option
        )
        for name, (option, default) in options.items()
    ]
    setattr(bound, "__signature__", signature.replace(parameters=[*own, *extra]))  # noqa: B010
    return bound
