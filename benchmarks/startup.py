"""How long a call takes before it does anything: commands, and imports beside other libraries'.

    python benchmarks/startup.py --peers PEERS      # the real thing
    python benchmarks/startup.py --small            # a quick look

Each call is a process of its own, in turning order. Imports are timed within theirs, without what
Python itself needs to start; commands from outside, with it, as a user waits for them. Bytecode is
there but in the last table, where Python compiles everything anew, as after an installation.
``--clock cpu`` counts seconds of the processor in place of the clock's, for a machine that others
use too.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from common import (
    HERE,
    Child,
    Results,
    Table,
    Target,
    interleaved,
    median,
    parser,
    peer_python,
    run_child,
)

COMMANDS = {"robustft --help": ["--help"], "robustft list": ["list"]}
FIRST = "robustft list, for the first time"
PLAIN = "python -c pass"
BARE = "import robustft"
TARGETS = {"robustft --help": 0.3, "robustft list": 0.4, BARE: 0.05}
TIMED = "from time import {0} as now; t = now(); {1}; print(now() - t)"
CLOCKS = {"wall": "perf_counter", "cpu": "process_time"}
# TextAttack imports flair, which wants an older transformers.
STAND_IN = (
    f"import sys; sys.path.insert(0, {str(HERE)!r}); "
    "import peer_augmenters; peer_augmenters._without_flair(); "
)
# What a script of each library begins with, and of ours for the same work: names of ours are loaded
# when they are imported, and no sooner.
IMPORTS = {
    "from nlpaug.augmenter.word import SynonymAug": "from robustft import perturb",
    "from textattack.augmentation import WordNetAugmenter": "from robustft import perturb",
    "from transformers import Trainer": "from robustft import train",
}


def surroundings(cache: Path, bytecode: Path | None = None) -> dict[str, str]:
    """Return variables for a call: where we keep what can be computed again, where bytecode is."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    kept |= {"ROBUSTFT_CACHE": str(cache), "HF_HUB_OFFLINE": "1"}
    if bytecode is not None:
        kept["PYTHONPYCACHEPREFIX"] = str(bytecode)
    return kept


def command(words: list[str], cache: Path | None, _: int) -> Child:
    """Call a command of ours as its script does; without a cache, in an empty one."""
    code = f"import sys; from robustft.cli.main import main; sys.exit(main({words!r}))"
    with tempfile.TemporaryDirectory() as empty:
        return run_child([sys.executable, "-c", code], env=surroundings(cache or Path(empty)))


def imported(statement: str, options: argparse.Namespace, bytecode: Path | None, _: int) -> float:
    """Return the seconds that an import takes within its process."""
    library = statement.split()[1].partition(".")[0]
    python = (
        peer_python(options.peers, library)
        if library in ("nlpaug", "textattack")
        else sys.executable
    )
    before = STAND_IN if library == "textattack" else ""
    with tempfile.TemporaryDirectory() as cache:
        variables = surroundings(Path(cache), bytecode)
        child = run_child(
            [python, "-c", before + TIMED.format(CLOCKS[options.clock], statement)], env=variables
        )
    return float(child.output.split()[-1])


def without_bytecode(call: Callable[[Path], float], _: int) -> float:
    """Call something where all of Python is compiled anew."""
    with tempfile.TemporaryDirectory() as folder:
        return call(Path(folder))


def measure_commands(options: argparse.Namespace, results: Results) -> None:
    with tempfile.TemporaryDirectory() as cache:
        calls = {name: partial(command, words, Path(cache)) for name, words in COMMANDS.items()}
        calls[FIRST] = partial(command, ["list"], None)
        calls[PLAIN] = lambda _: run_child([sys.executable, "-c", "pass"])
        found, _ = interleaved(calls, options.rounds, warm_up=1, shown=False)
    table = results.table(
        "Commands",
        """From the call to the end of the process. What the processor took does not depend on
        other work on the machine; the clock shows what a user waits. `robustft list` remembers what
        it said about built-in transforms; the first time it imports them.""",
    )
    for name, children in found.items():
        limit = TARGETS.get(name)
        table.row(
            f"`{name}`",
            ours=[getattr(child, options.clock) for child in children],
            unit="s",
            target=Target(limit, of="ours", bound="at most") if limit else None,
            extra={
                "by the clock": f"{median([child.wall for child in children]):.2f} s",
                "of the processor": f"{median([child.cpu for child in children]):.2f} s",
            },
        )


def measure_imports(options: argparse.Namespace, results: Results) -> None:
    pairs = dict(list(IMPORTS.items())[:1]) if options.small else IMPORTS
    names = [BARE, *dict.fromkeys(name for pair in pairs.items() for name in pair)]
    warm = {name: partial(imported, name, options, None) for name in names}
    seconds, missing = interleaved(warm, options.rounds, warm_up=1, shown=False)
    note = "Seconds within the process, without the start of Python."
    show(results.table("Imports", note), pairs, seconds, missing)
    cold = {
        name: partial(without_bytecode, lambda f, n=name: imported(n, options, f, 0))
        for name in names
    }
    rounds = min(options.rounds, options.cold_rounds)
    seconds, missing = interleaved(cold, rounds, shown=False)
    note = "As above, where Python finds no bytecode, of its own library neither."
    show(results.table("Imports without bytecode", note), pairs, seconds, missing, bound=False)


def show(
    table: Table,
    pairs: Mapping[str, str],
    seconds: Mapping[str, list[float]],
    missing: Mapping[str, str],
    *,
    bound: bool = True,
) -> None:
    """Note the bare import, and ours for the same work beside each peer's."""
    limit = Target(TARGETS[BARE], of="ours", bound="at most") if bound else None
    table.row(f"`{BARE}`", ours=seconds[BARE], unit="s", target=limit)
    for theirs, ours in pairs.items():
        table.row(
            f"`{ours}`",
            against=f"`{theirs}`",
            ours=seconds[ours],
            peer=seconds.get(theirs),
            unit="s",
            missing=missing.get(theirs),
        )


def main() -> None:
    """Measure, print and save."""
    arguments = parser(__doc__, rounds=7)
    arguments.add_argument("--clock", choices=tuple(CLOCKS), default="wall")
    arguments.add_argument("--cold-rounds", type=int, default=2, help="without bytecode")
    options = arguments.parse_args()
    if options.small:
        options.rounds = options.cold_rounds = 1
    results = Results(
        "startup",
        "Start-up",
        """Each call is a process of its own, in turning order. `import robustft` loads a public
        name when it is first used; beside other libraries stands the import of such a name.""",
        options,
    )
    measure_commands(options, results)
    measure_imports(options, results)
    results.save()


if __name__ == "__main__":
    main()
