"""Tagged tokens: how they are read, and that tags follow the edits."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import datasets
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import robustft
from robustft.data.build import augment_split, transform_split
from robustft.data.dataset import check_trainable, load_dataset
from robustft.data.export import export_transformed
from robustft.data.fields import Scope
from robustft.data.run_folder import RunFolder
from robustft.data.saving import save_split
from robustft.data.task import TaskType
from robustft.errors import DataError, LabelKindError, UsageError
from robustft.evaluation.evaluate import evaluate
from robustft.text.tags import entities_of
from robustft.transform import LabelKind, Level, Status, Transform

NAMES = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC")
TOKENS = (
    "The old ada byron definitely walked through the harbour of porto alegre yesterday .".split()
)
TAGS = "O O B-PER I-PER O O O O O O B-LOC I-LOC O O".split()
SPLITS = f"{__file__}:split_words"
JOINS = f"{__file__}:join_words"
SPACES = f"{__file__}:more_space"


def split_words(text):
    return text.replace("byron", "by ron").replace("porto", "po rto")


def join_words(text):
    return text.replace("ada byron", "adabyron").replace("of porto", "ofporto")


def more_space(text):
    return text.replace(" ", "  ")


@dataclass(frozen=True, kw_only=True)
class SpaceSlips(Transform):
    """Leaves spaces out."""

    name: ClassVar[str] = "space_slips"
    level: ClassVar[Level] = Level.CHARACTER
    preserves: ClassVar[frozenset[LabelKind]] = frozenset(LabelKind)
    rates: ClassVar[Mapping[int, float]] = dict.fromkeys(range(1, 6), 0.1)

    def units(self, batch):
        return batch.find(re.compile(" "))

    def replacement(self, document, unit, draw):
        return ""


def sentence(i):
    return {"id": f"s{i}", "tokens": [*TOKENS[:-1], f"number{i}", "."],
            "ner_tags": [*TAGS[:-1], "O", "O"]}  # fmt: skip


def load(rows, **options):
    return load_dataset(rows, make_splits=False, **options)


def coded(rows):
    """Return the rows as `datasets` holds them: codes, named in the features."""
    features = datasets.Features(
        id=datasets.Value("string"),
        tokens=datasets.Sequence(datasets.Value("string")),
        ner_tags=datasets.Sequence(datasets.ClassLabel(names=list(NAMES))),
    )
    columns = {name: [row[name] for row in rows] for name in ("id", "tokens")}
    codes = [[NAMES.index(tag) for tag in row["ner_tags"]] for row in rows]
    return datasets.Dataset.from_dict({**columns, "ner_tags": codes}, features=features)


def only(rows, spec, **scope):
    made = transform_split(load(rows)["all"], spec, scope=Scope(**scope))
    return made, made.split.tokens, made.split.tags


def test_tagged_tokens_are_recognised_by_their_columns():
    dataset = load([sentence(1), sentence(2)])
    task = dataset.task
    assert (task.type, task.text_column, task.label_column) == (
        TaskType.TOKEN_CLASSIFICATION, "tokens", "ner_tags",
    )  # fmt: skip
    assert task.label_kind is LabelKind.TOKEN_TAGS
    assert task.label_names == ("O", "B-LOC", "B-PER", "I-LOC", "I-PER")
    assert task.num_labels == 5
    split = dataset["all"]
    assert split.texts[0] == " ".join(sentence(1)["tokens"])
    assert split.tokens[1] == sentence(2)["tokens"]
    assert split.tags[1] == sentence(2)["ner_tags"]
    assert split.labels.tolist() == [2, 2]
    assert dataset.notices == ()


def test_names_of_tags_come_from_the_features():
    dataset = load(coded([sentence(i) for i in range(4)]))
    assert dataset.task.label_names == NAMES
    assert dataset["all"].tags == [sentence(i)["ner_tags"] for i in range(4)]
    by_name = load([sentence(i) for i in range(4)])
    assert dataset["all"].fingerprint == by_name["all"].fingerprint
    assert by_name["all"].fingerprint != by_name["all"].take([1, 0, 2, 3]).fingerprint


def test_codes_without_names_need_a_map():
    rows = [{**sentence(i), "ner_tags": [NAMES.index(t) for t in sentence(i)["ner_tags"]]}
            for i in range(2)]  # fmt: skip
    with pytest.raises(DataError, match=r"expected BIO tags .* got [0-4]; say what each number"):
        load(rows)
    label_map = {str(code): name for code, name in enumerate(NAMES)}
    assert load(rows, label_map=label_map)["all"].tags[0] == sentence(0)["ner_tags"]
    renamed = load([sentence(0)], label_map={"B-PER": "B-HUM", "I-PER": "I-HUM"})
    assert "I-HUM" in renamed.task.label_names


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ner_tags": ["NN"] * 15}, r"expected BIO tags \(O, B-kind, I-kind\), got 'NN'"),
        ({"ner_tags": "O"}, "expected a list of BIO tags .* in each row"),
    ],
)
def test_other_tags_are_refused(change, message):
    with pytest.raises(DataError, match=message):
        load([{**sentence(1), **change}])


def test_tasks_and_columns_must_go_together():
    with pytest.raises(DataError, match="expected texts for classification, got lists of tokens"):
        load([sentence(1)], task="classification")
    with pytest.raises(DataError, match="expected lists of tokens for token-classification, got"):
        load([{"text": "a", "label": "O"}], task="token-classification")


def test_other_columns_are_named():
    row = {"words": ["Ada", "walks"], "entities": ["B-PER", "O"], "label": "greeting"}
    dataset = load([row], text_column="words", label_column="entities")
    assert dataset["all"].tags == [["B-PER", "O"]]
    text = {"text": "Ada walks", "label": 1, **sentence(1)}
    assert load([text]).task.type is TaskType.CLASSIFICATION


def test_other_columns_of_a_value_a_token_are_said_to_stay():
    rows = [{**sentence(i), "pos_tags": ["X"] * 15, "langs": ["en"]} for i in range(2)]
    [notice] = load(rows).notices
    assert notice == (
        "data: pos_tags hold a value a token too; they stay as they are where tokens change"
    )


def test_rows_that_cannot_be_used_are_counted_and_named():
    rows = [sentence(i) for i in range(4)]
    rows[1]["ner_tags"] = ["O"]
    rows[2]["tokens"] = None
    rows[3]["tokens"] = [None, *rows[3]["tokens"][1:]]
    dataset = load(rows)
    assert dataset["all"].ids == ["s0"]
    assert dataset.notices == (
        "data: left out 1 row without a text (column tokens, row 3)",
        "data: left out 1 row one of whose tokens is missing (column tokens, row 4)",
        "data: found 1 row whose tags are not one a token (column ner_tags, row 2)",
        "data: left out 1 row without a label (column ner_tags, row 2)",
    )
    kept = load(rows, keep_unlabelled=True)["all"]
    assert kept.tags == [sentence(0)["ner_tags"], None]
    made = transform_split(kept, "typos:rate=1.0")
    assert made.split.tags[1] is None
    assert made.split.tokens[1] != kept.tokens[1]


def test_entities_are_protected_or_followed():
    rows = [sentence(i) for i in range(20)]
    for spans in ("protect", "follow"):
        made, tokens, tags = only(rows, "typos:rate=1.0", spans=spans)
        assert made.summary()["changed"] == 20
        assert tags == [row["ner_tags"] for row in rows]
        same = [after[2:4] == ["ada", "byron"] for after in tokens]
        assert all(same) if spans == "protect" else not all(same)


def test_a_token_in_two_parts_goes_on_with_its_entity():
    made, [tokens], [tags] = only([sentence(1)], SPLITS, spans="follow")
    assert tokens[2:5] == ["ada", "by", "ron"]
    assert tags[2:5] == ["B-PER", "I-PER", "I-PER"]
    assert tags[11:14] == ["B-LOC", "I-LOC", "I-LOC"]
    made, [tokens], _ = only([sentence(1)], SPLITS)
    assert tokens == sentence(1)["tokens"]
    assert made.perturbed.columns["tokens"].reasons == ["protected span"]


def test_joined_tokens_belong_to_the_entity():
    _, [tokens], [tags] = only([sentence(1)], JOINS, spans="follow")
    assert tokens[2] == "adabyron"
    assert tags[2] == "B-PER"
    row = {"tokens": ["in", "porto", "alegre", "now"], "tags": ["O", "B-LOC", "I-LOC", "O"]}
    _, tokens, tags = only([row], SpaceSlips(rate=1.0), spans="follow")
    assert (tokens, tags) == ([["inportoalegrenow"]], [["B-LOC"]])
    _, tokens, _ = only([row], SpaceSlips(rate=1.0))
    assert tokens == [row["tokens"]]  # nothing is joined to a protected entity


def test_entities_that_run_together_are_rejected():
    row = {"tokens": ["porto", "lima"], "tags": ["B-LOC", "B-LOC"]}
    made, tokens, _ = only([row], SpaceSlips(rate=1.0), spans="follow")
    assert tokens == [["porto", "lima"]]
    batch = made.perturbed.columns["tokens"]
    assert (batch.status, batch.reasons) == ([Status.REJECTED], ["entities would run together"])
    assert batch[0].edits == []


def test_an_entity_in_parts_needs_a_tag_that_goes_on():
    row = {"tokens": ["porto", "now"], "tags": ["B-LOC", "O"]}
    made, tokens, _ = only([row], SPLITS, spans="follow")
    assert tokens == [["porto", "now"]]
    assert made.perturbed.columns["tokens"].reasons[0].startswith("no tag goes on with")


def test_space_alone_is_no_change():
    made, tokens, _ = only([sentence(1)], SPACES, spans="follow")
    assert tokens == [sentence(1)["tokens"]]
    assert made.summary()["unchanged"] == 1
    assert made.summary()["changed_share"] == 0


@given(
    st.lists(st.tuples(st.sampled_from(TOKENS), st.sampled_from(["O", "PER", "LOC"])), min_size=1)
)
def test_what_changes_keeps_tags_and_entities(drawn):
    before = ["O", *(kind for _, kind in drawn)]
    tags = [
        kind if kind == "O" else f"{'I' if kind == last else 'B'}-{kind}"
        for last, (_, kind) in zip(before, drawn, strict=False)
    ]
    rows = [{"tokens": [token for token, _ in drawn], "tags": tags, "id": f"{i}"} for i in range(3)]
    for spans in ("protect", "follow"):
        made, tokens, after = only(rows, "typos:rate=1.0,casing:rate=0.5", spans=spans)
        assert made.perturbed.status.count(Status.REJECTED) == 0
        for row, new_tokens, new_tags in zip(rows, tokens, after, strict=True):
            assert len(new_tokens) == len(new_tags)
            old, new = entities_of(row["tags"]), entities_of(new_tags)
            assert [e.tag for e in old] == [e.tag for e in new]
            if spans == "protect":
                assert [row["tokens"][e.start : e.end] for e in old] == [
                    new_tokens[e.start : e.end] for e in new
                ]


@pytest.mark.parametrize("form", [list, coded])
def test_an_export_holds_tokens_and_tags_as_they_came(tmp_path, form):
    split = load(form([sentence(i) for i in range(30)]))["all"]
    run = RunFolder.start("transform", "tags", {"seed": 0}, out=tmp_path / "run")
    manifest = export_transformed(
        split, f"typos:rate=0.5,{SPLITS}", run, scope=Scope(spans="follow")
    )
    assert (manifest["spans"], manifest["label_kind"]) == ("follow", "token_tags")
    path = run.path / "data/all.parquet"
    assert pq.read_schema(path).field("ner_tags").type == split.table.schema.field("ner_tags").type
    again = load(str(run.path))["all"]
    assert again.task == split.task
    assert again.tokens != split.tokens
    assert all(len(t) == len(g) > 14 for t, g in zip(again.tokens, again.tags, strict=True))
    lines = [json.loads(line) for line in (run.path / "edits/all.jsonl").read_text().splitlines()]
    assert {line["column"] for line in lines} == {"tokens"}
    if form is coded:
        read = datasets.Dataset.from_parquet(str(path), cache_dir=str(tmp_path / "cache"))
        assert read.features["ner_tags"].feature.names == list(NAMES)


def test_copies_keep_their_tags(tmp_path):
    split = load(coded([sentence(i) for i in range(30)]))["all"]
    made = augment_split(split, "typos,casing", 50)
    assert len(made.split) == 50
    assert all(map(len, made.split.tags))
    save_split(made.split, tmp_path / "train.parquet")
    assert load(str(tmp_path))["train"].tags == made.split.tags


def test_transforms_that_reorder_or_join_words_are_refused():
    rows = [sentence(i) for i in range(30)]
    with pytest.raises(LabelKindError, match=r"label kind token_tags: .* got contractions"):
        robustft.augment(rows, 5, "contractions")
    made = robustft.augment(rows, 5)
    assert made.remarks[0].startswith("transforms: typos, those of")


def test_taggers_are_not_trained_or_evaluated(tmp_path):
    rows = [sentence(i) for i in range(30)]
    with pytest.raises(DataError, match="got tagged tokens, which are transformed and augmented"):
        check_trainable(load_dataset(rows))
    model = tmp_path / "model"
    model.mkdir()
    (model / "config.json").write_text("{}")
    with pytest.raises(UsageError, match="got tagged tokens, which are transformed and augmented"):
        evaluate(model, data=rows)
