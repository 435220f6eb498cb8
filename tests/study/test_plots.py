"""The figures: what is drawn, the same bytes twice, and readable sizes."""

import xml.etree.ElementTree as ET
from hashlib import blake2b

import pytest

from robustft.study import plots
from robustft.study.details import epoch_values
from robustft.study.gather import gather

SVG = "{http://www.w3.org/2000/svg}"
SURVEY = {
    "name": "small_survey",
    "columns": ["accuracy"],
    "rows": [
        {"name": "fixed", "label": "Fixed"},
        {"name": "fixed_adapter", "label": "Fixed, adapter", "set": {"adapter": "houlsby"}},
        {"name": "slow", "label": "Slow", "set": {"schedule": "cosine"}},
        {
            "name": "slow_adapter",
            "label": "Slow, adapter",
            "set": {"schedule": "cosine", "adapter": "houlsby"},
        },
    ],
    "datasets": [
        {
            "name": "one",
            "title": "One",
            "data": "x",
            "published": {"fixed": {"accuracy": 0.907}},
        },
        {"name": "two", "data": "y"},
    ],
    "figures": [
        {
            "kind": "learning-curves",
            "title": "Validation accuracy",
            "metric": "validation.accuracy",
            "split_by": "adapter",
        },
        {"kind": "bars", "title": "Accuracy", "metric": "accuracy"},
    ],
}


def words(path):
    """Return the texts in an SVG figure."""
    root = ET.fromstring(path.read_text(encoding="utf-8"))
    return [" ".join(e.itertext()).strip() for e in root.iter(f"{SVG}text")]


@pytest.fixture
def survey(hand_made):
    made = hand_made.recipe(SURVEY)
    for dataset in ("one", "two"):
        for row in SURVEY["rows"]:
            made.classification(row["name"], 0.8, dataset=dataset)
    return made


def test_there_is_a_figure_a_data_set_as_png_and_svg(survey, tmp_path):
    drawn = plots.draw_all(gather(survey.folder), tmp_path / "figures")
    names = [name for name, _ in drawn]
    assert names == ["learning-curves-one", "learning-curves-two", "bars-one", "bars-two"]
    files = {path.name for path in (tmp_path / "figures").iterdir()}
    assert files == {f"{name}.{end}" for name in names for end in ("png", "svg")}


def test_curves_are_split_into_panels_and_rows_are_named(survey, tmp_path):
    plots.draw_all(gather(survey.folder), tmp_path)
    found = words(tmp_path / "learning-curves-one.svg")
    for text in ("without adapter", "with adapter", "Fixed", "Fixed, adapter", "epoch"):
        assert text in found
    assert "validation accuracy" in found
    assert "One · Validation accuracy" in found


def test_rows_that_differ_by_the_panel_alone_share_their_look(survey):
    lines = gather(survey.folder).shown("one")
    looks = plots.row_looks(lines, "adapter")
    assert looks["fixed"] == looks["fixed_adapter"]
    assert looks["slow"] == looks["slow_adapter"] != looks["fixed"]
    assert len(set(plots.row_looks(lines, None).values())) == 4


def test_bars_show_published_figures_and_intervals(survey, tmp_path):
    plots.draw_all(gather(survey.folder), tmp_path)
    found = words(tmp_path / "bars-one.svg")
    assert "95 % interval over test rows" in found
    assert "published" not in words(tmp_path / "bars-two.svg")
    assert "published" in found


def test_losses_are_drawn_beside_the_published_ones(conflibert, tmp_path):
    drawn = plots.draw_all(gather(conflibert.folder), tmp_path)
    assert [name for name, _ in drawn] == ["losses", "learning-curves", "bars"]
    found = words(tmp_path / "losses.svg")
    for text in ("ours", "published", "restricted, training", "unrestricted, validation"):
        assert text in found
    assert "optimizer step" in found
    assert "published" in words(tmp_path / "bars.svg")


def test_the_same_results_give_the_same_bytes(survey, tmp_path):
    hashes = []
    for name in ("first", "second"):
        plots.draw_all(gather(survey.folder), tmp_path / name)
        files = sorted((tmp_path / name).iterdir())
        hashes.append([(f.name, blake2b(f.read_bytes()).hexdigest()) for f in files])
    assert hashes[0] == hashes[1]


def test_pictures_are_a_thousand_pixels_wide_and_the_users_style_is_left_alone(survey, tmp_path):
    import matplotlib as mpl
    from matplotlib.image import imread

    before = dict(mpl.rcParams)
    plots.draw_all(gather(survey.folder), tmp_path)
    assert dict(mpl.rcParams) == before
    for path in tmp_path.glob("*.png"):
        height, width = imread(path).shape[:2]
        assert width == 1000
        assert 250 < height < 1200


def test_several_seeds_are_a_mean_with_a_band(survey, tmp_path):
    survey.classification("fixed", 0.9, dataset="one", seed=1, loss=0.3)
    study = gather(survey.folder)
    points = epoch_values(study.line("fixed", "one"), "accuracy")
    assert [len(values) for values in points.values()] == [2, 2, 2]
    plots.draw_all(study, tmp_path)
    assert "FillBetween" in (tmp_path / "learning-curves-one.svg").read_text(encoding="utf-8")


def test_nothing_is_drawn_before_there_is_a_result(hand_made, tmp_path):
    made = hand_made.recipe(SURVEY)
    made.failed("fixed", "diverged", dataset="one")
    assert plots.draw_all(gather(made.folder), tmp_path) == []
