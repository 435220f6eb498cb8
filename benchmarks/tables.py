"""Make `docs/benchmarks.md` of `benchmarks/results/*.json`, and put tables into other pages.

    python benchmarks/tables.py             # write docs/benchmarks.md and the blocks of PAGES anew
    python benchmarks/tables.py --check     # change nothing; exit with 1 where a page has others
    python benchmarks/tables.py --results FOLDER --page FILE    # of another folder, one page

In a page, ``<!-- BENCHMARK: NAME -->`` and the next ``<!-- end -->`` enclose the tables of
``results/NAME.json``; ``NAME/TITLE`` is the table of that title (lower case, ``-`` for all that is
neither letter nor digit), and ``targets`` what must hold and whether it does.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RESULTS = HERE / "results"
DOCS = HERE.parent / "docs"
PAGES = [HERE.parent / "README.md", *sorted(DOCS.glob("*.md"))]
SCHEMA = 1
BLOCK = re.compile(r"(<!-- BENCHMARK: ([\w/-]+) -->\n).*?(<!-- end -->)", re.DOTALL)

# The order of the page, and what a benchmark without results is called.
TITLES = {
    "transforms": "Transforms beside other libraries",
    "train_cpu": "Fine-tuning on a CPU",
    "gpu": "One GPU",
    "predict": "Prediction on a CPU",
    "frozen": "Training over a frozen encoder",
    "attack": "Attacks beside TextAttack",
    "constraints": "Constraints",
    "startup": "Start-up",
    "memory": "Memory",
    "scale": "A corpus on a Ray cluster",
}

HEAD = """\
# Benchmarks

This page is made of `benchmarks/results/*.json` by `python benchmarks/tables.py`: no figure in it
was typed. [benchmarks/README.md](../benchmarks/README.md) says what each script does and how to run
it yourself (`make bench`); [performance.md](performance.md) says why it is as fast as it is.

Ours and the peer are measured in one run, in turning order, on one machine. A ratio says how many
times as good ours is (2 x: half the time, or twice the speed), the median of the rounds' ratios,
with the least and the greatest in brackets. Absolute figures hold for the machine that is named.
A commit with a plus sign had uncommitted changes.
"""


def number(value: Any) -> str:
    """Return a figure with three digits that count; a text as it is."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return str(value)
    if abs(value) >= 100 or (isinstance(value, int) and value == int(value)):
        return f"{value:,.0f}"
    if abs(value) >= 1:
        return f"{value:.{2 if abs(value) < 10 else 1}f}"
    return f"{value:.3g}" if value else "0"


def spread(row: Mapping[str, Any], name: str, unit: str) -> str:
    """Return the median of a figure, with its least and greatest where there are several."""
    if row.get(name) is None:
        return ""
    low, high = row[f"{name}_spread"]
    bounds = f" ({number(low)} to {number(high)})" if row["rounds"] > 1 else ""
    return f"{number(row[name])} {unit}{bounds}".replace("  ", " ").strip()


def bound(row: Mapping[str, Any]) -> str:
    """Return what must hold."""
    target = row["target"]
    unit = "x" if target["of"] == "ratio" else row["unit"]
    return f"{target['bound']} {number(target['value'])} {unit}".strip()


def verdict(row: Mapping[str, Any]) -> str:
    """Say whether a row's target is met."""
    return {True: "yes", False: "no", None: "not measured"}[row.get("met")]


