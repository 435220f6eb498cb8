"""``robustft list``."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import robustft.study
from robustft.cli.list import DATASETS
from robustft.data.demo import demo_events, demo_reviews
from robustft.transform import discovery
from robustft.transform.base import LabelKind
from robustft.transform.registry import names, parse_specs

RECIPES = Path(robustft.study.__file__).parent / "recipes"


def test_all_kinds_are_listed(run_cli):
    code, out, err = run_cli("list")
    assert (code, err) == (0, "")
    for word in ("Transforms", "Recipes", "finetuning_survey", "demo:events"):
        assert word in out
    for name in names():
        assert f"\n  {name}  " in out


def test_one_kind_alone(run_cli):
    _, out, _ = run_cli("list", "datasets")
    assert "Transforms" not in out
    assert "10,000 rows, classification, sentiment" in out


def test_the_data_sets_are_as_they_are_described():
    for facts, make in zip(DATASETS, (demo_reviews, demo_events), strict=True):
        assert inspect.signature(make).parameters["n"].default == facts["rows"]
        assert LabelKind(facts["label_kind"])


def test_a_transform_shows_settings_rates_labels_and_an_example(run_cli):
    _, listed, _ = run_cli("list", "transforms")
    part = listed[listed.index("\n  contractions  ") :].split("\n\n")[0]
    _, alone, _ = run_cli("list", "contractions")
    for text in (part, alone):
        assert "mode=both (both|expand|contract)" in text
        assert "all but answer_span, token_tags" in text
    for word in ("at severity 1 to 5", "Where it occurs", "before", "after"):
        assert word in alone
        assert word not in part


def test_one_transform_as_json(run_cli):
    _, out, _ = run_cli("list", "contractions", "--json")
    facts = json.loads(out)
    assert facts["example"]["before"] != facts["example"]["after"]


def test_an_unknown_name_is_refused(run_cli):
    code, _, err = run_cli("list", "contraction")
    assert code == 2
    assert "contractions" in err


def test_json_holds_what_a_program_needs(run_cli):
    code, out, _ = run_cli("list", "--json")
    assert code == 0
    found = json.loads(out)
    assert list(found) == ["transforms", "recipes", "datasets"]
    recipes = [recipe["name"] for recipe in found["recipes"]]
    assert recipes == [path.stem for path in sorted(RECIPES.glob("*.toml"))] != []
    assert [facts["name"] for facts in found["transforms"]] == names()
    for facts in found["transforms"]:
        assert sorted(facts["rates"]) == ["1", "2", "3", "4", "5"]
        if not facts["needs"]:
            assert facts["example"]["before"] != facts["example"]["after"]
        assert parse_specs(facts["name"])[0].name == facts["name"]


def test_a_transform_that_cannot_be_imported_is_said_and_passed_over(run_cli, monkeypatch):
    known = dict(discovery.modules()) | {"theirs/broken": "no_such_package.broken"}
    monkeypatch.setattr(discovery, "modules", lambda: known)
    code, out, _ = run_cli("list", "transforms")
    assert code == 0
    assert "theirs/broken  cannot be used: No module named 'no_such_package'" in out
    assert "\n  typos  " in out
