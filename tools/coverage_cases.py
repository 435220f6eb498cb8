"""What `simulate_coverage.py` measures: each function returns the rows of one table.

All randomness is numpy's PCG64 with the fixed seeds below. Figures that need no simulation (shares
and paired drops of rows of their own) are sums over the binomial or trinomial distribution.
"""

from __future__ import annotations

from functools import cache
from itertools import product

import numpy as np
from coverage_data import (
    Figure,
    alike,
    clusters,
    generator,
    paired_flags,
    regression_case,
    seen,
    tango_scores,
)
from scipy import special, stats

from robustft.scoring.metrics import f1_change, mean_change, regression_change
from robustft.scoring.power import smallest_change
from robustft.scoring.sources import FEW_SOURCES
from robustft.scoring.spread import split_variance
from robustft.scoring.statistics import (
    Difference,
    Test,
    accuracy_change,
    benjamini_hochberg,
    holm,
    mcnemar,
    mcnemar_p,
    normal_quantile,
    share,
    wilson_interval,
)
from robustft.scoring.summary import mean_over_sets, worst_of_sets

ROWS = (200, 1_000, 5_000)
ACCURACIES = (0.6, 0.7, 0.8, 0.9, 0.95, 0.97)
DROPS = (0.0, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.15, 0.2)
GAINS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1)
Z = normal_quantile(0.95)


def shares() -> list[Figure]:
    """Return the exact coverage of Wilson's interval over accuracies .60 to .97 by .01."""
    figures = []
    for n in ROWS:
        hits = np.arange(n + 1)
        bounds = np.array([wilson_interval(int(k), n) for k in hits])
        covered = {}
        for accuracy in np.arange(60, 98) / 100:
            inside = (bounds[:, 0] <= accuracy) & (accuracy <= bounds[:, 1])
            covered[f"accuracy {accuracy:.2f}"] = stats.binom.pmf(hits[inside], n, accuracy).sum()
        figures += _mean_and_least(f"accuracy, {n:,} rows", covered)
    return figures


def drops() -> list[Figure]:
    """Return the exact coverage of Tango's interval over accuracies, drops and gains."""
    figures = []
    for n in ROWS:
        covered = {}
        for accuracy, drop, gain in product(ACCURACIES, DROPS, GAINS):
            lost = drop + gain
            if lost <= accuracy and gain <= 1 - accuracy:
                case = f"accuracy {accuracy}, drop {drop}, won back {gain}"
                covered[case] = drop_coverage(n, lost, gain)
        figures += _mean_and_least(f"paired drop, {n:,} rows", covered)
    return figures


@cache
def drop_coverage(n: int, lost: float, gained: float) -> float:
    """Return the chance that Tango's interval for n rows holds the true difference.

    It depends on the shares that are lost and won back, not on the accuracy beside them.

    It does where the score of that difference is at most z: so no interval need be computed. The
    tests compare the two.
    """
    b = np.arange(stats.binom.ppf(1e-11, n, lost), stats.binom.isf(1e-11, n, lost) + 1)
    c = np.arange(stats.binom.ppf(1e-11, n, gained), stats.binom.isf(1e-11, n, gained) + 1)
    chance = stats.binom.pmf(b, n, lost)[:, None] * stats.binom.pmf(
        c[None, :], n - b[:, None], gained / (1 - lost)
    )
    inside = np.abs(tango_scores(b[:, None], c[None, :], n, lost - gained)) <= Z
    return float((chance * inside).sum() / chance.sum())


def _mean_and_least(case: str, covered: dict[str, float]) -> list[Figure]:
    least = min(covered, key=covered.__getitem__)
    count = f" ({len(covered)} cases)"
    return [
        Figure(f"{case}: mean{count}", float(np.mean(list(covered.values()))), limits=(0.945, 1)),
        Figure(f"{case}: least", float(covered[least]), worst=least, limits=(0.925, 1)),
    ]


