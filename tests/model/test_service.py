"""A model behind an endpoint: what is sent, what may come back, patience and pace."""

from __future__ import annotations

import http.client
import json

import pytest

from robustft.data.task import Task
from robustft.errors import EndpointError, ModelError
from robustft.evaluation.text_predictor import TextPredictor
from robustft.model.foreign.options import ModelOptions
from robustft.model.foreign.service import ServiceModel
from robustft.model.http import Reply

URL = "http://localhost:8000/predict"
TASK = Task(label_names=("neg", "pos"))
TEXTS = ["good film", "bad film", "so good", "so bad", "the good"]


def share(text):
    return 0.9 if "good" in text else 0.2


def ok(made):
    return Reply(200, {}, json.dumps(made).encode())


def refuse(status, message="no", **headers):
    return Reply(status, {k.replace("_", "-"): v for k, v in headers.items()}, message.encode())


class Server:
    """Answers after a script of other replies."""

    def __init__(self, *script, answer=None):
        self.script, self.asked, self.headers, self.waited = list(script), [], [], []
        self.answer = answer or (
            lambda texts: {"probabilities": [[1 - share(t), share(t)] for t in texts]}
        )
        self.time = 100.0

    def __call__(self, url, headers, body, timeout):
        assert url == URL
        asked = json.loads(body)
        self.asked.append(asked)
        self.headers.append(headers)
        if self.script:
            reply = self.script.pop(0)
            if isinstance(reply, BaseException):
                raise reply
            return reply
        return ok(self.answer(asked.get("texts") or asked["inputs"]))

    def sleep(self, seconds):
        self.waited.append(seconds)
        self.time += seconds


def model(server, where=URL, **options):
    options = ModelOptions(**{"concurrency": 1, **options})
    return ServiceModel(
        where, options, transport=server, sleep=server.sleep, now=lambda: server.time, rows=2
    )


def predict(server, texts=TEXTS, **options):
    return TextPredictor(model(server, **options), TASK).predict(texts)


@pytest.mark.parametrize(
    "answer",
    [
        lambda texts: {"probabilities": [[1 - share(t), share(t)] for t in texts]},
        lambda texts: {"probabilities": [[share(t), 1 - share(t)] for t in texts],
                       "labels": ["POS", "NEG"]},
        lambda texts: {"predictions": [{"pos": share(t), "neg": 1 - share(t)} for t in texts]},
        lambda texts: [[{"label": "neg", "score": 1 - share(t)},
                        {"label": "pos", "score": share(t)}] for t in texts],
        lambda texts: [{"label": "pos", "score": share(t)} for t in texts],
    ],
)  # fmt: skip
@pytest.mark.parametrize("concurrency", [1, 3])
def test_every_shape_of_reply(answer, concurrency):
    server = Server(answer=answer)
    made = predict(server, concurrency=concurrency)
    assert made.probabilities[:, 1] == pytest.approx([share(t) for t in TEXTS], abs=1e-6)
    assert sorted(len(asked["texts"]) for asked in server.asked) == [1, 2, 2]
    assert made.lengths.tolist() == [0] * 5
    assert not made.truncated.any()


def test_labels_alone_and_no_text_twice():
    server = Server(
        answer=lambda texts: {"predictions": ["pos" if "good" in t else "neg" for t in texts]}
    )
    made = predict(server, [*TEXTS, *TEXTS])
    assert made.predictions.tolist() == [1, 0, 1, 0, 1] * 2
    assert sum(len(asked["texts"]) for asked in server.asked) == 5


def test_what_is_sent(monkeypatch):
    monkeypatch.setenv("MY_KEY", "sk-secret\n")
    monkeypatch.setenv("ANOTHER", "value")
    server = Server()
    asked = model(
        server, f"{URL}#large", key_variable="MY_KEY", headers=(("X-Other", "ANOTHER"),),
        text_field="inputs",
    )  # fmt: skip
    asked(["\ud800 x"], ["y"])
    assert server.asked == [{"inputs": ["\ufffd x"], "pairs": ["y"], "model": "large"}]
    assert server.headers[0]["Authorization"] == "Bearer sk-secret"
    assert server.headers[0]["X-Other"] == "value"
    monkeypatch.delenv("ANOTHER")
    with pytest.raises(EndpointError, match="expected the environment variable ANOTHER"):
        asked(["x"], None)


@pytest.mark.parametrize("secret", ["sk-se\ncret", "sk-se\u2014cret", "sk-s\x00ecret"])
@pytest.mark.parametrize("variable", ["MY_KEY", "ANOTHER"])
def test_a_secret_that_cannot_be_sent_is_not_repeated(monkeypatch, secret, variable):
    asked = model(Server(), key_variable="MY_KEY", headers=(("X-Other", "ANOTHER"),))
    monkeypatch.setattr("os.environ", {"MY_KEY": "key", "ANOTHER": "value", variable: secret})
    with pytest.raises(EndpointError, match=f"environment variable {variable}") as caught:
        asked(["x"], None)
    assert "sk-" not in str(caught.value)


