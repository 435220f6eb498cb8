"""Measure what optical character recognition confuses: where the weights of `ocr` come from.

    python tools/measure_ocr.py REVIEWS.parquet [--column text] [--pages 270] [--engine ocrad]

Pages of real text are set in several book, office and typewriter fonts, printed too light or too
dark, blurred, speckled and scanned at 100 to 200 dots an inch, then read by engines on the PATH:
tesseract (with a language model), ocrad and gocr (by the shapes of the letters alone). Counted
are the words in which one place was read wrongly: what stood there, and what was read. Printed is
for each confusion how often each engine made it in 10,000 occurrences of what stood there, the
mean of the engines first.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import tempfile
import textwrap
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from PIL import Image, ImageDraw, ImageFilter, ImageFont

ENGINES = {
    "tesseract": ["tesseract", "{page}", "-", "--psm", "6"],
    "ocrad": ["ocrad", "--format=utf8", "{page}"],
    "gocr": ["gocr", "-f", "UTF8", "-i", "{page}"],
}
FONTS = (
    "LiberationSerif-Regular.ttf",
    "LiberationSans-Regular.ttf",
    "LiberationMono-Regular.ttf",
    "DejaVuSerif.ttf",
    "DejaVuSans.ttf",
    "FreeSerif.ttf",
    "LinLibertine_R.otf",
    "EBGaramond12-Regular.otf",
    "OldStandard-Regular.ttf",
)
POINTS = 11
DOTS = (130, 170, 220, 300)
LINES, WIDTH = 40, 68
LONGEST = 3
MOST_WRONG = 4  # of the twelve words of a line: worse is a page that nobody would keep
PRINTABLE = re.compile(r"[ -~]+")


def lines_of(path: str, column: str) -> Iterator[str]:
    """Yield lines of the texts in plain ASCII."""
    for text in pq.read_table(path, columns=[column])[column].to_pylist():
        plain = " ".join(text.replace("<br />", " ").split())
        if PRINTABLE.fullmatch(plain):
            yield from textwrap.wrap(plain, WIDTH)[:-1]


def scan(lines: list[str], font: str, dots: int, random: np.random.Generator) -> Image.Image:
    """Set, print and scan a page: grey ink of a random spread, dust, and a threshold."""
    scale = 2
    type_ = ImageFont.truetype(font, round(POINTS / 72 * dots * scale))
    height = round(POINTS / 72 * dots * scale * 1.5)
    width = round(max(type_.getlength(line) for line in lines)) + 2 * height
    page = Image.new("L", (width, height * (len(lines) + 2)), 255)
    pen = ImageDraw.Draw(page)
    for row, line in enumerate(lines, 1):
        pen.text((height, row * height), line, font=type_, fill=0)
    page = page.rotate(random.normal(0, 0.15), fillcolor=255, resample=Image.Resampling.BICUBIC)
    page = page.filter(ImageFilter.GaussianBlur(scale * random.uniform(0.4, 0.8)))
    page = page.resize((page.width // scale, page.height // scale), Image.Resampling.BOX)
    grey = np.asarray(page, np.float32) + random.normal(0, 12, (page.height, page.width))
    return Image.fromarray((grey > random.uniform(100, 200)).astype(np.uint8) * 255)


def read(page: Path, engine: str) -> list[list[str]]:
    """Return the words of each line that is not empty."""
    command = [part.format(page=page) for part in ENGINES[engine]]
    one = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    done = subprocess.run(command, capture_output=True, check=False, env=one)
    text = done.stdout.decode("utf-8", "replace")
    return [line.split() for line in text.splitlines() if line.strip()]


def alike(first: str, second: str) -> int:
    """Return how many characters two strings have in common from their beginning."""
    pairs = enumerate(zip(first, second, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(first), len(second)))


def confusion(true: str, seen: str) -> tuple[str, str] | None:
    """Return what differs in one place of a word, or None."""
    if true == seen:
        return None
    start = alike(true, seen)
    ending = alike(true[start:][::-1], seen[start:][::-1])
    left = true[start : len(true) - ending], seen[start : len(seen) - ending]
    return left if max(map(len, left)) <= LONGEST else None


def segments(words: list[str]) -> Iterator[str]:
    """Yield all runs of one to three characters of the words."""
    for word in words:
        for length in range(1, LONGEST + 1):
            yield from (word[at : at + length] for at in range(len(word) - length + 1))


class Tally:
    """What one engine was shown, and what it took for what."""

    def __init__(self) -> None:
        self.stood: Counter[str] = Counter()
        self.confused: Counter[tuple[str, str]] = Counter()

    def add(self, line: str, words: list[str]) -> None:
        """Count a line, unless it was read so badly that its words cannot be paired."""
        true = line.split()
        if len(true) == len(words) and sum(map(str.__ne__, true, words)) <= MOST_WRONG:
            self.stood.update(segments(true))
            pairs = map(confusion, true, words)
            self.confused.update(pair for pair in pairs if pair)

    def rate(self, pair: tuple[str, str]) -> float:
        """Return how often a confusion was made in 10,000 occurrences of what stood there."""
        return 1e4 * self.confused[pair] / max(1, self.stood[pair[0]])


def main() -> None:
    """Print pages, have them read, count."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("parquet")
    parser.add_argument("--column", default="text")
    parser.add_argument("--pages", type=int, default=252)
    parser.add_argument("--engine", action="append", choices=list(ENGINES))
    parser.add_argument("--least", type=int, default=4)
    options = parser.parse_args()
    random = np.random.default_rng(0)
    source = lines_of(options.parquet, options.column)
    tallies = {engine: Tally() for engine in options.engine or ENGINES}
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "page.pgm")
        for number in range(options.pages):
            lines = [line for line, _ in zip(source, range(LINES), strict=False)]
            dots = DOTS[number // len(FONTS) % len(DOTS)]
            scan(lines, FONTS[number % len(FONTS)], dots, random).save(page)
            for engine, tally in tallies.items():
                seen = read(page, engine)
                if len(seen) == len(lines):
                    for line, words in zip(lines, seen, strict=True):
                        tally.add(line, words)
    for engine, tally in tallies.items():
        characters = sum(n for segment, n in tally.stood.items() if len(segment) == 1)
        print(f"{engine}: {characters} characters, {tally.confused.total()} confusions")
    table = []
    for pair in set().union(*(tally.confused for tally in tallies.values())):
        rates = [tally.rate(pair) for tally in tallies.values()]
        count = sum(tally.confused[pair] for tally in tallies.values())
        if pair[0] and count >= options.least:
            table.append((sum(rates) / len(rates), pair, rates, count))
    for mean, (true, seen), rates, count in sorted(table, reverse=True):
        each = " ".join(f"{rate:.1f}" for rate in rates)
        print(f"{mean:.1f}\t{true}\t{seen or '(nothing)'}\t{each}\t{count}")


if __name__ == "__main__":
    main()
