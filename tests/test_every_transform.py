"""The conformance suite and the golden files of every installed transform."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robustft.testing import check_transform
from robustft.text import apply, invert
from robustft.transform import LabelKind, get, names, perturb

GOLDEN = Path(__file__).parent / "golden"
READY = [name for name in names() if not get(name).needs]
"""The transforms that run as they are, without a model or a library to be named."""


@pytest.mark.parametrize("name", names())
def test_keeps_the_contract(name, spec_of):
    check_transform(spec_of(name))


@pytest.mark.parametrize("name", names())
@settings(max_examples=40, deadline=None)
@given(texts=st.lists(st.text(max_size=80), min_size=1, max_size=4))
def test_replays_and_inverts_arbitrary_unicode(name, spec_of, texts):
    for row in perturb(texts, spec_of(name, "rate=1.0"), seed=3):
        assert apply(row.original, row.edits) == row.text
        assert apply(row.text, invert(row.original, row.edits)) == row.original


_DIGESTS = """
import hashlib, json, sys
from robustft.seeding import fold_in
from robustft.testing import PLAIN_TEXTS
from robustft.text import content_ids
from robustft.transform import OneOf, build, perturb

def digests(names, workers, shuffle):
    examples = [*PLAIN_TEXTS, *(build(name).example for name in names)]
    texts = [f"{text} Row {i}." for i in range(200) for text in examples]
    rows = list(zip(content_ids(texts), texts))
    if shuffle:
        rows.sort(key=lambda row: fold_in(shuffle, row[0]))
    chosen = OneOf([build(name) for name in names])
    ids, texts = zip(*rows)
    made = perturb(texts, chosen, severity=5, ids=ids, workers=workers)
    found = {name: hashlib.sha256() for name in names}
    for row in sorted(made, key=lambda row: row.source_id):
        for step in row.steps:
            found[step.transform].update(repr((row.source_id, row.text, step.edits)).encode())
    return {name: digest.hexdigest() for name, digest in found.items()}

if __name__ == "__main__":
    names, workers, shuffle = json.loads(sys.argv[1])
    print(json.dumps(digests(names, workers, shuffle)))
"""


@pytest.fixture(scope="module")
def digests(tmp_path_factory):
    """A function that runs all transforms in a fresh process and gives a digest of each."""
    script = tmp_path_factory.mktemp("digests") / "digests.py"
    script.write_text(_DIGESTS)

    def run(hash_seed, workers, shuffle):
        done = subprocess.run(
            [sys.executable, script, json.dumps([READY, workers, shuffle])],
            env={**os.environ, "PYTHONHASHSEED": str(hash_seed)},
            capture_output=True,
            text=True,
            check=True,
        )
        return json.loads(done.stdout)

    return run


@pytest.fixture(scope="module")
def plain_digests(digests):
    return digests(0, 1, 0)


@pytest.mark.parametrize(
    ("hash_seed", "workers", "shuffle"), [(1, 1, 0), (2, 1, 3), (3, 2, 0), (4, 4, 5)]
)
def test_hash_seeds_processes_and_order_give_the_same_bytes(
    digests, plain_digests, hash_seed, workers, shuffle
):
    assert digests(hash_seed, workers, shuffle) == plain_digests
    nothing = hashlib.sha256().hexdigest()
    assert [name for name, digest in plain_digests.items() if digest == nothing] == []


@pytest.mark.parametrize("name", names())
def test_golden_file(name, spec_of, pytestconfig):
    path = GOLDEN / f"{name}.jsonl"
    cases = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert len(cases) >= 20
    outputs = [perturb([c["text"]], spec_of(name, c["settings"]), seed=c["seed"]) for c in cases]
    if pytestconfig.getoption("--update-golden"):
        lines = [
            json.dumps({**c, "output": made[0].text}, ensure_ascii=False)
            for c, made in zip(cases, outputs, strict=True)
        ]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return
    for case, made in zip(cases, outputs, strict=True):
        assert made[0].text == case["output"], case


_BEGIN, _END = "<!-- table: begin -->\n", "<!-- table: end -->"


def _table():
    """Return the table of built-ins in transforms/README.md, from what each says of itself."""
    lines = [
        "| name | level | what it does | % at severity 1 … 5 | does not keep |",
        "|---|---|---|---|---|",
    ]
    for name in names():
        cls = get(name)
        summary = " ".join(cls.__doc__.split("\n\n")[0].split()).rstrip(".")
        rates = " · ".join(f"{100 * cls.rates[severity]:.3g}" for severity in range(1, 6))
        lost = [kind.value for kind in LabelKind if kind not in cls.preserves]
        kept = f"all but {', '.join(sorted(k.value for k in cls.preserves))}"
        few = ", ".join(lost) if len(lost) <= 5 else kept if cls.preserves else "promises none"
        lines.append(f"| `{name}` | {cls.level} | {summary} | {rates} | {few} |")
    return "\n".join(lines) + "\n"


def test_the_readme_of_the_transforms_lists_them_all(pytestconfig):
    """`--update-golden` writes the table anew."""
    path = Path(__file__).parents[1] / "transforms" / "README.md"
    before, rest = path.read_text(encoding="utf-8").split(_BEGIN)
    found, after = rest.split(_END)
    if pytestconfig.getoption("--update-golden"):
        path.write_text(before + _BEGIN + _table() + _END + after, encoding="utf-8")
        return
    assert found == _table()


def test_the_first_page_names_every_transform():
    text = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    assert [name for name in names() if f"`{name}`" not in text] == []
