"""The tables of the documentation are those of the studies that were run."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TOOL = ROOT / "tools" / "include_study.py"
STUDY = re.compile(r"<!-- (?!BENCHMARK)\w+: [\w-]+ -->")
PAGES = [p for p in sorted((ROOT / "docs").glob("*.md")) if STUDY.search(p.read_text("utf-8"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_shows_what_the_studies_found(page):
    done = subprocess.run(
        [sys.executable, TOOL, "--check", page], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, f"run tools/include_study.py {page.name}\n{done.stderr}"


def test_what_is_changed_by_hand_is_noticed_and_put_right(tmp_path):
    text = PAGES[0].read_text(encoding="utf-8")
    page = tmp_path / "page.md"
    page.write_text(text.replace("| clean |", "| Clean |"), encoding="utf-8")
    check = [sys.executable, TOOL, "--check", page]
    assert subprocess.run(check, check=False).returncode == 1
    subprocess.run([sys.executable, TOOL, page], check=True)
    assert page.read_text(encoding="utf-8") == text.replace("| clean | the", "| Clean | the")
