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
Seconds are those of the processor, which other work on the machine does not lengthen (``--clock
wall`` takes the clock's), but for two workers beside one: there it is the clock's.
"""

from __future__ import annotations

import argparse
import difflib
import re
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from common import Results, Target, ask_peer, interleaved, median, parser
from corpora import reviews, sentences
from peer_augmenters import PEERS

from robustft.transform import perturb

REFERENCE = "reference"
MIX = "typos,synonyms,contractions"
OURS = ("typos", "synonyms", "contractions", MIX)
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
# With --small, one of each library, which takes as long to import as the others.
SMALL = "nlpaug KeyboardAug,textattack WordSwapQWERTY,augly contractions"
# On reviews, what must hold: times the words a second of a peer, shares of the reference speed.
TARGETS = {"nlpaug SynonymAug": 100, "nlpaug KeyboardAug": 15}
SHARES = {spec: 1 / 3 if spec == MIX else 2 / 3 for spec in OURS}
_WORD, _RUN = re.compile(r"\w+|\W+"), re.compile(r"\w+")


class Timing(NamedTuple):
    """One contender on one corpus, once."""

    texts: int
    words: int
    changed: int
    seconds: float

    @property
    def speed(self) -> float:
        return self.texts / self.seconds

    @property
    def changed_words(self) -> float:
        return self.changed / self.seconds

    @property
    def share(self) -> float:
        return self.changed / self.words


def changed_words(before: str, after: str) -> int:
    """Count the words of `before` that are not in `after`, aligned; insertions do not count.

    Words are runs of letters and digits, so that a tokenizer's spaces (``It ' s``) change none.
    """
    old, new = _RUN.findall(before), _RUN.findall(after)
    if len(old) == len(new):
        return sum(a != b for a, b in zip(old, new, strict=True))
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    return len(old) - sum(block.size for block in matcher.get_matching_blocks())


def timed(
    texts: Sequence[str], change: Callable[[Sequence[str]], Sequence[str]], clock: str
) -> Timing:
    """Time `change` on all texts; counting what changed is not part of it."""
    now = time.process_time if clock == "cpu" else time.perf_counter
    start = now()
    made = change(texts)
    return count(texts, made, now() - start)


def count(texts: Sequence[str], made: Sequence[str], seconds: float) -> Timing:
    done = texts[: len(made)]
    words = sum(len(_RUN.findall(text)) for text in done)
    return Timing(len(done), words, sum(map(changed_words, done, made)), seconds)


def ours(spec: str, seed: int, rate: float | None = None) -> Callable[[Sequence[str]], list[str]]:
    chain = spec if rate is None else f"{spec}:rate={rate:.4f}"
    return lambda texts: perturb(texts, chain, seed=seed).texts


def reference(texts: Sequence[str]) -> list[str]:
    return ["".join(_WORD.findall(text)) for text in texts]


def peer(name: str, texts: list[str], options: argparse.Namespace, results: Results) -> Timing:
    """Run a peer in its environment, for as long as it may."""
    library = name.partition(" ")[0]
    job = {"peer": name, "texts": texts, "seconds": options.seconds}
    found = ask_peer(options.peers, library, "peer_augmenters.py", job)
    results.peers[library] = found["version"]
    return count(texts, found["texts"], found["cpu" if options.clock == "cpu" else "seconds"])


def contenders(
    texts: list[str], options: argparse.Namespace, results: Results
) -> dict[str, Callable[[int], Timing]]:
    """Return all that is measured on a corpus, by name."""
    peers = [name for name in PEERS if not options.only or name in options.only.split(",")]
    specs = [*OURS, *sorted({PAIRS[name] for name in peers} - set(OURS))]
    for spec in specs:  # word lists are read and tables filled before anything is timed
        perturb(texts[:50], spec)

    def one_of_ours(spec: str, turn: int) -> Timing:
        return timed(texts, ours(spec, turn), options.clock)

    def one_of_theirs(name: str, _: int) -> Timing:
        return peer(name, texts, options, results)

    return {
        REFERENCE: lambda _: timed(texts, reference, options.clock),
        **{spec: partial(one_of_ours, spec) for spec in specs},
        **{name: partial(one_of_theirs, name) for name in peers},
    }


def measure(corpus: str, texts: list[str], options: argparse.Namespace, results: Results) -> None:
    """Run all contenders in turns and note what they did."""
    found, missing = interleaved(contenders(texts, options, results), options.rounds)
    long = corpus != "SST-2"
    beside_reference(corpus, texts, found, results, long=long)
    beside_peers(corpus, texts, found, missing, options, results, long=long)
    results.detail[corpus] = {
        name: {
            "texts_per_second": median([t.speed for t in timings]),
            "changed_words_per_second": median([t.changed_words for t in timings]),
            "changed_share": median([t.share for t in timings]),
            "texts": timings[0].texts,
        }
        for name, timings in found.items()
    }


def beside_reference(
    corpus: str,
    texts: list[str],
    found: Mapping[str, list[Timing]],
    results: Results,
    *,
    long: bool,
) -> None:
    table = results.table(
        f"{corpus}: share of the reference speed",
        f"{len(texts):,} texts, severity 3, one process. The reference speed is one "
        "regular-expression pass over the words and joining them again.",
    )
    for spec in OURS:
        table.row(
            "the default mix" if spec == MIX else spec,
            against="the reference",
            unit="texts/s",
            better="more",
            ours=[t.speed for t in found[spec]],
            peer=[t.speed for t in found[REFERENCE]],
            target=Target(SHARES[spec]) if long else None,
            extra={"words changed": f"{median([t.share for t in found[spec]]):.1%}"},
        )


def beside_peers(
    corpus: str,
    texts: list[str],
    found: Mapping[str, list[Timing]],
    missing: Mapping[str, str],
    options: argparse.Namespace,
    results: Results,
    *,
    long: bool,
) -> None:
    """Compare each peer with ours: words changed per second, and texts at the peer's own rate."""
    table = results.table(f"{corpus}: words changed a second")
    for name, spec in PAIRS.items():
        if name not in found and name not in missing:
            continue
        theirs = found.get(name, [])
        extra = {}
        if theirs:
            rate = min(median([t.share for t in theirs]), 1.0)
            again = [
                timed(texts, ours(spec, i, rate), options.clock) for i in range(options.rounds)
            ]
            speed = median([t.speed for t in theirs])
            extra = {
                "texts a second": f"{median([t.speed for t in found[spec]]) / speed:.1f} x",
                "at its rate": f"{median([t.speed for t in again]) / speed:.1f} x",
                "its share of words": f"{rate:.1%}",
            }
        table.row(
            spec,
            against=name,
            unit="words/s",
            better="more",
            ours=[t.changed_words for t in found[spec]],
            peer=[t.changed_words for t in theirs],
            missing=missing.get(name),
            target=Target(TARGETS[name]) if long and name in TARGETS else None,
            extra=extra,
        )


