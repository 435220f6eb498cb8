"""Transforms, side by side with the augmenters of other libraries: words changed per second.

    python benchmarks/transforms.py --imdb IMDB --sst2 SST2 --peers PEERS     # the real thing
    python benchmarks/transforms.py --small                                   # a quick look

`PEERS` is a folder with one virtual environment a library (``PEERS/nlpaug/bin/python`` ...); one
that is missing is reported as not measured. `NLTK_DATA` must name the data of nltk that they need.

All contenders get the same texts, in turning order, one process each. Ours record every edit and
protect spans. Libraries change very different shares of a text, so speed is counted in words
changed per second, by one counter for all (runs of letters that differ, aligned), and,
a second time, in texts per second with our rate set to the share that the peer was measured to
change. The reference speed is a regular-expression pass over the words and joining them again.
"""

from __future__ import annotations

import argparse
import difflib
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from peer_augmenters import PEERS

from robustft.data.dataset import load_dataset, sample
from robustft.data.run_folder import versions
from robustft.transform import perturb

HERE = Path(__file__).parent
REFERENCE = "reference: one pass and joining"
OURS = ("typos", "synonyms", "contractions", "typos,synonyms,contractions")
# Which of ours does what a peer does.
PAIRS = {
    "nlpaug SynonymAug": "synonyms",
    "textattack WordNetAugmenter": "synonyms",
    "nlpaug KeyboardAug": "typos",
    "nlpaug RandomCharAug swap": "typos",
    "textattack CharSwapAugmenter": "typos",
    "textattack WordSwapQWERTY": "typos",
    "augly simulate_typos": "typos",
    "augly contractions": "contractions",
    "textattack WordSwapContract": "contractions",
    "nlpaug OcrAug": "ocr",
    "augly replace_similar_chars": "leetspeak",
    "nlpaug SpellingAug": "misspellings",
}
_WORD, _RUN = re.compile(r"\w+|\W+"), re.compile(r"\w+")


class Timing(NamedTuple):
    """One contender on one corpus, once."""

    texts: int
    words: int
    changed: int
    seconds: float


def changed_words(before: str, after: str) -> int:
    """Count the words of `before` that are not in `after`, aligned; insertions do not count.

    Words are runs of letters and digits, so that a tokenizer's spaces (``It ' s``) change none.
    """
    old, new = _RUN.findall(before), _RUN.findall(after)
    if len(old) == len(new):
        return sum(a != b for a, b in zip(old, new, strict=True))
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    return len(old) - sum(block.size for block in matcher.get_matching_blocks())


def timed(texts: Sequence[str], change: Callable[[Sequence[str]], Sequence[str]]) -> Timing:
    """Time `change` on all texts; counting what changed is not part of it."""
    start = time.perf_counter()
    made = change(texts)
    return count(texts, made, time.perf_counter() - start)


def count(texts: Sequence[str], made: Sequence[str], seconds: float) -> Timing:
    done = texts[: len(made)]
    return Timing(
        len(done),
        sum(len(_RUN.findall(text)) for text in done),
        sum(map(changed_words, done, made)),
        seconds,
    )


def ours(spec: str, seed: int, rate: float | None = None) -> Callable[[Sequence[str]], list[str]]:
    chain = spec if rate is None else f"{spec}:rate={rate:.4f}"
    return lambda texts: perturb(texts, chain, seed=seed).texts


def reference(texts: Sequence[str]) -> list[str]:
    return ["".join(_WORD.findall(text)) for text in texts]


