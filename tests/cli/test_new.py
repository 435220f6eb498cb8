"""``robustft new transform``: the template works as it stands."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from robustft.testing import check_transform
from robustft.transform.engine import perturb

ROOT = Path(__file__).parents[2]


def test_the_template_keeps_the_contract_and_is_usable(run_cli, tmp_path):
    code, out, _ = run_cli("new", "transform", "word_stretch")
    assert code == 0
    assert out.splitlines() == [
        "wrote word_stretch.py and test_word_stretch.py",
        "see it:   robustft transform --preview --with ./word_stretch.py:WordStretch",
        "test it:  python -m pytest test_word_stretch.py",
    ]
    check_transform("./word_stretch.py:WordStretch")
    assert perturb(["It was so good."], "./word_stretch.py:WordStretch:rate=1.0,extra=1")[
        0
    ].text == ("It was soo good.")


def test_its_test_passes_and_its_style_is_ours(run_cli, tmp_path):
    run_cli("new", "transform", "shout", "--out", "mine/deep")
    folder = tmp_path / "mine" / "deep"
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "3 passed" in tested.stdout, tested.stdout
    ruff = [sys.executable, "-m", "ruff", "--quiet"]
    config = ["--config", str(ROOT / "pyproject.toml")]
    for command in (
        ["check", "--no-cache", "--ignore", "PT,S"],
        ["format", "--check", "--no-cache"],
    ):
        styled = subprocess.run(
            [*ruff, *command, *config, str(folder)], capture_output=True, text=True, check=False
        )
        assert styled.returncode == 0, styled.stdout


def test_a_file_is_not_replaced_unless_forced(run_cli, tmp_path):
    run_cli("new", "transform", "shout")
    (tmp_path / "shout.py").write_text("mine")
    code, _, err = run_cli("new", "transform", "shout")
    assert code == 2
    assert err.startswith("shout.py: expected no file of that name, got one;")
    assert (tmp_path / "shout.py").read_text() == "mine"
    assert run_cli("new", "transform", "shout", "--force")[0] == 0
    assert "class Shout" in (tmp_path / "shout.py").read_text()


@pytest.mark.parametrize(
    "name", ["Shout", "my-shout", "2fast", "class", "_hidden", "caf\u00e9", "test_x"]
)
def test_a_name_that_cannot_be_a_module_is_refused(run_cli, tmp_path, name):
    code, _, err = run_cli("new", "transform", "--", name)
    assert code == 2
    assert err == (
        "new: expected a name of lower-case letters, digits and _, such as word_order, "
        f"got {name!r}\n"
    )
    assert list(tmp_path.iterdir()) == []
