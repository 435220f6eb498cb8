"""Pages are made of results, and the committed ones are as they would be made anew."""

from __future__ import annotations

import json
import sys

import pytest
import tables
from common import Results, Target, parser


def test_the_pages_are_as_they_would_be_made_anew(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["tables.py", "--check"])
    assert tables.main() == 0, "run python benchmarks/tables.py: " + capsys.readouterr().out


@pytest.fixture
def results():
    given = parser("").parse_args(["--rounds", "2"])
    made = Results("one", "One", "What was done.", given)
    table = made.table("Of a kind", "All the same.")
    table.row(
        "x|y", against="peer", ours=[1, 1], peer=[2, 4], unit="s", target=Target(2.5),
        extra={"padding": "1 %"},
    )  # fmt: skip
    table.row("z", against="other", ours=[1234.5, 1240], unit="s", missing="no other in PEERS")
    table.row("w", ours=[0.5, 0.5], unit="s", target=Target(0.3, of="ours", bound="at most"))
    made.skip("a GPU", "none here")
    return {"one": made.as_json()}


def test_a_section_has_ratios_first_and_says_what_was_not_measured(results):
    said = tables.section(results["one"])
    assert said.startswith("## One\n\nWhat was done.\n\n**Of a kind.** All the same.\n\n")
    head, _, *rows = [line for line in said.splitlines() if line.startswith("|")]
    assert head == "|  | against | ratio | target | ours | the other | padding |"
    assert rows[0] == (
        "| x\\|y | peer | 3.00 x (2.00 to 4.00) | at least 2.50 x: yes | 1.00 s (1.00 to 1.00) "
        "| 3.00 s (2.00 to 4.00) | 1 % |"
    )
    assert "not measured: no other in PEERS" in rows[1]
    assert "1,237 s (1,234 to 1,240)" in rows[1]
    assert "at most 0.3 s: no" in rows[2]
    assert "- a GPU: none here" in said


def test_the_page_names_targets_and_what_is_absent(results):
    page = tables.page(results)
    assert "| One | Of a kind: x\\|y, against peer | 3.00 x (2.00 to 4.00) |" in page
    assert "- Prediction on a CPU (`predict.py`)" in page


def test_blocks_of_a_page_are_put_in_anew(results):
    text = "a\n<!-- BENCHMARK: one/of-a-kind -->\nold\n<!-- end -->\nb\n"
    made = tables.included(text, results)
    assert made.startswith("a\n<!-- BENCHMARK: one/of-a-kind -->\n\n**Of a kind.**")
    assert made.endswith("<!-- end -->\nb\n")
    assert tables.included(made, results) == made
    for name in ("two", "one/other"):
        absent = f"<!-- BENCHMARK: {name} -->\n<!-- end -->"
        assert "Not measured yet." in tables.included(absent, results)
    assert "**Of a kind.**" in tables.included("<!-- BENCHMARK: one -->\n<!-- end -->", results)
    assert "| One |" in tables.included("<!-- BENCHMARK: targets -->\n<!-- end -->", results)


def test_results_of_another_shape_are_passed_over(results, tmp_path):
    (tmp_path / "one.json").write_text(json.dumps(results["one"]))
    (tmp_path / "old.json").write_text('{"corpora": {}}')
    assert list(tables.read(tmp_path)) == ["one"]


def test_another_folder_gives_one_page(results, tmp_path, monkeypatch):
    (tmp_path / "one.json").write_text(json.dumps(results["one"]))
    page = tmp_path / "page.md"
    monkeypatch.setattr(sys, "argv", ["tables.py", "--results", str(tmp_path), "--page", str(page)])
    assert tables.main() == 0
    assert "Of a kind" in page.read_text()


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "0"), (0.01234, "0.0123"), (0.5, "0.5"), (1.0, "1.00"), (12.34, "12.3"),
        (123.4, "123"), (12345, "12,345"), (7, "7"), ("text", "text"), (True, "True"),
    ],
)  # fmt: skip
def test_figures_have_three_digits_that_count(value, said):
    assert tables.number(value) == said
