import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as reference_mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from robustft.scoring.statistics import (
    Test as Outcome,
)
from robustft.scoring.statistics import (
    accuracy_change,
    benjamini_hochberg,
    holm,
    mcnemar,
    normal_quantile,
    share,
    tango_interval,
    wilson_interval,
)

right_and_wrong = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=300)


def flags(pairs):
    first, second = np.array(pairs, bool).T
    return first, second


@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
@pytest.mark.parametrize(("hits", "n"), [(0, 7), (7, 7), (1, 30), (880, 1000), (4999, 5000)])
def test_wilson_equals_statsmodels(hits, n, level):
    expected = proportion_confint(hits, n, alpha=1 - level, method="wilson")
    assert wilson_interval(hits, n, level) == pytest.approx(expected, abs=1e-12)


def test_wilson_reaches_the_ends_exactly():
    assert wilson_interval(0, 10)[0] == 0.0
    assert wilson_interval(10, 10)[1] == 1.0


@pytest.mark.parametrize(("hits", "n"), [(3, 2), (-1, 5), (0, 0)])
def test_wilson_refuses_what_is_no_share(hits, n):
    with pytest.raises(ValueError, match="expected 0 <= successes <= n"):
        wilson_interval(hits, n)


def test_a_share_of_no_rows_is_undefined_and_says_so():
    empty = share(np.zeros(0, bool))
    assert (empty.value, empty.low, empty.high, empty.reason) == (None, None, None, "no rows")


@given(right_and_wrong)
def test_mcnemar_equals_statsmodels(pairs):
    first, second = flags(pairs)
    table = [
        [np.sum(first & second), np.sum(first & ~second)],
        [np.sum(~first & second), np.sum(~first & ~second)],
    ]
    made, expected = mcnemar(first, second), reference_mcnemar(table, exact=True)
    assert made.p == pytest.approx(expected.pvalue, abs=1e-9)
    assert made.statistic == expected.statistic


def test_mcnemar_of_very_many_pairs_equals_the_binomial_test():
    first = np.arange(25_000) < 1_200
    second = np.arange(25_000) >= 23_900
    expected = stats.binomtest(1_100, 2_300).pvalue
    assert mcnemar(first, second).p == pytest.approx(expected, rel=1e-9)


@given(right_and_wrong)
def test_the_interval_holds_its_difference_and_turns_with_it(pairs):
    first, second = flags(pairs)
    forth, back = accuracy_change(first, second), accuracy_change(second, first)
    assert forth.low <= forth.value <= forth.high
    assert forth.low >= -1
    assert forth.high <= 1
    turned = -back
    assert (turned.value, turned.first_only) == (forth.value, forth.first_only)
    assert (turned.low, turned.high) == pytest.approx((forth.low, forth.high), abs=1e-9)
    assert -turned == back


@given(right_and_wrong, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(pairs, random):
    before = accuracy_change(*flags(pairs))
    random.shuffle(pairs)
    assert accuracy_change(*flags(pairs)) == before


def test_tango_equals_another_implementation():
    # scoreci.mp(25, 28, 618, 0.90) of the R package PropCIs gives -0.0148 to 0.0247.
    assert tango_interval(28, 25, 618, 0.90) == pytest.approx((-0.0148, 0.0247), abs=5e-5)


@pytest.mark.parametrize(
    ("first_only", "second_only", "n"), [(0, 0, 200), (5, 5, 5_000), (9, 0, 10), (30, 12, 100)]
)
def test_tango_bounds_solve_the_score_equation(first_only, second_only, n):
    """At each bound, the likeliest table with that difference is z standard errors away."""
    z2 = normal_quantile(0.95) ** 2
    for bound in tango_interval(first_only, second_only, n):
        shares = np.linspace(max(0, -bound), (1 - bound) / 2, 400_003)[1:-1]
        both = n - first_only - second_only
        likelihood = (
            first_only * np.log(np.maximum(shares + bound, 1e-300))
            + second_only * np.log(np.maximum(shares, 1e-300))
            + both * np.log(np.maximum(1 - 2 * shares - bound, 1e-300))
        )
        nuisance = shares[likelihood.argmax()]
        variance = (2 * nuisance + bound * (1 - bound)) / n
        distance = (first_only - second_only) / n - bound
        if abs(bound) < 1:
            assert distance**2 / variance == pytest.approx(z2, rel=2e-3)


def test_tango_with_no_discordant_pair_still_has_a_width():
    low, high = tango_interval(0, 0, 200)
    assert high == pytest.approx(-low)
    assert 0.01 < high < 0.03


def test_tango_refuses_counts_that_do_not_fit():
    with pytest.raises(ValueError, match="expected counts that fit in n"):
        tango_interval(6, 5, 10)


def outcome(p):
    return Outcome(p=p, method="any", statistic=None, n=10)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
@settings(max_examples=8, deadline=None)  # statsmodels collects garbage at every call
def test_holm_equals_statsmodels(ps):
    corrected = [test.p_corrected for test in holm([outcome(p) for p in ps])]
    assert corrected == pytest.approx(multipletests(ps, method="holm")[1].tolist(), abs=1e-12)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
@settings(max_examples=8, deadline=None)
def test_benjamini_hochberg_equals_statsmodels(ps):
    adjusted = [test.q for test in benjamini_hochberg([outcome(p) for p in ps])]
    assert adjusted == pytest.approx(multipletests(ps, method="fdr_bh")[1].tolist(), abs=1e-12)


def test_both_corrections_stand_side_by_side_and_pass_over_missing_tests():
    tests = benjamini_hochberg(holm([outcome(0.01), outcome(None), outcome(0.04)]))
    assert [t.q for t in tests] == pytest.approx([0.02, None, 0.04])
    assert [t.p_corrected for t in tests] == pytest.approx([0.02, None, 0.04])
    assert benjamini_hochberg([]) == []


def test_holm_leaves_out_tests_that_could_not_be_made():
    tests = holm([outcome(0.01), outcome(None), outcome(0.04)])
    assert [t.p_corrected for t in tests] == pytest.approx([0.02, None, 0.04])
    assert holm([outcome(None)]) == [outcome(None)]


def test_paired_arrays_of_unequal_length_are_refused():
    with pytest.raises(ValueError, match="two arrays of one length"):
        accuracy_change(np.ones(3, bool), np.ones(4, bool))


def test_results_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        share(np.ones(3, bool)).value = 2.0
