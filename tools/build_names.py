"""Make the list of known names from the name files of the US Census of 1990.

``python tools/build_names.py FOLDER OUT`` reads ``dist.female.first``, ``dist.male.first`` and
``dist.all.last`` from FOLDER. A first name counts as a woman's or a man's if the other sex has it
at most a tenth as often, else as either's.
"""

from __future__ import annotations

import argparse
import lzma
from pathlib import Path

FEWEST = 0.004
"""Per cent of a sex that must bear a first name; a name of either is asked for more."""
FEWEST_OF_EITHER = 0.01
RATIO = 10
OFTEN = 0.25
"""A first name that a quarter as many people bear as a surname, or more, may well be one."""
SURNAMES = 10_000


def read(path: Path) -> dict[str, float]:
    """Return the names of a file, in lower case, with the percentage of people who bear them."""
    rows = (line.split() for line in path.read_text(encoding="ascii").splitlines())
    return {row[0].lower(): float(row[1]) for row in rows}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    female = read(options.folder / "dist.female.first")
    male = read(options.folder / "dist.male.first")
    last = read(options.folder / "dist.all.last")

    def mostly(own: dict[str, float], other: dict[str, float]) -> list[str]:
        return sorted(
            name
            for name, share in own.items()
            if share >= FEWEST and share >= RATIO * other.get(name, 0)
        )

    sections = {"female": mostly(female, male), "male": mostly(male, female)}
    known = {name for names in sections.values() for name in names}
    sections["either"] = sorted(
        name
        for name in female.keys() & male.keys() - known
        if max(female[name], male[name]) >= FEWEST_OF_EITHER
    )
    known |= set(sections["either"])
    sections["surnames"] = sorted(list(last)[:SURNAMES])
    sections["often surnames"] = sorted(
        name
        for name in known
        if last.get(name, 0) >= OFTEN * max(female.get(name, 0), male.get(name, 0))
    )
    text = "".join(f"[{title}]\n{' '.join(names)}\n" for title, names in sections.items())
    options.out.write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))


if __name__ == "__main__":
    main()