def shared_accuracies(replications: int) -> list[Figure]:
    """Return coverage and rejections for accuracies of sources with 1 to 5 rows."""
    figures = []
    for number, count in enumerate((50, 100, 500)):
        covered: dict[str, list[int]] = {"accuracy": [], "paired drop": []}
        cases, refused = [], 0
        for accuracy, drop, rho in product((0.6, 0.85, 0.95), (0.0, 0.05), (0.3, 0.9)):
            rng = generator(1, number, len(cases))
            cases.append(f"accuracy {accuracy}, drop {drop}, correlation {rho}")
            hits = [0, 0]
            for _ in range(replications):
                codes = clusters(rng, count)
                a, b = paired_flags(rng, codes, (accuracy, accuracy - drop), rho)
                one = share(a, sources=codes)
                change = accuracy_change(a, b, sources=codes)
                hits[0] += one.low <= accuracy <= one.high
                hits[1] += change.low <= drop <= change.high
                refused += not drop and mcnemar(a, b, sources=codes).p <= 0.05
            covered["accuracy"].append(hits[0])
            covered["paired drop"].append(hits[1])
        for what, values in covered.items():
            figures += _simulated(
                f"{what}, {count} shared sources", values, cases, replications, count >= FEW_SOURCES
            )
        null = replications * len(cases) // 2
        case = f"sign flip by source, {count} shared sources, no drop: rejections"
        figures.append(Figure(case, refused / null, null, limits=(0, 0.055)))
    return figures


def _simulated(
    case: str, hits: list[int], cases: list[str], replications: int, promised: bool
) -> list[Figure]:
    """Return the mean over cases, and the case with the least coverage."""
    least = int(np.argmin(hits))
    mean = float(np.mean(hits)) / replications
    total = replications * len(hits)
    return [
        Figure(
            f"{case}: mean ({len(cases)} cases)",
            mean,
            total,
            limits=(0.945 if promised else 0.0, 1),
        ),
        Figure(
            f"{case}: least",
            hits[least] / replications,
            replications,
            cases[least],
            limits=(0.925 if promised else 0.0, 1),
        ),
    ]


R2_CASES = [
    (50, False, False),
    (50, True, False),
    (100, True, False),
    (500, False, False),
    (500, True, False),
    (500, True, True),
    (1_000, True, False),
]


def r2_changes(replications: int, draws: int = 1_999) -> list[Figure]:
    """Return the coverage of intervals for a difference of R²."""
    figures = []
    for number, (count, shared, heavy) in enumerate(R2_CASES):
        rng, hits = generator(2, number), 0
        for seed in range(replications):
            y, p, q, codes = regression_case(rng, count, shared, heavy, 0.1)
            made = regression_change(y, p, q, seed=seed, sources=codes, draws=draws)["r2"][0]
            hits += made.low <= 0.1 <= made.high
            if bool(made.caution) != (count < FEW_SOURCES):
                raise AssertionError(f"caution at {count} sources: {made.caution!r}")
        sources = "sources of 1-5 rows" if shared else "rows of their own"
        tails = "errors of heavy tails" if heavy else "normal errors"
        least = 0.0 if count < 500 else 0.92 if heavy else 0.93
        figures.append(
            Figure(
                f"R² difference, {count:,} {sources}, {tails}",
                hits / replications,
                replications,
                limits=(least, 1),
            )
        )
    return figures


def error_tests(replications: int) -> list[Figure]:
    """Return how often the permutation of errors (MSE, R²) rejects equal mean squared errors.

    In the second kind the errors are equal in mean square alone: normal against heavy tails. An
    exchange then changes more than nothing, and the test rests on the number of rows.
    """
    figures = []
    for number, (count, shared, other) in enumerate(
        product((50, 500), (False, True), (False, True))
    ):
        rng, refused = generator(10, number), 0
        for seed in range(replications):
            codes = clusters(rng, count) if shared else np.arange(count)
            rho = 0.5 if shared else 0.0
            y, p, q = (alike(rng, codes, rho) for _ in "ypq")
            if other:
                q *= np.sqrt(3 / rng.chisquare(5, count))[codes]
            test = regression_change(y, y + p, y + q, seed=seed, sources=codes, draws=999)
            refused += test["mse"][1].p <= 0.05
        sources = "sources of 1-5 rows" if shared else "rows of their own"
        kind = "normal against heavy tails" if other else "the same distribution"
        figures.append(
            Figure(
                f"permutation of errors, {count} {sources}, {kind}: rejections",
                refused / replications,
                replications,
                limits=(0, 0.1 if other else 0.075),
            )
        )
    return figures


