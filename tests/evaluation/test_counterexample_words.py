"""Counterexamples in plain words."""

from robustft.evaluation.counterexamples.files import Counterexample, MinimalEdit
from robustft.evaluation.counterexamples.words import edit_text, most_telling, sentence


def example(original, replacement, **more):
    edits = (
        MinimalEdit(
            column="text",
            start=0,
            end=len(original),
            original=original,
            replacement=replacement,
            transforms=("synonyms",),
        ),
    )
    known = {"id": "r1", "label": "pos", "before": "pos", "after": "neg", "all_edits": 3}
    known |= {"confidence_before": 0.97, "confidence_after": 0.81, "text": "", "calls": 2}
    return Counterexample(**{**known, "edits": edits, "smallest": True, **more})


def test_counterexamples_in_words():
    one = example("great", "superb")
    assert sentence(one) == (
        '"great" → "superb" alone turns pos into neg (97% sure before, 81% after)'
    )
    both = example("great", "superb", edits=one.edits + example("", "well, ").edits)
    assert sentence(both).startswith('"great" → "superb" and inserting "well, " together turn pos')
    assert edit_text(example(",", "").edits[0]) == 'leaving out ","'
    assert len(edit_text(example("x" * 99, "y").edits[0])) < 60
    other = example("film", "movie", confidence_after=0.6)
    assert most_telling([both, other, one, example("Great", "superb", id="r2")]) == [
        one,
        other,
        both,
    ]
