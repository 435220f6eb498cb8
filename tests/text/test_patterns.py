"""Patterns run only where they can match; where they do not, they would have found nothing."""

from __future__ import annotations

from unittest import mock

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from robustft.text import patterns
from robustft.text.document import Batch
from robustft.text.spans import Marker

PARTS = [
    *"aZ9 .,:/&#@$%<[{-_'\\\x00\n\u20ac\u2013\u00e9\u00b2",
    "www.",
    "http://",
    ".com",
    ".co.uk",
    "ab.io",
    "/usr/bin",
    "C:\\x",
    "&amp;",
    "bob@",
    "10",
    "1,000",
    "3:30",
    " km",
    " stars",
    " per cent",
    " a.m.",
    "pm.",
    " \u00b0C",
    "\u0130o",
    "\U0001f600",
    "\u0301",
    "-star",
    "$ ",
    "May 3, 2001",
    "3rd of June",
    "Sept.",
    " 1999",
    "<br />",
    "[x]",
    "{{y}}",
]
TEXTS = st.lists(st.lists(st.sampled_from(PARTS), max_size=9).map("".join), min_size=1, max_size=3)


def marked(batch):
    marker = Marker()
    patterns.mark_triggered(batch, marker)
    patterns.mark_numbers(batch, marker)
    mask = np.zeros(len(batch.codes), np.uint16)
    marker.write(mask)
    return mask.tolist()


def all_open(batch, triggers, _breaks):
    return np.isin(batch.codes[triggers], patterns._CHAR_CODES)


def all_go_on(_batch, _digits, lows, _highs):
    return np.ones(len(lows), np.bool_)


@given(texts=TEXTS)
@example(texts=["7 \u00b0C"])
@example(texts=["at 10pm."])
@example(texts=["ab.\u0130o"])
@example(texts=["5 in\U0001f600", "5 m\U0001f600"])
@example(texts=["5b\u20ac:\u03015m-\u200d"])
def test_no_trigger_that_is_passed_over_opens_anything(texts):
    batch = Batch(texts)
    with_filters = marked(batch)
    with (
        mock.patch.object(patterns, "_opens", all_open),
        mock.patch.object(patterns, "_goes_on", all_go_on),
    ):
        assert marked(batch) == with_filters
