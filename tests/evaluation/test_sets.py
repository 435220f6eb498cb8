import pyarrow as pa
import pytest

from robustft.data.split import Split
from robustft.data.task import Task
from robustft.errors import UsageError
from robustft.evaluation.sets import build_set, plan_sets, read_severity
from robustft.transform.base import FunctionTransform
from robustft.transform.compose import Compose

TASK = Task(label_names=("neg", "pos"))


def shout(text):
    return text.upper()


def mumble(text):
    return text.replace("good", "gd")


def named(function):
    cls = type(function.__name__, (FunctionTransform,), {"name": f"./my.py:{function.__name__}"})
    return cls(function=function)


def rows(n=12):
    texts = [f"a good film number {i}" if i % 3 else f"a bad film number {i}" for i in range(n)]
    table = pa.table({"id": [f"r{i}" for i in range(n)], "text": texts, "label": ["pos"] * n})
    return Split("test", table, TASK)


def test_each_transform_alone_then_all_together():
    plans = plan_sets([Compose([named(shout), named(mumble)])], 2)
    assert [(p.name, p.facts.kind, p.main) for p in plans] == [
        ("original", "original", False),
        ("shout", "single", False),
        ("mumble", "single", False),
        ("mix", "mix", True),
    ]
    assert [p.facts.severity for p in plans] == [None, 2, 2, 2]


def test_one_transform_is_its_own_mix():
    plans = plan_sets([named(shout)], None)
    assert [(p.name, p.facts.kind, p.main) for p in plans[1:]] == [("shout", "mix", True)]


def test_another_chain_gives_other_names_and_the_verdict_stays_with_the_first():
    chain = Compose([named(shout), named(mumble)])
    plans = plan_sets([chain, chain], None)
    names = [p.name for p in plans]
    assert names == ["original", "shout", "mumble", "mix", "shout-2", "mumble-2", "mix-2"]
    assert [p.name for p in plans if p.main] == ["mix"]


def test_all_severities_give_the_mix_at_each():
    plans = plan_sets([Compose([named(shout), named(mumble)])] * 2, "all")
    names = [p.name for p in plans]
    assert names[1:6] == ["mix-s1", "mix-s2", "mix-s3", "mix-s4", "mix-s5"]
    assert names[6:] == ["mix-2-s1", "mix-2-s2", "mix-2-s3", "mix-2-s4", "mix-2-s5"]
    assert [(p.name, p.facts.severity) for p in plans if p.main] == [("mix-s3", 3)]


def test_without_chains_there_is_only_the_original():
    assert [p.name for p in plan_sets([], None)] == ["original"]


def test_a_set_keeps_rows_ids_and_labels():
    split = rows()
    made = build_set(plan_sets([named(mumble)], None)[1], split, seed=0)
    assert made.split.ids == split.ids
    assert made.split.labels.tolist() == split.labels.tolist()
    assert made.split.texts[1] == "a gd film number 1"
    assert made.facts.rows == 12
    assert made.facts.unchanged_share == pytest.approx(4 / 12)
    assert made.facts.words > 0


def test_the_original_set_is_the_split():
    split = rows()
    made = build_set(plan_sets([], None)[0], split, seed=0)
    assert made.split is split
    assert made.facts.rows == 12


@pytest.mark.parametrize(
    ("given", "read"), [(None, None), ("all", "all"), ("3", 3), (5, 5), ("0", 0)]
)
def test_severities(given, read):
    assert read_severity(given) == read


@pytest.mark.parametrize("given", ["6", "some", -1, 2.5])
def test_other_severities_are_refused(given):
    with pytest.raises(UsageError, match="expected a number from 0 to 5, or all, got"):
        read_severity(given)
