"""Check that every answer stands where the transformed data say, under every transform.

    python tools/check_answers.py SQUAD [--rows 2000] [--rate 0.3] [--with typos,casing]

Each transform that keeps answers is used alone, then all of them in order, on questions and
contexts, with the answers protected and with the answers following the edits. For every answer of
every row, ``context[start : start + len(answer)]`` must be the answer; where answers are
protected, it must also be the one that it was. Exit code 1 if one is not.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from typing import NamedTuple

from robustft.data.build import members_of, transform_split
from robustft.data.change import TransformedSplit
from robustft.data.dataset import load_dataset, sample
from robustft.data.fields import Scope
from robustft.data.split import Split
from robustft.errors import RobustftError
from robustft.transform.base import LabelKind, Transform
from robustft.transform.perturbed import Status
from robustft.transform.registry import get, names

FRAME = "{:24} {:8} {:>8} {:>9} {:>8} {:>8} {:>8} {:>6}"


class Finding(NamedTuple):
    """What a transform did to contexts and their answers."""

    contexts: int
    rejected: int
    answers: int
    moved: int
    rewritten: int
    wrong: int


def keeping_answers() -> list[str]:
    """Return the installed transforms that keep answers and need nothing to run."""
    found = []
    for name in names():
        made = get(name)
        if isinstance(made, type) and issubclass(made, Transform):
            needs = getattr(made, "needs", "")
            found += [name] if LabelKind.ANSWER_SPAN in made.preserves and not needs else []
    return found


def check(before: Split, made: TransformedSplit, spans: str) -> Finding:
    """Count the answers that moved, that read otherwise, and that are not where they should be."""
    after = made.split
    answers = moved = rewritten = wrong = 0
    for context, old, new in zip(
        after.pairs or (), before.answers or (), after.answers or (), strict=True
    ):
        wrong += abs(len(old.texts) - len(new.texts))
        pairs = zip(old.texts, old.starts, new.texts, new.starts, strict=False)
        for text, start, now, place in pairs:
            if start < 0:
                continue  # its place was never known
            answers += 1
            moved += start != place
            rewritten += text != now
            stands = place >= 0 and now != "" and context[place : place + len(now)] == now
            wrong += not stands or (spans == "protect" and text != now)
    status = made.perturbed.columns[after.task.pair_column or ""].status
    return Finding(
        sum(s is Status.CHANGED for s in status),
        sum(s is Status.REJECTED for s in status),
        answers,
        moved,
        rewritten,
        wrong,
    )


def findings(split: Split, specs: list[str]) -> Iterator[tuple[str, str, Finding]]:
    """Yield what each transform does alone, and all together, in both ways."""
    chains = dict(zip([m.name for s in specs for m in members_of(s)], specs, strict=False))
    if len(specs) > 1:
        chains["all in order"] = ",".join(specs)
    for name, chain in chains.items():
        for spans in ("protect", "follow"):
            made = transform_split(split, chain, scope=Scope(spans=spans))
            yield name, spans, check(split, made, spans)


def main(arguments: list[str]) -> int:
    """Print a line a transform; return 1 if an answer is wrong anywhere."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", help="what --data takes: questions, contexts and answers")
    parser.add_argument("--split", default="test")
    parser.add_argument("--rows", type=int, default=2_000)
    parser.add_argument("--rate", type=float, default=0.3)
    parser.add_argument("--with", dest="named", default=None, help="by default all there are")
    options = parser.parse_args(arguments)
    named = options.named.split(",") if options.named else keeping_answers()
    try:
        split = load_dataset(options.data, make_splits=False)[options.split]
    except RobustftError as error:
        print(error, file=sys.stderr)
        return 2
    split = sample(split, options.rows, seed=0)
    print(f"{len(split):,} rows of {options.data}, rate {options.rate}")
    print(FRAME.format("transform", "answers", "contexts", "rejected", *Finding._fields[2:]))
    wrong = 0
    for name, spans, found in findings(split, [f"{n}:rate={options.rate}" for n in named]):
        print(FRAME.format(name, spans, *found), flush=True)
        wrong += found.wrong
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
