import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from robustft.data.dataset import load_dataset
from robustft.data.folders import find_files
from robustft.errors import DataError
from robustft.transform.base import LabelKind

CSV = "text,label\na {0},0\nb {0},1\n"


def fill(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".parquet":
            table = pa.table({"text": [f"a {name}", f"b {name}"], "label": [0, 1]})
            pq.write_table(table, path)
        elif path.suffix in (".csv", ".tsv"):
            path.write_text(CSV.format(name))
        else:
            rows = [{"text": f"a {name}", "label": 0}, {"text": f"b {name}", "label": 1}]
            path.write_text("\n".join(json.dumps(row) for row in rows))
    return folder


def found(folder: Path) -> dict[str, list[str]]:
    files = find_files(folder, "here")
    return {name: [path.relative_to(folder).as_posix() for path in files[name]] for name in files}


@pytest.mark.parametrize(
    ("names", "splits"),
    [
        (["train.csv", "dev.csv", "test.csv"], ["train", "validation", "test"]),
        (["train.parquet", "valid.parquet", "test.parquet"], ["train", "validation", "test"]),
        (
            ["train.jsonl", "val.jsonl", "unsupervised.jsonl"],
            ["train", "validation", "unsupervised"],
        ),
        (["Training.json", "eval.json"], ["train", "validation"]),
        (["imdb_train.csv", "imdb-test.csv"], ["train", "test"]),
        (["test.csv"], ["test"]),
    ],
)
def test_splits_are_found_by_their_usual_names(tmp_path, names, splits):
    dataset = load_dataset(fill(tmp_path / "set", *names), make_splits=False)
    assert list(dataset) == splits
    assert dataset.name == "set"
    assert all(len(split) == 2 for split in dataset.splits.values())


def test_numbered_parts_are_one_split(tmp_path):
    fill(tmp_path, "train-00001-of-00002.parquet", "train-00000-of-00002.parquet", "test.parquet")
    assert found(tmp_path)["train"] == [
        "train-00000-of-00002.parquet",
        "train-00001-of-00002.parquet",
    ]
    dataset = load_dataset(tmp_path, make_splits=False)
    assert [text[0] for text in dataset.train.texts] == ["a", "b", "a", "b"]


def test_a_row_of_a_later_part_is_named_by_its_own_file(tmp_path):
    for part, texts in enumerate([["a", "b"], ["c", None]]):
        table = pa.table({"text": texts, "label": [0, 1]})
        pq.write_table(table, tmp_path / f"test-{part:05d}-of-00002.parquet")
    [notice] = load_dataset(tmp_path).notices
    assert notice.endswith(
        "test-00001-of-00002.parquet: left out 1 row without a text (column text, row 2)"
    )


def test_a_missing_part_is_an_error(tmp_path):
    fill(tmp_path, "train-00000-of-00003.parquet", "train-00002-of-00003.parquet")
    with pytest.raises(DataError, match=r"all parts of the split train, got no part 00001 beside"):
        load_dataset(tmp_path)


def test_two_files_for_one_split_are_an_error(tmp_path):
    fill(tmp_path, "train.csv", "train.jsonl")
    with pytest.raises(DataError, match=r"for the split train, got train\.csv, train\.jsonl"):
        load_dataset(tmp_path)


@pytest.mark.parametrize("name", ["data/train.parquet", "train/part.csv"])
def test_splits_are_found_one_folder_down(tmp_path, name):
    assert found(fill(tmp_path, name)) == {"train": [name]}


def test_the_files_of_a_run_are_no_splits(tmp_path):
    fill(tmp_path, "data/test.parquet", "data/typos.parquet", "log.jsonl", "edits/test.jsonl")
    (tmp_path / "manifest.json").write_text("{}")
    assert set(found(tmp_path)) == {"test", "typos"}


def test_a_log_beside_the_splits_is_no_split(tmp_path):
    assert set(found(fill(tmp_path, "test.parquet", "log.jsonl"))) == {"test"}


def test_a_file_beside_the_splits_without_texts_is_passed_over(tmp_path):
    fill(tmp_path, "test.csv")
    (tmp_path / "scores.csv").write_text("model,accuracy\nx,0.9\n")
    dataset = load_dataset(tmp_path)
    assert list(dataset) == ["test"]
    assert any("scores.csv: no column text; not taken for a split" in n for n in dataset.notices)


def test_sets_of_other_names_are_splits(tmp_path):
    dataset = load_dataset(fill(tmp_path, "mix.parquet", "typos.parquet"))
    assert list(dataset) == ["mix", "typos"]
    with pytest.raises(DataError, match="expected a split of mix, typos, got 'typo'; did you mean"):
        dataset["typo"]


def test_one_file_of_another_name_is_a_source_without_splits(tmp_path):
    fill(tmp_path, "reviews.csv")
    assert list(load_dataset(tmp_path, make_splits=False)) == ["all"]


@pytest.mark.parametrize(
    ("names", "held"), [([], "an empty folder"), (["notes.txt", "b.md"], "only b.md, notes.txt")]
)
def test_a_folder_without_data_is_an_error(tmp_path, names, held):
    fill(tmp_path, *names)
    with pytest.raises(DataError, match=f"expected a folder with files such as .*, got {held}"):
        load_dataset(tmp_path)


def test_a_split_without_the_text_column_is_an_error(tmp_path):
    fill(tmp_path, "train.csv")
    (tmp_path / "test.csv").write_text("body,label\na,0\n")
    with pytest.raises(
        DataError, match=r"test\.csv: expected the column 'text' as in .*train\.csv"
    ):
        load_dataset(tmp_path)


@pytest.mark.parametrize(
    ("card", "kind"),
    [
        ("task_ids:\n- sentiment-classification", LabelKind.SENTIMENT),
        ("task_categories:\n- token-classification", LabelKind.TOKEN_TAGS),
        ("label_kind: intent\ntask_ids: [topic-classification]", LabelKind.INTENT),
        ("task_ids: [topic-classification, natural-language-inference]", None),
        ("task_categories: [text-classification]", None),
        ("tags: [", None),
    ],
)
def test_the_card_says_the_kind_of_label(tmp_path, card, kind):
    fill(tmp_path, "test.csv")
    (tmp_path / "README.md").write_text(f"---\n{card}\n---\n# Set\n")
    assert load_dataset(tmp_path).task.label_kind is kind


def test_a_readme_without_front_matter_says_nothing(tmp_path):
    fill(tmp_path, "test.csv")
    (tmp_path / "README.md").write_text("# Set\n")
    assert load_dataset(tmp_path).task.label_kind is None


def test_the_caller_knows_better_than_the_card(tmp_path):
    fill(tmp_path, "test.csv")
    (tmp_path / "README.md").write_text("---\ntask_ids: [topic-classification]\n---\n")
    assert load_dataset(tmp_path, label_kind="quantity").task.label_kind is LabelKind.QUANTITY


def test_parts_whose_types_differ_are_read_together(tmp_path):
    (tmp_path / "test-00000-of-00002.jsonl").write_text('{"text": "a"}\n{"text": 3}')
    (tmp_path / "test-00001-of-00002.jsonl").write_text('{"text": "b \\"c\\""}')
    dataset = load_dataset(tmp_path)
    assert dataset.test.texts == ["a", 'b "c"']
    assert any("left out 1 row whose text is something else (int)" in n for n in dataset.notices)


def test_parts_that_do_not_go_together_are_an_error(tmp_path):
    for part, label in enumerate(["x", [1]]):
        table = pa.table({"text": ["a"], "label": [label]})
        pq.write_table(table, tmp_path / f"test-{part:05d}-of-00002.parquet")
    with pytest.raises(DataError, match="expected parts with the same columns, got: "):
        load_dataset(tmp_path)