def peer(name: str, texts: Sequence[str], folder: Path | None, seconds: float) -> Any:
    """Run a peer in its environment; None where there is none, a string where it failed."""
    python = folder / name.partition(" ")[0] / "bin" / "python" if folder else None
    if python is None or not python.exists():
        return None
    job = {"peer": name, "texts": list(texts), "seconds": seconds}
    done = subprocess.run(
        [python, HERE / "peer_augmenters.py"],
        input=json.dumps(job),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        return (done.stderr.strip().splitlines() or ["no message"])[-1]
    found = json.loads(done.stdout[done.stdout.index('{"texts"') :])
    return count(texts, found["texts"], found["seconds"]), found["version"]


def read(options: argparse.Namespace) -> dict[str, list[str]]:
    """Return the corpora: 1,000 reviews, and the sentences of SST-2's validation and test."""
    if options.small or options.imdb is None:
        demo = list(
            sample(load_dataset("demo").test, 100 if options.small else 1_000, seed=0).texts
        )
        return {"demo reviews": demo}
    corpora = {"IMDB": list(sample(load_dataset(options.imdb).test, 1_000, seed=0).texts)}
    if options.sst2 is not None:
        data = load_dataset(options.sst2, keep_unlabelled=True)
        splits = (data.splits["validation"], data.splits["test"])
        corpora["SST-2"] = [text for split in splits for text in split.texts]
    return corpora


def measure(texts: list[str], options: argparse.Namespace) -> tuple[dict[str, Any], dict[str, str]]:
    """Run all contenders in turns; return their timings by name, and what was not measured."""
    peers = [name for name in PEERS if not options.only or name in options.only.split(",")]
    found: dict[str, list[Timing]] = {}
    missing: dict[str, str] = {}
    specs = [*OURS, *sorted({PAIRS[name] for name in peers} - set(OURS))]
    for spec in specs:  # word lists are read and tables filled before anything is timed
        perturb(texts[:50], spec)
    for turn in range(options.rounds):
        names: list[str] = [REFERENCE, *specs, *peers]
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            if name in missing:
                continue
            if name == REFERENCE:
                timing = timed(texts, reference)
            elif name not in PEERS:
                timing = timed(texts, ours(name, turn))
            else:
                outcome = peer(name, texts, options.peers, options.seconds)
                if not isinstance(outcome, tuple):
                    missing[name] = outcome or "not installed"
                    continue
                timing = outcome[0]
                missing.pop(name, None)
                options.versions[name.partition(" ")[0]] = outcome[1]
            found.setdefault(name, []).append(timing)
    return {name: summary(timings) for name, timings in found.items()}, missing


def summary(timings: Sequence[Timing]) -> dict[str, float]:
    """Return the medians over the rounds."""
    median = statistics.median
    return {
        "texts_per_second": median(t.texts / t.seconds for t in timings),
        "changed_words_per_second": median(t.changed / t.seconds for t in timings),
        "changed_share": median(t.changed / t.words for t in timings),
        "texts": timings[0].texts,
        "rounds": len(timings),
    }


def ratios(texts: list[str], table: dict[str, Any], rounds: int) -> list[dict[str, Any]]:
    """Compare each peer with ours: words changed per second, and texts at the peer's own rate."""
    rows = []
    for name, spec in PAIRS.items():
        if name not in table:
            continue
        theirs, mine = table[name], table[spec]
        rate = min(theirs["changed_share"], 1.0)
        same = summary([timed(texts, ours(spec, turn, rate)) for turn in range(rounds)])
        rows.append(
            {
                "peer": name,
                "ours": spec,
                "changed_words_ratio": mine["changed_words_per_second"]
                / max(theirs["changed_words_per_second"], 1e-9),
                "texts_ratio": mine["texts_per_second"] / theirs["texts_per_second"],
                "texts_ratio_at_their_rate": same["texts_per_second"] / theirs["texts_per_second"],
                "their_share": theirs["changed_share"],
                "our_share_at_their_rate": same["changed_share"],
            }
        )
    return rows


def memory(sentences: int) -> dict[str, float]:
    """Change generated sentences through the command line; return its greatest memory use."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "sentences.jsonl"
        texts = load_dataset("demo").train.texts
        with source.open("w", encoding="utf-8") as file:
            for i in range(sentences):
                row = {"id": str(i), "text": f"{texts[i % len(texts)][:100]} ({i})"}
                file.write(json.dumps(row) + "\n")
        child = (
            "import resource, sys\nfrom robustft.cli.main import main\n"
            "code = main(sys.argv[1:])\n"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)\n"
            "sys.exit(code)"
        )
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", child, "transform", source, "--out", f"{folder}/out"],
            capture_output=True,
            text=True,
            check=True,
        )
        seconds = time.perf_counter() - start
    peak = int(done.stderr.strip().splitlines()[-1]) * 1024 / 1e9
    return {"sentences": sentences, "peak_gigabytes": peak, "seconds": seconds}


def machine() -> dict[str, Any]:
    cpu = Path("/proc/cpuinfo")
    model = re.search(r"model name\s*: (.+)", cpu.read_text()) if cpu.exists() else None
    return {
        "cpu": model[1] if model else platform.processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "versions": versions(),
    }


def report(corpus: str, rows: list[dict[str, Any]], table: dict[str, Any]) -> None:
    print(f"\n{corpus}: how many times as fast as the peer")
    print(f"{'peer':<30}{'ours':<16}{'changed words/s':>16}{'texts/s':>10}{'at its rate':>12}")
    for row in rows:
        print(
            f"{row['peer']:<30}{row['ours']:<16}{row['changed_words_ratio']:>16.1f}"
            f"{row['texts_ratio']:>10.1f}{row['texts_ratio_at_their_rate']:>12.1f}"
        )
    print(f"\n{'contender':<36}{'texts/s':>10}{'changed words/s':>18}{'changed':>10}")
    for name, found in table.items():
        print(
            f"{name:<36}{found['texts_per_second']:>10.1f}"
            f"{found['changed_words_per_second']:>18.0f}{found['changed_share']:>10.1%}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--imdb", help="the folder with the reviews")
    parser.add_argument("--sst2", help="the folder with SST-2")
    parser.add_argument("--peers", type=Path, help="the folder of the peers' environments")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10, help="a peer's time on a corpus")
    parser.add_argument("--only", default="", metavar="PEERS", help="some peers, by their names")
    parser.add_argument("--memory", type=int, default=0, metavar="N", help="sentences to measure")
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "transforms.json")
    options = parser.parse_args()
    options.versions = {}
    if options.small:
        options.rounds = 1
    result: dict[str, Any] = {"corpora": {}}
    for corpus, texts in read(options).items():
        table, missing = measure(texts, options)
        rows = ratios(texts, table, options.rounds)
        report(corpus, rows, table)
        for name, reason in missing.items():
            print(f"not measured: {name}: {reason}")
        result["corpora"][corpus] = {"ratios": rows, "contenders": table, "missing": missing}
    if options.memory:
        result["memory"] = memory(options.memory)
        print(json.dumps(result["memory"]))
    result |= {"peer_versions": options.versions, "machine": machine()}
    if not options.small:
        options.out.parent.mkdir(exist_ok=True)
        options.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
