"""Where the pairs of `synonyms` come from: a CSV file, NLTK's WordNet, one half of a table."""

from __future__ import annotations

import pytest
from robustft_transforms._inflection import inflections
from robustft_transforms._own_synonyms import read_csv
from robustft_transforms._synonyms import half_of, load_synonyms
from robustft_transforms.synonyms import Synonyms, _readings, _table

from robustft.errors import SpecError
from robustft.transform import perturb


def outputs(text, spec, seeds=12):
    return {perturb([text], spec, seed=seed)[0].text for seed in range(seeds)}


@pytest.fixture
def write(tmp_path):
    def write_rows(content, name="my.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write_rows


def test_pairs_of_a_file_are_used_as_written(write):
    path = write("word,substitute\nfilm,motion picture\nfilm,TV movie\nFilms,pictures\n")
    spec = f"synonyms:rate=1.0,lexicon={path}"
    assert outputs("An old film.", spec) == {"An old motion picture.", "An old TV movie."}
    assert outputs("THE FILM ENDS", spec) == {"THE MOTION PICTURE ENDS", "THE TV MOVIE ENDS"}
    assert outputs("Film it", spec) == {"Motion picture it", "TV movie it"}
    assert outputs("two films, a movie", spec) == {"two pictures, a movie"}


def test_articles_follow_pairs_of_a_file(write):
    path = write("word,substitute\nfilm,opus\nactor,player\n")
    spec = f"synonyms:rate=1.0,lexicon={path}"
    assert outputs("A film with an actor", spec) == {"An opus with a player"}


def test_a_part_of_speech_asks_for_its_context(write):
    rows = "word,substitute,pos\nplot,storyline,noun\nplot,scheme,v\nplot,ANYWHERE\u00a0,\n"
    path = write("\ufeff" + rows)
    assert [len(r.substitutes) for r in read_csv(path)["plot"]] == [1, 1, 1]
    path = write("Word,Substitute,POS\n\nplot,storyline,noun\nplot,scheme,v\n")
    spec = f"synonyms:rate=1.0,lexicon={path}"
    assert outputs("the plot is thin", spec) == {"the storyline is thin"}
    assert outputs("they plot to kill", spec) == {"they scheme to kill"}
    assert outputs("Plot summaries", spec) == {"Plot summaries"}


def test_scores_of_a_file_are_asked_for_by_min_score(write):
    path = write("word,substitute,score\nfilm,movie,0.9\nfilm,flick,0.4\nplot,story,\n")
    spec = f"synonyms:rate=1.0,lexicon={path},min_score=0.5"
    assert outputs("film plot", spec) == {"movie story"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "expected the columns word and substitute, got no column 'word'"),
        ("word,other\n", "expected the columns word and substitute, got no column 'substitute'"),
        ("word,substitute,scor\na,b,1\n", "got 'scor'; did you mean 'score'?"),
        ("word,substitute,word\na,b,c\n", "expected distinct columns, got 'word' twice"),
        ("word,substitute\n", "expected a word and its substitute in each row, got no rows"),
        ("word,substitute\nfilm\n", "my.csv, row 2: expected 2 values, got 1"),
        ("word,substitute\nfilm,movie\nnew york,nyc\n", "row 3, column word: expected one word"),
        ("word,substitute\nfilm,Film\n", "row 2, column substitute: expected another word"),
        ("word,substitute\nfilm,\n", "column substitute: expected another word, got ''"),
        ("word,substitute,pos\nfilm,movie,nuon\n", "column pos: expected noun, verb, adjective or"),
        ("word,substitute,score\nfilm,movie,1.5\n", "column score: expected a number above 0 and"),
        ("word,substitute,score\nfilm,movie,nan\n", "and up to 1, got 'nan'"),
        ("word,substitute\nfilm,movie\nfilm,movie\n", "expected each pair once, got film, movie"),
        ('word,substitute\n"film,movie\n', "expected a CSV file in UTF-8, got unexpected end"),
        (b"word,substitute\nfilm,\xff\xfe\n", "expected a CSV file in UTF-8"),
    ],
)
def test_mistakes_in_a_file_are_named_before_any_work(write, content, message):
    path = write(content)
    with pytest.raises(SpecError) as caught:
        Synonyms(lexicon=str(path))
    assert message in str(caught.value)
    assert "my.csv" in str(caught.value)


