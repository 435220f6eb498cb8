import pytest

from robustft.errors import UsageError
from robustft.study.grid import choose, expand, in_order, override, read_sets, study_name
from robustft.study.recipe import parse_recipe
from robustft.study.results import RowResult

PLAIN = {
    "name": "mine",
    "model": "tiny",
    "defaults": {"epochs": 2, "learning_rate": 1e-3},
    "rows": [
        {"name": "base"},
        {"name": "long", "set": {"max_length": 64, "epochs": 4}},
        {"name": "words", "kind": "dictionary", "set": {"trees": 10}},
        {"name": "more", "extension": True},
    ],
}


def made(**changes):
    return parse_recipe({**PLAIN, **changes}, "mine.toml")


def settings(recipe, name):
    return next(run.settings for run in expand(recipe) if run.row == name)


def test_values_are_toml_or_plain_text():
    told = ["epochs=2", "lr=2e-3", "force=true", "freeze=first:2", "data=a=b.csv", "x=[1, 2]"]
    assert read_sets(told) == {
        "epochs": 2, "lr": 2e-3, "force": True, "freeze": "first:2", "data": "a=b.csv", "x": [1, 2],
    }  # fmt: skip
    assert read_sets(["label_map=1979-05-27"]) == {"label_map": "1979-05-27"}
    with pytest.raises(UsageError, match="expected key=value, such as epochs=2, got 'epochs'"):
        read_sets(["epochs"])


def test_a_row_has_the_defaults_of_its_kind_and_its_own_settings():
    recipe = made()
    assert settings(recipe, "long") == {
        "model": "tiny", "epochs": 4, "learning_rate": 1e-3, "max_length": 64, "data_seed": 0,
        "seed": 0, "init_seed": 0,
    }  # fmt: skip
    assert settings(recipe, "words") == {
        "trees": 10, "data_seed": 0, "seed": 0, "init_seed": 0,
    }  # fmt: skip


def test_data_sets_give_defaults_and_what_wins_over_rows():
    recipe = made(
        datasets=[
            {"name": "one", "data": "a.csv", "defaults": {"epochs": 3}},
            {"name": "two", "data": "b.csv", "set": {"epochs": 9}},
        ]
    )
    epochs = {(r.dataset, r.row): r.settings.get("epochs") for r in expand(recipe)}
    assert epochs["one", "base"] == 3
    assert epochs["one", "long"] == 4
    assert epochs["two", "long"] == 9
    assert {r.settings["data"] for r in expand(recipe) if r.dataset == "two"} == {"b.csv"}


def test_what_is_said_of_one_row_wins_over_what_is_said_of_all_and_of_the_recipe():
    recipe = override(made(), {"long.epochs": 7, "epochs": 1, "lr": 0.5})
    assert settings(recipe, "long")["epochs"] == 7
    assert settings(recipe, "base")["epochs"] == 1
    assert {settings(recipe, name)["learning_rate"] for name in ("base", "long")} == {0.5}
    assert "epochs" not in settings(recipe, "words")
    assert override(made(), {"evaluation.max_eval": 9, "seeds": 3}).evaluation.max_eval == 9
    assert len(expand(override(made(), {"seeds": 3}))) == 12


def test_what_is_said_wins_over_what_a_data_set_says():
    two = made(datasets=[{"name": "two", "set": {"epochs": 9}}, {"name": "one"}])
    told = {r.settings["epochs"] for r in expand(override(two, {"epochs": 1})) if r.row == "base"}
    assert told == {1}
    both = override(two, {"two.epochs": 5, "epochs": 1})
    found = {(r.dataset, r.settings["epochs"]) for r in expand(both) if r.row == "base"}
    assert found == {("two", 5), ("one", 1)}


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("epoch", 2, "did you mean 'epochs'"),
        ("epochs", "two", "--set: epochs: input should be a valid integer"),
        ("lnog.epochs", 2, "got 'lnog'; did you mean 'long'"),
        ("words.epochs", 2, "--set words: expected a setting of a dictionary row, got 'epochs'"),
        ("evaluation.severities", 2, "did you mean 'severity'"),
    ],
)
def test_settings_that_there_are_not_are_refused(key, value, message):
    with pytest.raises(UsageError, match=message):
        override(made(), {key: value})


