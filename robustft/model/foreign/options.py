"""How a model is reached and trusted; light, since the command line reads it too."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from robustft.errors import UsageError

__all__ = ["KEY_VARIABLE", "ModelOptions", "header_variables"]

KEY_VARIABLE = "ROBUSTFT_API_KEY"

_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, kw_only=True)
class ModelOptions:
    """How models are opened; each option means something to some kinds and nothing to the others.

    Parameters
    ----------
    trust
        Load files that can run code of their own: pickles, and types that skops does not know.
    cache
        Whether predictions are kept from one evaluation to the next. None keeps those of models
        that are files, which their content tells apart; True those of functions (by their source
        file) and endpoints (by their address) as well, which may change unseen.
    timeout
        Seconds that an endpoint may take for each part of a reply.
    retries
        How often a request is sent again after a failure that may pass.
    rate_limit
        At most so many requests a second.
    concurrency
        Requests under way at a time.
    key_variable
        The environment variable that holds the key of an endpoint, sent as ``Authorization:
        Bearer``; if it is not set, none is sent.
    headers
        More headers: their names and the environment variables that hold their values.
    text_field
        What the texts are called in a request.

    Raises
    ------
    UsageError
        A number is out of range, or a name cannot be one.
    """

    trust: bool = False
    cache: bool | None = None
    timeout: float = 60.0
    retries: int = 5
    rate_limit: float | None = None
    concurrency: int = 4
    key_variable: str = KEY_VARIABLE
    headers: tuple[tuple[str, str], ...] = ()
    text_field: str = "texts"

    def __post_init__(self) -> None:
        for name in ("timeout", "rate_limit"):
            value = getattr(self, name)
            if value is not None and not (value > 0 and math.isfinite(value)):
                raise UsageError(f"{name}: expected a number above 0, got {value}")
        if self.retries < 0 or self.concurrency < 1:
            raise UsageError(
                f"endpoint: expected at least 0 retries and 1 request at a time, got "
                f"{self.retries} and {self.concurrency}"
            )


def header_variables(given: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return headers and the environment variables of their values, from ``NAME=VARIABLE``.

    Raises
    ------
    UsageError
        A part is something else; what stands behind the equals sign, which may be a secret that
        was put there by mistake, is not repeated.
    """
    found = []
    for number, part in enumerate(given, 1):
        name, _, variable = (piece.strip() for piece in part.partition("="))
        if not _HEADER.fullmatch(name) or not _VARIABLE.fullmatch(variable):
            raise UsageError(
                "header: expected NAME=VARIABLE, the name of an environment variable that holds "
                f"the value, got something else in header {number}"
            )
        found.append((name, variable))
    return tuple(found)
