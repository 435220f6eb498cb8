"""No file of a study names a place of the machine, whatever setting a path came by."""

from pathlib import Path

import pytest

from robustft.errors import UsageError
from robustft.study.grid import expand, override
from robustft.study.portable import change_paths, named_settings, place_identity, relative_path
from robustft.study.recipe import dump_recipe, load_recipe, parse_recipe

ROWS = [{"name": "one"}]


def test_places_are_changed_wherever_they_stand_and_label_maps_are_left():
    settings = {
        "data": "a,b=c.csv",
        "extra_data": ["more.csv,0=neg,1=pos", "a,b.csv"],
        "epochs": 2,
        "model": None,
    }
    assert change_paths(settings, "x/{}".format) == {
        "data": "x/a,b=c.csv",
        "extra_data": ["x/more.csv,0=neg,1=pos", "x/a,b.csv"],
        "epochs": 2,
        "model": None,
    }


def test_results_name_places_without_where_they_are():
    given = {"data": "/home/me/a.csv", "extra_data": "/home/me/b.csv,0=neg", "severity": None}
    assert named_settings(given) == {"data": "a.csv", "extra_data": "b.csv,0=neg"}


def test_a_path_is_told_from_the_folder_of_the_study(tmp_path):
    assert relative_path(tmp_path / "runs/one", tmp_path / "studies/mine") == "../../runs/one"


def test_further_data_and_grids_are_kept_relative_to_the_recipe(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("more.csv", "first", "second"):
        (tmp_path / name).touch()
    plain = {"name": "mine", "rows": ROWS, "defaults": {"extra_data": "more.csv,0=neg"}}
    (tmp_path / "mine.toml").write_text(dump_recipe(parse_recipe(plain, "test"), tmp_path))
    recipe = override(load_recipe(tmp_path / "mine.toml"), {"model": ["first", "./second"]})
    assert recipe.defaults["extra_data"] == f"{tmp_path / 'more.csv'},0=neg"
    assert recipe.grid["model"] == [str(tmp_path / "first"), str(tmp_path / "second")]
    assert [run.row for run in expand(recipe)] == ["one+model=first", "one+model=second"]
    kept = dump_recipe(recipe, Path("studies/one"))
    assert str(tmp_path) not in kept
    assert "../../more.csv,0=neg" in kept


def test_values_of_a_grid_that_would_share_a_file_are_refused():
    recipe = override(parse_recipe({"name": "mine", "rows": ROWS}, "test"), {})
    grid = override(recipe, {"model": ["./here/model", "./there/model"]})
    with pytest.raises(UsageError, match=r"distinct names, got one\+model=model, one\+model=model"):
        expand(grid)


def test_a_place_is_known_by_its_files_wherever_it_is(tmp_path):
    for home in ("one", "two"):
        (tmp_path / home / "data").mkdir(parents=True)
        (tmp_path / home / "data/train.csv").write_text("text,label\n", encoding="utf-8")
    first, second = (place_identity(str(tmp_path / home / "data")) for home in ("one", "two"))
    assert first == second == "data\ntrain.csv 11"
    assert place_identity(str(tmp_path / "one/data/train.csv")) == "train.csv 11"
    (tmp_path / "two/data/train.csv").write_text("text,label\na,b\n", encoding="utf-8")
    assert place_identity(str(tmp_path / "two/data")) != first
    assert place_identity("glue/sst2") == "glue/sst2"
