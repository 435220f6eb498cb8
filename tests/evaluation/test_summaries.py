"""All transforms in one number, and what draws and training seeds move."""

from types import SimpleNamespace

import numpy as np
import pytest

from robustft.data.task import Task, TaskType
from robustft.evaluation.families import Family, families_of
from robustft.evaluation.gate import judge_gate
from robustft.evaluation.predict import Predictions
from robustft.evaluation.results import ModelFacts, SetFacts
from robustft.evaluation.robustness import compare
from robustft.transform.base import LabelKind

TASK = Task(label_names=("neg", "pos"), label_kind=LabelKind.SENTIMENT)
N = 300
LABELS = np.arange(N) % 2


def said(wrong):
    codes = np.where(wrong, 1 - np.resize(LABELS, len(wrong)), np.resize(LABELS, len(wrong)))
    logits = np.eye(2, dtype=np.float32)[codes]
    return Predictions(logits, np.arange(len(codes), dtype=np.uint64), np.zeros(len(codes), bool))


def of(name, kind="single", **facts):
    return SetFacts(name=name, kind=kind, rows=N, transform=name.split("-s")[0], **facts)


def errors(*shares, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.random(N) < share for share in shares]


ORIGINAL = of("original", "original")


def test_the_mean_counts_each_transform_the_same_and_the_worst_is_the_lowest():
    none, few, some, many = errors(0.05, 0.06, 0.1, 0.3)
    outputs = {"original": none, "a": few, "b": many, "c": some, "mix": many}
    sets = [ORIGINAL, of("a"), of("b"), of("c"), of("mix", "mix")]
    models = {ModelFacts(name="m"): {name: said(wrong) for name, wrong in outputs.items()}}
    (found,) = compare(LABELS, sets, models, task=TASK, mix="mix").summaries
    assert found.sets == ("a", "b", "c")
    right = [1 - wrong.mean() for wrong in (few, many, some)]
    assert found.mean.value == pytest.approx(np.mean(right))
    assert found.mean_drop.value == pytest.approx(1 - none.mean() - np.mean(right))
    assert (found.worst_set, found.worst.value) == ("b", pytest.approx(min(right)))
    assert found.worst_drop.value == pytest.approx(many.mean() - none.mean())
    assert found.worst.low < found.worst.value < found.worst.high
    assert found.everywhere.value == np.mean(~(none | few | some | many))
    assert found.everywhere.value < found.worst.value


def test_there_is_a_summary_for_each_severity():
    wrong = errors(0.05, *[0.1] * 4)
    sets = [ORIGINAL, *(of(f"{t}-s{k}", severity=k) for t in "ab" for k in (1, 2))]
    models = {ModelFacts(name="m"): {s.name: said(w) for s, w in zip(sets, wrong, strict=True)}}
    found = compare(LABELS, sets, models, task=TASK).summaries
    assert [(s.severity, s.sets) for s in found] == [(1, ("a-s1", "b-s1")), (2, ("a-s2", "b-s2"))]


def test_transforms_that_set_their_own_severity_are_summed_up_with_the_others():
    wrong = errors(0.05, 0.1, 0.1)
    sets = [ORIGINAL, of("a", severity=3), of("b", severity=5)]
    models = {ModelFacts(name="m"): {s.name: said(w) for s, w in zip(sets, wrong, strict=True)}}
    (found,) = compare(LABELS, sets, models, task=TASK).summaries
    assert (found.severity, found.sets) == (None, ("a", "b"))


def test_one_transform_needs_no_summary():
    wrong = errors(0.05, 0.1)
    models = {ModelFacts(name="m"): {"original": said(wrong[0]), "a": said(wrong[1])}}
    assert compare(LABELS, [ORIGINAL, of("a", "mix", rate=0.1)], models, task=TASK).summaries == ()


def test_an_error_is_worst_where_it_is_largest():
    task = Task(type=TaskType.REGRESSION)
    y, rng = np.linspace(0, 10, 120), np.random.default_rng(0)

    def numbers(scale):
        values = (y + rng.normal(0, scale, len(y))).astype(np.float32)[:, None]
        zeros = np.zeros(len(y))
        return Predictions(values, zeros.astype(np.uint64), zeros.astype(bool), regression=True)

    outputs = {"original": numbers(0.1), "a": numbers(0.5), "b": numbers(2)}
    result = compare(y, [ORIGINAL, of("a"), of("b")], {ModelFacts(name="m"): outputs}, task=task)
    (found,) = result.summaries
    assert (found.worst_set, found.everywhere) == ("b", None)
    assert found.worst.value == pytest.approx(result.cell("m", "b").metrics["mse"].value)
    assert found.worst_drop.value == pytest.approx(result.cell("m", "b").drop["mse"].value)
    assert result.cell("m", "b").effects["cohens_dz"].value > 0


