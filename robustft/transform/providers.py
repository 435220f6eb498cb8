"""Where transforms and constraints get a model from, without importing what it runs on.

Packages announce what they provide under the entry point group ``robustft.providers``: the name
is a kind of model, such as ``masked-lm``, the value a callable ``module:function``, which is
imported when it is first asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from robustft.errors import SpecError, suggest

__all__ = ["GROUP", "provide", "provider_names", "stand_in"]

GROUP = "robustft.providers"

_STAND_INS: dict[str, Callable[..., Any]] = {}


def provider_names() -> list[str]:
    """Return the kinds of model that can be had, without importing anything."""
    return sorted({point.name for point in entry_points(group=GROUP)} | set(_STAND_INS))


def provide(kind: str, model: str, **settings: str | float | bool | None) -> Any:
    """Return a model of a kind, loaded once for each process and each choice of settings.

    Parameters
    ----------
    kind
        A name of `provider_names`: what the model does and how it is called.
    model
        A folder, a hub name, an address: what the provider takes.
    settings
        Passed on to the provider, which says what it takes.

    Returns
    -------
    What the provider makes, for example a `Scorer` or a `Generator`.

    Raises
    ------
    SpecError
        If there is no such provider, or `model` is empty.
    """
    if not model:
        raise SpecError(f"{kind}: expected a model, such as model=FOLDER, got none")
    return _made(kind, model, tuple(sorted(settings.items())))


@cache
def _made(kind: str, model: str, settings: tuple[tuple[str, Any], ...]) -> Any:
    return _provider(kind)(model, **dict(settings))


def _provider(kind: str) -> Callable[..., Any]:
    if kind in _STAND_INS:
        return _STAND_INS[kind]
    for point in entry_points(group=GROUP, name=kind):
        found: Callable[..., Any] = point.load()
        return found
    known = provider_names()
    raise SpecError(
        f"provider: expected one of {', '.join(known) or '(none is installed)'}, "
        f"got {kind!r}{suggest(kind, known)}"
    )


@contextmanager
def stand_in(kind: str, provider: Callable[..., Any]) -> Iterator[None]:
    """Let `provider` give the models of a kind for a while, in this process: for tests.

    >>> with stand_in("masked-lm", lambda model: f"a {model} model"):
    ...     provide("masked-lm", "toy")
    'a toy model'
    """
    before = _STAND_INS.get(kind)
    _STAND_INS[kind] = provider
    _made.cache_clear()
    try:
        yield
    finally:
        del _STAND_INS[kind]
        if before is not None:
            _STAND_INS[kind] = before
        _made.cache_clear()