def test_a_list_is_a_grid_over_the_rows_that_take_the_setting():
    recipe = override(made(), {"learning_rate": [0.1, 0.2], "max_length": [16, 32]})
    names = [run.row for run in expand(recipe)]
    assert len(names) == 3 * 4 + 1
    assert names[1] == "base+learning_rate=0.1,max_length=32"
    run = next(r for r in expand(recipe) if r.row == "long+learning_rate=0.2,max_length=16")
    assert (run.settings["learning_rate"], run.settings["max_length"]) == (0.2, 16)
    assert run.base == "long"
    again = override(recipe, {"learning_rate": 0.3})
    assert len(expand(again)) == 3 * 2 + 1
    with pytest.raises(UsageError, match=r"long\.learning_rate: .* got one that has a grid"):
        override(recipe, {"long.learning_rate": 0.3})


def test_each_run_of_a_row_has_seeds_of_its_own_for_order_and_initialisation():
    recipe = made(defaults={"epochs": 1, "init_seed": 40})
    runs = [run for run in expand(recipe, seeds=3) if run.row == "base"]
    assert [(r.settings["seed"], r.settings["init_seed"]) for r in runs] == [
        (0, 40), (1, 41), (2, 42),
    ]  # fmt: skip
    assert [r.name for r in runs] == ["base-seed0", "base-seed1", "base-seed2"]
    assert len({r.identity for r in runs}) == 3


def test_what_draws_nothing_at_random_is_run_once():
    recipe = made(rows=[{"name": "base"}, {"name": "count", "kind": "parameters"}], seeds=3)
    assert [r.row for r in expand(recipe)] == ["base", "count", "base", "base"]


def test_a_table_may_have_rows_of_its_own():
    datasets = [{"name": "a", "rows": ["base"]}, {"name": "b", "rows": ["long", "words"]}]
    recipe = made(datasets=datasets)
    assert [r.name for r in expand(recipe)] == ["a-base-seed0", "b-long-seed0", "b-words-seed0"]


def test_rows_of_the_extension_run_when_asked_for():
    runs = expand(made())
    assert [r.row for r in choose(runs, None)[0]] == ["base", "long", "words"]
    assert len(choose(runs, None, extension=True)[0]) == 4
    assert [r.row for r in choose(runs, ["more"])[0]] == ["more"]
    with pytest.raises(UsageError, match="got 'lng'; did you mean 'long'"):
        choose(runs, ["lng"])


def test_a_row_brings_the_one_whose_model_it_starts_from():
    rows = [{"name": "first"}, {"name": "other"}, {"name": "last", "model_from": "first"}]
    runs, added = choose(expand(made(rows=rows)), ["last"])
    assert [r.row for r in runs] == ["first", "last"]
    assert added == ("first",)


def test_the_folder_is_named_by_all_settings_but_not_by_what_adds_runs():
    name = study_name(made())
    assert name.startswith("mine-tiny-")
    assert study_name(made(seeds=5)) == name
    assert study_name(made(title="Mine", notes=["a"])) == name
    others = [made(evaluation={"max_eval": 5}), override(made(), {"epochs": 5})]
    assert len({name, *map(study_name, others)}) == 3


def test_results_come_in_the_order_of_the_recipe():
    results = [
        RowResult(row="gone"),
        RowResult(row="base", seed=1),
        RowResult(row="words"),
        RowResult(row="long"),
        RowResult(row="base"),
    ]
    assert [r.name for r in in_order(made(), results)] == [
        "base-seed0", "base-seed1", "long-seed0", "words-seed0",
    ]  # fmt: skip
