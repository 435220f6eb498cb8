"""The tables of a study, in all four forms."""

import csv
import io

import pytest
from rich.console import Console

from robustft.study.details import (
    epoch_tables,
    length_tables,
    loss_tables,
    shift_tables,
    timing_tables,
)
from robustft.study.formats import interval_text
from robustft.study.gather import changes, gather
from robustft.study.model_tables import all_tensors, count_tables, parameter_tables, tensor_tables
from robustft.study.parameters_row import run_parameters
from robustft.study.rendering import (
    Cell,
    Column,
    Table,
    to_console,
    to_csv,
    to_latex,
    to_markdown,
)
from robustft.study.results import write_result
from robustft.study.rows import Context, marked
from robustft.study.tables import result_tables

SURVEY = {
    "name": "small_survey",
    "title": "Small survey",
    "inferred": ["adapter"],
    "columns": ["validation.loss", "accuracy"],
    "defaults": {"epochs": 2},
    "rows": [
        {"name": "fixed", "label": "Fixed"},
        {"name": "adapter", "label": "Fixed, adapter", "set": {"adapter": "houlsby"}},
        {"name": "more", "label": "More", "set": {"epochs": 9}, "extension": True},
    ],
    "datasets": [
        {
            "name": name,
            "title": name.upper(),
            "data": name,
            "published": {"fixed": {"accuracy": 0.907}, "adapter": {"accuracy": 0.9}},
        }
        for name in ("one", "two")
    ],
}


def texts(table):
    return [[cell.text for cell in row] for row in table.rows]


def column(table, heading):
    place = [c.heading for c in table.columns].index(heading)
    return [row[place] for row in table.rows]


def test_ours_stand_beside_the_published_figures_in_the_recipes_order(conflibert):
    (table,) = result_tables(gather(conflibert.folder))
    assert [row[0].raw[""] for row in table.rows][:3] == [
        "dictionary_random_forest", "dictionary_xgboost", "restricted",
    ]  # fmt: skip
    said = [cell.text for cell in column(table, "published")]
    assert said == ["1.59", "1.60", "1.75", "1.33", "0.99", "", "0.87"]
    ours = column(table, "MSE")[2]
    low, high = ours.raw["low"], ours.raw["high"]
    assert ours.text == f"{ours.raw['']:.3f} [{low:.3f}, {high:.3f}]"
    assert ours.raw["seeds"] == 1


def test_settings_that_differ_make_columns_and_inferred_ones_are_marked(hand_made):
    made = hand_made.recipe(SURVEY)
    first, _ = result_tables(gather(made.folder))
    assert [c.heading for c in first.columns][:3] == ["row", "adapter†", "kept epoch"]
    assert [row[1].text for row in first.rows] == ["", "houlsby"]
    assert any(note.startswith("† Inferred") for note in first.footnotes)


def test_rows_that_are_missing_or_failed_say_so(hand_made):
    made = hand_made.recipe(SURVEY)
    made.failed("fixed", "one-fixed-seed0: the loss diverged after step 20\nmore", dataset="one")
    first, second = result_tables(gather(made.folder))
    assert column(first, "validation loss")[0].text.startswith("failed: one-fixed-seed0: the loss")
    assert column(first, "validation loss")[1].text == "not run yet"
    assert any("the loss diverged after step 20" in note for note in first.footnotes)
    assert "2 of 2 rows are not run yet." in second.footnotes
    assert first.rows[0][0].raw["status"] == "failed"


def test_each_data_set_has_a_table_and_its_best_row_is_marked(hand_made):
    made = hand_made.recipe(SURVEY)
    for dataset, best in (("one", "fixed"), ("two", "adapter")):
        for row in ("fixed", "adapter"):
            made.classification(row, 0.95 if row == best else 0.6, dataset=dataset)
    for table, best in zip(result_tables(gather(made.folder)), (0, 1), strict=True):
        assert [row[0].bold for row in table.rows] == [i == best for i in range(2)]
        assert column(table, "accuracy")[best].bold
        assert any("published best: “Fixed”" in note for note in table.footnotes)
    assert result_tables(gather(made.folder))[0].title == "Small survey · ONE"


def test_a_row_the_source_does_not_have_shows_once_it_is_run(hand_made):
    made = hand_made.recipe(SURVEY)
    made.classification("fixed", 0.9, dataset="one")
    assert len(result_tables(gather(made.folder))[0].rows) == 2
    made.classification("more", 0.9, dataset="one")
    table = result_tables(gather(made.folder))[0]
    assert table.rows[2][0].text == "More‡"
    assert "‡ Not in the source." in table.footnotes