def test_an_unknown_lexicon_says_what_there_is():
    with pytest.raises(
        SpecError, match="expected lexicon to be builtin, nltk or a CSV file, got 'wordnett'"
    ):
        Synonyms(lexicon="wordnett")


# Synsets of a WordNet folder, by a name of their own; {name} is where one stands in its file.
SYNSETS = {
    "noun": {
        "car": "03 n 02 car 0 auto 0 000 | a vehicle  ",
        "quest": "03 n 02 quest 0 mission 0 000 | a search  ",
        "start": "03 n 02 start 0 beginning 0 000 | where it begins  ",
    },
    "verb": {"begin": "30 v 03 begin 0 commence 0 start 0 000 01 + 08 00 | set out  "},
    "adj": {
        "tall": "00 a 02 tall 0 high 0 001 ! {short} a 0101 | of height  ",
        "short": "00 a 02 short 0 low 0 001 ! {tall} a 0101 | not of height  ",
        "odd": "00 a 02 odd 0 tall 0 000 | strange  ",
    },
    "adv": {"maybe": "02 r 02 maybe 0 perhaps 0 000 | possibly  "},
}
INDEX = {
    "noun": {"car": "car", "auto": "car", "quest": "quest", "mission": "quest", "start": "start"},
    "verb": {"begin": "begin", "commence": "begin", "start": "begin"},
    "adj": {"tall": "tall", "high": "tall", "short": "short", "low": "short", "odd": "odd"},
    "adv": {"maybe": "maybe", "perhaps": "maybe"},
}
COUNTS = """auto%1:03:00:: 1 3
car%1:03:00:: 1 9
car%2:30:00:: 4 1
commence%2:30:00:: 1 5
begin%2:30:00:: 1 9
gone%3:00:00:: 1 5
high%3:00:00:: 1 4
maybe%4:02:00:: 1 4
mission%1:03:00:: 1 2
odd%3:00:00:: 1 4
perhaps%4:02:00:: 1 8
quest%1:03:00:: 1 4
start%1:03:00:: 1 5
start%2:30:00:: 1 5
tall%3:00:00:: 1 4
"""


def write_wordnet(folder):
    folder.mkdir(parents=True)
    for kind, synsets in SYNSETS.items():
        place, at = {}, 0
        for name, line in synsets.items():
            place[name] = f"{at:08d}"
            at += len(f"{place[name]} {line.format(short='0' * 8, tall='0' * 8)}\n")
        lines = [f"{place[name]} {line.format(**place)}\n" for name, line in synsets.items()]
        (folder / f"data.{kind}").write_text("".join(lines))
        pos = "r" if kind == "adv" else kind[0]
        rows = [f"{w} {pos} 1 0 1 1 {place[name]}  \n" for w, name in INDEX[kind].items()]
        (folder / f"index.{kind}").write_text("".join(rows))
        (folder / f"{kind}.exc").write_text("")
    (folder / "verb.exc").write_text("began begin\nbeginning begin\nbegun begin\n")
    (folder / "index.sense").write_text("")
    (folder / "cntlist.rev").write_text(COUNTS)
    (folder / "lexnames").write_text("".join(f"{i:02d}\tname\t1\n" for i in range(45)))


@pytest.fixture
def nltk_data(tmp_path, monkeypatch):
    """An empty folder in which alone NLTK looks for its data."""
    import nltk
    from nltk.corpus import CorpusReader
    from nltk.corpus.reader import WordNetCorpusReader
    from nltk.corpus.util import LazyCorpusLoader

    omw = LazyCorpusLoader("omw-2.0", CorpusReader, r".*")
    fresh = LazyCorpusLoader("wordnet", WordNetCorpusReader, omw)
    monkeypatch.setattr(nltk.data, "path", [str(tmp_path)])
    monkeypatch.setattr(nltk.corpus, "wordnet", fresh)
    _readings.cache_clear()
    _table.cache_clear()
    yield tmp_path
    _readings.cache_clear()
    _table.cache_clear()
    # NLTK keeps the files open as long as the reader lives; one that was never read has none.
    for file in vars(fresh).get("_data_file_map", {}).values():
        file.close()


