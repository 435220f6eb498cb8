"""What all benchmarks share: arguments, rounds in turning order, the machine, results as JSON.

A benchmark is one script, `benchmarks/NAME.py`, that measures ours beside a peer in one run::

    from common import NotMeasured, Results, Target, interleaved, parser

    def main() -> None:
        options = parser(__doc__, rounds=3).parse_args()    # --small, --rounds, --peers, --out
        results = Results("predict", "Prediction", "Batches of one length, against ...", options)
        seconds, missing = interleaved(
            {"robustft": lambda turn: ours(turn), "pipeline": lambda turn: theirs(turn)},
            options.rounds,
        )                                                   # {"robustft": [3 figures], ...}
        table = results.table("Reviews", "1,000 reviews at 512 tokens, batch 32.")
        table.row(
            "a thousand reviews", against="pipeline", unit="s", better="less",
            ours=seconds["robustft"], peer=seconds.get("pipeline"), missing=missing.get("pipeline"),
            target=Target(1.3), extra={"padding": "1.4 %"},
        )
        results.skip("GPU", "no GPU on this machine")        # what could not be measured, and why
        results.detail = {...}                              # anything else, for whoever looks
        results.save()                                      # prints the tables, and writes --out

    if __name__ == "__main__":
        main()

A contender returns one figure (or anything else: `interleaved` collects what comes); one that
cannot run raises `NotMeasured` with the reason. A row takes the figures of all rounds and says
medians, spreads (least to greatest) and the median of the rounds' ratios: a ratio of 2 always means
that ours is twice as good, whichever way `better` points. `Target(1.3)` binds the ratio,
`Target(0.3, of="ours", bound="at most")` our figure.

``--small`` is a quick look without files that takes seconds; it is written only where ``--out``
says. `benchmarks/tables.py` makes `docs/benchmarks.md` of `benchmarks/results/*.json`, so a figure
in a page is one in such a file. To be part of ``make bench``, stand in `SCRIPTS` of `run_all.py`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeVar

from children import Child, NotMeasured, ask_peer, peer_python, run_child
from machine import commit, load, machine, matrix_speed, usable_cores
from tables import SCHEMA, section

from robustft.data.files import atomic_path

__all__ = [
    "HERE",
    "Child",
    "NotMeasured",
    "Results",
    "Table",
    "Target",
    "ask_peer",
    "interleaved",
    "machine",
    "matrix_speed",
    "median",
    "parser",
    "peer_python",
    "run_child",
    "usable_cores",
]

HERE = Path(__file__).parent
T = TypeVar("T")


def parser(doc: str | None, *, rounds: int = 3) -> argparse.ArgumentParser:
    """Return a parser of a benchmark's arguments with those that all of them take."""
    made = argparse.ArgumentParser(description=(doc or "").split("\n", 1)[0])
    made.add_argument("--rounds", type=int, default=rounds, help="how often all is measured")
    made.add_argument("--small", action="store_true", help="a quick look that needs no files")
    made.add_argument("--peers", type=Path, help="a folder with one environment a library")
    made.add_argument(
        "--out",
        type=Path,
        help="where the results go; default: results/NAME.json, and nowhere with --small",
    )
    return made


def interleaved(
    contenders: Mapping[str, Callable[[int], T]],
    rounds: int,
    *,
    warm_up: int = 0,
    shown: bool = True,
) -> tuple[dict[str, list[T]], dict[str, str]]:
    """Run contenders in turning order, so that a machine whose speed drifts favours none.

    Parameters
    ----------
    contenders
        By name, what to run; it is told the number of the round and returns what it measured.
    warm_up
        Rounds before the first that do not count (their numbers are negative).

    Returns
    -------
    What each measured, round by round, and why the others were not measured.
    """
    found: dict[str, list[T]] = {}
    missing: dict[str, str] = {}
    order = list(contenders)
    for turn in range(-warm_up, rounds):
        start = turn % len(order)
        for name in order[start:] + order[:start]:
            if name in missing:
                continue
            began = time.perf_counter()
            try:
                figure = contenders[name](turn)
            except NotMeasured as reason:
                missing[name] = str(reason)
                found.pop(name, None)
                continue
            if turn >= 0:
                found.setdefault(name, []).append(figure)
            if shown:
                took = time.perf_counter() - began
                print(f"round {turn + 1} of {rounds}: {name} ({took:.1f} s)", file=sys.stderr)
    return found, missing


def median(figures: Sequence[float]) -> float:
    return statistics.median(figures)


