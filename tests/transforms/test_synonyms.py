"""The synonyms transform, its table, and the word list shared with other transforms."""

from __future__ import annotations

from importlib.resources import files

import pytest
from robustft_transforms._articles import takes_an
from robustft_transforms._beside import Beside, Neighbour, make_beside, neighbours
from robustft_transforms._lexicons import load_words
from robustft_transforms._neighbours import SynonymTable
from robustft_transforms._synonyms import (
    SynonymReading,
    load_synonyms,
    parse_classes,
    parse_synonyms,
)
from robustft_transforms.synonyms import Synonyms

from robustft.errors import SpecError
from robustft.seeding import Draw
from robustft.text import apply
from robustft.text.document import Batch, Document, Unit
from robustft.transform import perturb

ALL = "synonyms:rate=1.0"


def outputs(text, spec=ALL, seeds=20):
    return {perturb([text], spec, seed=seed)[0].text for seed in range(seeds)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a huge crowd", {"an enormous crowd", "an immense crowd"}),
        ("an enormous crowd", {"a huge crowd", "an immense crowd", "a tremendous crowd"}),
        ("A talented cast", {"A gifted cast"}),
        ("An intelligent boy", {"A smart boy"}),
        ("AN INTELLIGENT BOY", {"A SMART BOY"}),
        ("A strange house", {"An odd house", "A peculiar house", "A weird house"}),
        ("an  enormous\nmob", {"a  huge\nmob", "an  immense\nmob", "a  tremendous\nmob"}),
        ('an "enormous" mob', {'a "huge" mob', 'an "immense" mob', 'a "tremendous" mob'}),
        ("Plan A. Huge crowds", {"Plan A. Enormous crowds", "Plan A. Immense crowds"}),
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
    assert table["movies"][0].substitutes == ("films",)
    assert table["gangster"][0].substitutes == ("mobster",)
    assert all("began" in reading.substitutes for reading in table["started"])
    assert not any(reading.beside.before.allows("has") for reading in table["started"])
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
    batch = Batch(["He used to come.", "a bOrInG day"])
    made = Synonyms().replacement(Document(batch, 0), Unit(3, 7, "used", 0), Draw(0))
    assert made.reason == "another sense or a fixed expression"
    made = Synonyms().replacement(Document(batch, 1), Unit(2, 8, "bOrInG", 0), Draw(0))
    assert made.reason == "mixed case"


def places(text, *conditions, form="dull"):
    reading = SynonymReading(("flat",), (1.0,), "a", make_beside(conditions, {}))
    units = SynonymTable({form: [reading]}).places(Batch(["", text, text])).units
    assert units.text.tolist() == [1] * (len(units) // 2) + [2] * (len(units) // 2)
    return len(units) // 2


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        ("a dull film", "a", "film"),
        ("dull", ".", "."),
        ("I don’t like dull, dry", "like", "."),
        ("it isn’t dull (yet)", "n't", "."),
        ("the film's dull part", "'s", "part"),
        ("it's dull", "it's", "."),
        ("the film’s DULL Part", "'s", "part"),
        ("(A dull end.", "a", "end"),
        ("so\ndull\tday", ".", "."),
        ("so  dull  day", ".", "."),
        ("one, dull; two", ".", "."),
    ],
)
def test_neighbours_are_named_as_conditions_name_them(text, before, after):
    start = text.lower().index("dull")
    assert neighbours(text, start, start + 4) == (before, after)
    assert places(text, f"<+{before}", f">+{after}") == 1
    assert places(text, f"<-{before}") == 0
    assert places(text, f">-{after}") == 0
    assert places(text, "<+zebra") == places(text, ">+zebra") == 0
    assert places(text, "<-zebra", ">-zebra") == 1


@pytest.mark.parametrize(
    ("text", "condition", "holds"),
    [
        ("not at all dull to watch it", "<<+at", True),
        ("not at all dull to watch it", "<<+all", False),
        ("not at all dull to watch it", ">>+watch", True),
        ("not at all dull to watch it", ">>-watch", False),
        ("all dull to", "<<+.", True),
        ("all dull to", ">>+.", True),
        ("no, all dull to. Watch", "<<+no", False),
        ("no, all dull to. Watch", ">>+watch", False),
        ("no all. dull. to watch", "<<+all", False),
        ("no all. dull. to watch", "<<+.", True),
    ],
)
def test_the_words_beyond_the_neighbours_can_be_asked_for(text, condition, holds):
    assert places(text, condition) == holds


