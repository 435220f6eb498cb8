from pathlib import Path

import pytest

from robustft.errors import UsageError
from robustft.study.grid import expand
from robustft.study.recipe import dump_recipe, find_recipe, load_recipe
from robustft.study.settings import check_settings
from robustft.study.shipped import recipe_titles

RECIPE = """
name = "mine"
data = "rows.csv"
model = "tiny"
[defaults]
epochs = 2
[[rows]]
name = "first"
set = {learning_rate = 1e-3}
published = {accuracy = 0.9}
[[rows]]
name = "second"
extends = "first"
set = {max_length = 32}
[[comparisons]]
row = "second"
against = "first"
metric = "accuracy"
"""


@pytest.fixture
def write(tmp_path):
    def written(text, name="mine.toml"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return written


def test_a_row_that_extends_another_has_its_settings_and_its_own(write):
    recipe = load_recipe(write(RECIPE))
    assert recipe.row("second").set == {"learning_rate": 1e-3, "max_length": 32}
    assert recipe.row("second").published == {}
    assert recipe.published("first") == {"accuracy": 0.9}


def test_local_paths_are_relative_to_the_recipe_and_to_where_it_is_kept(write, tmp_path):
    path = write(RECIPE, "sub/mine.toml")
    assert load_recipe(path).data == "rows.csv"  # nothing lies there: it may be a hub's
    (tmp_path / "sub/rows.csv").touch()
    recipe = load_recipe(path)
    assert recipe.data == str(tmp_path / "sub/rows.csv")
    kept = write(dump_recipe(recipe, tmp_path / "studies/one"), "studies/recipe.toml")
    assert 'data = "../../sub/rows.csv"' in kept.read_text()
    moved = write(dump_recipe(recipe, tmp_path / "studies"), "studies/recipe.toml")
    assert load_recipe(moved) == recipe


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('model = "tiny"', 'modle = "tiny"', "got 'modle'; did you mean 'model'?"),
        ("published =", "publised =", "rows 'first': expected one of name, kind"),
        ("published =", "publised =", "got 'publised'; did you mean 'published'"),
        ("epochs = 2", 'epochs = "2"', "defaults: epochs: input should be a valid integer"),
        ("epochs = 2", "epochs = 0", "defaults: epochs: input should be greater than or equal"),
        ("epochs = 2", "epoch = 2", "got 'epoch'; did you mean 'epochs'?"),
        ("max_length = 32", "max_lenght = 32", "rows 'second': set: expected a setting of a"),
        ("{accuracy = 0.9}", '{accuracy = "high"}', "rows 'first': published: accuracy: input"),
        ('extends = "first"', 'extends = "frist"', "a row above it, got 'frist'; did you mean"),
        ('against = "first"', 'against = "frist"', "comparisons: against: expected one of the"),
        ('name = "second"', 'name = "first"', "expected distinct names, got 'first' twice"),
        ('model = "tiny"', 'inferred = ["epoch"]', "inferred: expected a setting of a train row"),
        ("[[rows]]", "[[rows]", "expected TOML, got an error"),
        ("[defaults]", "evaluation.transforms = [1]\n[defaults]", "evaluation: transforms: "),
        ("[[comparisons]]", "[grid]\nepochz = [1]\n[[comparisons]]", "grid: expected a setting"),
    ],
)
def test_a_mistake_is_told_with_its_file_place_and_the_nearest_name(write, old, new, message):
    assert old in RECIPE
    with pytest.raises(UsageError) as caught:
        load_recipe(write(RECIPE.replace(old, new)))
    assert str(caught.value).startswith("mine.toml: ")
    assert message in str(caught.value)


def test_a_recipe_is_found_by_its_name_its_file_or_its_folder(write):
    path = write(RECIPE, "study/recipe.toml")
    assert find_recipe(str(path)) == find_recipe(str(path.parent)) == path
    assert find_recipe("finetuning_survey").name == "finetuning_survey.toml"
    with pytest.raises(UsageError, match="got 'fine_survey'; did you mean 'finetuning_survey'"):
        find_recipe("fine_survey")
    with pytest.raises(UsageError, match=r"nowhere\.toml: expected a recipe, got no such file"):
        find_recipe("nowhere.toml")


