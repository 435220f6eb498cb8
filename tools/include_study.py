"""Put what a study found into a page of the documentation, or check that it stands there.

Usage: python tools/include_study.py [--check] docs/controls.md

In the page, ``<!-- STUDY: NAME -->`` and the next ``<!-- end -->`` enclose what is put there anew:
the table NAME of ``examples/studies/STUDY``, or ``command`` or ``answer``, the command that made
the study and what it says of augmentation. ``--check`` changes nothing and exits with 1 where the
page has something else.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path

STUDIES = Path(__file__).parents[1] / "examples" / "studies"
# Blocks of benchmarks are put in by `benchmarks/tables.py`.
BLOCK = re.compile(r"(<!-- (?!BENCHMARK)(\w+): ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def block(study: Path, name: str) -> str:
    """Return what is shown of a study."""
    if name == "command":
        page = (study / "page.md").read_text(encoding="utf-8")
        found = re.search(r"^```\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
        return f"```\n{found[1]}```\n" if found else ""
    if name == "answer":
        (one,) = json.loads((study / "augmentation.json").read_text(encoding="utf-8"))
        return "".join(f"- {sentence}\n" for sentence in one["sentences"])
    text = (study / "tables" / f"{name}.md").read_text(encoding="utf-8")
    return text.partition("\n")[2].strip() + "\n"


def included(text: str) -> str:
    """Return a page with all its blocks put in anew."""

    def anew(found: re.Match[str]) -> str:
        return f"{found[1]}\n{block(STUDIES / found[2], found[3])}\n{found[4]}"

    return BLOCK.sub(anew, text)


def main() -> int:
    """Read the command line and do it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("page", type=Path)
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    text = given.page.read_text(encoding="utf-8")
    made = included(text)
    if not given.check:
        given.page.write_text(made, encoding="utf-8")
    return int(given.check and made != text)


if __name__ == "__main__":
    sys.exit(main())