@dataclass(frozen=True)
class Target:
    """What must hold: the ratio is at least this, or our figure at most that."""

    value: float
    of: Literal["ratio", "ours"] = "ratio"
    bound: Literal["at least", "at most"] = "at least"

    def met(self, figure: float | None) -> bool | None:
        if figure is None:
            return None
        return figure >= self.value if self.bound == "at least" else figure <= self.value


class Table:
    """Rows that are read together; `head` is what the two columns of figures are called."""

    def __init__(
        self, title: str, note: str = "", head: tuple[str, str] = ("ours", "the other")
    ) -> None:
        self.title, self.note, self.head = title, note, head
        self.rows: list[dict[str, Any]] = []

    def row(
        self,
        what: str,
        *,
        ours: float | Sequence[float] | None,
        unit: str,
        better: Literal["less", "more"] = "less",
        against: str = "",
        peer: float | Sequence[float] | None = None,
        missing: str | None = None,
        target: Target | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Add a row and return it.

        Parameters
        ----------
        what
            What was done, such as ``synonyms``.
        ours, peer
            The figures of all rounds (ratios are taken round by round), or one.
        against
            The peer; a row without one has no ratio.
        missing
            Why the peer, or with `ours` None ours, was not measured.
        extra
            More columns by their heading; numbers or texts.
        """
        mine, theirs = _figures(ours), _figures(peer)
        ratios = _ratios(mine, theirs, better)
        made = {
            "what": what,
            "against": against,
            "unit": unit,
            "better": better,
            **_spread("ours", mine),
            **_spread("peer", theirs),
            **_spread("ratio", ratios),
            "rounds": len(mine),
            "extra": dict(extra or {}),
        }
        if missing is not None:
            made["not_measured"] = missing
        if target is not None:
            made["target"] = asdict(target)
            made["met"] = target.met(made[target.of])
        self.rows.append(made)
        return made


class Results:
    """What a benchmark found, on the way to its file.

    The machine is described, and its load taken, when this is made: make it before measuring.
    """

    def __init__(self, name: str, title: str, what: str, options: argparse.Namespace) -> None:
        self.name, self.title, self.what = name, title, " ".join(what.split())
        self.options = options
        self.machine = machine()
        self.tables: list[Table] = []
        self.not_measured: dict[str, str] = {}
        self.peers: dict[str, str] = {}
        self.detail: dict[str, Any] = {}

    def table(
        self, title: str, note: str = "", head: tuple[str, str] = ("ours", "the other")
    ) -> Table:
        self.tables.append(Table(title, " ".join(note.split()), head))
        return self.tables[-1]

    def skip(self, what: str, why: str) -> None:
        """Say that something was not measured, and why."""
        self.not_measured[what] = why

    def as_json(self) -> dict[str, Any]:
        shown = {
            key: Path(value).name if isinstance(value, str | Path) and value else value
            for key, value in vars(self.options).items()
            if isinstance(value, str | Path | int | float | type(None))
        }
        return {
            "schema": SCHEMA,
            "name": self.name,
            "title": self.title,
            "what": self.what,
            "date": datetime.now(UTC).date().isoformat(),
            "commit": commit(),
            "small": bool(self.options.small),
            "machine": self.machine | {"load_after": load(), "peers": self.peers},
            "settings": {key: value for key, value in shown.items() if key != "out"},
            "tables": [vars(table) for table in self.tables],
            "not_measured": self.not_measured,
            "detail": self.detail,
        }

    def save(self) -> None:
        """Print the tables, and write all to the file named by ``--out``."""
        made = self.as_json()
        print(section(made))
        path = self.options.out
        if path is None and not self.options.small:
            path = HERE / "results" / f"{self.name}.json"
        if path is not None:
            with atomic_path(path, f"the results of {self.name}") as temporary:
                temporary.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
            print(f"saved: {path}", file=sys.stderr)


def _figures(given: float | Sequence[float] | None) -> list[float]:
    if given is None:
        return []
    return [float(given)] if isinstance(given, int | float) else [float(x) for x in given]


def _ratios(mine: list[float], theirs: list[float], better: str) -> list[float]:
    """Return how many times as good ours is, round by round where both have as many rounds."""
    if not mine or not theirs:
        return []
    if len(mine) != len(theirs):
        mine, theirs = [median(mine)], [median(theirs)]
    pairs = zip(mine, theirs, strict=True)
    ratios = [(b, a) if better == "less" else (a, b) for a, b in pairs]
    return [up / down for up, down in ratios if down]


def _spread(name: str, figures: list[float]) -> dict[str, Any]:
    if not figures:
        return {name: None}
    return {name: median(figures), f"{name}_spread": [min(figures), max(figures)]}