def f1_changes(replications: int) -> list[Figure]:
    """Return coverage and rejections for a difference of macro-F1 over three classes."""
    figures = []
    prior = np.array([0.6, 0.3, 0.1])
    for number, (count, shared) in enumerate(product((200, 500), (False, True))):
        rng, hits, refused = generator(3, number), 0, 0
        for seed in range(replications):
            codes = clusters(rng, count) if shared else np.arange(count)
            y = rng.choice(3, len(codes), p=prior)
            a, b = paired_flags(rng, codes, (0.8, 0.8), 0.5 if shared else 0.0)
            wrong = (y + rng.integers(1, 3, len(codes))) % 3
            p, q = np.where(a, y, wrong), np.where(b, y, wrong)
            change, test = f1_change(y, p, q, seed=seed, sources=codes)
            hits += change.low is not None and change.low <= 0 <= change.high
            refused += test.p <= 0.05
        what = f"{count} {'sources of 1-5 rows' if shared else 'rows of their own'}"
        figures += [
            Figure(f"macro-F1 difference, {what}", hits / replications, replications),
            Figure(
                f"permutation of macro-F1, {what}: rejections",
                refused / replications,
                replications,
                limits=(0, 0.055 + 0.02),
            ),
        ]
    return figures


def families(replications: int) -> list[Figure]:
    """Return how often a family of five tests without any true drop rejects at all."""
    figures = []
    for number, together in enumerate((False, True)):
        rng, refused = generator(4, number), {"Holm": 0, "Benjamini-Hochberg": 0}
        for _ in range(replications):
            base = rng.normal(size=1_000)
            own = base if together else rng.normal(size=(5, 1_000))
            sets = (0.8 * base + 0.6 * rng.normal(size=(5, 1_000))) < 1.0
            first = (0.8 * own + 0.6 * rng.normal(size=1_000 if together else (5, 1_000))) < 1.0
            if not together:
                sets = (0.8 * own + 0.6 * rng.normal(size=(5, 1_000))) < 1.0
            p = mcnemar_p((first & ~sets).sum(1), (sets & ~first).sum(1))
            tests = benjamini_hochberg(
                holm([Test(p=float(x), method="", statistic=None, n=0) for x in p])
            )
            refused["Holm"] += min(t.p_corrected for t in tests) <= 0.05
            refused["Benjamini-Hochberg"] += min(t.q for t in tests) <= 0.05
        kind = "one original against five sets" if together else "five unrelated pairs"
        figures += [
            Figure(
                f"{name}, {kind}: families that reject",
                count / replications,
                replications,
                limits=(0, 0.055),
            )
            for name, count in refused.items()
        ]
    return figures


def power(replications: int) -> list[Figure]:
    """Return how often the smallest detectable drop is found; it should be 80 %."""
    figures = []
    for number, (n, discordance) in enumerate(product(ROWS, (0.05, 0.2))):
        rng = generator(5, number)
        each = round(n * discordance / 2)
        found = smallest_change(seen(n, each, None))
        lost = (found.discordance + found.value) / 2
        shares = [lost, found.discordance - lost, 1 - found.discordance]
        tables = rng.multinomial(n, shares, size=20 * replications)
        value = float((mcnemar_p(tables[:, 0], tables[:, 1]) <= 0.05).mean())
        case = f"drop of {found.value:.3f} at discordance {found.discordance:.0%}, {n:,} rows"
        figures.append(Figure(case, value, 20 * replications, limits=(0.77, 0.83)))
    return figures + _power_by_source(replications) + _power_of_means(replications)