@pytest.mark.parametrize(
    ("kind", "setting", "message"),
    [
        ("pretrain", {"mask_rate": 2}, "mask_rate: input should be less than 1, got 2"),
        ("pretrain", {"from_scratch": "yes"}, "from_scratch: input should be a valid boolean"),
        ("pretrain", {"tokenizer": "trian"}, "tokenizer: input should be 'keep' or 'train'"),
        ("parameters", {"labels": 0}, "labels: input should be greater than or equal to 1"),
    ],
)
def test_settings_of_other_kinds_of_rows_have_types_too(kind, setting, message):
    with pytest.raises(UsageError, match=message):
        check_settings({kind}, setting, "set")


def test_settings_that_contradict_each_other_are_refused_as_a_whole_only():
    check_settings({"train"}, {"momentum": 0.5}, "defaults")
    with pytest.raises(UsageError, match="a-seed0: momentum: expected to be left out"):
        check_settings({"train"}, {"momentum": 0.5}, "a-seed0", whole=True)


@pytest.mark.parametrize("facts", recipe_titles(), ids=lambda facts: facts["name"])
def test_the_shipped_recipes_hold(facts):
    path = find_recipe(facts["name"])
    recipe = load_recipe(path)
    assert recipe.name == path.stem
    assert all((recipe.title, recipe.source, recipe.about, recipe.notes))
    runs = expand(recipe)
    for run in runs:
        check_settings({run.kind}, run.settings, run.name, whole=True)
    assert len({run.name for run in runs}) == len(runs)
    assert load_recipe_again(recipe, path) == recipe


def load_recipe_again(recipe, path):
    import tomllib

    from robustft.study.recipe import parse_recipe

    return parse_recipe(tomllib.loads(dump_recipe(recipe, path.parent)), "again")


def test_the_published_figures_of_the_letter():
    recipe = load_recipe("conflibert_regression")
    found = {row.name: (row.published.get("mse"), row.published_minutes) for row in recipe.rows}
    assert found == {
        "dictionary_random_forest": (1.59, None),
        "dictionary_xgboost": (1.60, None),
        "restricted": (1.75, 37),
        "pooler": (1.33, 37),
        "unrestricted": (0.99, 50),
        "unrestricted_20": (None, 96),
        "max_length": (0.87, 98),
    }
    trained = [run.settings for run in expand(recipe) if run.kind == "train"]
    assert {s["reinit"] for s in trained} == {"pooler"}
    assert [(s["epochs"], s["learning_rate"], s["max_length"]) for s in trained] == [
        (20, 2e-3, 256), (20, 2e-3, 256), (10, 2e-5, 256), (20, 2e-5, 256), (10, 2e-5, 512),
    ]  # fmt: skip


def test_the_published_figures_of_the_survey():
    recipe = load_recipe("finetuning_survey")
    best = {
        dataset.name: max(dataset.published.items(), key=lambda row: row[1]["accuracy"])
        for dataset in recipe.datasets
    }
    assert best["sst2"] == ("fixed_adapter_triangle", {"validation.loss": 0.229, "accuracy": 0.925})
    assert best["cola"] == ("fixed_adapter_triangle", {"validation.loss": 0.407, "accuracy": 0.831})
    own = [row.name for row in recipe.rows if not row.extension]
    assert own == list(recipe.datasets[0].published) == list(recipe.datasets[1].published)
    assert len(own) == 10
    epochs = {(run.dataset, run.settings["epochs"]) for run in expand(recipe)}
    assert epochs == {("sst2", 5), ("cola", 10)}


def test_the_package_brings_its_recipes():
    assert [Path(find_recipe(r["name"])).parent.name for r in recipe_titles()] == ["recipes"] * 5
