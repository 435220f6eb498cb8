"""Parts of speech."""

from __future__ import annotations

import pytest

from robustft.errors import DataError
from robustft.text import tagging
from robustft.text.tagging import PARTS_OF_SPEECH, tags_between


class ByEnding:
    """Stands in for the tagger, whose data are not always there."""

    def tag(self, words):
        self.words = words
        return [(word, "NNS" if word.endswith("s") else "VBD") for word in words]


@pytest.fixture
def by_ending(monkeypatch):
    tagger = ByEnding()
    monkeypatch.setattr(tagging, "_tagger", lambda: tagger)
    tagging._tagged.cache_clear()
    yield tagger
    tagging._tagged.cache_clear()


def test_the_words_that_a_span_touches_are_tagged(by_ending):
    text = "We saw dogs. They didn’t bark."
    assert tags_between(text, 7, 11) == {"NOUN"}
    assert tags_between(text, 4, 9) == {"NOUN", "VERB"}
    assert by_ending.words == ["We", "saw", "dogs", "."]
    assert tags_between(text, 9, 9) == {"NOUN"}
    assert tags_between(text, 11, 11) == frozenset()
    assert tags_between(text, 18, 24) == {"VERB"}
    assert by_ending.words == ["They", "did", "n't", "bark", "."]


def test_missing_data_are_named(monkeypatch, tmp_path):
    import nltk

    monkeypatch.setattr(nltk.data, "path", [str(tmp_path)])
    tagging._tagger.cache_clear()
    tagging._tagged.cache_clear()
    assert not tagging.has_tagger()
    with pytest.raises(DataError, match="NLTK's averaged_perceptron_tagger_eng in a folder of"):
        tags_between("Some words.", 0, 4)


def test_the_real_tagger_where_its_data_are():
    tagging._tagger.cache_clear()
    if not tagging.has_tagger():
        pytest.skip("NLTK's tagger is not installed")
    text = "The old dog didn't sleep in Paris."
    found = [tags_between(text, text.index(word), text.index(word) + 1) for word in text.split()]
    assert found == [{t} for t in "DET ADJ NOUN VERB VERB ADP PROPN".split()]


def test_the_names_are_sorted():
    assert PARTS_OF_SPEECH[:3] == ("ADJ", "ADP", "ADV")
    assert list(PARTS_OF_SPEECH) == sorted(PARTS_OF_SPEECH)