def _power_by_source(replications: int) -> list[Figure]:
    """Take design effect and discordance from a large sample; see whether the drop is found.

    Both depend on the drop itself, so they are taken where there is one of the size in question.
    """
    figures = []
    for number, (count, rho) in enumerate(product((300, 1_000), (0.3, 0.8))):
        rng, big, drop = generator(6, number), 100_000, 0.0
        for _ in range(3):
            codes = clusters(rng, big)
            change = accuracy_change(
                *paired_flags(rng, codes, (0.85, 0.85 - drop), rho), sources=codes
            )
            rows = round(count * len(codes) / big)
            each = round(rows * change.discordance / 2)
            drop = smallest_change(seen(rows, each, change.design_effect)).value
        hits = 0
        for _ in range(replications):
            codes = clusters(rng, count)
            a, b = paired_flags(rng, codes, (0.85, 0.85 - drop), rho)
            hits += mcnemar(a, b, sources=codes).p <= 0.05
        case = f"drop of {drop:.3f}, {count:,} shared sources, correlation {rho}"
        figures.append(Figure(case, hits / replications, replications, limits=(0.77, 0.83)))
    return figures


def _power_of_means(replications: int) -> list[Figure]:
    rng, hits = generator(7), 0
    half = Z / np.sqrt(400)
    change = Difference(value=0, low=-half, high=half, level=0.95, method="bca", n=400)
    found = smallest_change(change).value
    for seed in range(replications):
        hits += mean_change(found + rng.normal(size=400), seed=seed)[1].p <= 0.05
    case = f"mean change of {found:.3f} standard deviations, 400 rows"
    return [Figure(case, hits / replications, replications, limits=(0.77, 0.83))]


def summaries(replications: int) -> list[Figure]:
    """Return coverage for the mean over six sets and for the worst of them."""
    figures = []
    cases = {
        "all alike": (0.85,) * 6,
        "one far below": (0.9, 0.9, 0.9, 0.9, 0.9, 0.7),
        "a staircase": (0.95, 0.94, 0.93, 0.92, 0.91, 0.9),
    }
    for number, ((kind, accuracies), (count, shared)) in enumerate(
        product(cases.items(), ((200, False), (1_000, False), (300, True)))
    ):
        rng, hits = generator(8, number), [0, 0]
        cuts = special.ndtri(accuracies)[:, None]
        for seed in range(replications):
            codes = clusters(rng, count) if shared else np.arange(count)
            base = alike(rng, codes, 0.5 if shared else 0.0)
            right = 0.8 * base + 0.6 * rng.normal(size=(6, len(codes))) < cuts
            mean = mean_over_sets(right, seed=seed, sources=codes)
            worst = worst_of_sets(right, seed=seed, sources=codes).estimate
            hits[0] += mean.low <= np.mean(accuracies) <= mean.high
            hits[1] += worst.low <= min(accuracies) <= worst.high
        where = f"six sets, {kind}, {count:,} {'shared sources' if shared else 'rows'}"
        for name, hit, least in zip(("mean", "worst"), hits, (0.91, 0.945), strict=True):
            figures.append(
                Figure(f"{name} of {where}", hit / replications, replications, limits=(least, 1))
            )
    return figures


def spreads(replications: int) -> list[Figure]:
    """Return coverage of the components of variance, effects being normal."""
    figures = []
    cases = product(((5, 5), (5, 3), (20, 10)), ((0.02, 0.02, 0.01), (0.005, 0.02, 0.02)))
    for number, ((draws, seeds), sds) in enumerate(cases):
        rng, names = generator(9, number), ("draws", "seeds", "rest")
        hits = dict.fromkeys((*names, "mean"), 0)
        for _ in range(replications):
            values = (
                rng.normal(0, sds[0], (draws, 1))
                + rng.normal(0, sds[1], seeds)
                + rng.normal(0, sds[2], (draws, seeds))
            )
            made = split_variance(values)
            hits["mean"] += made.mean.low <= 0 <= made.mean.high
            for name, sd in zip(names, sds, strict=True):
                e = getattr(made, name).variance
                hits[name] += e.low is not None and e.low <= sd**2 <= e.high
        where = f"{draws} draws, {seeds} seeds, deviations {sds[0]}, {sds[1]}, {sds[2]}"
        figures += [
            Figure(f"{name}: {where}", hit / replications, replications, limits=(0.92, 1))
            for name, hit in hits.items()
        ]
    return figures
