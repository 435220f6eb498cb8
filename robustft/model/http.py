"""One HTTP request with the standard library, so that tests can put another in its place."""

from __future__ import annotations

import email.utils
import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

from robustft.errors import EndpointError, UsageError
from robustft.seeding import Draw, fold_in

__all__ = [
    "NO_REPLY",
    "PASSING",
    "PATIENCE",
    "Reply",
    "Transport",
    "check_address",
    "header_value",
    "message_of",
    "patience",
    "retry_after",
    "send",
]

PASSING = frozenset((408, 409, 425, 429, 500, 502, 503, 504, 529))
"""The statuses of what came too early, was too many, or is broken for the moment."""

PATIENCE = 600.0
"""An endpoint that asks for more patience than these seconds is left alone."""

_FIRST_WAIT, _LONGEST_WAIT = 1.0, 60.0

NO_REPLY = (OSError, http.client.HTTPException)
"""What is raised where no reply came: no connection, one that broke, or too long a silence."""


class Reply(NamedTuple):
    """What came back; the names of the headers in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport(Protocol):
    """Sends one request and returns the reply, whatever its status; raises one of `NO_REPLY`."""

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes, timeout: float) -> Reply:
        """Send `body` by POST and wait at most `timeout` seconds for each part of the reply."""
        ...


class _StayHere(urllib.request.HTTPRedirectHandler):
    """Follows no redirection: a key is meant for the host that was named."""

    def redirect_request(self, *_given: Any, **_named: Any) -> None:
        return None


def send(
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    timeout: float,
    *,
    handlers: tuple[urllib.request.BaseHandler, ...] = (),
) -> Reply:
    """Send one request; the proxies of the environment are used."""
    request = urllib.request.Request(url, data=body, headers=dict(headers), method="POST")
    opener = urllib.request.build_opener(_StayHere, *handlers)
    try:
        answer = opener.open(request, timeout=timeout)
    except urllib.error.HTTPError as refused:
        answer = refused
    with answer:
        known = {name.lower(): value for name, value in answer.headers.items()}
        return Reply(answer.status, known, answer.read())


def check_address(where: str, url: str, key_variable: str, example: str) -> None:
    """Check that an address can be used, and that it holds no secret.

    Raises
    ------
    UsageError
        It is no address, or has a name, a password or a query, which would be recorded.
    """
    try:
        address = urlsplit(url)
        _ = address.port, (address.hostname or "").encode("idna")
        good = address.scheme in ("http", "https") and bool(address.hostname)
    except ValueError:  # brackets, a port or a name that cannot be one
        good = False
    if not good:
        shown = "one with an @" if "@" in url else repr(url)
        raise UsageError(f"{where}: expected an address such as {example}, got {shown}")
    if address.username or address.password or address.query:
        raise UsageError(
            f"{where}: expected an address without a name, password or query, which would be "
            f"recorded, got one with them; the key is read from {key_variable}"
        )


def header_value(where: str, value: str, variable: str) -> str:
    """Return the value of a header, which an environment variable holds.

    Raises
    ------
    EndpointError
        It cannot be sent; it may be a secret, so it is not repeated.
    """
    if not (value.isascii() and value.isprintable()):
        raise EndpointError(
            f"{where}: expected printable ASCII on one line in the environment variable "
            f"{variable}, which is sent as a header, got other characters"
        )
    return value


def patience(key: int, attempt: int, *parts: str) -> float:
    """Return how long to wait: twice as long each time, spread so that not all come at once."""
    longest = min(_LONGEST_WAIT, _FIRST_WAIT * float(1 << attempt))
    draw = Draw(fold_in(key, "wait", *parts, attempt))
    return longest * (0.5 + draw.random() / 2)


def message_of(body: bytes) -> str:
    """Return the first line of what a body says, at most a few words of it."""
    text = body.decode("utf-8", "replace").strip()
    try:
        made = json.loads(text)
        error = made.get("error", made)
        text = str(error.get("message", error) if isinstance(error, dict) else error)
    except (ValueError, AttributeError):
        pass
    return (text.splitlines() or ["nothing"])[0][:200]


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds of a Retry-After header (RFC 9110, 10.2.3): a number or a date."""
    given = headers.get("retry-after")
    if given is None:
        return None
    try:
        return max(0.0, float(given))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(given).timestamp() - now)
    except ValueError:
        return None