def test_several_seeds_give_mean_and_standard_deviation(hand_made):
    made = hand_made.recipe({**SURVEY, "seeds": 2})
    values = [
        made.classification("fixed", a, dataset="one", seed=s).metrics["original"]["accuracy"].value
        for s, a in enumerate((0.9, 0.7))
    ]
    table = result_tables(gather(made.folder))[0]
    cell = column(table, "accuracy")[0]
    mean, apart = sum(values) / 2, abs(values[0] - values[1])
    assert cell.text == f"{mean:.3f} ± {apart / 2**0.5:.3f}"
    assert cell.raw["seeds"] == 2
    assert "Mean ± standard deviation over 2 seeds." in table.footnotes


def test_every_setting_that_is_not_the_recipes_is_named(conflibert):
    study = gather(conflibert.folder)
    told = {c.text for c in changes(study)}
    assert told == {
        "model tiny instead of snowood1/ConfliBERT-scr-uncased",
        "epochs 2 instead of 20 (restricted, pooler, unrestricted_20)",
        "epochs 2 instead of 10 (unrestricted, max_length)",
    }
    (table,) = result_tables(study)
    (note,) = [n for n in table.footnotes if n.startswith("Other than in the recipe")]
    assert all(text in note for text in told)
    assert {
        "Model: tiny.",
        "Data: made: 1,000 training rows, 100 validation rows, 120 rows tested on (test split).",
    } <= set(table.footnotes)


def test_minutes_change_no_table_but_the_timings(conflibert):
    before = result_tables(gather(conflibert.folder)), timing_tables(gather(conflibert.folder))
    conflibert.regression("pooler", 1.15, minutes=9.0)
    conflibert.regression("pooler", 1.15, minutes=8.0, curve=[], parameters={}, tensors=[])
    after = result_tables(gather(conflibert.folder)), timing_tables(gather(conflibert.folder))
    assert before[0] == after[0]
    assert before[1] != after[1]
    assert texts(after[1][0])[3] == ["pooler and classifier train", "8.00", "37"]


def test_losses_stand_side_by_side_with_the_published_ones(conflibert):
    (table,) = loss_tables(gather(conflibert.folder))
    assert [c.heading for c in table.columns][:4] == [
        "step", "restricted: training", "restricted: validation",
        "restricted: training, published",
    ]  # fmt: skip
    assert texts(table)[0][3:5] == ["1.853", "2.123"]
    assert texts(table)[-1] == ["5,000", "", "", "1.652", "1.834", "", "", "0.477", "0.927"]
    assert table.rows[0][1].raw[""] == pytest.approx(1.32 + 300 / 500)


def test_a_short_run_shows_the_steps_that_it_has(conflibert):
    curve = [{"step": s, "train_loss": 1.0, "loss": 2.0} for s in (7, 14)]
    conflibert.regression("restricted", 1.3, curve=curve)
    conflibert.regression("unrestricted", 1.3, curve=curve)
    (table,) = loss_tables(gather(conflibert.folder))
    assert texts(table)[1] == ["14", "1.000", "2.000", "", "", "1.000", "2.000", "", ""]


def test_a_published_curve_stands_beside_ours_by_epoch(hand_made):
    figure = {
        "kind": "learning-curves",
        "metric": "validation.loss",
        "points": ["epoch", "loss"],
        "published": {"fixed": [[1, 124], [2, 116]]},
    }
    made = hand_made.recipe({"name": "one", "rows": SURVEY["rows"], "figures": [figure]})
    made.classification("fixed", 0.9, loss=0.5)
    (table,) = epoch_tables(gather(made.folder))
    assert texts(table) == [["1", "0.700", "124"], ["2", "0.600", "116"], ["3", "0.567", ""]]


def test_counts_stand_beside_their_formulas_and_other_heads(hand_made):
    rows = [{"name": "count", "kind": "parameters"}]
    made = hand_made.recipe({"name": "counts", "model": "bert-base-uncased", "rows": rows})
    spec = made.spec("count")
    found = run_parameters(spec, Context(made.folder, made.recipe_.evaluation, {}))
    write_result(made.folder, marked(found, spec))
    modules, heads = count_tables(gather(made.folder))
    by_part = {row[0].text: [cell.text for cell in row[1:]] for row in modules.rows}
    assert by_part["embeddings"][0] == by_part["embeddings"][3] == "23,837,184"
    assert by_part["encoder/layer 11"][0] == "7,087,872"
    assert "encoder/layer 11/output/dense" not in by_part
    assert texts(heads)[-2] == [
        "total", "109,482,240", "109,483,778", "108,893,186", "1,538", "−589,054",
    ]  # fmt: skip
    assert parameter_tables(gather(made.folder)) == []


