"""The pages of the documentation say what is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from robustft.transform import perturb
from robustft.transform.constraints import Constraint

DOCS = Path(__file__).parent.parent / "docs"
PAGES = sorted(DOCS.glob("*.md"))
CONSTRAINTS = (DOCS / "constraints.md").read_text(encoding="utf-8")


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_python_in_a_page_compiles(path):
    for number, code in enumerate(blocks(path.read_text(encoding="utf-8"), "python")):
        compile(code, f"{path.name} {number}", "exec")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_options_in_a_page_are_options(path, run_cli):
    help_text = "".join(
        run_cli(command, "--help")[1]
        for command in ("transform", "train", "eval", "audit", "report")
    )
    shell = "\n".join(blocks(path.read_text(encoding="utf-8"), "sh"))
    named = {
        line for line in shell.splitlines() if "robustft " in line or line.startswith("    --")
    }
    for option in re.findall(r"(?<!\S)--[a-z-]+", "\n".join(named)):
        assert option in help_text, option


def test_every_constraint_has_its_row():
    def below(cls):
        return [
            s
            for sub in cls.__subclasses__()
            for s in ([sub] if "name" in vars(sub) else below(sub))
        ]

    ours = [cls for cls in below(Constraint) if cls.__module__.startswith("robustft.")]
    assert len(ours) == 8
    for cls in ours:
        assert f"| `{cls.__name__}` |" in CONSTRAINTS


def test_the_constraint_that_the_page_writes_works():
    scope: dict[str, object] = {"__name__": __name__}
    exec(next(code for code in blocks(CONSTRAINTS, "python") if "NoShouting" in code), scope)
    made = perturb(
        ["plain words"] * 9, "casing:mode=upper,rate=1.0", constraints=[scope["NoShouting"]()]
    )
    assert all(sum(map(str.isupper, row.text)) <= 0.3 * len(row.text) for row in made)
    assert made.skips["casing: no_shouting"]


GATES = (DOCS / "gates.md").read_text(encoding="utf-8")


def test_settings_on_the_page_of_gates_are_settings(tmp_path):
    from robustft.cli.settings import read_settings
    from robustft.evaluation.gate import Limits

    (tmp_path / "robustft.toml").write_text("".join(blocks(GATES, "toml")), encoding="utf-8")
    found = read_settings(tmp_path)
    limits = Limits.of(found["max_drop"], found["min_accuracy"])
    assert limits.max_drop.sets == {"mix": 0.03, "typos": 0.05}
    assert limits.min_accuracy.value == 0.85


def test_the_workflow_on_the_page_of_gates_gates(run_cli):
    import yaml

    (text,) = blocks(GATES, "yaml")
    steps = yaml.safe_load(text)["jobs"]["gate"]["steps"]
    lines = [line for step in steps for line in step.get("run", "").splitlines()]
    for command in ("eval", "report"):
        help_text = run_cli(command, "--help")[1]
        named = [line for line in lines if line.startswith(f"robustft {command}")]
        assert named
        for option in re.findall(r"(?<!\S)--[a-z-]+", " ".join(named)):
            assert option in help_text, option


def test_options_of_pytest_on_the_page_of_gates_are_options():
    source = (DOCS.parent / "robustft" / "pytest_plugin.py").read_text(encoding="utf-8")
    named = set(re.findall(r"--robustft-[a-z]+", GATES))
    assert named == {"--robustft-strict", "--robustft-inconclusive"}
    assert all(f'"{option}"' in source for option in named)
