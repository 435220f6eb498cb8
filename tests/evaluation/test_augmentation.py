"""Whether augmentation helps: said over seeds, beside the controls, and not otherwise."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from robustft.data.saving import save_split
from robustft.data.split import Split
from robustft.data.task import Task, TaskType
from robustft.errors import RunError
from robustft.evaluation.augmentation import AugmentationEffect, augmentation_effect
from robustft.evaluation.gains import arm_scores
from robustft.evaluation.trials import Losses, Trials, read_losses
from robustft.evaluation.unseen import leave_one_out, lexicon_split

ROWS = 300
FOUR = ("clean", "augmented", "duplicated", "step-matched")


def trials(accuracies, *, seeds=5, seed=0, rows=ROWS, of_seeds=0.05, of_rows=0.5):
    """Return trials of arms that are right as often as is said, by arm and set.

    Rows are harder or easier for all arms, and each arm finds other rows hard.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    made, hardness = Trials(), rng.normal(0, 1, rows)
    ids = tuple(f"r{i:04d}" for i in range(rows))
    for arm, sets in accuracies.items():
        own = rng.normal(0, of_rows, rows)
        for number in range(seeds):
            shift = rng.normal(0, of_seeds)
            for name, accuracy in sets.items():
                lot = hardness + own + rng.normal(0, 0.5, rows)
                bar = np.sqrt(1 + of_rows**2 + 0.25) * _quantile(accuracy) + shift
                made.add(arm, name, number, Losses(ids, (lot > bar).astype(float), "accuracy"))
    return made


def _quantile(share):
    from scipy.special import ndtri

    return float(ndtri(share))


def arms(clean, augmented, duplicated, step_matched, original=0.85):
    mixes = dict(zip(FOUR, (clean, augmented, duplicated, step_matched), strict=True))
    return {a: {"original": original, "mix": m} for a, m in mixes.items() if m is not None}


def test_a_real_effect_is_found_and_it_is_the_new_text():
    found = augmentation_effect(trials(arms(0.6, 0.8, 0.6, 0.6)))
    assert (found.answer, found.kind) == ("helps", "new text")
    assert found.transformed.sentence.startswith(
        "Augmentation helps on transformed text (mix): by "
    )
    assert "5 seeds x 300 rows" in found.transformed.sentence
    assert found.kind_sentence.startswith("It is the new text that helps: the gain of +")
    assert [g.against for g in found.transformed.gains] == ["clean", "step-matched", "duplicated"]
    assert found.original.answer == "cannot tell"
    assert sum(p.difference.value for p in found.parts) == pytest.approx(
        found.transformed.against("clean").difference.value
    )


def test_a_gain_that_longer_training_brings_too_is_none_of_augmentation():
    found = augmentation_effect(trials(arms(0.6, 0.8, 0.8, 0.8)))
    assert found.answer in ("cannot tell", "no gain")
    assert found.kind == "more steps"
    assert "longer training that helps" in found.kind_sentence


def test_repeated_rows_and_harm_are_told_apart():
    assert augmentation_effect(trials(arms(0.6, 0.8, 0.8, 0.6))).kind == "more rows"
    hurt = augmentation_effect(trials(arms(0.8, 0.6, 0.8, 0.8)))
    assert (hurt.answer, hurt.kind, hurt.kind_sentence) == ("hurts", "none", "")
    assert hurt.transformed.sentence.startswith("Augmentation hurts on transformed text (mix)")


@pytest.mark.parametrize(
    ("given", "seeds", "missing"),
    [
        (arms(0.6, 0.8, 0.6, None), 5, "is not answerable without the step-matched control."),
        (
            arms(0.6, 0.8, 0.6, 0.6),
            4,
            "is not answerable without 5 training seeds (there are 4 so far).",
        ),
        (arms(0.6, 0.8, None, None), 1, "step-matched control and 5 training seeds (there is 1"),
        (arms(None, 0.8, 0.6, 0.6), 5, "without the clean arm."),
    ],
)
def test_without_seeds_or_controls_it_is_not_answerable(given, seeds, missing):
    found = augmentation_effect(trials(given, seeds=seeds), command="Do this.")
    assert (found.answer, found.kind) == ("not answerable", "not answerable")
    assert missing in found.transformed.sentence
    assert found.transformed.sentence.endswith(" Do this.")
    assert found.sentences == (found.transformed.sentence,)


def test_without_duplicated_it_is_answered_but_for_the_kind():
    found = augmentation_effect(trials(arms(0.6, 0.8, None, 0.6)))
    assert (found.answer, found.kind, found.parts) == ("helps", "cannot tell", ())
    assert "--controls duplicated adds the control" in found.kind_sentence


