"""The builders of the lexicons, on a folder in WordNet's format with a handful of synsets."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[2] / "tools"
NAMES = ("wordnet", "build_words", "synonym_rules", "build_synonyms")

LICENCE = "  1 This software and database is being provided to you, the LICENSEE\n"
DATA = {
    "noun": [
        "00000010 03 n 02 movie 0 film 0 001 @ 00000020 n 0000 | a form of entertainment",
        "00000020 03 n 01 show 0 001 ~ 00000010 n 0000 | an entertainment",
        "00000030 03 n 01 Paris 0 000 | a city",
        "00000040 03 n 02 good_deal 0 lot 0 000 | plenty",
    ],
    "verb": [
        "00000010 30 v 02 start 0 begin 0 001 ! 00000020 v 0101 01 + 08 00 | set out",
        "00000020 30 v 01 stop 0 001 ! 00000010 v 0101 01 + 08 00 | halt",
    ],
    "adj": [
        "00000010 00 a 01 good 0 002 ! 00000020 a 0101 & 00000030 a 0000 | of merit",
        "00000020 00 a 01 bad 0 002 ! 00000010 a 0101 & 00000040 a 0000 | without merit",
        "00000030 00 s 02 superb 0 brilliant(p) 0 001 & 00000010 a 0000 | great",
        "00000040 00 s 01 awful 0 001 & 00000020 a 0000 | dreadful",
    ],
    "adv": [
        "00000010 02 r 01 superbly 0 001 \\ 00000030 a 0101 | in a superb way",
        "00000020 02 r 01 brilliantly 0 001 \\ 00000030 a 0102 | with brilliance",
    ],
}
SENSES = """movie%1:03:00:: 00000010 1 9
film%1:03:00:: 00000010 1 5
show%1:03:00:: 00000020 1 4
paris%1:03:00:: 00000030 1 1
lot%1:03:00:: 00000040 1 2
start%2:30:00:: 00000010 1 7
begin%2:30:00:: 00000010 1 8
stop%2:30:00:: 00000020 1 3
good%3:00:00:: 00000010 1 20
bad%3:00:00:: 00000020 1 20
superb%5:00:00:good:00 00000030 1 2
brilliant%5:00:00:good:00 00000030 1 1
awful%5:00:00:bad:00 00000040 1 2
superbly%4:02:00:: 00000010 1 0
brilliantly%4:02:00:: 00000020 1 0
"""
FORMS = {
    ("movie", "n"): {"NN": "movie", "NNS": "movies"},
    ("film", "n"): {"NN": "film", "NNS": "films"},
    ("start", "v"): {"VB": "start", "VBZ": "starts", "VBD": "started", "VBN": "started"},
    ("begin", "v"): {"VB": "begin", "VBZ": "begins", "VBD": "began", "VBN": "begun"},
    ("superb", "a"): {"JJ": "superb"},
    ("brilliant", "a"): {"JJ": "brilliant"},
    ("smart", "a"): {"JJ": "smart", "JJR": "smarter"},
}


def inflect(lemma, pos):
    first = {"n": "NN", "v": "VB", "a": "JJ", "r": "RB"}[pos]
    return FORMS.get((lemma, pos), {first: lemma})


@pytest.fixture
def tools(monkeypatch):
    monkeypatch.syspath_prepend(str(TOOLS))
    yield {name: importlib.import_module(name) for name in NAMES}
    for name in NAMES:
        sys.modules.pop(name)


@pytest.fixture
def folder(tmp_path):
    for name, lines in DATA.items():
        (tmp_path / f"data.{name}").write_text(LICENCE + "\n".join(lines) + "\n")
        (tmp_path / f"{name}.exc").write_text("")
    (tmp_path / "noun.exc").write_text("moovies movie\n")
    (tmp_path / "index.sense").write_text(SENSES)
    return tmp_path


def test_reads_synsets_counts_and_exceptions(tools, folder):
    net = tools["wordnet"].WordNet.read(folder)
    assert net.synsets["a", 30].words == ("superb", "brilliant")
    assert net.count("good", "a") == 20
    assert net.count("brilliant", "n") == 0
    assert tools["wordnet"].read_exceptions(folder) == {("movie", "n"): ["moovies"]}
    (folder / "data.adv").unlink()
    with pytest.raises(SystemExit, match=r"data\.adv: expected a file of WordNet 3\.0, got none"):
        tools["wordnet"].WordNet.read(folder)


def test_antonyms_reach_through_clusters(tools, folder):
    net = tools["wordnet"].WordNet.read(folder)
    assert net.antonyms("superb", "a") == {"bad", "awful"}
    assert net.antonyms("bad", "a") == {"good", "superb", "brilliant"}
    assert net.antonyms("start", "v") == {"stop"}


@pytest.mark.parametrize(
    ("lemma", "other", "pos", "expected"),
    [
        ("movie", "film", "n", "synonym"),
        ("movie", "show", "n", "kind"),
        ("show", "movie", "n", "kind"),
        ("good", "superb", "a", "similar"),
        ("superb", "awful", "a", "antonym"),
        ("start", "stop", "v", "antonym"),
        ("superbly", "brilliantly", "r", "derived"),
        ("movie", "lot", "n", ""),
        ("movie", "nowhere", "n", ""),
    ],
)
def test_relations(tools, folder, lemma, other, pos, expected):
    net = tools["wordnet"].WordNet.read(folder)
    assert tools["synonym_rules"].relation(net, lemma, other, pos) == expected


def test_rules_are_parsed_and_checked(tools, folder):
    parse = tools["synonym_rules"].parse_rule
    rule = parse("start/VBD,VBN: begin ~open <+i,he >-off >>+a", "v")
    assert (rule.lemma, rule.tags, rule.substitutes) == ("start", ("VBD", "VBN"), ("begin", "open"))
    assert dict(rule.conditions) == {"<+": ("he", "i"), ">-": ("off",), ">>+": ("a",)}
    assert rule.own == {"open"}
    with pytest.raises(ValueError, match="expected 'lemma: substitute"):
        parse("start begin", "v")
    with pytest.raises(ValueError, match="expected each condition once"):
        parse("start: begin <+a <+b", "v")
    net = tools["wordnet"].WordNet.read(folder)
    wrong = [parse("superb: ~awful", "a"), parse("movie: lot film ~story", "n")]
    wrong.append(parse("someone: somebody", "c"))
    assert tools["build_synonyms"].check_rules(net, wrong) == [
        "superb -> awful (a): expected synonyms, got antonym",
        "movie -> lot (n): expected synonyms, got no relation",
    ]


def test_readings_keep_inflection(tools):
    build, parse = tools["build_synonyms"], tools["synonym_rules"].parse_rule
    made = {r.form: r for r in build.readings(parse("movie: film", "n"), inflect, {})}
    assert made["movies"].substitutes == (("films", "film"),)
    assert made["movie's"].substitutes == (("film's", "film"),)
    made = {r.form: r for r in build.readings(parse("start: begin", "v"), inflect, {})}
    assert made["starts"].substitutes == (("begins", "begin"),)
    # The past tense alone has one form on both sides, so a subject must stand before it.
    assert made["started"].substitutes == (("began", "begin"),)
    assert "he" in dict(made["started"].conditions)["<+"]
    (only,) = build.readings(parse("superb: smart", "a"), inflect, {})
    assert dict(only.conditions)["<-"] == ("least", "less", "more", "most")


def test_ambiguous_forms_need_their_context(tools):
    build, parse = tools["build_synonyms"], tools["synonym_rules"].parse_rule
    tags = {"film": [60, 40, 0, 0, 0], "films": [99, 1, 0, 0, 0]}
    (film, films) = build.readings(parse("film: movie", "n"), inflect, tags)
    assert dict(film.conditions) == {"<+": ("ADJ", "DET"), ">+": ("END",)}
    assert films.conditions == ()
    (free, *_) = build.readings(parse("film: movie <+ANY >-noir", "n"), inflect, tags)
    assert dict(free.conditions) == {">-": ("noir",)}


def test_table_is_written_as_the_transform_reads_it(tools):
    from robustft_transforms._synonyms import half_of, parse_synonyms

    build, parse = tools["build_synonyms"], tools["synonym_rules"].parse_rule
    rules = [parse("superb: brilliant <+BE", "a"), parse("movie: film", "n")]
    found = build.gather(rules, inflect, {}, frozenset({"movies", "movie's"}))
    sure, unsure = (build.Evidence(n, n, 4 * n, 100, 0, 0, 20) for n in (93, 50))
    scores = {("superb", "brilliant", "a"): sure, ("movie", "film", "n"): unsure}
    text = build.serialise(found, {"BE": ["is"]}, scores)
    halves = half_of("film"), half_of("brilliant")
    assert text == "@BE is\n%<+BE\nmovie\tfilm:50{}\t\nsuperb\tbrilliant:93{}\t0".format(*halves)
    assert parse_synonyms(text)["superb"][0].beside.before.allows("is")


@pytest.mark.parametrize(
    ("evidence", "score", "passes"),
    [
        ((80, 90, 400, 100, 0, 5, 20), 90, True),
        ((-50, 20, 900, 100, 0, 5, 20), 50, True),
        ((99, 99, 900, 100, 0, 5, 20), 99, True),
        ((-50, 20, -60, 100, 0, 5, 20), 1, False),
        ((0, 20, 80, 49, 0, 5, 20), 10, False),
        ((80, 90, 400, 0, 0, 5, 20), 90, True),
        ((80, 90, 400, 100, -16, 20, 20), 90, False),
        ((80, 90, 400, 100, 15, 36, 20), 90, False),
    ],
)
def test_evidence_is_likeness_and_polarity(tools, evidence, score, passes):
    seen = tools["build_synonyms"].Evidence(*evidence)
    assert (seen.score, seen.passes()) == (score, passes)


def test_pairs_without_evidence_are_left_out(tools, tmp_path):
    build, parse = tools["build_synonyms"], tools["synonym_rules"].parse_rule
    (tmp_path / "scores.tsv").write_text(
        "# lemma\tsubstitute\nsuperb\tbrilliant\ta\t80\t90\t400\t100\t0\t5\t20\n"
        "superb\tsmart\ta\t80\t90\t400\t100\t40\t50\t20\n"
    )
    rules = [parse("superb: brilliant smart good", "a"), parse("movie: film", "n")]
    found = build.gather(rules, inflect, {})
    kept = build.with_evidence(found, build.read_scores(tmp_path / "scores.tsv"))
    assert [(r.form, r.substitutes) for r in kept] == [("superb", (("brilliant", "brilliant"),))]


def test_lemmas_that_share_a_form_are_in_one_half(tools):
    build = tools["build_synonyms"]
    pairs = [("amused", "amused"), ("amused", "amuse"), ("amuses", "amuse"), ("film", "film")]
    found = [build.Reading("x", "v", "VB", "x", (pair,), ()) for pair in pairs]
    halves = build.halves(found)
    assert halves["amuse"] == halves["amused"]
    assert set(halves) == {"amuse", "amused", "film"}
    assert set(halves.values()) <= {"a", "b"}


@pytest.mark.parametrize("word", ["Film", "ADJ", "don't", "film's", "it'", "3d", ""])
def test_neighbours_that_no_text_has_are_mistakes(tools, word):
    build, rules = tools["build_synonyms"], tools["synonym_rules"]
    rule = rules.Rule("film", "n", ("movie",), (("<+", (word, "a", "BE", "it's", "n't", "'s")),))
    classes = {"BE": ["is", "."]}
    (problem,) = build.unknown_neighbours([rule], classes)
    assert problem.startswith("film: expected a class or a lower-case word")
    assert build.unknown_neighbours([], {"BE": ["isn't"]})


def test_parts_of_speech_that_wordnet_does_not_know_are_mistakes_of_the_tagger(tools, folder):
    build, net = tools["build_synonyms"], tools["wordnet"].WordNet.read(folder)
    tags = {"movies": [5, 2, 1, 0, 3], "started": [1, 5, 1, 0, 0], "stopping": [0, 4, 1, 0, 0]}
    assert build.real_tags(tags, net) == {
        "movies": [5, 0, 0, 0, 3],
        "started": [0, 5, 0, 0, 0],
        "stopping": [0, 4, 0, 0, 0],
    }


def test_word_list_has_forms_but_no_names_or_compounds(tools, folder):
    net = tools["wordnet"].WordNet.read(folder)
    exceptions = tools["wordnet"].read_exceptions(folder)
    words = tools["build_words"].word_forms(net, exceptions, inflect, ["a", "zz", "an"])
    assert words == sorted(words)
    assert {"movies", "moovies", "began", "a", "an", "lot"} <= set(words)
    assert not {"paris", "good_deal", "deal", "zz"} & set(words)


def test_candidates_are_frequent_senses_and_new(tools, folder):
    net = tools["wordnet"].WordNet.read(folder)
    rules, parse = tools["synonym_rules"], tools["synonym_rules"].parse_rule
    found = list(rules.candidates(net, [parse("movie: film", "n")], frozenset({"begin"})))
    assert found == [
        ("bad", "a", ("awful",)),
        ("good", "a", ("superb", "brilliant")),
        ("film", "n", ("movie",)),
        ("awful", "a", ("bad",)),
        ("superb", "a", ("brilliant", "good")),
    ]
