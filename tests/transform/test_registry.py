"""Specs, discovery, plug-ins by file and by function."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from robustft.errors import SpecError
from robustft.transform import Compose, FunctionTransform, build, get, names, parse_specs, perturb
from robustft.transform.registry import Spec

TOYS = f"{Path(__file__).parent / 'toys.py'}"


def test_a_setting_after_a_comma_belongs_to_the_spec_before_it():
    assert parse_specs("a,b:x=1,y=2,c") == [
        Spec("a", {}),
        Spec("b", {"x": "1", "y": "2"}),
        Spec("c", {}),
    ]
    assert parse_specs("./my.py:Shout:rate=0.5") == [Spec("./my.py:Shout", {"rate": "0.5"})]
    assert parse_specs("a:at=http://host:80/x=1,b") == [
        Spec("a", {"at": "http://host:80/x=1"}),
        Spec("b", {}),
    ]
    assert str(parse_specs("b:x=1,y=2")[0]) == "b:x=1,y=2"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected a transform's name"),
        ("a,,b", "expected a transform's name"),
        ("rate=0.1", "expected a transform first"),
        ("a:x=1,x=2", "expected 'x' once"),
    ],
)
def test_broken_specs(text, message):
    with pytest.raises(SpecError, match=message):
        parse_specs(text)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("typoes", "did you mean 'typos'"),
        (f"{TOYS}:Shot", "did you mean 'Shout'"),
        ("./nowhere.py:X", "expected a file at './nowhere.py'"),
        (f"{TOYS}:Shout:rat=1", "expected a setting of .* got 'rat'; did you mean 'rate'"),
        (f"{TOYS}:Shout:rate=much", "expected rate to be float, got 'much'"),
        (f"{TOYS}:Shout:rate=1.5", "expected a rate from 0 to 1, got 1.5"),
        (f"{TOYS}:Shout:severity=7", "expected a severity from 0 to 5, got 7"),
        (f"{TOYS}:Shout:rate=0.1,severity=2", "expected rate or severity, got both"),
        (f"{TOYS}:Shout:mark=?", "expected mark to be one of none, !"),
        (f"{TOYS}:Incomplete", "expected a complete Transform"),
        (f"{TOYS}:RATES", "expected a Transform or a function"),
        (f"{TOYS}:film:speed=1", "expected rate or severity, got 'speed'"),
    ],
)
def test_specs_that_cannot_be_built_say_why(spec, message):
    with pytest.raises(SpecError, match=message):
        build(spec)


def test_a_file_that_does_not_import_is_named(tmp_path):
    broken = tmp_path / "broken.py"
    broken.write_text("1 / 0\n")
    with pytest.raises(SpecError, match="expected a module that imports, got ZeroDivisionError"):
        build(f"{broken}:X")


def test_specs_round_trip():
    chain = build(f"typos:rate=0.1,{TOYS}:film")
    assert isinstance(chain, Compose)
    assert chain.members[0].spec == "typos:rate=0.1"
    assert build(chain.members[0].spec) == chain.members[0]


def test_every_listed_transform_has_a_class_named_like_it():
    assert {"typos", "synonyms", "contractions", "casing", "misspellings", "punctuation"} <= set(
        names()
    )
    for name in names():
        assert get(name).name == name


def test_listing_imports_no_transform():
    code = (
        "import sys; from robustft.transform import names; names();"
        "print([m for m in sys.modules if m.startswith('robustft_transforms.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_plain_function_is_taken():
    assert isinstance(build(str.title), FunctionTransform)
    assert perturb(["a movie"], lambda text: text + " indeed").texts == ["a movie indeed"]
