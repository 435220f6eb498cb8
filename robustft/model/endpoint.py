"""A client for endpoints that speak the chat protocol of OpenAI: careful with money and patience.

OpenAI, vLLM, Ollama, llama.cpp's server, LM Studio and many others answer to it. Every answer is
kept on disk under what was asked, so that a run that stops, for whatever reason, loses nothing,
and running it again is free and gives the same texts. The key comes from an environment variable
alone; it is sent to the endpoint and written nowhere.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from robustft.data.cache import cache_folder
from robustft.errors import EndpointError, RobustftError, first_line
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
from robustft.model.replies import ReplyStore
from robustft.model.spending import Budget, Ledger
from robustft.text.characters import without_surrogates

__all__ = ["Chat", "ChatClient", "load_chat"]

# A token has some four letters of English; three never set too little aside.
_LETTERS_A_TOKEN = 3


class Chat(NamedTuple):
    """One question: what to do, with which text, how freely, and from which seed."""

    instructions: str
    text: str
    temperature: float | None
    seed: int
    max_tokens: int


class _Answer(NamedTuple):
    text: str
    used: tuple[int, int] | None


@dataclass
class ChatClient:
    """Asks an endpoint many questions, several at a time, each of them once.

    Parameters
    ----------
    base_url
        Where the protocol begins, such as ``http://localhost:11434/v1``.
    model
        The model's name, as the endpoint knows it.
    budget
        What may be spent.
    replies
        Where answers are kept.
    key_variable
        The environment variable that holds the key; if it is not set, none is sent.
    concurrency
        Requests under way at a time.
    timeout
        Seconds to wait for an answer.
    retries
        How often a request is sent again after a failure that may pass.
    send_seed
        Whether the endpoint takes a ``seed``; some refuse what they do not know.
    transport, sleep, now
        How requests are sent and how time passes.
    """

    base_url: str
    model: str
    budget: Budget
    replies: ReplyStore
    key_variable: str = "OPENAI_API_KEY"
    concurrency: int = 4
    timeout: float = 60.0
    retries: int = 6
    send_seed: bool = True
    transport: Transport = send
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.time
    ledger: Ledger = field(init=False)
    _length_field: str = field(init=False, default="max_tokens")
    _stopped: RobustftError | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.budget)

    def __call__(
        self,
        instructions: str,
        texts: Sequence[str],
        *,
        seeds: Sequence[int],
        max_tokens: Sequence[int],
        temperature: float | None = None,
    ) -> list[str]:
        """Return the answer to each text; one that was cut off at its `max_tokens` is empty.

        Raises
        ------
        EndpointError
            A ceiling is reached, the endpoint refuses, or it stays out of reach. What is under
            way is finished and kept first.
        """
        chats = [
            Chat(instructions, without_surrogates(text), temperature, seed, most)
            for text, seed, most in zip(texts, seeds, max_tokens, strict=True)
        ]
        questions = {chat: self._question(chat) for chat in chats}
        found = {chat: self.replies.get(question) for chat, question in questions.items()}
        missing = [chat for chat, answer in found.items() if answer is None]
        self._stopped = None
        with ThreadPoolExecutor(self.concurrency) as pool:
            try:
                found.update(zip(missing, pool.map(self._answered, missing), strict=True))
            except BaseException as problem:  # Ctrl-C: what waits in the pool must not be sent
                self._stopped = RobustftError(first_line(problem))
                raise
        if self._stopped is not None:
            done = sum(answer is not None for answer in found.values())
            raise EndpointError(
                f"{self._stopped}; so far: {self.ledger}; {done:,} of the {len(found):,} texts of "
                "this batch have their answer, which is kept: the same command goes on from there"
            ) from self._stopped
        return [found[chat] or "" for chat in chats]

    def _question(self, chat: Chat) -> dict[str, Any]:
        """Return all that an answer depends on: what it is kept under."""
        return {"base_url": self.base_url, "model": self.model, **chat._asdict()}

    def _answered(self, chat: Chat) -> str | None:
        """Ask and keep the answer; None once something has gone wrong for good."""
        if self._stopped is not None:
            return None
        try:
            answer = self._ask(chat)
            self.replies.keep(self._question(chat), answer)
        except RobustftError as problem:
            self._stopped = problem
            return None
        except BaseException as problem:
            self._stopped = RobustftError(first_line(problem))
            raise
        return answer

    def _ask(self, chat: Chat) -> str:
        letters = len(chat.instructions) + len(chat.text)
        most = (letters // _LETTERS_A_TOKEN + 50, chat.max_tokens)
        problem = ""
        for attempt in range(self.retries + 1):
            refused = self.ledger.reserve(*most)
            if refused:
                raise EndpointError(f"{self.base_url}: expected {refused}, got more to ask")
            used: tuple[int, int] | None = None
            try:
                reply = self.transport(
                    f"{self.base_url.rstrip('/')}/chat/completions",
                    self._headers(),
                    self._body(chat),
                    self.timeout,
                )
                if reply.status == 200:
                    answer = self._read(reply)
                    used = answer.used or most
                    return answer.text
                problem, wait = self._refusal(reply)
            except NO_REPLY as error:
                problem, wait = f"no reply ({first_line(error)})", None
                if isinstance(error, TimeoutError):
                    used = most  # it may be answering still, and write a bill
            finally:
                self.ledger.settle(most, used)
            if attempt < self.retries:
                self.sleep(patience(chat.seed, attempt, chat.text) if wait is None else wait)
        attempts = f"{self.retries + 1} attempt{'s' * (self.retries > 0)}"
        raise EndpointError(f"{self.base_url}: expected an answer within {attempts}, got {problem}")

    def _headers(self) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "User-Agent": "robustft"}
        key = os.environ.get(self.key_variable, "").strip()
        if key:
            key = header_value(self.base_url, key, self.key_variable)
            headers["Authorization"] = f"Bearer {key}"
        return headers

    def _body(self, chat: Chat) -> bytes:
        asked: dict[str, Any] = {
            "model": self.model,
            "messages": [
                {"role": "system", "content": chat.instructions},
                {"role": "user", "content": chat.text},
            ],
            self._length_field: chat.max_tokens,
        }
        if chat.temperature is not None:
            asked["temperature"] = chat.temperature
        if self.send_seed:
            asked["seed"] = chat.seed
        return json.dumps(asked).encode()

    def _refusal(self, reply: Reply) -> tuple[str, float | None]:
        """Return what a reply that is no answer says, and how long it asks to wait.

        Raises
        ------
        EndpointError
            Asking again would not help.
        """
        said = f"status {reply.status}: {message_of(reply.body)}"
        if reply.status == 400 and "max_completion_tokens" in said != self._length_field:
            self._length_field = "max_completion_tokens"  # what newer models of OpenAI call it
            return said, 0.0
        if reply.status not in PASSING:
            if reply.status in (401, 403):
                said += f" (the key is read from the environment variable {self.key_variable})"
            raise EndpointError(
                f"{self.base_url}: expected an answer from {self.model}, got {said}"
            )
        wait = retry_after(reply.headers, self.now())
        if wait is not None and wait > PATIENCE:
            raise EndpointError(
                f"{self.base_url}: expected an answer within {PATIENCE:.0f} seconds, got {said}, "
                f"to be asked again in {wait:.0f}"
            )
        return said, wait

    def _read(self, reply: Reply) -> _Answer:
        try:
            made = json.loads(reply.body)
            choice = made["choices"][0]
            text = choice["message"]["content"]
            whole = choice.get("finish_reason") != "length"
        except (ValueError, KeyError, IndexError, TypeError, AttributeError):
            raise EndpointError(
                f"{self.base_url}: expected a chat completion, got: {message_of(reply.body)}"
            ) from None
        return _Answer(text.strip() if whole and isinstance(text, str) else "", _usage(made))


def load_chat(
    model: str,
    *,
    base_url: str,
    key_variable: str = "OPENAI_API_KEY",
    max_requests: int | None = None,
    max_cost: float | None = None,
    input_price: float = 0.0,
    output_price: float = 0.0,
    **settings: Any,
) -> ChatClient:
    """Return a client whose answers are kept in the cache folder.

    Parameters
    ----------
    settings
        Those of `ChatClient`.

    Raises
    ------
    UsageError
        The address cannot be used.
    """
    check_address("base_url", base_url, key_variable, "http://localhost:11434/v1")
    return ChatClient(
        base_url=base_url,
        model=model,
        budget=Budget(max_requests, max_cost, input_price, output_price),
        replies=ReplyStore(cache_folder() / "replies"),
        key_variable=key_variable,
        **settings,
    )


def _usage(made: dict[str, Any]) -> tuple[int, int] | None:
    """Return the tokens sent and received, if an answer says so."""
    usage = made.get("usage")
    if not isinstance(usage, dict):
        return None
    sent, received = usage.get("prompt_tokens"), usage.get("completion_tokens")
    return (sent, received) if isinstance(sent, int) and isinstance(received, int) else None
