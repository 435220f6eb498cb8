"""A corpus through `transform` on a Ray cluster, killed and resumed, beside the local engine.

    python benchmarks/scale.py --imdb IMDB --rows 1000000 --folder FOLDER    # the real thing
    python benchmarks/scale.py --small                                       # a quick look

Reviews are made of real ones (see `scale_corpus.py`) and written as sharded parquet. The default
mix goes over them twice: by a Ray cluster of one node with as many processors as the machine, whose
driver is killed (SIGKILL) when half of the shards are done and which is then started again, and by
the local engine with as many processes. Watched is the memory of every process; compared is every
byte of both results. From the rates that were measured follow the hours and the cost of a billion
documents of this length, on paper: processors are counted as those of this machine, and nothing is
added for what a store or a network may cost.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

from common import NotMeasured, Results, Target, parser, usable_cores
from scale_corpus import make_corpus
from scale_watch import Watched, watch

from robustft.data.dataset import load_dataset

DOCUMENTS = 1_000_000_000
# The cluster of the estimate, and what a virtual processor is assumed to cost: about what large
# clouds ask for general-purpose machines on demand. Nobody's offer; put in your own.
PROCESSORS = 512
DOLLARS_AN_HOUR, PRICE_DATE = 0.05, "November 2026"
GB = 1e9


class Outcome(NamedTuple):
    """What an engine made of the corpus."""

    folder: Path
    runs: list[Watched]
    rate: float
    """Reviews a second while it transforms."""
    done_before: int
    """Shards that were done when it was killed."""

    @property
    def peaks(self) -> dict[str, int]:
        roles = {role for run in self.runs for role in run.peaks}
        return {role: max(run.peaks.get(role, 0) for run in self.runs) for role in sorted(roles)}

    @property
    def seconds(self) -> float:
        return sum(run.seconds for run in self.runs)


def main() -> None:
    """Measure and save."""
    made = parser(__doc__, rounds=1)
    made.add_argument("--imdb", help="a folder of reviews; default: the demo's")
    made.add_argument("--rows", type=int, default=1_000_000)
    made.add_argument("--shards", type=int, default=100)
    made.add_argument("--workers", type=int, default=usable_cores())
    made.add_argument("--folder", type=Path, help="where the corpora lie; default: a temporary one")
    made.add_argument(
        "--compare", type=int, help="stop the local engine after so many shards; default: all"
    )
    made.add_argument("--engines", nargs="+", default=["local", "ray"], help="default: both")
    made.add_argument("--keep", action="store_true", help="leave the corpora there")
    options = made.parse_args()
    if options.small:
        options.rows, options.shards = min(options.rows, 400), 8
    results = Results(
        "scale",
        "A corpus on a Ray cluster",
        f"{options.rows:,} reviews in {options.shards} shards through `robustft transform` with "
        "the default mix: `--engine ray`, killed and resumed, beside `--engine local`.",
        options,
    )
    with tempfile.TemporaryDirectory(prefix="scale-") as temporary:
        folder = options.folder or Path(temporary)
        try:
            measure(results, options, folder)
        finally:
            if not options.keep:
                for name in ("corpus", "local", "ray"):
                    shutil.rmtree(folder / name, ignore_errors=True)
                    shutil.rmtree(folder / f"{name}.partial", ignore_errors=True)
    results.save()


def measure(results: Results, options: Any, folder: Path) -> None:
    data = load_dataset(options.imdb)
    split = data.splits["train"]
    labels = [] if split.labels is None else split.labels.tolist()
    corpus = folder / "corpus"
    characters = make_corpus(
        split.texts, labels, corpus, rows=options.rows, shards=options.shards, seed=0
    )
    say(f"{options.rows:,} reviews, {characters / GB:.2f} GB of text in {corpus}")
    found: dict[str, Outcome] = {}
    # Ray first: the time of the machine is best spent on what is to be shown.
    for engine in ("ray", "local"):
        if engine not in options.engines:
            results.skip(f"--engine {engine}", "it was not asked for")
            continue
        try:
            found[engine] = transformed(corpus, folder / engine, options, engine)
        except NotMeasured as reason:
            results.skip(f"--engine {engine}", str(reason))
    tell(results, options, found)
    if len(found) == 2:
        compare(results, found["ray"].folder, found["local"].folder)
    if found:
        estimate(results, options, next(iter(found.values())).rate, characters)
    results.detail = {
        "characters": characters,
        "processes": {engine: outcome.runs[-1].processes for engine, outcome in found.items()},
    }


def say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def transformed(corpus: Path, out: Path, options: Any, engine: str) -> Outcome:
    """Transform the corpus; on Ray, kill the command when half is done and start it again."""
    for left in (out, out.with_name(f"{out.name}.partial")):
        shutil.rmtree(left, ignore_errors=True)
    command = [sys.executable, "-m", "robustft", "transform", str(corpus), "--stream"]
    command += ["--engine", engine, "--workers", str(options.workers), "--out", str(out)]
    command += ["--label-kind", "sentiment"]
    partial = out.with_name(f"{out.name}.partial")
    notes = partial / "parts" / "done"

    def shards_done() -> int:
        return len(os.listdir(notes)) if notes.is_dir() else 0  # noqa: PTH208 (a large folder)

    if engine == "local" and options.compare:
        run = watch(command, lambda: shards_done() >= options.compare)
        if run.killed:
            rows = options.rows * shards_done() / options.shards
            return Outcome(partial, [run], rows / run.seconds, 0)
        return Outcome(out, [run], options.rows / run.seconds, 0)
    runs, before = [], 0
    if engine == "ray":
        os.environ.pop("RAY_ADDRESS", None)
        runs.append(watch(command, lambda: shards_done() >= options.shards // 2))
        before = shards_done() if runs[0].killed else 0
        say(f"{engine}: killed after {runs[0].seconds:.0f} s, {before} shards done")
    runs.append(watch(command))
    minutes = log_of(out)["minutes"]
    rows = options.rows * (1 - before / options.shards)
    outcome = Outcome(out, runs, (rows or options.rows) / (minutes * 60), before)
    say(f"{engine}: {outcome.seconds:.0f} s, {outcome.rate:,.0f} reviews a second")
    return outcome


def log_of(out: Path) -> dict[str, Any]:
    events = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    found: dict[str, Any] = events[-1]
    return found


def tell(results: Results, options: Any, outcomes: dict[str, Outcome]) -> None:
    speeds = results.table(
        "Speed",
        f"{options.rows:,} reviews, {options.workers} processes; reviews a second while the work "
        "is done, on Ray after it was started again. Seconds are those of the clock with all that "
        "belongs to it: starting (a cluster, too), finding copies of texts, putting it together.",
    )
    memory = results.table(
        "Memory", "The most that any one process of a kind held, shared pages counted in each."
    )
    for engine, found in outcomes.items():
        extra = {"seconds": round(found.seconds), "shards done when killed": found.done_before}
        if engine == "local":
            del extra["shards done when killed"]
        speeds.row(engine, ours=found.rate, unit="reviews/s", better="more", extra=extra)
        for role, held in found.peaks.items():
            memory.row(
                f"{engine}: {role}",
                ours=held / GB,
                unit="GB",
                target=Target(2.0, of="ours", bound="at most"),
            )


def compare(results: Results, ray: Path, local: Path) -> None:
    theirs, ours = digests_of(ray), digests_of(local)
    stopped = local.suffix == ".partial"
    if stopped:  # only what it had finished: each shard's note comes after its files
        done = {path.stem for path in (local / "parts" / "done").iterdir()}
        theirs, ours = (
            {n: d for n, d in m.items() if Path(n).stem in done} for m in (theirs, ours)
        )
        ours = {name: digest for name, digest in ours.items() if not name.startswith("parts")}
    names = sorted(set(theirs) | set(ours))
    other = [name for name in names if theirs.get(name) != ours.get(name)]
    what = "Of the shards that the local engine was given time for" if stopped else "Of all shards"
    table = results.table(
        "The same bytes",
        f"{what}, every file of the two results: texts and edits"
        + (". " if stopped else ", the list of shards, the manifest with its counts. ")
        + "The log, which holds the time, is left out.",
    )
    table.row(
        "files that differ",
        ours=len(other),
        unit="files",
        target=Target(0, of="ours", bound="at most"),
        extra={"files compared": len(names)},
    )
    say(f"{len(names)} files compared, {len(other)} differ {other[:3]}")


def digests_of(folder: Path) -> dict[str, str]:
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != "log.jsonl":
            digest = blake2b(digest_size=16)
            with path.open("rb") as file:
                while piece := file.read(1 << 20):
                    digest.update(piece)
            found[str(path.relative_to(folder))] = digest.hexdigest()
    return found


def estimate(results: Results, options: Any, rate: float, characters: int) -> None:
    """Say what a billion documents would take, from the rate of one processor here."""
    one = rate / options.workers
    hours = DOCUMENTS / one / 3600
    table = results.table(
        "A billion documents, on paper",
        f"Of this length ({characters / options.rows:,.0f} characters), from the rate measured "
        f"here on one processor ({one:,.0f} a second): nobody has run it. Assumed are {PROCESSORS} "
        f"virtual processors as fast as one of these that share the work evenly, and "
        f"{DOLLARS_AN_HOUR} US dollars for each and an hour (an assumption of {PRICE_DATE}, no "
        "offer); storage and traffic cost extra.",
    )
    table.row(f"{PROCESSORS} processors", ours=hours / PROCESSORS, unit="hours")
    table.row("processor time", ours=hours, unit="processor hours")
    table.row("cost", ours=hours * DOLLARS_AN_HOUR, unit="US dollars")


if __name__ == "__main__":
    main()
