"""The report of an attack: rates beside chance, and every row."""

from __future__ import annotations

import json
import re

import pytest

from robustft.data.run_folder import RunFolder
from robustft.errors import DataError, RunError
from robustft.report.browser import browser_view
from robustft.report.page import write_report

NASTY = "<script>alert(1)</script>"


def estimate(value):
    return {"value": value, "low": value - 0.05, "high": value + 0.05, "level": 0.95, "n": 40}


@pytest.fixture
def attacked(tmp_path):
    """Write the folder of an attack on 40 rows: a half turned, a tenth wrong before."""

    def make(**summary) -> RunFolder:
        run = RunFolder.start("attack", "attack", {"model": "m"}, out=tmp_path / "attack")
        found = {
            "rows": 40,
            "attacked": 36,
            "accuracy": estimate(0.9),
            "under_attack": estimate(0.4),
            "success": estimate(0.56),
            "without_proposals": 0.1,
            "queries_mean": 21.4,
            "queries_median": 20.0,
            "changed_share": 0.08,
            "random_success": estimate(0.11),
            "random_under_attack": 0.8,
            "random_changed_share": 0.08,
            "times_random": {"value": 5.1, "low": 3.2, "high": 8.8},
        }
        result = {"model": NASTY, "recipe": "pwws", "dataset": "demo", "split": "test", "seed": 0}
        result |= {"summary": found | summary, "search": {"method": "greedy", "budget": None}}
        result |= {"constraints": [{"name": "max_changed", "share": 0.2}], "transforms": "typos"}
        result["replacements"] = [
            {"original": "great", "replacement": NASTY, "transforms": ["typos"]}
            | {"rows": 9, "successes": 4}
        ]
        run.write_json("metrics.json", result)
        lines = [json.dumps(record_of(i)) for i in range(40)]
        (run.path / "attacks.jsonl").write_text("\n".join(lines) + "\n")
        run.finish({"seed": 0})
        return run

    return make


def record_of(i):
    status = "skipped" if i % 10 == 9 else "success" if i % 2 else "failed"
    edit = {
        "start": 4,
        "end": 9,
        "original": "great",
        "replacement": "grat",
        "transforms": ["typos"],
    }
    return {
        "id": f"row-{i}",
        "label": "yes",
        "before": "yes",
        "after": "no" if status == "success" else "yes",
        "status": status,
        "queries": 20,
        "edits": [] if status == "skipped" else [edit],
        "original": f"The great {NASTY} {i}",
        "text": f"The grat {NASTY} {i}",
    }


def test_the_worst_case_stands_beside_chance(attacked):
    page = write_report([attacked().path]).read_text(encoding="utf-8")
    assert "Chosen edits turn 56% of the right predictions; as many random edits turn 11%." in page
    said = " ".join(re.sub("<[^>]+>", " ", page).split())
    assert "times the harm of random edits 5.1 3.2 to 8.8" in said
    assert "max_changed, share 0.2" in said
    assert "<script>alert" not in page


def test_nothing_to_attack(attacked):
    nothing = {"value": None, "low": None, "high": None}
    made = attacked(success=nothing, attacked=0, accuracy=None, under_attack=None)
    assert "There was nothing to attack" in write_report([made.path]).read_text(encoding="utf-8")


def test_damaged_files_are_named(attacked):
    made = attacked()
    (made.path / "attacks.jsonl").write_text("{}x\n")
    with pytest.raises(DataError, match=r"attacks\.jsonl, line 1: expected JSON"):
        write_report([made.path])
    for line in ("[]", "{}", '{"id": 1, "edits": [{}]}'):
        (made.path / "attacks.jsonl").write_text(f"{line}\n")
        with pytest.raises(DataError, match=r"attacks\.jsonl, line 1: expected the row"):
            write_report([made.path])
    made.write_json("metrics.json", [])
    with pytest.raises(RunError, match="expected the summary of an attack"):
        write_report([made.path])


def test_many_numbers_as_labels_leave_the_settings_of_its_list_small_and_json(attacked):
    made = attacked()
    records = [record_of(i) | {"label": i / 7} for i in range(20_000)]
    text = "".join(json.dumps(record) + "\n" for record in records)
    (made.path / "attacks.jsonl").write_text(text)
    page = write_report([made.path]).read_text(encoding="utf-8")
    (settings,) = re.findall(r'<script type="application/json" class="settings">(.*?)</', page)
    assert json.loads(settings)["labels"] == []


def test_settings_are_json_however_large():
    settings = {"labels": [f"{NASTY} {i}" for i in range(20_000)]}
    made = browser_view("", [], settings, {})["settings"]
    assert "<" not in made
    assert json.loads(made) == settings


def test_an_evaluation_and_an_attack_share_a_page(attacked, make_evaluation):
    made = make_evaluation()
    page = write_report([made.folder, attacked().path]).read_text(encoding="utf-8")
    assert page.count('class="headline"') == 2
    assert page.count('class="browser"') == 2


def test_its_rows_can_be_filtered(attacked, browser):
    browser.complaints.clear()
    browser.open(write_report([attacked().path]))
    browser.until("document.querySelectorAll('.case').length > 0")
    hits = "document.querySelector('.hits').textContent"
    assert browser.ask(hits).startswith("16 hits")
    assert browser.ask("document.querySelector('.case del').textContent") == "great"
    browser.ask(
        "{ const field = document.querySelector('[name=outcome]'); field.value = '1';"
        " field.dispatchEvent(new Event('input', {bubbles: true})); }"
    )
    assert browser.ask(hits).startswith("4 hits")
    assert browser.complaints == []
