"""Near words in their context: what a model is asked about, and what becomes of its answers."""

from __future__ import annotations

import pytest
from robustft_transforms._meanings import load_meanings, polarity
from robustft_transforms.masked_lm import MaskedLm

from robustft.errors import SpecError
from robustft.testing import stand_in
from robustft.transform import perturb


class Agreeable:
    """Proposes what it is told to, and finds everything alike and fitting."""

    asked: list[str]

    def __init__(self, model, **settings):
        self.proposed = model.split("+")
        self.settings = settings

    def __call__(self, texts, spans):
        return [[(word, 0.1) for word in self.proposed] for _ in texts]

    def similarity(self, texts, spans, words):
        return [1.0 for _ in words]

    fit = similarity


def near(word):
    return {found.word for found in load_meanings().near(word)}


def made(text, words, **settings):
    with stand_in("masked-lm", Agreeable):
        return perturb([text], MaskedLm(model="+".join(words.split()), rate=1.0, **settings))[0]


@pytest.mark.parametrize(
    ("word", "some", "none"),
    [
        ("movie", {"film"}, {"movies", "films", "book"}),
        ("movies", {"films"}, {"film"}),
        ("begins", {"starts"}, {"start", "ends"}),
        ("huge", {"enormous", "large"}, {"tiny", "small"}),
        ("worst", set(), {"best"}),
        ("father", set(), {"mother"}),
        ("old", set(), {"young", "new", "older"}),
        ("thought", {"idea"}, {"thinking"}),
    ],
)
def test_near_words_have_the_inflection_and_are_no_opposites(word, some, none):
    assert some <= near(word)
    assert not none & near(word)


@pytest.mark.parametrize("word", "the not two hour never hardly took shit".split())
def test_words_that_are_never_replaced(word):
    assert not near(word)


def test_near_words_speak_as_well_or_as_ill():
    assert "inexpensive" not in near("cheap")
    assert {"terrific", "wonderful"} <= near("fantastic")
    for word in ("cheap", "childish", "funny", "strange", "slow", "fine", "terrific"):
        for other in load_meanings().near(word):
            assert polarity(word) == polarity(*load_meanings().lemmas(other.word)), other


def test_polarity_is_a_matter_of_lemma_and_form():
    assert polarity("awful") == {"negative"}
    assert polarity("loved", "love") == {"positive"}
    assert polarity("slick") == {"negative", "positive"}
    assert not polarity("table")


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("It had started.", "began begun", "It had begun."),
        ("They started.", "began begun", "They began."),
        ("it 's started .", "began", "it 's started ."),
        ("a start", "begin", "a start"),
        ("three false starts", "begins", "three false starts"),
        ("the children's toys", "kids", "the children's toys"),
        ("the children 's toys", "kids", "the children 's toys"),
        ("the children play", "kids", "the kids play"),
        ("an awful day", "terrible", "a terrible day"),
        ("A “huge” day", "enormous", "An “enormous” day"),
        ("HUGE day", "Enormous", "ENORMOUS day"),
        ("a hUge day", "enormous", "a hUge day"),
        ("our home movie", "film house", "our home movie"),
        ("it turned out to start", "begin", "it turned out to begin"),
        ("ladies and gentlemen", "women men", "ladies and gentlemen"),
    ],
)
def test_what_may_stand_where(text, words, expected):
    assert made(text, words).text == expected


def test_names_and_parts_of_compounds_stay():
    text = "He loves Big Fish, a film-within-a-film."
    assert made(text, "large enormous movie fishing").text == text


def test_the_model_is_given_the_settings_and_asked_in_turn():
    class Picky(Agreeable):
        def similarity(self, texts, spans, words):
            assert words == ["Film", "tale"]
            assert [t[slice(*span)] for t, span in zip(texts, spans, strict=True)] == [
                "Movie",
                "story",
            ]
            return [0.95, 0.2]

        def fit(self, texts, spans, words):
            assert words == ["Film"]
            assert self.settings == {"top_k": 5, "context": 64, "device": "cpu"}
            return [0.9]

    transform = MaskedLm(model="film+tale", top_k=5, context=64, device="cpu", rate=1.0)
    with stand_in("masked-lm", Picky):
        result = perturb(["Movie with a story."], transform)
    assert result[0].text == "Film with a story."
    assert result.skips == {"masked_lm: no near word fits": 1}


def test_a_place_for_which_nothing_is_proposed_is_not_eligible():
    with stand_in("masked-lm", Agreeable):
        result = perturb(["A story of a film."], MaskedLm(model="movie", rate=1.0))
    assert result.eligible.tolist() == [1]
    assert result[0].text == "A story of a movie."


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("top_k=0", "masked_lm: expected top_k from 1 to 10000, got 0"),
        ("context=0", "masked_lm: expected context from 1 to 10000, got 0"),
        ("min_fit=2", r"masked_lm: expected min_fit from 0 to 1, got 2\.0"),
        ("min_similarity=-1", r"masked_lm: expected min_similarity from 0 to 1, got -1\.0"),
        ("rate=1.0", "masked-lm: expected a model, such as model=FOLDER, got none"),
    ],
)
def test_settings_that_cannot_be_used(settings, message):
    with stand_in("masked-lm", Agreeable), pytest.raises(SpecError, match=message):
        perturb(["a film"], f"masked_lm:{settings}")


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("from start to finish", "begin", "from start to finish"),
        ("He tries his best.", "attempts", "He tries his best."),
        ("He tries to sing.", "attempts", "He attempts to sing."),
        ("on the whole.", "entire", "on the whole."),
        ("the whole film", "entire", "the entire film"),
        ("This movie was filmed at home.", "film", "This movie was filmed at home."),
        ("not nearly as long", "almost", "not nearly as long"),
        ("It was shot on film.", "movie", "It was shot on film."),
        ("just after the war", "simply", "just after the war"),
    ],
)
def test_what_the_words_around_forbid(text, words, expected):
    assert made(text, words).text == expected
