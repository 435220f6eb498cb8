"""What an author of a plug-in tests: the contract, and what the transforms are for."""

import pytest

from robustft.testing import check_transform
from robustft.transform import perturb


@pytest.mark.parametrize("name", ["orthography/ampersand", "orthography/lower_case"])
def test_keeps_the_contract(name):
    check_transform(name)


def test_and_becomes_a_sign():
    (row,) = perturb(["And so on, and on."], "orthography/ampersand:sign=+,rate=1.0")
    assert row.text == "And so on, + on."


def test_names_keep_their_capitals():
    (row,) = perturb(["The film by Jane Doe."], "orthography/lower_case:rate=1.0")
    assert row.text == "the film by Jane Doe."
