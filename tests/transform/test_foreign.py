"""Augmenters of other libraries: stand-ins for what we do, and the real ones where they are.

`make peers` installs the real ones into environments of their own, as CI does.
"""

from __future__ import annotations

import os
import random
import stat
import sys
from pathlib import Path

import numpy as np
import pytest

from robustft.errors import SpecError, TransformError
from robustft.scale.worker import JsonWorker, WorkerError
from robustft.text import apply, invert
from robustft.transform import Status, perturb
from robustft.transform.foreign import found_libraries, load_augmenter

PEERS = Path(__file__).parents[2] / ".peers"
TEXT = "It's a wonderful movie, and I don't think you'll regret watching it on 9 May 2020."

LIBRARY = '''
import random
import re

import numpy as np

class KeyboardAug:
    """Cuts a text into tokens, spells one backwards, joins them with spaces; prints as it goes."""

    def __init__(self, least=4, fail=""):
        self.least, self.fail = least, fail

    def augment(self, text):
        print("chatter on stdout")
        if self.fail and self.fail in text:
            raise ValueError("a word it cannot bear")
        tokens = re.findall(r"\\w+|[^\\w\\s]", text)
        long = [i for i, token in enumerate(tokens) if len(token) >= self.least]
        if long:
            i = random.choice(long) if np.random.rand() < 2 else 0
            tokens[i] = tokens[i][::-1]
        return [" ".join(tokens)]
'''


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A Python that has a library called nlpaug, which this one has not."""
    package = tmp_path / "site" / "nlpaug" / "augmenter"
    package.mkdir(parents=True)
    for name in ("__init__", "word", "sentence"):
        (package / f"{name}.py").write_text("")
    (package.parent / "__init__.py").write_text("")
    (package / "char.py").write_text(LIBRARY)
    facts = tmp_path / "site" / "nlpaug-9.9.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: nlpaug\nVersion: 9.9\n")
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH="{tmp_path / "site"}" exec {sys.executable} "$@"\n')
    python.chmod(python.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("ROBUSTFT_NLPAUG_PYTHON", str(python))
    return tmp_path / "site"


def test_a_library_under_another_python_gives_edits(elsewhere):
    (row,) = perturb([TEXT], "nlpaug:aug=KeyboardAug,options=least:5")
    assert row.status is Status.CHANGED
    (edit,) = row.edits
    word = TEXT[edit.start : edit.end]
    assert edit.replacement == word[::-1]
    assert " ' " not in row.text
    assert "9 May 2020" in row.text


def test_spacing_that_it_leaves_can_be_kept(elsewhere):
    (row,) = perturb([TEXT], "nlpaug:aug=KeyboardAug,options=least:5,respace=false")
    assert "It ' s" in row.text


def test_options_reach_the_class_and_seeds_decide(elsewhere):
    spec = "nlpaug:aug=KeyboardAug,options=least:9"
    texts = perturb([TEXT] * 20, spec, ids=[str(i) for i in range(20)]).texts
    assert set(texts) == {TEXT.replace("wonderful", "lufrednow")}
    spec = "nlpaug:aug=KeyboardAug,options=least:5"
    made = [perturb([TEXT], spec, seed=seed).texts[0] for seed in (1, 2, 3, 4, 1)]
    assert made[0] == made[-1]
    assert len(set(made)) > 1


def test_a_library_in_this_process_leaves_global_randomness_alone(elsewhere, monkeypatch):
    monkeypatch.syspath_prepend(str(elsewhere))
    monkeypatch.delenv("ROBUSTFT_NLPAUG_PYTHON")
    for name in [n for n in sys.modules if n.partition(".")[0] == "nlpaug"]:
        monkeypatch.delitem(sys.modules, name)
    augment = load_augmenter("nlpaug", "KeyboardAug")
    random.seed(5)
    np.random.seed(5)  # noqa: NPY002
    expected = random.Random(5).random(), np.random.RandomState(5).rand()
    here = augment([TEXT], [3])
    assert (random.random(), np.random.rand()) == expected  # noqa: NPY002
    there = load_augmenter("nlpaug", "KeyboardAug", python=str(elsewhere.parent / "python"))
    assert here == there([TEXT], [3])
    for name in [n for n in sys.modules if n.partition(".")[0] == "nlpaug"]:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("spec", "error", "message"),
    [
        ("nlpaug", SpecError, "expected the name of a class, such as aug=KeyboardAug"),
        ("nlpaug:aug=Keyboard", SpecError, "expected one of KeyboardAug, got 'Keyboard'"),
        ("nlpaug:aug=KeyboardAug,options=least", SpecError, "expected options as key:value"),
        ("nlpaug:aug=KeyboardAug,options=most:3", SpecError, "unexpected keyword argument 'most'"),
        ("nlpaug:aug=KeyboardAug,python=/nowhere", SpecError, "expected a program at /nowhere"),
        ("nlpaug:aug=KeyboardAug,options=fail:movie", TransformError, "a word it cannot bear"),
        ("textattack:aug=CharSwapAugmenter", SpecError, "ROBUSTFT_TEXTATTACK_PYTHON, got none"),
    ],
)
def test_mistakes_say_what_was_expected(elsewhere, monkeypatch, spec, error, message):
    monkeypatch.delenv("ROBUSTFT_TEXTATTACK_PYTHON", raising=False)
    with pytest.raises(error, match=message):
        perturb([TEXT], spec)


def test_a_worker_that_ends_says_its_last_words():
    worker = JsonWorker([sys.executable, "-c", "raise SystemExit('out of luck')"], "it")
    with pytest.raises(WorkerError, match="it: expected an answer, got: out of luck"):
        worker.ask({})
    worker.close()


def test_a_worker_that_ends_at_once_can_be_closed():
    worker = JsonWorker([sys.executable, "-c", ""], "it")
    worker._process.wait()
    with pytest.raises(WorkerError, match="it: expected an answer, got: exit code 0"):
        worker.ask({})
    worker.close()
    worker.close()


def test_a_program_that_is_no_host_is_named():
    worker = JsonWorker([sys.executable, "-c", "print('Hello!'); input()"], "it")
    with pytest.raises(WorkerError, match="it: expected an answer in JSON, got 'Hello!'"):
        worker.ask({})
    worker.close()


def test_the_doctor_is_told_where_a_library_is(elsewhere, monkeypatch):
    monkeypatch.delenv("ROBUSTFT_TEXTATTACK_PYTHON", raising=False)
    nlpaug, textattack = found_libraries()
    assert (nlpaug.where, nlpaug.version, nlpaug.problem) == (
        os.environ["ROBUSTFT_NLPAUG_PYTHON"],
        "9.9",
        "",
    )
    assert "got none" in textattack.problem
    monkeypatch.setenv("ROBUSTFT_NLPAUG_PYTHON", sys.executable)
    assert "nlpaug" in next(iter(found_libraries())).problem


@pytest.fixture
def installed(request, monkeypatch, tmp_path):
    """The Python of a really installed library."""
    variable = f"ROBUSTFT_{request.param.upper()}_PYTHON"
    python = os.environ.get(variable) or str(PEERS / request.param / "bin" / "python")
    if not Path(python).exists():
        pytest.skip(f"{request.param} is not installed: make peers")
    words = tmp_path / "corpora" / "stopwords" / "english"
    words.parent.mkdir(parents=True)
    words.write_text("i\na\nthe\nit\n")
    monkeypatch.setenv("NLTK_DATA", str(tmp_path))
    monkeypatch.setenv(variable, python)


@pytest.mark.parametrize(
    ("installed", "spec"),
    [
        ("nlpaug", "nlpaug:aug=KeyboardAug,options=aug_word_p:0.2"),
        ("nlpaug", "nlpaug:aug=RandomCharAug,options=action:swap"),
        ("textattack", "textattack:aug=CharSwapAugmenter,options=pct_words_to_swap:0.2"),
        ("textattack", "textattack:aug=WordSwapContract"),
    ],
    indirect=["installed"],
)
def test_the_real_library_gives_edits_that_replay_and_spare_what_is_protected(installed, spec):
    texts = [TEXT, "I think that they are late, and it is not a surprise to anybody here.", "A", ""]
    first, second = (perturb(texts, spec, seed=1) for _ in range(2))
    assert first.texts == second.texts
    assert Status.CHANGED in first.status
    for row in first:
        assert row.replay(row.original) == row.text
        assert apply(row.text, invert(row.original, row.edits)) == row.original
    assert "9 May 2020" in first.texts[0]
    assert "n't" in first.texts[0]