def test_the_spread_is_split_over_draws_and_seeds():
    models = {}
    for seed, extra in enumerate((0.1, 0.2, 0.3)):
        drawn = np.concatenate(errors(*[extra] * 4, seed=seed))
        models[ModelFacts(name=f"run-{seed}")] = {
            "original": said(errors(0.05)[0]), "mix": said(drawn)
        }  # fmt: skip
    family = Family("run", tuple(facts.name for facts in models))
    result = compare(
        LABELS, [ORIGINAL, of("mix", "mix", draws=4)], models, task=TASK, mix="mix",
        families=[family],
    )  # fmt: skip
    (found,) = result.spread
    assert np.shape(found.values) == (4, 3)
    drops = [result.cell(name, "mix").drop["accuracy"].value for name in family.models]
    assert found.mean.value == pytest.approx(np.mean(drops))
    assert np.mean(found.values, axis=0) == pytest.approx(drops)
    assert found.sd["seeds"] > 3 * found.sd["draws"]
    assert found.shares["seeds"] > 0.8
    assert found.rows_sd > 0
    assert type(result).from_dict(result.to_dict()) == result


def test_several_draws_of_single_models_have_a_spread_each_and_one_draw_has_none():
    drawn = said(np.concatenate(errors(0.1, 0.2)))
    outputs = {"original": said(errors(0.05)[0]), "mix": drawn}
    models = {ModelFacts(name=name): outputs for name in "ab"}
    result = compare(LABELS, [ORIGINAL, of("mix", "mix", draws=2)], models, task=TASK, mix="mix")
    assert [(s.family, s.models) for s in result.spread] == [("a", ("a",)), ("b", ("b",))]
    assert result.spread[0].sd["seeds"] is None
    outputs = {"original": drawn, "mix": drawn}
    once = {ModelFacts(name="a"): {k: said(errors(0.1)[0]) for k in outputs}}
    assert compare(LABELS, [ORIGINAL, of("mix", "mix")], once, task=TASK, mix="mix").spread == ()


def subject(name, seed=0, **config):
    config = {"model": "tiny", "seed": seed, "training": {"epochs": 1, "seed": seed}} | config
    return SimpleNamespace(facts=ModelFacts(name=name), run=SimpleNamespace(config=config))


def test_runs_that_differ_in_the_seed_alone_are_a_family():
    subjects = [
        subject("film-tiny-clean-12ab34", 0),
        subject("film-tiny-clean-56cd78", 1, fingerprint="other", data="../elsewhere"),
        subject("film-tiny-augment60-90ef12", 0, augment=60),
        subject("film-tiny-clean-12ab34-2", 1),
        SimpleNamespace(facts=ModelFacts(name="some-model"), run=None),
    ]
    assert families_of(subjects) == [
        Family("film-tiny-clean", ("film-tiny-clean-12ab34", "film-tiny-clean-56cd78")),
        Family("film-tiny-augment60", ("film-tiny-augment60-90ef12",)),
        Family("some-model", ("some-model",)),
    ]


def test_seeds_of_training_on_the_same_data_are_a_family():
    config = {"seed": 0, "fingerprint": "one"}
    subjects = [
        subject(f"film-tiny-clean-seed{n}-12ab3{n}", training={"epochs": 1, "seed": n}, **config)
        for n in range(3)
    ]
    (family,) = families_of(subjects)
    assert family.models == tuple(each.facts.name for each in subjects)


def test_rows_that_are_drawn_several_times_are_counted_once():
    outputs = {"original": said(errors(0.05)[0]), "mix": said(np.concatenate(errors(0.06, 0.07)))}
    sets = [ORIGINAL, of("mix", "mix", draws=2)]
    result = compare(LABELS, sets, {ModelFacts(name="a"): outputs}, task=TASK, mix="mix")
    cell, rows = result.cell("a", "mix"), len(LABELS)
    assert (cell.drop["accuracy"].n, cell.detectable.n) == (2 * rows, rows)
    assert judge_gate(result, 0.5).worst.rows == rows
    assert type(result).from_dict(result.to_dict()) == result