def test_the_first_reading_whose_conditions_hold_is_used():
    readings = [
        SynonymReading(("first",), (1.0,), "a", make_beside(["<+a"], {})),
        SynonymReading(("second",), (1.0,), "a", make_beside([">+day"], {})),
        SynonymReading(("third",), (1.0,), "a"),
    ]
    table = SynonymTable({"dull": readings, "grey": readings[:1]})
    batch = Batch(["a dull day", "dull day", "dull", "grey", "a grey film-dull"])
    found = [table.readings[i].substitutes[0] for i in table.places(batch).reading]
    assert found == ["first", "second", "third", "first"]


def test_surer_words_are_drawn_first():
    text = "A film about a gruesome and superfluous world."
    table = load_synonyms()
    sure, unsure = (max(table[form][0].scores) for form in ("film", "gruesome"))
    assert sure > unsure + 0.3
    drawn = [perturb([text], "synonyms:rate=0.13", seed=seed)[0].text for seed in range(200)]
    assert sum("A film" not in made for made in drawn) > 1.3 * sum(
        "gruesome" not in made for made in drawn
    )


def test_same_seed_same_text_and_edits_replay():
    texts = ["A boring movie with a terrible story.", "An incredibly talented actor, really."] * 3
    first, second = (perturb(texts, "synonyms:rate=0.5", seed=4) for _ in range(2))
    assert first.texts == second.texts
    assert first.texts != perturb(texts, "synonyms:rate=0.5", seed=5).texts
    assert all(apply(row.original, row.edits) == row.text for row in first)


def test_min_score_leaves_out_what_scored_less():
    scores = [s for readings in load_synonyms().values() for r in readings for s in r.scores]
    assert 0 < min(scores) < 0.3
    assert 0.8 < max(scores) < 1
    assert 0.15 < sum(score > 0.6 for score in scores) / len(scores) < 0.6
    text = "A boring film with a superb cast, hackneyed but quirky."
    assert len(outputs(text)) > len(outputs(text, f"{ALL},min_score=0.6"))
    assert outputs(text, f"{ALL},min_score=1") == {text}
    with pytest.raises(SpecError, match=r"synonyms: expected min_score from 0 to 1, got 1\.5"):
        Synonyms(min_score=1.5)


def test_table_format_is_read_as_documented():
    text = "@BE is was\n%<+BE,very >>-of\n%<-.\nodd\tstrange:91a weird:80b\t0\nodd\tuneven:70a\t"
    (first, second) = parse_synonyms(text)["odd"]
    assert first.substitutes == ("strange", "weird")
    assert first.scores == (0.91, 0.8)
    assert first.halves == "ab"
    assert first.beside == Beside(
        before=Neighbour(frozenset({"is", "was", "very"})),
        second_after=Neighbour(barred=frozenset({"of"})),
    )
    assert first.beside.before.allows("was")
    assert not first.beside.before.allows(".")
    assert second.beside == Beside()
    assert parse_classes(text) == {"BE": ["is", "was"]}


def test_word_list_holds_words_and_no_slips():
    words = load_words()
    assert {"the", "movies", "form", "from", "loved", "went", "children", "yeah"} <= words
    assert not {"teh", "recieve", "hte", "xx", "fo", "movei"} & words
    assert all(word.isascii() and word.isalpha() and word.islower() for word in words)
    assert {form.removesuffix("'s") for form in load_synonyms()} - {"comedic"} <= words


def test_the_licence_is_shipped_beside_the_tables():
    data = files("robustft_transforms") / "data"
    licence = (data / "LICENSE-WordNet.txt").read_text(encoding="utf-8")
    assert "WordNet 3.0 Copyright 2006 by Princeton University" in licence
    readme = (data / "README.md").read_text(encoding="utf-8")
    assert "synonyms.txt.xz" in readme
    assert "words.txt.xz" in readme


@pytest.mark.parametrize(
    "text",
    [
        "The movies of today: a film about films.",
        "He sometimes laughs, and occasionally he cries.",
        "The actors gave performances.",
    ],
)
def test_no_substitute_that_stands_nearby(text):
    made = [perturb([text], "synonyms:rate=1.0", seed=seed) for seed in range(20)]
    for row in made:
        words = row.texts[0].lower().replace(".", "").replace(",", "").split()
        stems = [word[:6] for word in words if len(word) > 5]
        assert len(set(stems)) == len(stems)
