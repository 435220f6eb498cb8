"""Measure how often the intervals cover and the tests reject, and write it to docs/statistics.md.

Usage: python tools/simulate_coverage.py [--quick] [--dry-run] [SECTION ...]

Prints the tables; unless told otherwise it also writes them into the page, between the markers of
each section. `--quick` takes a twentieth of the replications (for a look: it writes nothing).
Fixed seeds: the same versions of numpy and scipy give the same page. About ten minutes on a core.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

import coverage_cases as cases
from coverage_data import Figure

PAGE = Path(__file__).parents[1] / "docs" / "statistics.md"

SECTIONS: dict[str, tuple[Callable[..., list[Figure]], int]] = {
    "shares": (cases.shares, 0),
    "drops": (cases.drops, 0),
    "shared": (cases.shared_accuracies, 1_000),
    "r2": (cases.r2_changes, 1_000),
    "errors": (cases.error_tests, 300),
    "f1": (cases.f1_changes, 100),
    "families": (cases.families, 10_000),
    "power": (cases.power, 1_000),
    "summaries": (cases.summaries, 150),
    "spreads": (cases.spreads, 1_000),
}
"""By name: what is measured, and with how many replications (0: summed exactly)."""


def measure(section: str, scale: float = 1.0) -> list[Figure]:
    """Return the figures of a section with a share of its replications."""
    function, replications = SECTIONS[section]
    return function(max(1, round(replications * scale))) if replications else function()


def table(figures: list[Figure]) -> str:
    """Return the figures as a Markdown table, in percent, with their Monte-Carlo error."""
    lines = ["| case | measured | Monte-Carlo error |", "|---|---|---|"]
    for figure in figures:
        case = f"{figure.case}; at {figure.worst}" if figure.worst else figure.case
        error = f"{figure.error:.1%}" if figure.replications else "none (exact)"
        lines.append(f"| {case} | {figure.value:.1%} | {error} |")
    return "\n".join(lines)


def failing(figures: list[Figure]) -> list[str]:
    """Return the figures that lie outside the limits that we promise."""
    return [
        f"{f.case} {f.worst}: {f.value:.2%}, expected {f.limits[0]:.1%} to {f.limits[1]:.1%}"
        for f in figures
        if not f.limits[0] <= f.value <= f.limits[1]
    ]


def written(page: str, section: str, text: str) -> str:
    """Return the page with the table of a section put between its markers."""
    start, end = f"<!-- {section}: generated -->", f"<!-- {section}: end -->"
    pattern = re.compile(f"{re.escape(start)}.*?{re.escape(end)}", re.DOTALL)
    if not pattern.search(page):
        raise SystemExit(f"{PAGE}: expected the markers of {section}, got none")
    return pattern.sub(lambda _: f"{start}\n{text}\n{end}", page)


def shown(page: str, section: str) -> dict[str, float]:
    """Return what the page says of each case of a section, as a share."""
    _, _, rest = page.partition(f"<!-- {section}: generated -->")
    part, _, _ = rest.partition(f"<!-- {section}: end -->")
    rows = [line.strip("| ").split(" | ") for line in part.strip().splitlines()[2:]]
    return {row[0].split("; at ")[0]: float(row[1].rstrip("%")) / 100 for row in rows}


def main() -> int:
    """Measure what is asked for; the exit code is 1 where a promise is not kept."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(SECTIONS))
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--dry-run", action="store_true")
    options = parser.parse_args()
    unknown = [name for name in options.sections if name not in SECTIONS]
    if unknown:
        parser.error(f"expected sections among {', '.join(SECTIONS)}, got {', '.join(unknown)}")
    broken = []
    for section in options.sections or SECTIONS:
        began = time.perf_counter()
        figures = measure(section, 0.05 if options.quick else 1.0)
        took = time.perf_counter() - began
        print(f"\n## {section} ({took:.0f} s)\n\n{table(figures)}", flush=True)
        broken += failing(figures)
        if not options.quick and not options.dry_run:
            page = PAGE.read_text(encoding="utf-8")
            PAGE.write_text(written(page, section, table(figures)), encoding="utf-8")
    for line in broken:
        print(f"outside: {line}", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
