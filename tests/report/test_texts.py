"""Reports for pull requests, papers, build servers and programs: whole, valid, escaped."""

import importlib
import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from robustft.cli.main import main
from robustft.data.task import Task, TaskType
from robustft.errors import DataError, UsageError
from robustft.evaluation.gate import GATE, Gate, Limits, judge_gate
from robustft.evaluation.predictions import Predictions
from robustft.evaluation.results import ModelFacts, RobustnessResult, SetFacts
from robustft.evaluation.robustness import compare
from robustft.report import junit, latex, markdown
from robustft.report.schema import metrics_schema, schema_text
from robustft.report.texts import text_report

PUBLISHED = Path(__file__).parents[2] / "docs" / "metrics.schema.json"
NASTY = "a|b_*<c>&d%$#{}~^\\`\"'\x07"


@pytest.fixture
def made(make_evaluation):
    return make_evaluation(rows=400)


def judged(result, limit=0.02, on="all"):
    return judge_gate(result, Limits.of(limit, on=on))


def named(result, name):
    """Return a result whose first model has another name."""
    old = result.models[0].name
    return replace(
        result,
        models=(ModelFacts(name=name), *result.models[1:]),
        cells=tuple(replace(c, model=name) if c.model == old else c for c in result.cells),
        pair=None,
    )


def test_markdown_says_gate_verdict_cells_and_matrix(made):
    text = markdown.render(made.result, gate=judged(made.result), title="my run")
    assert text.startswith("## my run\n\n**❌ Gate failed**\n\n- ")
    assert "- It does worse: yes, by 20.0 points" in text
    assert "**Accuracy (%) on 400 rows, 95% intervals**" in text
    tables = [b.splitlines() for b in text.split("\n\n") if b.startswith("|")]
    assert [len(table) for table in tables] == [5, 8]
    for table in tables:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table}) == 1
    assert tables[0][0] == "| trained on | original | transformed (mix) | drop |"
    assert tables[0][2].startswith("| clean | 9")
    assert tables[0][-1].startswith("| gain | ")
    assert text.count("<details>") == text.count("</details>") == 2
    assert text.endswith("</details>\n")
    assert "One training seed each." in text


def test_markdown_of_the_original_rows_alone(make_evaluation):
    text = markdown.render(make_evaluation(sets=()).result)
    assert "transformed" not in text
    assert "| trained on | original |" in text
    assert "Gate" not in text


def test_markdown_shows_every_character_as_it_is(made):
    text = markdown.render(named(made.result, NASTY))
    assert r"a\|b\_\*\<c\>&amp;d%$\#\{\}\~^\\\`" in text


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("@octocat", "@&#8203;octocat"),
        ("./@team/x.py:Shout", "./@&#8203;team/x.py:Shout"),
        ("(@a, @b)", "(@&#8203;a, @&#8203;b)"),
        ("fix #12", r"fix \#&#8203;12"),
        ("me@example.org, a @ b, c#", r"me@example.org, a @ b, c\#"),
    ],
)
def test_markdown_notifies_nobody(made, name, shown):
    text = markdown.render(named(made.result, name), title=name)
    assert text.startswith(f"## {shown}\n")
    assert text.count(shown) > 2
    assert shown == name or name not in text


def test_latex_is_a_table_with_booktabs(made):
    text = latex.render(made.result, title="my run")
    lines = text.splitlines()
    assert lines[0] == r"\begin{table}"
    assert lines[-1] == r"\end{table}"
    assert r"\label{tab:my-run}" in text
    assert [text.count(rf"\{rule}") for rule in ("toprule", "midrule", "bottomrule")] == [1, 2, 1]
    rows = [line for line in lines if line.endswith(r"\\") and "multicolumn" not in line]
    assert len(rows) == 1 + 2 * 3
    assert {len(re.findall(r"(?<!\\)&", row)) for row in rows} == {4}
    assert r"15.0\%" in text
    assert r"\multicolumn{5}{l}{\textit{clean + 50 augmented}} \\" in text


def test_latex_prints_every_character_as_it_is(made):
    text = latex.render(named(made.result, NASTY))
    escaped = (
        r"a\textbar{}b\_*\textless{}c\textgreater{}\&d\%\$\#\{\}\textasciitilde{}"
        r"\textasciicircum{}\textbackslash{}`\textquotedbl{}'"
    )
    assert escaped in text
    assert "\x07" not in text
    bare = re.sub(r"\\[a-z]+|\\[\W_]|\$[-p]\$|(?<=tab:)[-a-z]+", "", text)
    assert "".join(c for c in bare if c in "%$#_^~|<>") == ""
    assert bare.count("{") == bare.count("}")


def cases_of(text):
    root = ET.fromstring(text.encode())
    return {(c.get("classname"), c.get("name")): c for c in root.iter("testcase")}, root


def test_junit_has_a_case_a_model_and_set(made):
    gate = judged(made.result)
    cases, root = cases_of(junit.render(made.result, gate=gate, title="my run"))
    assert len(cases) == len(made.result.cells) == 6
    (suite,) = root
    assert (root.tag, suite.tag, suite.get("name")) == ("testsuites", "testsuite", "my run")
    assert (suite.get("tests"), suite.get("errors")) == ("6", "0")
    failed = cases["robustft.augmented-1", "typos"]
    assert failed.find("failure").get("type") == "gate"
    assert "drops by +" in failed.find("failure").get("message")
    assert int(suite.get("failures")) == sum(c.outcome == "failed" for c in gate.checks)
    assert "accuracy: " in cases["robustft.clean-1", "original"].find("system-out").text
    assert cases["robustft.clean-1", "typos"].find("failure") is None


