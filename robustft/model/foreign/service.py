"""A model behind an HTTP endpoint: batches of texts out, predictions in, both as JSON.

A request is a POST of ``{"texts": [...]}``, of pairs with ``"pairs": [...]`` beside it, and with
``"model": NAME`` where the address ends in ``#NAME``. A reply has one entry a text, in order::

    {"predictions": [...]}        names of labels, or numbers of a regression
    {"probabilities": [[...]]}    a column a label; "labels": [...] beside it names the columns
    [...]                         either of these, or as inference servers of Hugging Face answer:
                                  [[{"label": "positive", "score": 0.9}, ...], ...]
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urldefrag

from robustft.data.task import Task
from robustft.errors import EndpointError, ModelError, first_line
from robustft.model.foreign.options import ModelOptions
from robustft.model.foreign.outputs import OutputReader
from robustft.model.http import (
    NO_REPLY,
    PASSING,
    PATIENCE,
    Reply,
    Transport,
    check_address,
    header_value,
    message_of,
    patience,
    retry_after,
    send,
)
from robustft.seeding import fold_in
from robustft.text.characters import without_surrogates

__all__ = ["ServiceModel", "check_service", "is_address"]

_NAP = 0.2
EXAMPLE = "http://localhost:8000/predict"


@dataclass
class ServiceModel:
    """Asks an endpoint for predictions.

    Parameters
    ----------
    where
        The address, as the user gave it.
    transport, sleep, now
        How requests are sent and how time passes. Left out, a pause ends soon after an
        interruption, however long the endpoint asked to wait.
    """

    where: str
    options: ModelOptions = field(default_factory=ModelOptions)
    transport: Transport = send
    sleep: Callable[[float], None] | None = None
    now: Callable[[], float] = time.time
    rows: int = 32
    halted: bool = False
    _lock: threading.Lock = field(init=False, default_factory=threading.Lock)
    _next: float = field(init=False, default=0.0)
    _named: tuple[str, ...] | None = field(init=False, default=None)
    _reader: OutputReader | None = field(init=False, default=None)

    @property
    def concurrency(self) -> int:
        """Requests under way at a time."""
        return self.options.concurrency

    def reader(self, task: Task) -> OutputReader:
        """Return what reads its outputs for a task; replies name the labels."""
        self._reader = OutputReader(self.where, task)
        return self._reader

    def __call__(self, texts: list[str], pairs: list[str] | None) -> Any:
        url, model = urldefrag(self.where)
        asked: dict[str, Any] = {self.options.text_field: [without_surrogates(t) for t in texts]}
        if pairs is not None:
            asked["pairs"] = [without_surrogates(text) for text in pairs]
        if model:
            asked["model"] = model
        body = json.dumps(asked).encode()
        key = fold_in(0, "service", *texts[:1])
        problem, attempts = "", 0
        for attempt in range(self.options.retries + 1):
            if self.halted and attempt:
                break
            attempts += 1
            self._wait_for_turn()
            try:
                reply = self.transport(url, self._headers(), body, self.options.timeout)
            except NO_REPLY as error:
                problem, wait = f"no reply ({first_line(error)})", None
            else:
                if reply.status == 200:
                    return self._read(reply)
                problem, wait = self._refusal(reply)
            if attempt < self.options.retries and not self.halted:
                self._pause(patience(key, attempt) if wait is None else wait)
        raise EndpointError(
            f"{self.where}: expected predictions within {attempts} attempt{'s' * (attempts > 1)}, "
            f"got {problem}"
        )

    def _wait_for_turn(self) -> None:
        """Wait until one more request keeps to the rate."""
        if self.options.rate_limit is None:
            return
        with self._lock:
            turn = max(self._next, self.now())
            self._next = turn + 1 / self.options.rate_limit
        wait = turn - self.now()
        if wait > 0:
            self._pause(wait)

    def _pause(self, seconds: float) -> None:
        """Wait; not to the end if nothing more is wanted meanwhile."""
        if self.sleep is not None:
            self.sleep(seconds)
            return
        end = time.monotonic() + seconds
        while not self.halted and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, _NAP))

    def _headers(self) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "User-Agent": "robustft"}
        variable = self.options.key_variable
        key = os.environ.get(variable, "").strip()
        if key:
            headers["Authorization"] = f"Bearer {header_value(self.where, key, variable)}"
        for name, variable in self.options.headers:
            if variable not in os.environ:
                raise EndpointError(
                    f"{self.where}: expected the environment variable {variable} with the header "
                    f"{name}, got none"
                )
            headers[name] = header_value(self.where, os.environ[variable].strip(), variable)
        return headers

    def _refusal(self, reply: Reply) -> tuple[str, float | None]:
        """Return what a reply that is no answer says, and how long it asks to wait.

        Raises
        ------
        EndpointError
            Asking again would not help.
        """
        said = f"status {reply.status}: {message_of(reply.body)}"
        if reply.status not in PASSING:
            if reply.status in (401, 403):
                variable = self.options.key_variable
                said += f" (the key is read from the environment variable {variable})"
            raise EndpointError(f"{self.where}: expected predictions, got {said}")
        wait = retry_after(reply.headers, self.now())
        if wait is not None and wait > PATIENCE:
            raise EndpointError(
                f"{self.where}: expected predictions within {PATIENCE:.0f} seconds, got {said}, "
                f"to be asked again in {wait:.0f}"
            )
        return said, wait

    def _read(self, reply: Reply) -> Any:
        try:
            made = json.loads(reply.body)
        except ValueError:
            raise ModelError(
                f"{self.where}: expected a reply of JSON, got: {message_of(reply.body)}"
            ) from None
        if not isinstance(made, dict):
            return made
        for name in ("probabilities", "predictions"):
            if name in made:
                self._name_columns(made.get("labels"))
                return made[name]
        named = ", ".join(map(str, made)) or "none"
        raise ModelError(
            f"{self.where}: expected a reply with the field predictions or probabilities, got the "
            f"fields {named}: {message_of(reply.body)}"
        )

    def _name_columns(self, labels: Any) -> None:
        """Take the names of the columns from a reply; each must say the same."""
        if labels is None:
            return
        if not isinstance(labels, list):
            raise ModelError(f"{self.where}: expected a list of labels, got {labels!r:.80}")
        named = tuple(map(str, labels))
        with self._lock:
            if self._named is None and self._reader is not None:
                self._reader.name_columns(named)
                self._named = named
        if self._named is not None and named != self._named:
            raise ModelError(
                f"{self.where}: expected the labels {', '.join(self._named)} in each reply, got "
                f"{', '.join(named)}"
            )


def is_address(name: str) -> bool:
    """Say whether a model's name is an address."""
    return name.startswith(("http://", "https://"))


def check_service(name: str, options: ModelOptions) -> None:
    """Check that an address can be used.

    Raises
    ------
    UsageError
        It is none, or holds a name, a password or a query.
    """
    check_address("model", name.partition("#")[0], options.key_variable, EXAMPLE)
