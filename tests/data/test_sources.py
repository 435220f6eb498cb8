import datasets
import huggingface_hub
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from robustft.data import demo, hub, sources
from robustft.data.dataset import load_dataset
from robustft.errors import DataError, HubError, UsageError
from robustft.transform.base import LabelKind

COLUMNS = {"text": ["a film", "a bore", "a film"], "label": [1, 0, 1]}


@pytest.fixture
def no_hub(monkeypatch):
    """Nothing may be asked of a hub."""

    def asked(name):
        raise AssertionError(f"asked the hub for {name}")

    monkeypatch.setattr(sources, "load_from_hub", asked)


@pytest.mark.parametrize(
    "make",
    [
        pd.DataFrame,
        pl.DataFrame,
        pa.table,
        dict,
        datasets.Dataset.from_dict,
        lambda columns: pd.DataFrame(columns).to_dict("records"),
    ],
)
def test_tables_of_every_kind_give_the_same_rows(make, no_hub):
    dataset = load_dataset(make(COLUMNS), make_splits=False)
    assert dataset["all"].texts == COLUMNS["text"]
    assert dataset["all"].labels.tolist() == COLUMNS["label"]
    assert dataset.fingerprint == load_dataset(COLUMNS, make_splits=False).fingerprint


def test_a_selection_of_a_dataset_has_its_own_rows():
    data = datasets.Dataset.from_dict(COLUMNS).select([1, 2])
    assert load_dataset(data, make_splits=False)["all"].texts == ["a bore", "a film"]


def test_the_splits_of_a_dataset_dict_are_kept():
    data = datasets.Dataset.from_dict(COLUMNS)
    dataset = load_dataset(datasets.DatasetDict(train=data, valid=data, extra=data))
    assert list(dataset) == ["train", "validation", "extra"]


def test_a_folder_saved_by_datasets_is_read(tmp_path):
    features = datasets.Features(
        {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["neg", "pos"])}
    )
    data = datasets.Dataset.from_dict(COLUMNS, features)
    datasets.DatasetDict(train=data, test=data).save_to_disk(tmp_path / "both")
    data.save_to_disk(tmp_path / "one")
    both = load_dataset(tmp_path / "both", make_splits=False)
    assert list(both) == ["train", "test"]
    assert both.task.label_names == ("neg", "pos")
    assert list(load_dataset(tmp_path / "one", make_splits=False)) == ["all"]


def test_a_broken_folder_saved_by_datasets_is_refused(tmp_path):
    (tmp_path / "dataset_dict.json").write_text('{"splits": ["train"]}')
    with pytest.raises(DataError, match="expected a folder that datasets saved, got an error"):
        load_dataset(tmp_path)


def test_an_object_of_another_kind_is_refused():
    with pytest.raises(DataError, match=r"expected a path, a hub name, a data frame.*got int"):
        load_dataset(3)


def test_a_data_frame_without_rows_is_refused():
    with pytest.raises(DataError, match="data: expected rows, got none"):
        load_dataset(pd.DataFrame({"text": []}))


def test_texts_that_are_no_texts_are_named_and_left_out():
    frame = pd.DataFrame({"text": ["a", 3, None, "b", 2.5], "label": [0, 1, 0, 1, 0]})
    dataset = load_dataset(frame, make_splits=False)
    assert dataset["all"].texts == ["a", "b"]
    assert dataset.notices == (
        "data: left out 2 rows whose text is something else (float, int) (column text, rows 2, 5)",
        "data: left out 1 row without a text (column text, row 3)",
    )


def test_the_built_in_demo_is_the_default(monkeypatch, no_hub):
    monkeypatch.setattr(
        demo, "demo_reviews", lambda: [{"id": f"r{i}", "text": f"t {i}", "label": i % 2}
                                       for i in range(40)]
    )  # fmt: skip
    dataset = load_dataset()
    assert dataset.name == "demo"
    assert dataset.task.label_names == ("negative", "positive")
    assert dataset.task.label_kind is LabelKind.SENTIMENT
    assert {name: len(split) for name, split in dataset.splits.items()} == {
        "train": 32, "validation": 4, "test": 4,
    }  # fmt: skip
    assert load_dataset("demo").fingerprint == dataset.fingerprint


def test_the_demo_has_a_regression(monkeypatch):
    monkeypatch.setattr(
        demo, "demo_events", lambda: [{"id": f"e{i}", "text": f"t {i}", "target": float(i)}
                                      for i in range(40)], raising=False
    )  # fmt: skip
    task = load_dataset("demo:events").task
    assert (task.type, task.label_kind, task.label_column) == ("regression", "quantity", "target")


def test_an_unknown_demo_is_refused():
    with pytest.raises(UsageError, match=r"expected one of demo, .*did you mean 'demo:events'"):
        load_dataset("demo:event")


