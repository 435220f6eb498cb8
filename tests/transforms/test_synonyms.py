"""The synonyms transform, its table, and the word list shared with other transforms."""

from __future__ import annotations

from importlib.resources import files

import pytest
from robustft_transforms._lexicons import Beside, load_synonyms, load_words, parse_synonyms
from robustft_transforms.synonyms import Synonyms, neighbours, takes_an

from robustft.errors import SpecError
from robustft.text import apply
from robustft.text.document import Batch, Document, Unit
from robustft.transform import perturb

ALL = "synonyms:rate=1.0"


def outputs(text, spec=ALL, seeds=20):
    return {perturb([text], spec, seed=seed)[0].text for seed in range(seeds)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a disappointing end", {"an unsatisfying end"}),
        ("an unsatisfying end", {"a disappointing end"}),
        ("A talented cast", {"A gifted cast"}),
        ("An intelligent boy", {"A smart boy"}),
        ("AN INTELLIGENT BOY", {"A SMART BOY"}),
        ("A strange house", {"An odd house", "A peculiar house"}),
        ("a  disappointing\nend", {"an  unsatisfying\nend"}),
        ('a "disappointing" end', {'an "unsatisfying" end'}),
        ("Plan A. Disappointing", {"Plan A. Unsatisfying"}),
    ],
)
def test_article_follows_the_sound_of_the_new_word(text, expected):
    assert outputs(text) <= expected


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        *((w, True) for w in "hour honest unusual unimaginative uninteresting utterly".split()),
        *((w, True) for w in "odd uproarious ugly intriguing understood awful".split()),
        *((w, False) for w in "horrible unique union useful one european unanimous".split()),
        *((w, False) for w in "universal usual big utilized".split()),
    ],
)
def test_an_is_a_matter_of_sound(word, expected):
    assert takes_an(word) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Maybe so.", "Perhaps so."),
        ("ABSOLUTELY SUPERFLUOUS TALK", "UNNECESSARY"),
        ("it happened here", "occurred"),
        ("two mobsters", "gangsters"),
        ("he chose this one", "selected"),
        ("they vanished", "disappeared"),
        ("this movie's end", "film's"),
        ("This Movie’S end", "This Movie’S end"),
        ("this movie’s end", "film’s"),
    ],
)
def test_case_and_inflection_are_kept(text, expected):
    assert any(expected in made for made in outputs(text))


def test_mixed_case_is_passed_over():
    assert outputs("a bOrInG day") == {"a bOrInG day"}


def test_every_substitute_has_the_inflection_of_its_form():
    table = load_synonyms()
    assert table["movies"][0].substitutes == ("films", "pictures")
    assert table["gangster"][0].substitutes == ("mobster",)
    assert "began" in table["started"][0].substitutes
    assert not table["started"][0].beside.allows("has", ".")
    assert outputs("It has started to rain.") == {"It has started to rain."}


def test_no_substitute_is_an_antonym_and_none_stands_for_itself():
    opposites = {
        ("good", "bad"),
        ("funny", "sad"),
        ("boring", "interesting"),
        ("great", "terrible"),
    }
    opposites |= {("beautiful", "ugly"), ("love", "hate"), ("start", "end"), ("smart", "dumb")}
    for form, readings in load_synonyms().items():
        offered = {word for reading in readings for word in reading.substitutes}
        assert form not in offered
        assert not any((form, word) in opposites or (word, form) in opposites for word in offered)


def test_function_words_and_negators_are_no_units():
    barred = "the a of to not never no nobody is was and but can in at as it he I my who so or be"
    assert not set(barred.lower().split()) & set(load_synonyms())
    text = "It is as good as it gets, and I can be at the top in a year or so; nobody never cannot."
    assert outputs(text) == {text}


@pytest.mark.parametrize(
    "text",
    [
        "At least of course in fact.",
        "A film-maker and a well-made film-noir.",
        "He used to come.",
        "They plot to kill.",
        "We watched him leave.",
        "Paris and Boring Films Ltd.",
        "kind of",
        "We went to the movies.",
    ],
)
def test_other_senses_compounds_and_idioms_stay(text):
    assert outputs(text) == {text}


def test_a_skip_says_why():
    batch = Batch(["He used to come."])
    made = Synonyms().replacement(Document(batch, 0), Unit(3, 7, "used", 0), None)
    assert made.reason == "another sense or a fixed expression"


@pytest.mark.parametrize(
    ("text", "word", "expected"),
    [
        ("a dull film", "dull", ("a", "film")),
        ("dull", "dull", (".", ".")),
        ("I don’t like dull, dry", "dull", ("like", ".")),
        ("it isn’t dull (yet)", "dull", ("n't", ".")),
        ("the film's dull part-time", "dull", ("'s", ".")),
        ("it's dull’s", "dull", ("it's", ".")),
        ("(A dull end.", "dull", ("a", "end")),
        ("so\ndull\tday", "dull", (".", ".")),
        ("x" * 40 + " dull " + "y" * 40, "dull", ("x" * 23, "y" * 40)),
    ],
)
def test_neighbours_are_named_as_the_conditions_name_them(text, word, expected):
    start = text.index(word)
    assert neighbours(text, start, start + len(word)) == expected


def test_same_seed_same_text_and_edits_replay():
    texts = ["A boring movie with a terrible story.", "An incredibly talented actor, really."] * 3
    first, second = (perturb(texts, "synonyms:rate=0.5", seed=4) for _ in range(2))
    assert first.texts == second.texts
    assert first.texts != perturb(texts, "synonyms:rate=0.5", seed=5).texts
    assert all(apply(row.original, row.edits) == row.text for row in first)


def test_min_score_leaves_out_what_scored_less():
    table = load_synonyms()
    low = min(s for readings in table.values() for r in readings for s in r.scores)
    assert 0 <= low < 0.9
    text = "A boring film with a superb cast, hackneyed but quirky."
    assert len(outputs(text)) > len(outputs(text, f"{ALL},min_score=0.95"))
    assert outputs(text, f"{ALL},min_score=1") == {text}
    with pytest.raises(SpecError, match=r"synonyms: expected min_score from 0 to 1, got 1\.5"):
        Synonyms(min_score=1.5)


def test_table_format_is_read_as_documented():
    text = "@BE is was\n%<+BE,very >-of\n%<-.\nodd\tstrange:91 weird:80\t0\nodd\tuneven:70\t"
    (first, second) = parse_synonyms(text)["odd"]
    assert first.substitutes == ("strange", "weird")
    assert first.scores == (0.91, 0.8)
    assert first.beside == Beside(
        before=frozenset({"is", "was", "very"}), not_after=frozenset({"of"})
    )
    assert first.beside.allows("was", ".")
    assert not first.beside.allows("was", "of")
    assert not first.beside.allows(".", "day")
    assert second.beside.allows(".", ".")


def test_word_list_holds_words_and_no_slips():
    words = load_words()
    assert {"the", "movies", "form", "from", "loved", "went", "children", "yeah"} <= words
    assert not {"teh", "recieve", "hte", "xx", "fo", "movei"} & words
    assert all(word.isascii() and word.isalpha() and word.islower() for word in words)
    assert {form.removesuffix("'s") for form in load_synonyms()} <= words


def test_the_licence_is_shipped_beside_the_tables():
    data = files("robustft_transforms") / "data"
    licence = (data / "LICENSE-WordNet.txt").read_text(encoding="utf-8")
    assert "WordNet 3.0 Copyright 2006 by Princeton University" in licence
    readme = (data / "README.md").read_text(encoding="utf-8")
    assert "synonyms.txt.xz" in readme
    assert "words.txt.xz" in readme
