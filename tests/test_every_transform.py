"""The conformance suite and the golden files of every installed transform."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robustft.testing import check_transform
from robustft.text import apply, invert
from robustft.transform import names, perturb

GOLDEN = Path(__file__).parent / "golden"


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