def measure_workers(options: argparse.Namespace, results: Results) -> None:
    """Compare two workers with one, on enough texts that starting them does not count."""
    if results.machine["cores"] < 2:
        results.skip("two workers", "one core")
        return
    wanted = 200 if options.small else options.worker_texts
    corpus, texts = reviews(options.imdb, wanted)
    texts = (texts * -(-wanted // len(texts)))[:wanted]  # a split may have fewer

    def seconds(workers: int, _: int) -> float:
        start = time.perf_counter()
        perturb(texts, MIX, workers=workers)
        return time.perf_counter() - start

    both = {"one": partial(seconds, 1), "two": partial(seconds, 2)}
    found, _ = interleaved(both, options.rounds)
    table = results.table(f"{corpus}: two workers", f"{len(texts):,} texts, the default mix.")
    table.row(
        "two workers",
        against="one",
        unit="s",
        ours=found["two"],
        peer=found["one"],
        target=Target(1.8),
    )


def main() -> None:
    """Measure, print and save."""
    arguments = parser(__doc__)
    arguments.add_argument("--imdb", help="the folder with the reviews")
    arguments.add_argument("--sst2", help="the folder with SST-2")
    arguments.add_argument("--texts", type=int, default=1_000, help="reviews")
    arguments.add_argument("--worker-texts", type=int, default=100_000, help="for two workers")
    arguments.add_argument("--seconds", type=float, default=10, help="a peer's time on a corpus")
    arguments.add_argument("--clock", choices=("cpu", "wall"), default="cpu")
    arguments.add_argument("--only", default="", metavar="PEERS", help="some peers, by their names")
    options = arguments.parse_args()
    if options.small:
        options.rounds, options.texts, options.seconds = 1, 100, min(options.seconds, 2)
        options.only = options.only or SMALL
    results = Results(
        "transforms",
        "Transforms beside other libraries",
        """All get the same texts. Ours record every edit and protect spans. Libraries change very
        different shares of a text, so speed is counted in words changed a second, by one counter
        for all, and again in texts a second with our rate set to the peer's own share.""",
        options,
    )
    corpus, texts = reviews(options.imdb, options.texts)
    measure(corpus, texts, options, results)
    if options.sst2:
        measure("SST-2", sentences(options.sst2), options, results)
    measure_workers(options, results)
    results.save()


if __name__ == "__main__":
    main()