def test_cannot_tell_says_what_would_have_been_seen():
    found = augmentation_effect(trials(arms(0.7, 0.71, 0.7, 0.7), rows=60))
    assert found.answer == "cannot tell"
    assert "With 5 seeds and 60 rows, a gain below" in found.transformed.sentence


def test_a_gain_that_is_ruled_out_is_no_gain():
    same = trials(arms(0.8, 0.8, 0.8, 0.8), rows=60, of_seeds=0.0)
    for number in range(5):  # the very answers of the other arm, but for one row of one seed
        (there,) = same._found["step-matched", "mix"][number]
        values = there.values.copy()
        values[number] = 1.0
        same.add("augmented", "mix", number, Losses(there.ids, values, "accuracy"))
    found = augmentation_effect(same)
    assert found.transformed.against("step-matched").difference.value <= 0
    assert found.answer in ("no gain", "hurts", "cannot tell")


def test_no_effect_is_rarely_said_to_help():
    said = [
        augmentation_effect(trials(arms(0.7, 0.7, 0.7, 0.7), seed=s, rows=80)) for s in range(25)
    ]
    assert sum(f.answer in ("helps", "hurts") for f in said) <= 2


@pytest.mark.slow
def test_no_effect_is_said_to_help_in_a_twentieth_of_studies_at_most():
    studies, helped, hurt = 1_000, 0, 0
    for seed in range(studies):
        made = trials(arms(0.75, 0.75, 0.75, 0.75), seed=seed, rows=200, of_seeds=0.1)
        answer = augmentation_effect(made).answer
        helped, hurt = helped + (answer == "helps"), hurt + (answer == "hurts")
    error = np.sqrt(0.05 * 0.95 / studies)
    print(f"helps {helped / studies:.3f}, hurts {hurt / studies:.3f}, ± {error:.3f}")
    assert helped / studies <= 0.05


def test_the_answer_survives_json():
    found = augmentation_effect(trials(arms(0.6, 0.8, 0.6, 0.6)))
    plain = json.loads(json.dumps(found.to_dict()))
    assert plain["answer"] == "helps"
    assert AugmentationEffect.from_dict(plain) == found


def test_errors_are_better_the_smaller_they_are(tmp_path):
    made, rng = Trials(), np.random.Generator(np.random.PCG64(0))
    labels = rng.normal(0, 1, 200)
    noise = {"clean": 1.0, "augmented": 0.3, "duplicated": 1.0, "step-matched": 1.0}
    for arm, sd in noise.items():
        for seed in range(5):
            for name in ("original", "mix"):
                path = tmp_path / f"{arm}-{seed}-{name}.parquet"
                said = labels + rng.normal(0, sd, 200)
                ids = [f"r{i}" for i in range(200)]
                pq.write_table(pa.table({"id": ids, "label": labels, "prediction": said}), path)
                made.add(arm, name, seed, read_losses(path))
    found = augmentation_effect(made)
    assert (found.metric, found.answer, found.original.answer) == ("mse", "helps", "helps")
    assert "(mean squared error)" in found.transformed.sentence


def keep(folder, **columns):
    """Write the rows of an evaluation as they were."""
    task = Task(
        type=TaskType.CLASSIFICATION,
        text_column="text",
        label_column="label",
        label_names=("n", "p"),
    )
    table = pa.table(columns | {"label": ["n"] * len(columns["id"])})
    save_split(Split("original", table, task), folder / "data" / "original.parquet")


@pytest.mark.parametrize(
    ("columns", "sources"),
    [
        ({"source_id": [None, "x", None, "x"]}, [0, 1, 2, 1]),
        ({}, [0, 1, 0, 2]),
    ],
)
def test_rows_without_a_source_are_their_own_and_copies_share_one(tmp_path, columns, sources):
    path = tmp_path / "predictions" / "model" / "mix.parquet"
    path.parent.mkdir(parents=True)
    ids, labels = list("abcd"), ["p"] * 4
    pq.write_table(pa.table({"id": ids, "label": labels, "prediction": labels}), path)
    keep(tmp_path, id=ids, text=["fine", "good", "fine", "bad"], **columns)
    made = Trials()
    made.add("clean", "mix", 0, read_losses(path))
    assert made.sources("mix").tolist() == sources


