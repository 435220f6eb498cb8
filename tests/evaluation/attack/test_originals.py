"""Attacks of the library textattack: the protocol with a stand-in, and the library where it is."""

import importlib.util
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from robustft.errors import SpecError, UsageError
from robustft.evaluation.attack import originals
from robustft.evaluation.attack.lockstep import Goal, Victim
from robustft.evaluation.attack.originals import check_original, original_attacks
from robustft.evaluation.attack.plan import make_attack
from robustft.evaluation.predict import Predictions
from robustft.transform.foreign.libraries import Library

HOST = """
import json, sys
for line in sys.stdin:
    request = json.loads(line)
    answer = {"version": "0"}
    if "text" in request:
        changed = request["text"].replace("good", "godo")
        print(json.dumps({"ask": [request["text"], changed]}), flush=True)
        before, after = json.loads(sys.stdin.readline())["logits"]
        won = after.index(max(after)) != request["label"]
        status = "SuccessfulAttackResult" if won else "FailedAttackResult"
        answer = {"status": status, "text": changed, "queries": 2}
    if request.get("recipe") == "BAEGarg2019":
        answer = {"error": "no such data"}
    print(json.dumps(answer), flush=True)
"""


class Good:
    max_length = None

    def predict(self, texts, progress=lambda _: None, *, pairs=None):
        values = np.array([2.0 * ("good" in text) - 1 for text in texts], np.float32)
        n = len(texts)
        logits = np.stack([-values, values], 1)
        return Predictions(logits, np.arange(n, dtype=np.uint64), np.zeros(n, bool))


@pytest.fixture
def hosted(tmp_path, monkeypatch):
    """Let a stand-in answer for the library."""
    host = tmp_path / "host.py"
    host.write_text(HOST)
    monkeypatch.setattr(originals.textattack_host, "__file__", str(host))
    monkeypatch.setattr(originals, "find_library", lambda name: Library(name, sys.executable))


def test_what_the_library_asks_the_model_answers(hosted):
    texts = ["a good film", "a good plot, a good end", "never read"]
    told = []
    victim = Victim(Good(), Goal(np.array([1, 1, 0])))
    first, second = original_attacks("pwws", victim, [0, 1], texts, told.append)
    assert told == [1, 1]
    assert first["status"] == "success"
    assert (first["text"], first["queries"], first["changed_words"]) == ("a godo film", 2, 1)
    assert first["edits"][0]["original"] == "good"
    assert len(second["edits"]) == 2
    assert original_attacks("pwws", victim, [], texts) == []


def test_what_the_library_lacks_is_said(hosted):
    victim = Victim(Good(), Goal(np.array([1])))
    with pytest.raises(UsageError, match="recipe textattack:bae: no such data"):
        original_attacks("bae", victim, [0], ["a good film"])


def test_bad_names_and_a_missing_library_are_named(monkeypatch):
    with pytest.raises(UsageError, match=r"expected one of pwws.*did you mean 'pwws'"):
        check_original("pwvs")
    monkeypatch.delenv("ROBUSTFT_TEXTATTACK_PYTHON", raising=False)
    if importlib.util.find_spec("textattack") is None:
        with pytest.raises(SpecError, match="ROBUSTFT_TEXTATTACK_PYTHON"):
            check_original("pwws")


def test_the_plan_of_an_original_has_no_transforms(hosted):
    import pandas as pd

    data = pd.DataFrame({"text": ["a good film", "a bad film"], "label": ["pos", "neg"]})
    plan = make_attack(Good(), data=data, recipe="textattack:pwws")
    assert plan.config()["transforms"] == ""
    assert plan.original == "pwws"


@pytest.mark.skipif(
    not os.environ.get("ROBUSTFT_TEXTATTACK_PYTHON"), reason="textattack is not installed"
)
def test_the_real_library_attacks():
    assert Path(os.environ["ROBUSTFT_TEXTATTACK_PYTHON"]).exists()
    victim = Victim(Good(), Goal(np.array([1])))
    (made,) = original_attacks("deepwordbug", victim, [0], ["it is a good film and a fine one"])
    assert made["status"] == "success"
    assert "good" not in made["text"]
