"""A real package of transforms: built, installed, found, used and tested as its users would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "test_plugin"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A function that runs Python where the package is installed beside robustft."""
    site = tmp_path_factory.mktemp("site")
    offline = ("--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check")
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", *offline, "--target", site, PACKAGE],
        check=True,
        capture_output=True,
    )
    path = os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH")]))

    def run(*args, stdin=""):
        return subprocess.run(
            [sys.executable, *args],
            input=stdin,
            env={**os.environ, "PYTHONPATH": path},
            cwd=site,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


COMMAND = ("-c", "import sys; from robustft.cli.main import main; sys.exit(main(sys.argv[1:]))")


def test_its_transforms_are_listed_behind_the_built_in_ones(run):
    done = run(*COMMAND, "list", "transforms", "--json")
    found = {t["name"]: t for t in json.loads(done.stdout)["transforms"]}
    assert list(found)[-2:] == ["orthography/ampersand", "orthography/lower_case"]
    assert found["orthography/ampersand"]["example"]["after"] != "Bread and butter and jam."
    assert [s["name"] for s in found["orthography/ampersand"]["settings"]] == ["sign"]


def test_the_command_line_takes_them_in_a_chain(run):
    chain = "orthography/ampersand:rate=1.0,contractions:mode=expand,rate=1.0"
    done = run(
        *COMMAND, "transform", "-", "--with", chain, "--format", "jsonl", stdin="It isn't, and so?"
    )
    (record,) = map(json.loads, done.stdout.splitlines())
    assert record["text"] == "It is not, & so?"
    assert [e["transforms"] for e in record["edits"]] == [
        ["contractions"],
        ["orthography/ampersand"],
    ]


def test_processes_find_them_too(run, tmp_path):
    script = tmp_path / "run.py"
    script.write_text(
        "from robustft.transform import perturb\n"
        "if __name__ == '__main__':\n"
        "    texts = [f'this and that and row {i}' for i in range(600)]\n"
        "    one, two = (perturb(texts, 'orthography/ampersand', workers=n) for n in (1, 2))\n"
        "    print(one.texts == two.texts, one.changed.sum() > 0)\n"
    )
    assert run(str(script)).stdout == "True True\n"


def test_the_tests_of_the_package_pass(run):
    done = run("-m", "pytest", "-q", "-p", "no:cacheprovider", str(PACKAGE / "tests"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed" in done.stdout
