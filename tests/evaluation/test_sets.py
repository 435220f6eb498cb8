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


def test_all_severities_give_each_transform_and_the_mix_at_each():
    plans = plan_sets([Compose([named(shout), named(mumble)])] * 2, "all")
    names = [p.name for p in plans]
    stems = ["shout", "mumble", "mix", "shout-2", "mumble-2", "mix-2"]
    assert names[1:] == [f"{stem}-s{level}" for stem in stems for level in range(1, 6)]
    assert [(p.name, p.facts.severity) for p in plans if p.main] == [("mix-s3", 3)]
    assert [p.facts.transform for p in plans[1:]] == [s for s in stems for _ in range(5)]


def test_one_transform_at_all_severities_is_one_curve():
    plans = plan_sets([named(shout)], "all")
    assert [p.name for p in plans[1:]] == [f"shout-s{level}" for level in range(1, 6)]
    assert {p.facts.kind for p in plans[1:]} == {"mix"}
    assert [p.name for p in plans if p.main] == ["shout-s3"]


def test_further_draws_come_last_and_are_named_after_the_first():
    plans = plan_sets(["typos,casing"], 2, draws=3)
    assert [p.name for p in plans] == [
        "original", "typos", "casing", "mix",
        "typos.d2", "casing.d2", "mix.d2", "typos.d3", "casing.d3", "mix.d3",
    ]  # fmt: skip
    assert [(p.draw, p.first) for p in plans[6:8]] == [(1, "mix"), (2, "typos")]
    assert [p.name for p in plans if p.main] == ["mix"]


def test_draws_differ_and_the_first_is_what_one_draw_gives():
    split = rows(40)
    one = build_set(plan_sets(["typos"], 4)[1], split, seed=0)
    first, second = (build_set(p, split, seed=0) for p in plan_sets(["typos"], 4, draws=2)[1:])
    assert first.split.texts == one.split.texts
    assert second.split.texts != first.split.texts
    assert second.split.ids == split.ids


def test_severity_0_is_the_original_and_rates_grow():
    split = rows(30)
    changed = [build_set(plan_sets(["typos"], s)[1], split, seed=0) for s in (0, 1, 3, 5)]
    assert changed[0].split.texts == split.texts
    shares = [made.facts.changed_share for made in changed]
    assert shares == sorted(shares)
    assert [made.facts.rate for made in changed] == [0, 0.01, 0.05, 0.2]
    for made in changed:
        assert made.facts.changed_share <= made.facts.target_share + 1e-9


def test_the_severity_in_force_is_on_record():
    split = rows()

    def level(chain, severity=None):
        return build_set(plan_sets([chain], severity)[-1], split, seed=0).facts.severity

    assert level("typos") == 3
    assert level("typos:severity=2") == 2
    assert level("typos", 5) == 5
    assert level("typos:rate=0.1") is None
    assert level("typos:severity=2,casing") is None


def test_words_read_are_those_of_the_set_as_it_is():
    split = rows()
    plain, made = (build_set(p, split, seed=0) for p in plan_sets([named(mumble)], None))
    assert plain.facts.words_read == sum(len(text.split()) for text in split.texts)
    assert made.facts.words_read == plain.facts.words_read


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