def test_wordnet_of_nltk_gives_words_of_one_dominant_sense(nltk_data):
    write_wordnet(nltk_data / "corpora" / "wordnet")
    spec = "synonyms:rate=1.0,lexicon=nltk"
    assert outputs("The car is old, maybe.", spec) == {"The auto is old, perhaps."}
    assert outputs("two cars, he begins, beginning to go", spec) == {
        "two cars, he commences, beginning to go"
    }
    # Another part of speech by its neighbours; two senses; a mission is too rare; opposites.
    text = "Car chases, began, a quest, a start, they start"
    assert outputs(text, spec) == {text}
    assert outputs("a tall man, a short man", spec) == {"a high man, a short man"}
    assert outputs("the car", f"{spec},min_score=0.95") == {"the car"}


def test_without_the_data_of_nltk_the_recipe_is_given(nltk_data):
    with pytest.raises(SpecError) as caught:
        Synonyms(lexicon="nltk")
    message = str(caught.value)
    assert "synonyms: expected NLTK's WordNet for lexicon=nltk, got none" in message
    assert "python -m nltk.downloader wordnet" in message
    assert str(nltk_data) in message


@pytest.mark.parametrize(
    ("lemma", "pos", "irregular", "expected"),
    [
        ("film", "n", [], "film films"),
        ("story", "n", [], "story stories"),
        ("toy", "n", [], "toy toys"),
        ("church", "n", [], "church churches"),
        ("man", "n", ["men"], "man men"),
        ("woods", "n", [], "woods"),
        ("boss", "n", [], "boss bosses"),
        ("stop", "v", [], "stop stops stopping stopped stopped"),
        ("play", "v", [], "play plays playing played played"),
        ("try", "v", [], "try tries trying tried tried"),
        ("like", "v", [], "like likes liking liked liked"),
        ("die", "v", [], "die dies dying died died"),
        ("agree", "v", [], "agree agrees agreeing agreed agreed"),
        ("quit", "v", [], "quit quits quitting quitted quitted"),
        ("show", "v", [], "show shows showing showed showed"),
        ("fix", "v", [], "fix fixes fixing fixed fixed"),
        ("open", "v", [], "open opens opening opened opened"),
        ("admit", "v", ["admitted", "admitting"], "admit admits admitting admitted admitted"),
        ("find", "v", ["found"], "find finds finding"),
        ("odd", "a", ["odder"], "odd"),
        ("soon", "r", [], "soon"),
    ],
)
def test_regular_inflection(lemma, pos, irregular, expected):
    assert " ".join(inflections(lemma, pos, irregular).values()) == expected


def test_the_halves_share_no_substitute_and_make_up_the_table():
    pairs = {"a": set(), "b": set()}
    for form, readings in load_synonyms().items():
        for reading in readings:
            for substitute, half in zip(reading.substitutes, reading.halves, strict=True):
                pairs[half].add((form, substitute))
    substitutes = {half: {word for _form, word in found} for half, found in pairs.items()}
    assert not substitutes["a"] & substitutes["b"]
    assert 0.8 < len(pairs["a"]) / len(pairs["b"]) < 1.25
    # All inflections of a word are in one half.
    for words in (("film", "films"), ("begin", "begins", "began"), ("movie", "movies", "movie's")):
        assert sum(bool(found & set(words)) for found in substitutes.values()) == 1
    assert half_of("movie") in "ab"


def test_a_half_replaces_by_its_own_substitutes_alone():
    text = "A boring film with a talented actor and a terrible story, incredibly tedious."
    halves = [
        {word for made in outputs(text, f"synonyms:rate=1.0,half={half}") for word in made.split()}
        - set(text.split())
        for half in "ab"
    ]
    assert all(halves)
    assert not halves[0] & halves[1] - {"an", "An"}
    with pytest.raises(SpecError, match="expected half to be one of both, a, b, got 'c'"):
        Synonyms(half="c")