def test_waits_longer_each_time_and_gives_up():
    server = Server(refuse(503), ConnectionResetError("gone"), http.client.BadStatusLine("?"),
                    refuse(429, retry_after="7.5"))  # fmt: skip
    assert len(predict(server, TEXTS[:1])) == 1
    assert all(2**i / 2 <= wait <= 2**i for i, wait in enumerate(server.waited[:3]))
    assert server.waited[3] == 7.5
    down = Server(*[refuse(500, "overloaded")] * 9)
    with pytest.raises(EndpointError) as caught:
        predict(down, retries=2)
    assert str(caught.value) == (
        f"{URL}: expected predictions within 3 attempts, got status 500: overloaded"
    )
    with pytest.raises(EndpointError, match=r"got no reply \(timed out\)"):
        predict(Server(TimeoutError("timed out")), retries=0)
    with pytest.raises(EndpointError, match="to be asked again in 9999"):
        predict(Server(refuse(429, retry_after="9999")))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 302])
def test_what_is_refused_for_good_is_not_sent_again(status):
    server = Server(refuse(status, "not you"))
    with pytest.raises(EndpointError, match=f"expected predictions, got status {status}: not you"):
        predict(server)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<html>an error", "expected a reply of JSON, got: <html>an error"),
        (b'{"error": "no model"}', "the field predictions or probabilities, got the fields error"),
        (b'{"probabilities": [[0.5, 0.5]]}', "expected 2 outputs for 2 texts, got 1"),
        (b'{"probabilities": [[NaN, 0.5], [0, 1]]}', "got NaN in row 1"),
        (b'{"probabilities": [[0.5, 0.5], [0, 1]], "labels": ["a", "b"]}', "labels are the data's"),
        (b'{"probabilities": [[0.5, 0.5], [0, 1]], "labels": "pos"}', "expected a list of labels"),
        (b'{"predictions": null}', "expected a list or an array of outputs, got NoneType"),
    ],
)
def test_replies_that_are_no_predictions(body, message):
    with pytest.raises(ModelError, match=message) as caught:
        predict(Server(Reply(200, {}, body)))
    assert str(caught.value).startswith(URL)


def test_labels_that_change_are_refused():
    named = iter([["neg", "pos"], ["pos", "neg"]])
    server = Server(
        answer=lambda t: {"probabilities": [[0.5, 0.5]] * len(t), "labels": next(named)}
    )
    with pytest.raises(
        ModelError, match="expected the labels neg, pos in each reply, got pos, neg"
    ):
        predict(server)


@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_failure_loses_nothing(concurrency):
    server = Server()
    asked = TextPredictor(model(server, concurrency=concurrency, retries=0), TASK)
    asked.predict(TEXTS[:2])
    server.script = [ok(server.answer(TEXTS[2:4])), refuse(500)]
    texts = [*TEXTS[2:4], *TEXTS]
    if concurrency == 1:
        with pytest.raises(
            EndpointError, match="status 500: no; 2 texts have their prediction, wh"
        ):
            asked.predict(texts)
    else:
        with pytest.raises(EndpointError):
            asked.predict(texts)
    before = len(server.asked)
    assert asked.predict(texts).predictions.tolist() == [1, 0, 1, 0, 1, 0, 1]
    assert len(server.asked) - before <= 2


def test_an_interruption_stops_the_rest():
    server = Server(ok(Server().answer(TEXTS[:2])), KeyboardInterrupt())
    asked = TextPredictor(model(server), TASK)
    with pytest.raises(KeyboardInterrupt):
        asked.predict(TEXTS)
    assert len(server.asked) == 2
    asked.predict(TEXTS)
    assert [len(a["texts"]) for a in server.asked[2:]] == [2, 1]


def test_a_long_pause_ends_with_an_interruption(monkeypatch):
    naps = []
    asked = ServiceModel(URL, ModelOptions(), lambda *_: Reply(503, {"retry-after": "500"}, b""))

    def nap(seconds):
        naps.append(seconds)
        asked.halted = len(naps) == 3

    monkeypatch.setattr("robustft.model.foreign.service.time.sleep", nap)
    with pytest.raises(EndpointError, match="within 1 attempt"):
        asked(["x"], None)
    assert naps == [pytest.approx(0.2)] * 3


def test_keeps_to_the_rate():
    server = Server()
    predict(server, [f"good {i}" for i in range(10)], rate_limit=4.0)
    assert len(server.asked) == 5
    assert server.waited == pytest.approx([0.25] * 4)
