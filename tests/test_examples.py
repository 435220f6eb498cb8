"""The examples: quick scripts that run, a notebook that compiles, a job script that works."""

import importlib
import importlib.util
import json
import os
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from robustft.study.recipe import parse_recipe

EXAMPLES = Path(__file__).parent.parent / "examples"
BASH = shutil.which("bash")
needs_bash = pytest.mark.skipif(BASH is None, reason="there is no bash")
NOTEBOOKS = sorted(EXAMPLES.glob("*.ipynb"))


def cells(path, kind):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert notebook["nbformat"] == 4
    return [cell for cell in notebook["cells"] if cell["cell_type"] == kind]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebooks_compile_and_come_without_outputs(path):
    found = cells(path, "code")
    assert found
    assert cells(path, "markdown")
    for number, cell in enumerate(found):
        compile("".join(cell["source"]), f"{path.name}, cell {number}", "exec")
        assert cell["outputs"] == []
        assert cell["execution_count"] is None


def test_the_notebooks_recipe_and_imports_are_there():
    """What the notebook names exists; running it all takes minutes."""
    sources = ["".join(cell["source"]) for cell in cells(EXAMPLES / "finetuning_lab.ipynb", "code")]
    lines = [line for source in sources for line in source.splitlines()]
    for line in lines:
        if line.startswith("from robustft"):
            _, module, _, names = line.split(maxsplit=3)
            for name in names.split(","):
                assert hasattr(importlib.import_module(module), name.strip())
    (recipe,) = [source for source in sources if source.startswith("RECIPE")]
    parsed = parse_recipe(tomllib.loads(recipe.split('"""')[1]), "the notebook")
    assert [row.name for row in parsed.rows] == ["dictionary", "frozen", "full"]


@pytest.mark.parametrize("name", ["perturb_texts", "pairs_answers_tags", "linear_model"])
def test_quick_scripts_run(name, capsys):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.main()
    assert capsys.readouterr().out


@needs_bash
def test_the_job_script_is_valid():
    subprocess.run([BASH, "-n", EXAMPLES / "finetune.sbatch"], check=True)


def run_job(tmp_path, program, *args):
    """Run the job script with a stand-in for robustft and for the queue."""
    for name, text in (("robustft", program), ("scontrol", 'echo "$@" >> "$ASKED"')):
        path = tmp_path / name
        path.write_text(f"#!{BASH}\n{text}\n")
        path.chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "ROBUSTFT": str(tmp_path / "robustft"),
        "ASKED": str(tmp_path / "asked"),
        "SLURM_JOB_ID": "17",
    }
    return subprocess.run(
        [BASH, EXAMPLES / "finetune.sbatch", *args],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@needs_bash
def test_the_job_passes_its_arguments_and_its_result_on(tmp_path):
    done = run_job(tmp_path, 'echo "told: $*"; exit 3', "my recipe", "--set", "data=a b")
    assert done.returncode == 3
    assert "told: study my recipe --set data=a b" in done.stdout
    assert not (tmp_path / "asked").exists()
    assert run_job(tmp_path, "exit 0").returncode == 2


@needs_bash
def test_a_job_whose_time_is_up_stops_the_study_and_is_queued_again(tmp_path):
    # The stand-in sends the signal that SLURM sends, and works on until it is stopped.
    done = run_job(tmp_path, 'kill -USR1 "$PPID"; exec sleep 60', "recipe")
    assert done.returncode == 0
    assert (tmp_path / "asked").read_text() == "requeue 17\n"