def test_predictions_are_read_in_one_order_with_their_sources(tmp_path):
    path = tmp_path / "predictions" / "model" / "mix.parquet"
    path.parent.mkdir(parents=True)
    said = {"id": ["b", "a", "c"], "label": ["p", "n", "p"], "prediction": ["p", "p", "n"]}
    pq.write_table(pa.table(said), path)
    rows = {"id": ["c", "b", "a"], "source_id": ["x", "x", "y"]}
    keep(tmp_path, **rows, text=["p", "q", "r"])
    found = read_losses(path)
    assert (found.ids, found.values.tolist()) == (("a", "b", "c"), [1.0, 0.0, 1.0])
    made = Trials()
    made.add("clean", "mix", 0, found)
    assert made.sources("mix").tolist() == [1, 0, 0]
    with pytest.raises(RunError, match="expected predictions, got"):
        read_losses(tmp_path / "nothing.parquet")


def test_trials_of_other_rows_or_metrics_are_refused():
    made = Trials()
    made.add("clean", "mix", 0, Losses(("a", "b"), np.zeros(2), "accuracy"))
    with pytest.raises(RunError, match="expected the rows that the other trials were tested on"):
        made.add("clean", "mix", 1, Losses(("a", "c"), np.zeros(2), "accuracy"))
    with pytest.raises(RunError, match="expected accuracy as of other trials, got mse"):
        made.add("clean", "mix", 1, Losses(("a", "b"), np.zeros(2), "mse"))


def test_draws_are_averaged_and_their_spread_is_told():
    made, ids = Trials(), tuple("abcd")
    for seed, (one, other) in enumerate(
        [([0, 0, 0, 1], [0, 1, 1, 1]), ([0, 0, 1, 1], [1, 1, 1, 1])]
    ):
        draws = (Losses(ids, np.array(draw, float), "accuracy") for draw in (one, other))
        made.add("clean", "mix", seed, *draws)
    assert made.table([("clean", "mix")], [0]).tolist() == [[0.0, 0.5, 0.5, 1.0]]
    assert made.by_draw(("clean", "mix"), [0, 1]).tolist() == [[0.25, 0.5], [0.75, 1.0]]
    (score,) = arm_scores(made)
    assert score.score.value == pytest.approx(1 - 0.625)
    assert score.draws > score.seeds > score.rest == 0.0


def left_out(without, augmented, matched=0.6):
    return {
        "clean": {"typos": 0.6}, "step-matched": {"typos": matched},
        "without": {"typos": without}, "augmented": {"typos": augmented},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("without", "augmented", "answer"),
    [
        (0.8, 0.8, "carries over"),
        (0.75, 0.93, "carries over in part"),
        (0.6, 0.85, "only when trained on"),
        (0.6, 0.6, "no gain shown"),
    ],
)
def test_what_a_transform_left_out_gains(without, augmented, answer):
    (found,) = leave_one_out(trials(left_out(without, augmented)), {"typos": "without"})
    assert (found.transform, found.arm, found.answer) == ("typos", "without", answer)
    assert found.unseen.against == found.seen.against == "step-matched"
    seen, unseen, between = (g.difference.value for g in (found.seen, found.unseen, found.between))
    assert seen - unseen == pytest.approx(between)
    assert leave_one_out(trials(left_out(0.8, 0.8)), {"synonyms": "elsewhere"}) == []


HALVES = {"a": {"arm": "half_a", "set": "on_a"}, "b": {"arm": "half_b", "set": "on_b"}}


def halves(own, other, control=0.6):
    return {
        "clean": {"on_a": control, "on_b": control},
        "step-matched": {"on_a": control, "on_b": control},
        "half_a": {"on_a": own, "on_b": other},
        "half_b": {"on_a": other, "on_b": own},
    }


@pytest.mark.parametrize(
    ("own", "other", "answer"),
    [
        (0.85, 0.6, "memorised words"),
        (0.8, 0.8, "robustness"),
        (0.9, 0.75, "both"),
        (0.6, 0.6, "no gain"),
    ],
)
def test_words_learned_by_heart_are_told_from_robustness(own, other, answer):
    found = lexicon_split(trials(halves(own, other), seeds=3, of_seeds=0.02, rows=500), HALVES)
    assert found.answer == answer
    assert list(found.cells) == ["a on a", "a on b", "b on a", "b on b"]
    assert "3 seeds x 500 rows" in found.sentence
    same, other_, learned = (g.difference.value for g in (found.same, found.other, found.learned))
    assert same - other_ == pytest.approx(learned)


def test_one_seed_tells_nothing_of_what_carries_over():
    (found,) = leave_one_out(trials(left_out(0.6, 0.9), seeds=1), {"typos": "without"})
    assert found.answer == "cannot tell"
    split = lexicon_split(trials(halves(0.9, 0.6), seeds=1), HALVES)
    assert split.answer == "not answerable"
    assert split.sentence.endswith("is not answerable: one seed has no spread.")


def test_a_lexicon_split_needs_both_halves():
    given = halves(0.8, 0.8)
    del given["half_b"]
    assert lexicon_split(trials(given), HALVES) is None
