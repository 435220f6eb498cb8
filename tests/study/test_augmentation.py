"""The study of augmentation: its arms, its controls, its page, and what it says when some lack."""

import csv
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from robustft.errors import UsageError
from robustft.study.augmentation import helped
from robustft.study.gather import gather
from robustft.study.recipe import load_recipe, parse_recipe
from robustft.study.results import read_result, write_result
from robustft.study.views import write_views

ROWS = 160
SETS = {
    "original": "", "typos": "typos", "synonyms": "synonyms", "contractions": "contractions",
    "mix": "typos,synonyms,contractions", "synonyms-2": "synonyms:half=a",
    "synonyms-3": "synonyms:half=b",
}  # fmt: skip
# How often each row of the recipe is right, on text that was trained on and on other text.
RIGHT = {
    "clean": (0.6, 0.6), "augmented": (0.85, 0.85), "duplicated": (0.6, 0.6),
    "step_matched": (0.6, 0.6), "without_typos": (0.8, 0.6), "without_synonyms": (0.8, 0.8),
    "without_contractions": (0.8, 0.8), "half_a": (0.85, 0.8), "half_b": (0.85, 0.8),
}  # fmt: skip
OTHER = {
    "without_typos": "typos", "without_synonyms": "synonyms",
    "without_contractions": "contractions", "half_a": "synonyms-3", "half_b": "synonyms-2",
}  # fmt: skip


def fill(hand_made, rows, seeds):
    """Add results of rows that are right as often as `RIGHT` says."""
    labels = np.random.Generator(np.random.PCG64(7)).integers(0, 2, ROWS)
    hardness = np.random.Generator(np.random.PCG64(8)).random(ROWS)
    names = np.array(["neg", "pos"], object)
    for row in rows:
        for seed in range(seeds):
            rng = np.random.Generator(np.random.PCG64([seed, sum(row.encode())]))
            result = hand_made.classification(row, 0.8, seed=seed)
            files = {}
            for name in SETS:
                right = RIGHT[row][OTHER.get(row) == name] if name != "original" else 0.9
                good = 0.6 * hardness + 0.4 * rng.random(ROWS) < right
                path = hand_made.folder / "runs" / f"{row}-{seed}" / f"{name}.parquet"
                path.parent.mkdir(parents=True, exist_ok=True)
                said = names[np.where(good, labels, 1 - labels)]
                ids = [f"r{i}" for i in range(ROWS)]
                pq.write_table(
                    pa.table({"id": ids, "label": names[labels], "prediction": said}), path
                )
                files[name] = path.relative_to(hand_made.folder).as_posix()
            sets = [{"name": n, "spec": spec, "kind": "mix"} for n, spec in SETS.items()]
            facts = {**result.facts, "mix": "mix", "sets": sets}
            write_result(
                hand_made.folder,
                result.model_copy(update={"predictions": files, "facts": facts}),
            )
    return hand_made.folder


@pytest.fixture
def whole(hand_made):
    return fill(hand_made.recipe("augmentation"), RIGHT, 5)


def test_the_page_answers_with_its_tables(whole):
    write_views(whole)
    page = (whole / "page.md").read_text()
    assert "## Does augmentation help?" in page
    assert "- Augmentation helps on transformed text (mix): by " in page
    assert "It is the new text that helps" in page
    assert "Training on half of the lexicon helps against the other half" in page
    assert "published beside ours" not in page
    with (whole / "tables" / "arms.csv").open() as file:
        arms = {row["arm"]: row for row in csv.DictReader(file)}
    assert list(arms) == ["clean", "augmented", "duplicated", "step-matched"]
    assert float(arms["step-matched"]["mix.gain"]) > 0.1
    assert arms["step-matched"]["mix.gain_seeds"] == "5"
    with (whole / "tables" / "left-out.csv").open() as file:
        left = {row["transform"]: row["answer"] for row in csv.DictReader(file)}
    assert left["typos"] == "only when trained on"
    assert left["synonyms"].startswith("carries over")
    with (whole / "tables" / "lexicon.csv").open() as file:
        lexicon = {row["arm"]: row for row in csv.DictReader(file)}
    assert list(lexicon) == ["clean", "step-matched", "half_a", "half_b"]
    assert float(lexicon["half_a"]["gain on synonyms:half=b"]) > 0.05
    kept = json.loads((whole / "augmentation.json").read_text())
    assert kept[0]["effect"]["answer"] == "helps"
    assert set(kept[0]) == {"dataset", "sentences", "effect", "left_out", "lexicon"}


def test_the_same_results_give_the_same_page(whole):
    write_views(whole)
    first = (whole / "page.md").read_bytes(), (whole / "augmentation.json").read_bytes()
    write_views(whole)
    assert first == ((whole / "page.md").read_bytes(), (whole / "augmentation.json").read_bytes())


def test_a_control_that_was_not_run_leaves_the_question_open(hand_made):
    folder = fill(hand_made.recipe("augmentation"), ["clean", "augmented", "duplicated"], 5)
    (found,) = helped(gather(folder))
    assert found.effect.answer == "not answerable"
    assert "is not answerable without the step-matched control" in found.effect.transformed.sentence
    assert found.effect.command.startswith("The command with --seeds 5 and without --rows")
    write_views(folder)
    assert "is not answerable" in (folder / "page.md").read_text()


def test_two_seeds_are_too_few_and_nothing_at_all_is_said_so(hand_made):
    empty = hand_made.recipe("augmentation").folder
    write_views(empty)
    assert helped(gather(empty))[0].effect.answer == "not answerable"
    folder = fill(hand_made, RIGHT, 2)
    (found,) = helped(gather(folder))
    assert "5 training seeds (there are 2 so far)." in found.effect.transformed.sentence
    assert len(found.left_out) == 3
    assert found.split is not None


def test_predictions_that_are_gone_are_left_out(whole):
    for path in (whole / "runs").glob("step_matched-*/mix.parquet"):
        path.unlink()
    (found,) = helped(gather(whole))
    assert found.effect.answer == "not answerable"


def test_arms_of_the_recipe_must_be_its_rows():
    table = load_recipe("augmentation").model_dump(exclude_none=True)
    table["augmentation"]["left_out"]["typos"] = "without_typo"
    with pytest.raises(UsageError, match="augmentation: left_out: expected one of the rows"):
        parse_recipe(table, "mine")
    table["augmentation"] = {"cleen": "clean"}
    with pytest.raises(UsageError, match="augmentation: expected one of clean, augmented"):
        parse_recipe(table, "mine")


def test_other_recipes_do_not_ask(conflibert):
    write_views(conflibert.folder)
    assert helped(gather(conflibert.folder)) == []
    assert not (conflibert.folder / "augmentation.json").exists()
    assert "published beside ours" in (conflibert.folder / "page.md").read_text()
    assert read_result(next((conflibert.folder / "results").glob("*.json"))).ok