def test_parameters_and_tensors_by_component(conflibert):
    study = gather(conflibert.folder)
    (table,) = parameter_tables(study)
    assert texts(table)[0][1:] == ["2,000 (0)", "8,000 (0)", "60 (0)", "8 (8)", "10,068 (8)"]
    (states,) = tensor_tables(study)
    restricted = {row[1].text: row for row in states.rows[:3]}
    heads = [c.heading for c in states.columns]
    pooler = dict(zip(heads, (cell.text for cell in restricted["pooler"]), strict=True))
    assert (pooler["drawn anew"], pooler["frozen"], pooler["bit-identical"]) == ("2", "2", "2")
    encoder = dict(zip(heads, (cell.text for cell in restricted["encoder"]), strict=True))
    assert (encoder["loaded"], encoder["loaded, bias zero"]) == ("1", "1")
    lines = list(csv.DictReader(io.StringIO(to_csv(all_tensors(study)))))
    assert lines[0]["name"] == "encoder.weight"
    assert (lines[0]["shape"], lines[0]["trained"], lines[0]["unchanged"]) == (
        "4x4",
        "false",
        "true",
    )


def test_shifts_show_both_sets_and_the_paired_change(conflibert):
    (table,) = shift_tables(gather(conflibert.folder))
    first = table.rows[0]
    assert [cell.text for cell in first[1:3]] == ["mix", "MSE"]
    shift = first[5].raw[""]
    assert shift == pytest.approx(first[4].raw[""] - first[3].raw[""])
    assert first[5].raw["low"] <= shift <= first[5].raw["high"]


def test_shares_of_long_texts_are_told(conflibert):
    (table,) = length_tables(gather(conflibert.folder))
    assert texts(table)[2][1:] == ["256", "36.0%", "35.0%"]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ((0.8723, 0.701, 1.054), "0.872 [0.701, 1.054]"),
        ((0.0013, 0.0008, 0.0019), "0.0013 [0.0008, 0.0019]"),
        ((-0.2, -0.30001, -0.1), "−0.200 [−0.300, −0.100]"),
        ((71.234, 70, 72), "71.23 [70.00, 72.00]"),
        ((0.5, 0.5, 0.5), "0.500 [0.500, 0.500]"),
        ((0.5, None, None), "0.500"),
        ((7e-233, None, None), "7.0e−233"),
        ((109482240.0, None, None), "109,482,240"),
        ((None, None, None), "–"),
    ],
)
def test_numbers_have_the_places_that_their_interval_allows(number, text):
    assert interval_text(*number) == text


@pytest.fixture
def awkward():
    return Table(
        "t",
        "50 % of a_b & {c}",
        (Column("row", "row", number=False), Column("x", "R² ±", fields=("", "low"))),
        (
            (Cell("[a|b]", {"": "a"}), Cell("−0.5", {"": -0.5, "low": None}, bold=True)),
            (Cell("*z*", {"": True}), Cell("")),
        ),
        ("see $x$ # ~^\\ “q”",),
    )


def test_latex_is_escaped(awkward):
    text = to_latex(awkward)
    assert r"\caption{50 \% of a\_b \& \{c\}}" in text
    assert r"row & R$^2$ $\pm$ \\" in text
    assert r"{}[a|b] & \textbf{$-$0.5} \\" in text
    assert r"see \$x\$ \# \textasciitilde{}\textasciicircum{}\textbackslash{}" in text
    assert text.count(r"\toprule") == text.count(r"\bottomrule") == 1


def test_markdown_keeps_its_cells_apart(awkward):
    lines = to_markdown(awkward).splitlines()
    assert lines[2:4] == ["| row | R² ± |", "| --- | ---: |"]
    assert lines[4] == r"| [a\|b] | **−0.5** |"
    assert lines[5] == r"| \*z\* |  |"


def test_csv_has_full_precision(awkward):
    assert to_csv(awkward) == "row,x,x_low\na,-0.5,\ntrue,,\n"
    third = Table("t", "", (Column("x", "x"),), ((Cell("0.333", {"": 1 / 3}),),))
    assert to_csv(third) == "x\n0.3333333333333333\n"


def test_a_narrow_terminal_goes_without_the_settings(conflibert):
    (table,) = result_tables(gather(conflibert.folder))
    shown = {}
    for name, width, terminal in (("pipe", 40, False), ("narrow", 110, True), ("wide", 200, True)):
        out = io.StringIO()
        to_console(table, Console(file=out, width=width, force_terminal=terminal, no_color=True))
        shown[name] = out.getvalue()
    assert "all-but-head" in shown["pipe"]
    assert "all-but-head" in shown["wide"]
    assert "all-but-head" not in shown["narrow"]
    assert "stand in tables/results.md" in shown["narrow"]