def test_a_missing_file_gets_the_nearest_names(tmp_path, no_hub):
    (tmp_path / "reviews.csv").write_text("text\na\n")
    with pytest.raises(DataError, match=r"got no such name in .*; did you mean 'reviews\.csv'"):
        load_dataset(tmp_path / "review.csv")


@pytest.mark.parametrize("name", ["reviews.csv", "./imdb", "/nowhere/at/all", "~nobody/x", "a b"])
def test_what_looks_like_a_path_is_never_asked_of_a_hub(name, no_hub, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="expected a file or folder, got no"):
        load_dataset(name)


def test_a_name_that_exists_as_a_path_is_local(no_hub, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "imdb").mkdir()
    (tmp_path / "imdb" / "test.csv").write_text("text,label\na,0\nb,1\n")
    assert load_dataset("imdb").test.texts == ["a", "b"]


def test_a_file_called_test_is_a_test_split(tmp_path):
    (tmp_path / "test.csv").write_text("text,label\na,0\nb,1\n")
    assert list(load_dataset(tmp_path / "test.csv")) == ["test"]


def test_offline_names_the_ways_on(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "imbd").mkdir()
    with pytest.raises(
        HubError,
        match=r"imdb: expected a data set from the hub .* or its cached copy, got no connection "
        r"\(or offline mode\); give --data a local file or folder, or leave it out for the "
        r"built-in demo.*; did you mean 'imbd'",
    ):
        load_dataset("imdb")


def test_offline_mode_sends_nothing(monkeypatch):
    def session():
        raise AssertionError("a request in offline mode")

    monkeypatch.setattr(huggingface_hub, "get_session", session)
    assert not hub.hub_answers()


class FakeHub:
    """Stands in for `datasets.load_dataset`: knows what it is told."""

    def __init__(self, known, error=None):
        self.known, self.error, self.asked = known, error, []

    def __call__(self, *reading):
        self.asked.append(reading)
        if reading in self.known:
            return self.known[reading]
        raise self.error or datasets.exceptions.DatasetNotFoundError("doesn't exist")


@pytest.fixture
def online(monkeypatch):
    def use(known, error=None, kind=None):
        fake = FakeHub(known, error)
        monkeypatch.setattr(hub, "hub_answers", lambda: True)
        monkeypatch.setattr(datasets, "load_dataset", fake)
        monkeypatch.setattr(hub, "_card_of", lambda _: kind)
        return fake

    return use


@pytest.mark.parametrize(
    ("name", "reading"),
    [
        ("imdb", ("imdb",)),
        ("glue/sst2", ("glue", "sst2")),
        ("stanfordnlp/imdb", ("stanfordnlp/imdb",)),
        ("nyu-mll/glue/sst2", ("nyu-mll/glue", "sst2")),
    ],
)
def test_hub_names_are_read(online, tmp_path, monkeypatch, name, reading):
    monkeypatch.chdir(tmp_path)
    data = datasets.DatasetDict(train=datasets.Dataset.from_dict(COLUMNS))
    fake = online({reading: data}, kind=LabelKind.SENTIMENT)
    dataset = load_dataset(name, make_splits=False)
    assert fake.asked[-1] == reading
    assert dataset.name == name
    assert dataset.train.texts == COLUMNS["text"]
    assert dataset.task.label_kind is LabelKind.SENTIMENT


def test_a_missing_configuration_is_asked_for(online):
    online({}, ValueError("Config name is missing.\nPlease pick one among ['cola', 'sst2']"))
    with pytest.raises(
        DataError, match=r"as in glue/CONFIGURATION, got none; there are: cola, sst2"
    ):
        load_dataset("glue")


def test_an_unknown_name_on_the_hub_is_an_error(online):
    online({})
    with pytest.raises(HubError, match=r"no-such-set: .*got none of that name that may be read"):
        load_dataset("no-such-set")


def test_what_else_goes_wrong_on_the_hub_is_told(online):
    online({}, RuntimeError("Dataset scripts are no longer supported"))
    with pytest.raises(HubError, match="got: Dataset scripts are no longer supported; give --data"):
        load_dataset("old-set")


def test_a_hub_that_does_not_answer_leaves_the_cache(monkeypatch):
    def load(*reading):
        assert datasets.config.HF_HUB_OFFLINE
        return datasets.DatasetDict(test=datasets.Dataset.from_dict(COLUMNS))

    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(hub, "hub_answers", lambda: False)
    monkeypatch.setattr(datasets, "load_dataset", load)
    assert len(load_dataset("cached-set").test) == 3
    assert datasets.config.HF_HUB_OFFLINE is False


def test_a_data_frame_with_one_name_twice_is_refused():
    frame = pd.DataFrame([["a", "b"]], columns=["text", "text"])
    with pytest.raises(DataError, match="data: expected distinct column names, got text, text"):
        load_dataset(frame)


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(DataError, match="data: expected columns of one length, got 1 and 2 values"):
        load_dataset({"text": ["a", "b"], "label": [0]})