def test_junit_skips_what_cannot_be_told(make_evaluation):
    result = make_evaluation(rows=60).result
    drop = result.cell("augmented-1", "mix").drop["accuracy"].value
    gate = judged(result, max(drop, 0) + 0.001, on="mix")
    assert gate.outcome == "inconclusive"
    cases, root = cases_of(junit.render(result, gate=gate))
    message = cases["robustft.augmented-1", "mix"].find("skipped").get("message")
    assert "would settle it" in message
    assert root[0].get("skipped") == "1"


def test_junit_keeps_to_the_order_of_the_schema(made):
    """Elements and attributes as junit-10.xsd of Jenkins' xUnit plug-in has them."""
    _, root = cases_of(junit.render(named(made.result, NASTY), gate=judged(made.result)))
    assert set(root.attrib) <= {"name", "time", "tests", "failures", "disabled", "errors"}
    known = {"name", "tests", "failures", "errors", "time", "skipped", "timestamp", "hostname"}
    for suite in root:
        assert set(suite.attrib) <= known
        for case in suite:
            assert set(case.attrib) <= {"name", "classname", "time", "status", "assertions"}
            assert {e.tag for e in case} <= {"skipped", "error", "failure", "system-out"}
    assert any("\ufffd" in case.get("classname") for case in root.iter("testcase"))


def test_reports_are_the_same_each_time(made):
    for module in (markdown, latex, junit):
        assert module.render(made.result) == module.render(made.result)


def test_the_command_prints_or_writes(made, capsys, tmp_path):
    folder = str(made.folder)
    assert main(["report", folder, "--format", "json"]) == 0
    plain = json.loads(capsys.readouterr().out)
    assert plain == made.result.to_dict()
    assert main(["report", folder, "--format", "markdown", "--out", str(tmp_path / "c.md")]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'c.md'}\n"
    assert (tmp_path / "c.md").read_text(encoding="utf-8").startswith("## evaluation\n")
    assert main(["report", folder, "--format", "latex", "--open"]) == 2
    assert "--open: expected a page to show, got --format latex" in capsys.readouterr().err


def test_what_the_gate_found_last_is_told(made):
    gate = judged(made.result)
    (made.folder / GATE).write_text(json.dumps(gate.to_dict()))
    assert Gate.from_dict(gate.to_dict()) == gate
    assert "Gate failed" in text_report([made.folder], "markdown")
    assert "<failure" in text_report([made.folder], "junit")
    (made.folder / GATE).write_text("{}")
    with pytest.raises(DataError, match=r"gate\.json: expected what robustft eval writes"):
        text_report([made.folder], "markdown")


def test_several_runs(make_evaluation):
    folders = [make_evaluation(name).folder for name in ("one", "two")]
    text = text_report(folders, "markdown")
    assert text.index("## one") < text.index("## two")
    with pytest.raises(UsageError, match="--format junit: expected one evaluation, got 2"):
        text_report(folders, "junit")
    with pytest.raises(UsageError, match="expected one of markdown, latex, junit, json, got 'pdf'"):
        text_report(folders, "pdf")


def valid(plain):
    schema = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(plain)


def test_the_published_schema_is_that_of_the_code(request):
    if request.config.getoption("--update-golden"):
        PUBLISHED.write_text(schema_text(), encoding="utf-8")
    assert PUBLISHED.read_text(encoding="utf-8") == schema_text(), (
        "docs/metrics.schema.json is not that of the code; write it anew with: "
        "python -m pytest tests/report/test_texts.py --update-golden"
    )


def test_results_are_valid(made, make_evaluation):
    valid(made.result.to_dict())
    valid(make_evaluation("alone", models=("m",), sets=()).result.to_dict())
    plain = made.result.to_dict()
    plain["cells"][0]["metrics"]["accuracy"]["value"] = "much"
    with pytest.raises(jsonschema.ValidationError, match="'much' is not"):
        valid(plain)


@pytest.mark.parametrize("kind", ["classification", "regression"])
def test_what_a_comparison_gives_is_valid(kind):
    n, rng = 80, np.random.default_rng(0)
    regression = kind == "regression"
    labels = rng.normal(size=n) if regression else rng.integers(0, 2, n)
    outputs = {}
    for name, noise in (("original", 0.2), ("mix", 0.6)):
        logits = labels[:, None] + rng.normal(0, noise, (n, 1))
        if not regression:
            logits = np.concatenate([1 - logits, logits], 1)
        outputs[name] = Predictions(
            logits.astype(np.float32), np.arange(n, dtype=np.uint64), np.zeros(n, bool), regression
        )
    names = {} if regression else {"label_names": ("neg", "pos")}
    sets = [SetFacts(name="original", kind="original", rows=n)]
    sets.append(SetFacts(name="mix", kind="mix", rows=n, spec="typos", severity=3))
    result = compare(
        labels,
        sets,
        {ModelFacts(name="m"): outputs},
        task=Task(type=TaskType(kind), **names),
        mix="mix",
    )
    valid(json.loads(json.dumps(result.to_dict())))
    for module in ("markdown", "latex", "junit"):
        text = importlib.import_module(f"robustft.report.{module}").render(result)
        assert "None" not in text
    assert RobustnessResult.from_dict(result.to_dict()) == result


def test_the_schema_describes_what_it_names():
    schema = metrics_schema()
    assert schema["properties"]["mix"]["description"].startswith("The set that the verdict is")
    assert "folder" not in schema["properties"]
    cell = schema["$defs"]["Cell"]
    assert cell["description"] == "One model on one set."
    assert "*worse*" in cell["properties"]["drop"]["description"]
    difference = schema["$defs"]["Difference"]["properties"]
    assert "only the second, got right" in difference["second_only"]["description"]
