"""The client for chat endpoints: money, patience, secrets, and what is kept."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import urllib.request
from functools import partial
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingUnixStreamServer

import pytest

from robustft.errors import DataError, EndpointError, UsageError
from robustft.model.endpoint import ChatClient, load_chat
from robustft.model.http import Reply, send
from robustft.model.replies import ReplyStore
from robustft.model.spending import Budget

URL = "http://localhost:8000/v1"
TEXTS = ["one text", "another text", "a third text"]


def answer(text, finish="stop", usage=(100, 50)):
    made = {"choices": [{"message": {"content": text}, "finish_reason": finish}]}
    if usage:
        made["usage"] = {"prompt_tokens": usage[0], "completion_tokens": usage[1]}
    return Reply(200, {}, json.dumps(made).encode())


def refuse(status, message="no", **headers):
    body = json.dumps({"error": {"message": message}}).encode()
    return Reply(status, {k.replace("_", "-"): v for k, v in headers.items()}, body)


class Endpoint:
    """Answers in capitals, after a script of other replies."""

    def __init__(self, *script, usage=(100, 50)):
        self.script = list(script)
        self.usage = usage
        self.asked = []
        self.headers = []
        self.waited = []

    def __call__(self, url, headers, body, timeout):
        assert url == f"{URL}/chat/completions"
        self.headers.append(headers)
        asked = json.loads(body)
        self.asked.append(asked)
        if self.script:
            reply = self.script.pop(0)
            if isinstance(reply, BaseException):
                raise reply
            return reply
        return answer(asked["messages"][1]["content"].upper(), usage=self.usage)


@pytest.fixture
def client(tmp_path, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)

    def make(endpoint, budget=None, **settings):
        return ChatClient(
            URL, "toy", budget or Budget(), ReplyStore(tmp_path / "replies"),
            transport=endpoint, sleep=endpoint.waited.append, now=lambda: 1_700_000_000.0,
            **{"concurrency": 1, **settings},
        )  # fmt: skip

    return make


def ask(client, texts=TEXTS, seed=1, most=200, **settings):
    settings = {"temperature": 0.5, **settings}
    return client(
        "Shout.", texts, seeds=[seed] * len(texts), max_tokens=[most] * len(texts), **settings
    )


def test_asks_each_text_once_and_keeps_the_answers(client):
    endpoint = Endpoint()
    first = client(endpoint)
    assert ask(first, [*TEXTS, TEXTS[0]]) == [*map(str.upper, TEXTS), "ONE TEXT"]
    assert len(endpoint.asked) == 3
    assert endpoint.asked[0] == {
        "model": "toy",
        "messages": [
            {"role": "system", "content": "Shout."},
            {"role": "user", "content": "one text"},
        ],
        "max_tokens": 200,
        "temperature": 0.5,
        "seed": 1,
    }
    assert str(first.ledger) == "3 requests, 300 tokens sent, 150 received"
    again = Endpoint()
    assert ask(client(again)) == [*map(str.upper, TEXTS)]
    assert not again.asked
    for changed in ({"seed": 2}, {"temperature": None}, {"most": 7}):
        other = Endpoint()
        ask(client(other), **changed)
        assert len(other.asked) == 3
    ask(client(other, send_seed=False), seed=9, temperature=None)
    assert {"seed", "temperature"}.isdisjoint(other.asked[-1])


def test_the_order_is_kept_when_several_are_under_way(client):
    texts = [f"text {i}" for i in range(40)]
    assert ask(client(Endpoint(), concurrency=8), texts) == [text.upper() for text in texts]


def test_what_cannot_be_encoded_or_was_cut_off(client):
    endpoint = Endpoint(answer("half a", finish="length"), answer(None))
    assert ask(client(endpoint), ["\ud800 x", "y"]) == ["", ""]
    assert endpoint.asked[0]["messages"][1]["content"] == "\ufffd x"


def test_waits_longer_each_time_and_as_long_as_it_is_told(client):
    date = "Tue, 14 Nov 2023 22:13:50 GMT"  # 30 seconds from then
    endpoint = Endpoint(
        refuse(429), refuse(503), ConnectionResetError("gone"), http.client.BadStatusLine("?"),
        refuse(429, retry_after="7.5"), refuse(529, retry_after=date),
    )  # fmt: skip
    assert ask(client(endpoint), TEXTS[:1]) == ["ONE TEXT"]
    waited = endpoint.waited
    assert [round(2**i) for i in range(4)] == [1, 2, 4, 8]
    assert all(2**i / 2 <= wait <= 2**i for i, wait in enumerate(waited[:4]))
    assert waited[4:] == [7.5, 30.0]
    other = Endpoint(refuse(429), refuse(429, retry_after="soon"))
    ask(client(other), TEXTS[1:2])
    assert waited[0] != other.waited[0]
    assert len(other.waited) == 2


def test_gives_up_after_so_many_attempts(client):
    endpoint = Endpoint(*[refuse(500, "overloaded")] * 9)
    message = "expected an answer within 3 attempts, got status 500: overloaded; so far: 3 requests"
    with pytest.raises(EndpointError, match=message):
        ask(client(endpoint, retries=2))
    assert len(endpoint.asked) == 3
    with pytest.raises(EndpointError, match="asked again in 9999"):
        ask(client(Endpoint(refuse(429, retry_after="9999"))))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 302])
def test_does_not_ask_again_what_is_refused_for_good(client, status):
    endpoint = Endpoint(refuse(status, "not you"))
    with pytest.raises(EndpointError, match=f"expected an answer from toy, got status {status}"):
        ask(client(endpoint))
    assert len(endpoint.asked) == 1
    assert not endpoint.waited


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"choices": []}', b'{"error": "no model"}'])
def test_what_is_no_answer_is_said(client, body):
    with pytest.raises(EndpointError, match="expected a chat completion, got: "):
        ask(client(Endpoint(Reply(200, {}, body))))


def test_newer_models_have_another_name_for_the_length(client):
    endpoint = Endpoint(refuse(400, "Use 'max_completion_tokens' instead."))
    assert ask(client(endpoint), TEXTS[:1]) == ["ONE TEXT"]
    assert endpoint.asked[1]["max_completion_tokens"] == 200
    assert "max_tokens" not in endpoint.asked[1]


def test_stops_before_the_ceiling_and_goes_on_from_there(client):
    prices = {"input_price": 10.0, "output_price": 100.0}
    endpoint = Endpoint(usage=(60, 100))
    # Each costs 0.0106, and at most (52 x 10 + 200 x 100) / 1e6 = 0.0205.
    stopped = client(endpoint, Budget(max_cost=0.035, **prices))
    with pytest.raises(EndpointError) as caught:
        ask(stopped)
    assert str(caught.value) == (
        "http://localhost:8000/v1: expected to spend at most 0.035 (max_cost), got more to ask; "
        "so far: 2 requests, 120 tokens sent, 200 received, 0.0212 spent; 2 of the 3 texts of this "
        "batch have their answer, which is kept: the same command goes on from there"
    )
    assert stopped.ledger.cost <= 0.035
    rest = Endpoint(usage=(60, 100))
    assert ask(client(rest, Budget(max_cost=0.035, **prices))) == [*map(str.upper, TEXTS)]
    assert len(rest.asked) == 1


def test_at_most_so_many_requests_failed_ones_too(client):
    endpoint = Endpoint(refuse(500))
    with pytest.raises(EndpointError, match=r"at most 2 requests \(max_requests\)"):
        ask(client(endpoint, Budget(max_requests=2)))
    assert len(endpoint.asked) == 2
    assert ask(client(Endpoint(), Budget(max_requests=2))) == [*map(str.upper, TEXTS)]


def test_what_is_not_said_counts_as_its_most(client):
    asked = client(Endpoint(TimeoutError("timed out"), usage=None))
    ask(asked, TEXTS[:1])
    assert asked.ledger.total.sent == 2 * (len("Shout.one text") // 3 + 50)
    assert asked.ledger.total.received == 400


def test_an_interruption_stops_the_rest_and_loses_nothing(client):
    endpoint = Endpoint(answer("FIRST"), KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        ask(client(endpoint))
    assert len(endpoint.asked) == 2
    rest = Endpoint()
    assert ask(client(rest)) == ["FIRST", *map(str.upper, TEXTS[1:])]
    assert len(rest.asked) == 2


def test_a_cache_that_cannot_be_written_stops_the_rest(client, tmp_path):
    (tmp_path / "replies").write_text("a file, no folder")
    endpoint = Endpoint()
    with pytest.raises(EndpointError, match="expected to write an answer") as caught:
        ask(client(endpoint))
    assert isinstance(caught.value.__cause__, DataError)
    assert len(endpoint.asked) == 1


def test_the_key_is_sent_and_written_nowhere(client, monkeypatch, tmp_path):
    monkeypatch.setenv("MY_KEY", "sk-secret\n")
    endpoint = Endpoint()
    ask(client(endpoint, key_variable="MY_KEY"), TEXTS[:1])
    assert endpoint.headers[0]["Authorization"] == "Bearer sk-secret"
    for path in (tmp_path / "replies").rglob("*.json"):
        assert "secret" not in path.read_text()
    with pytest.raises(EndpointError, match="environment variable MY_KEY") as caught:
        ask(client(Endpoint(refuse(401)), key_variable="MY_KEY"), ["new"])
    assert "secret" not in str(caught.value)
    monkeypatch.setenv("MY_KEY", "sk-se\ncret")  # which the library underneath would repeat
    with pytest.raises(EndpointError, match="environment variable MY_KEY") as caught:
        ask(client(Endpoint(), key_variable="MY_KEY"), ["newest"])
    assert "sk-" not in str(caught.value)
    monkeypatch.delenv("MY_KEY")
    other = Endpoint()
    ask(client(other, key_variable="MY_KEY"), ["newer"])
    assert "Authorization" not in other.headers[0]


def test_a_damaged_or_foreign_file_is_asked_anew(client, tmp_path):
    ask(client(Endpoint()), TEXTS[:1])
    (path,) = (tmp_path / "replies").rglob("*.json")
    for damaged in ("{", "{}", '{"question": {}, "answer": "x"}', "[]"):
        path.write_text(damaged)
        endpoint = Endpoint()
        assert ask(client(endpoint), TEXTS[:1]) == ["ONE TEXT"]
        assert len(endpoint.asked) == 1


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("localhost:11434", "expected an address such as http://localhost:11434/v1, got"),
        ("ftp://host/v1", "expected an address such as"),
        ("https://me:secret@host/v1", "the key is read from OPENAI_API_KEY"),
        ("https://host/v1?key=secret", "expected an address without a name, password or query"),
    ],
)
def test_addresses_that_cannot_be_used(url, message):
    with pytest.raises(UsageError, match=message) as caught:
        load_chat("toy", base_url=url)
    assert "secret" not in str(caught.value)


def test_loads_with_the_cache_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("ROBUSTFT_CACHE", str(tmp_path))
    client = load_chat("toy", base_url=URL, max_cost=2.0, input_price=1.0, retries=3)
    assert client.budget == Budget(None, 2.0, 1.0, 0.0)
    assert client.retries == 3
    client.transport = Endpoint()
    ask(client, TEXTS[:1])
    assert len(list((tmp_path / "replies").rglob("*.json"))) == 1


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        text = asked["messages"][1]["content"]
        status = {"busy": 429, "moved": 302}.get(text, 200)
        reply = answer(text.upper()) if status == 200 else refuse(status)
        self.send_response(status)
        self.send_header("Retry-After", "3")
        self.send_header("Location", "http://elsewhere.example.com/")
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, *_args):
        pass

    def address_string(self):
        return "local"


class _ThroughSocket(urllib.request.HTTPHandler):
    def __init__(self, path):
        super().__init__()
        self.path = path

    def http_open(self, request):
        return self.do_open(partial(_Connection, path=self.path), request)


class _Connection(http.client.HTTPConnection):
    def __init__(self, host, path, **settings):
        super().__init__(host, **settings)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self.path)


def test_speaks_http(tmp_path, client, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    path = str(tmp_path / "server")
    with ThreadingUnixStreamServer(path, _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            through = partial(send, handlers=(_ThroughSocket(path),))
            endpoint = Endpoint()
            spoken = client(endpoint)
            spoken.transport = through
            assert ask(spoken, ["hello", "good day"]) == ["HELLO", "GOOD DAY"]
            with pytest.raises(EndpointError, match="status 302"):
                ask(spoken, ["moved"])
            spoken.retries = 1
            with pytest.raises(EndpointError, match="status 429"):
                ask(spoken, ["busy"])
            assert endpoint.waited == [3.0]
        finally:
            server.shutdown()
            thread.join()
    with pytest.raises(EndpointError, match="no reply"):
        ask(spoken, ["gone"])