def grid(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table, without the columns that are empty throughout."""
    rows = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    used = [i for i in range(len(head)) if i == 0 or any(row[i] for row in rows)]
    lines = [
        [head[i] for i in used],
        ["---"] * len(used),
        *([row[i] for i in used] for row in rows),
    ]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def table(found: Mapping[str, Any]) -> str:
    """Return a table of results: ratios first."""
    extra = list(dict.fromkeys(key for row in found["rows"] for key in row["extra"]))
    rows = []
    for row in found["rows"]:
        cells = [row["what"], row["against"], spread(row, "ratio", "x")]
        if row["against"] and row.get("not_measured"):
            cells[2] = f"not measured: {row['not_measured']}"
        cells += [f"{bound(row)}: {verdict(row)}" if "target" in row else ""]
        cells += [spread(row, name, row["unit"]) for name in ("ours", "peer")]
        if row["ours"] is None:
            cells[4] = f"not measured: {row.get('not_measured', 'no reason given')}"
        rows.append([*cells, *(number(row["extra"].get(key, "")) for key in extra)])
    note = f"{found['note']}\n\n" if found["note"] else ""
    head = ["", "against", "ratio", "target", *found["head"], *extra]
    return f"**{found['title']}.** {note}" + ("" if note else "\n\n") + grid(head, rows)


def surroundings(made: Mapping[str, Any]) -> str:
    """Return one sentence: when, of which commit, on what."""
    about = made["machine"]
    parts = [f"{about['cpu']}, {about['cores']} cores"]
    if about.get("threads"):
        parts.append(f"{about['threads']} thread" + "s" * (about["threads"] > 1))
    if about.get("caches"):
        parts.append(about["caches"])
    if about.get("memory_gb"):
        parts.append(f"{number(about['memory_gb'])} GB")
    if about.get("gpu"):
        parts.append(about["gpu"])
    if about.get("gflops_fp32"):
        parts.append(f"{number(about['gflops_fp32'])} GFLOP/s in fp32")
    if about.get("system"):
        parts.append(about["system"])
    shown = ("python", "numpy", "torch", "transformers")
    kept = {key: about.get("versions", {}).get(key) for key in shown} | about.get("peers", {})
    parts += [f"{key} {value}" for key, value in kept.items() if value]
    load = [about.get("load_before"), about.get("load_after")]
    if None not in load:
        parts.append(f"load {load[0]:.2f} before and {load[1]:.2f} after")
    settings = {k: v for k, v in made["settings"].items() if v not in (None, "", False, 0)}
    given = ", ".join(f"{key} {value}" for key, value in settings.items() if key != "peers")
    return f"*Measured on {made['date']}, commit {made['commit']}: {'; '.join(parts)}. {given}.*\n"


def body(made: Mapping[str, Any]) -> str:
    """Return the tables of one benchmark and what was not measured."""
    parts = [table(found) for found in made["tables"]]
    if made["not_measured"]:
        lines = [f"- {what}: {why}\n" for what, why in made["not_measured"].items()]
        parts.append("Not measured:\n\n" + "".join(lines))
    return "\n".join(parts)


def section(made: Mapping[str, Any]) -> str:
    """Return what a page says of one benchmark."""
    small = "**A quick look on little data, not to be quoted.** " if made["small"] else ""
    return f"## {made['title']}\n\n{small}{made['what']}\n\n{body(made)}\n{surroundings(made)}"


def targets(results: Iterable[Mapping[str, Any]]) -> str:
    """Return a table of all that must hold, and whether it does."""
    rows = []
    for made in results:
        for found in made["tables"]:
            for row in found["rows"]:
                if "target" not in row:
                    continue
                of = row["target"]["of"]
                what = f"{row['what']}, against {row['against']}" if row["against"] else row["what"]
                said = spread(row, of, "x" if of == "ratio" else row["unit"])
                rows.append(
                    [made["title"], f"{found['title']}: {what}", said, bound(row), verdict(row)]
                )
    return grid(["", "what", "measured", "target", "met"], rows)


def read(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the results in a folder, in the order of the page."""
    found = {path.stem: json.loads(path.read_text("utf-8")) for path in folder.glob("*.json")}
    found = {name: made for name, made in found.items() if made.get("schema") == SCHEMA}
    order = [*TITLES, *sorted(set(found) - set(TITLES))]
    return {name: found[name] for name in order if name in found}


def page(results: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the page of all benchmarks."""
    held = targets(results.values()) if results else "Nothing was measured yet.\n"
    parts = [HEAD, f"## Targets\n\n{held}", *map(section, results.values())]
    if absent := [
        f"- {title} (`{name}.py`)\n" for name, title in TITLES.items() if name not in results
    ]:
        parts.append("## Not measured\n\n" + "".join(absent))
    return "\n".join(parts)


def slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def included(text: str, results: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a page with all its blocks put in anew."""

    def anew(found: re.Match[str]) -> str:
        name, _, title = found[2].partition("/")
        if name == "targets":
            said = targets(results.values())
        elif name not in results:
            said = "Not measured yet.\n"
        elif not title:
            said = f"{body(results[name])}\n{surroundings(results[name])}"
        else:
            of = {slug(each["title"]): each for each in results[name]["tables"]}
            said = table(of[title]) if title in of else "Not measured yet.\n"
        return f"{found[1]}\n{said}\n{found[3]}"

    return BLOCK.sub(anew, text)


def main() -> int:
    """Read the command line and do it."""
    given = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    given.add_argument("--check", action="store_true", help="change nothing")
    given.add_argument("--results", type=Path, default=RESULTS)
    given.add_argument("--page", type=Path, help="write this page alone")
    options = given.parse_args()
    results = read(options.results)
    pages = {options.page or DOCS / "benchmarks.md": page(results)}
    if options.page is None:
        for path in PAGES:
            text = path.read_text(encoding="utf-8")
            if BLOCK.search(text) and path.name != "benchmarks.md":
                pages[path] = included(text, results)
    others = {p: t for p, t in pages.items() if not p.exists() or p.read_text("utf-8") != t}
    for path, text in others.items():
        print(f"{path.name}: {'has other figures' if options.check else 'written'}")
        if not options.check:
            path.write_text(text, encoding="utf-8")
    return int(options.check and bool(others))


if __name__ == "__main__":
    sys.exit(main())
