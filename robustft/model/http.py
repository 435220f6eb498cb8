"""One HTTP request with the standard library, so that tests can put another in its place."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

__all__ = ["NO_REPLY", "Reply", "Transport", "send"]

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
