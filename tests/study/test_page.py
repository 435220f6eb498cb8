"""The page and the writing of all views."""

import io
import json

from rich.console import Console

from robustft.study.gather import gather
from robustft.study.page import command
from robustft.study.results import load_results, write_result
from robustft.study.views import print_tables, write_views


def page(made):
    write_views(made.folder)
    return (made.folder / "page.md").read_text(encoding="utf-8")


def section(text, title):
    return text.partition(f"## {title}\n")[2].partition("\n## ")[0]


def label(made, row):
    return gather(made.folder).line(row).label


def snapshot(folder, *, without=()):
    views = [p for d in ("tables", "figures") for p in (folder / d).iterdir()]
    return {p.name: p.read_bytes() for p in views if p.stem not in without}


def test_the_page_has_all_its_parts(conflibert):
    text = page(conflibert)
    assert text.startswith("# What freezing costs")
    assert "Source: Wang, Y. (2023)" in text
    ran = section(text, "What was run")
    assert "robustft study conflibert_regression --set model=tiny --set epochs=2" in ran
    assert "1,000 training rows" in ran
    assert "| 1.75 |" in section(text, "Results: published beside ours")
    assert "(published −46 %)" in section(text, "Comparisons")
    assert f"Published, best first: 1. {label(conflibert, 'max_length')}; 2. " in text
    assert "](figures/losses.png)" in section(text, "Figures")
    assert "bit-identical" in section(text, "Details")
    assert "- optimizer: adamw" in section(text, "Inferred settings")
    assert "One seed" in section(text, "Limitations")
    assert "23.84" in section(text, "Notes")
    assert "| 37 |" in section(text, "Timings")
    assert "not finished" not in text


def test_versions_come_from_the_manifests_of_the_runs(conflibert):
    result = load_results(conflibert.folder)[0]
    run = conflibert.folder / "runs" / result.name
    (run / "manifest.json").write_text(json.dumps({"versions": {"torch": "2.13.0"}}))
    changed = result.model_copy(update={"run": f"runs/{result.name}"})
    write_result(conflibert.folder, changed)
    assert "- Versions: torch 2.13.0." in page(conflibert)


def test_no_view_names_an_absolute_path(conflibert):
    page(conflibert)
    for path in [conflibert.folder / "page.md", *(conflibert.folder / "tables").iterdir()]:
        assert str(conflibert.folder) not in path.read_text(encoding="utf-8")


def test_all_but_the_timings_is_the_same_whatever_it_took(conflibert):
    first = page(conflibert)
    before = snapshot(conflibert.folder, without=("timings",))
    for result in load_results(conflibert.folder):
        longer = result.model_copy(update={"minutes": (result.minutes or 0.0) + 3})
        write_result(conflibert.folder, longer)
    second = page(conflibert)
    assert snapshot(conflibert.folder, without=("timings",)) == before
    assert first.partition("## Timings")[0] == second.partition("## Timings")[0]
    assert first != second


def test_the_views_of_a_half_done_study_say_what_is_missing(hand_made):
    made = hand_made.recipe("conflibert_regression")
    text = page(made)
    assert "not finished" in text
    assert text.count("| not run yet |") == 7
    made.regression("restricted", 1.3)
    made.failed("pooler", "pooler-seed0: the loss diverged")
    text = page(made)
    assert "failed: pooler-seed0: the loss diverged" in text
    assert text.count("| not run yet |") == 5
    assert "not compared: no result of" in text


def test_views_are_written_whole_and_leave_nothing_else(conflibert):
    written = write_views(conflibert.folder)
    there = [p for d in ("tables", "figures") for p in (conflibert.folder / d).iterdir()]
    assert sorted(written) == sorted([*there, conflibert.folder / "page.md"])
    assert {"results.md", "results.tex", "results.csv", "tensors.csv"} <= {p.name for p in there}
    assert not list(conflibert.folder.rglob("*.tmp"))


def test_what_the_runs_said_is_told_once_with_the_rows_that_said_it(conflibert):
    for row in ("restricted", "pooler"):
        conflibert.regression(row, 1.3, notices=["frozen part: 1 MB"])
    for row in ("unrestricted", "unrestricted_20", "max_length"):
        conflibert.regression(row, 1.0, notices=["learned nothing"] if row == "max_length" else [])
    said = section(page(conflibert), "What the runs said")
    assert said.strip().splitlines() == [
        "- frozen part: 1 MB (restricted, pooler)",
        "- learned nothing (max_length)",
    ]


def test_the_tables_are_printed_with_what_the_comparisons_say(conflibert):
    out = io.StringIO()
    print_tables(conflibert.folder, Console(file=out, width=100))
    text = out.getvalue()
    assert label(conflibert, "unrestricted_20") in text
    assert "[" in text.partition("MSE")[2]
    assert "Order of the rows, MSE:" in text
    assert "losses" in text.lower()
    assert text.index("minutes") > text.index("bit-identical")


def test_the_command_names_one_row_or_data_set_where_only_that_was_changed(hand_made):
    settings = {"sst2.data": "here", "gradual.learning_rate": 0.1}
    made = hand_made.recipe("finetuning_survey", settings)
    told = command(gather(made.folder))
    assert told == (
        "robustft study finetuning_survey --set sst2.data=here --set gradual.learning_rate=0.1"
    )
    made = hand_made.recipe("conflibert_regression", {"epochs": 1, "seeds": 4})
    told = command(gather(made.folder))
    assert told == "robustft study conflibert_regression --seeds 4 --set epochs=1"
