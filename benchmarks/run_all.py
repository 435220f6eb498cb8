"""Run every benchmark that can run here, and make the page of tables of what they found.

    make bench IMDB=... SST2=... REPORTS=... MODEL=... SST2_MODEL=... IMDB_MODEL=... PEERS=...
    make bench-small                                # minutes, no files: does everything run?

What is not named is generated or said to be not measured; `benchmarks/README.md` tells what each
variable names. Results go to `benchmarks/results` and the page is `docs/benchmarks.md`; with
``--small`` both go to the folder `.bench`. A script that fails does not stop the others; the exit
code is then 1.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).parent

# Each script, with its options and the variables that they take.
SCRIPTS: dict[str, dict[str, str]] = {
    "startup": {"--peers": "PEERS"},
    "transforms": {"--imdb": "IMDB", "--sst2": "SST2", "--peers": "PEERS"},
    "constraints": {"--data": "IMDB", "--similarity-model": "MODEL"},
    "memory": {"--model": "SST2_MODEL", "--peers": "PEERS"},
    "frozen": {"--data": "REPORTS", "--model": "MODEL"},
    "predict": {"--imdb": "IMDB", "--sst2": "SST2", "--model": "SST2_MODEL"},
    "train_cpu": {"--data": "IMDB", "--model": "MODEL"},
    "gpu": {},
    "attack": {
        "--sst2": "SST2",
        "--sst2-model": "SST2_MODEL",
        "--imdb": "IMDB",
        "--imdb-model": "IMDB_MODEL",
        "--peers": "PEERS",
    },
    "scale": {"--imdb": "IMDB", "--folder": "SCALE_FOLDER"},
}


def arguments(name: str, variables: Mapping[str, str]) -> list[str]:
    """Return a script's options for the variables that are set, with paths in full."""
    found = []
    for option, variable in SCRIPTS[name].items():
        if given := variables.get(variable):
            path = Path(given)
            found += [option, str(path.absolute()) if path.exists() else given]
    return found


def run(name: str, out: Path, variables: Mapping[str, str], *, small: bool) -> bool:
    """Run one benchmark; say whether it succeeded."""
    words = [*arguments(name, variables), "--out", str(out / f"{name}.json")]
    print(f"\n== {name} {' '.join(words[:-2])}", flush=True)
    command = [sys.executable, str(HERE / f"{name}.py"), *words, *(["--small"] if small else [])]
    return subprocess.run(command, check=False).returncode == 0


def main() -> int:
    """Run them all, one after the other, and make the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("names", nargs="*", help="some benchmarks; default: all")
    parser.add_argument("--small", action="store_true", help="little data, no files")
    options = parser.parse_args()
    if unknown := sorted(set(options.names) - set(SCRIPTS)):
        parser.error(f"expected some of {', '.join(SCRIPTS)}, got {', '.join(unknown)}")
    out = HERE.parent / ".bench" if options.small else HERE / "results"
    failed = []
    for name in options.names or SCRIPTS:
        if not (HERE / f"{name}.py").exists():
            continue
        started = time.perf_counter()
        if not run(name, out, os.environ, small=options.small):
            failed.append(name)
        print(f"== {name}: {time.perf_counter() - started:.0f} s", flush=True)
    words = ["--results", str(out), "--page", str(out / "benchmarks.md")] if options.small else []
    subprocess.run([sys.executable, str(HERE / "tables.py"), *words], check=True)
    for name in failed:
        print(f"{name}: failed", file=sys.stderr)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
