"""The verdict in words: what the numbers allow one to say, and no more.

One training seed compares two models, never two ways of training; so no sentence here says that
augmentation helps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast

from robustft.evaluation.results import (
    ORIGINAL,
    Answer,
    ModelFacts,
    Pair,
    RobustnessResult,
    SetFacts,
    Verdict,
    Yes,
)
from robustft.scoring.power import Detectable, smallest_change
from robustft.scoring.statistics import Difference, Estimate, Test

__all__ = ["ALPHA", "MARGIN", "amount", "judge", "p_text", "signed"]

ALPHA = 0.05
MARGIN = 0.01
"""The loss that counts as none: one point of accuracy, or one hundredth of the labels' variance."""

_MANY_SAME = 0.2
_MANY_CUT = 0.01


def judge(result: RobustnessResult, remarks: Sequence[str] = (), *, scale: float = 1.0) -> Verdict:
    """Answer what can be answered.

    Parameters
    ----------
    remarks
        Caveats from outside, such as a label kind that nobody named.
    scale
        What `MARGIN` is a share of: 1 for accuracy, the labels' variance for a squared error.
    """
    answers: list[Answer] = []
    if result.mix is not None:
        answers += [_drops(result, model, result.mix, MARGIN * scale) for model in result.models]
    if result.pair is not None:
        if result.mix is not None:
            answers.append(_beats(result, result.pair, result.mix))
            answers += _drops_less(result, result.pair, result.mix)
        answers.append(_hurt(result, result.pair, MARGIN * scale))
    return Verdict(answers=tuple(answers), caveats=(*_caveats(result), *remarks))


@dataclass(frozen=True)
class _Finding:
    """A paired difference with its test, seen from the side on which positive is notable."""

    difference: Difference
    test: Test
    detectable: Detectable | None
    metric: str

    @property
    def clear(self) -> Literal[-1, 0, 1]:
        """1 or -1 where interval and test both exclude 0, above or below; else 0."""
        low, high, p = self.difference.low, self.difference.high, self.test.p
        if low is None or high is None or p is None or p >= ALPHA:
            return 0
        return 1 if low > 0 else -1 if high < 0 else 0

    def below(self, margin: float) -> bool:
        """Whether the whole interval lies below `margin`."""
        return self.difference.high is not None and self.difference.high < margin

    def evidence(self, sign: int = 1) -> str:
        """Return the interval and the p-value, in words."""
        seen = self.difference if sign > 0 else -self.difference
        return f"({interval(seen, self.metric)}; {p_text(self.test)})"

    def limits(self) -> str:
        """Return the smallest difference that the test could have shown, in a sentence."""
        found = self.detectable
        if found is None or found.value is None:
            rows = self.difference.n if found is None else found.n
            return f"{rows:,} rows are too few to show any difference."
        assumed = ""
        if found.discordance is not None:
            assumed = f", if {found.discordance:.1%} of the rows change sides"
        return (
            f"With {found.n:,} rows, a difference below {amount(found.value, self.metric)} would "
            f"mostly go unseen ({found.power:.0%} power{assumed})."
        )


def _answer(
    question: str,
    stem: str,
    found: _Finding,
    *,
    noun: str,
    opposite: str,
    margin: float | None = None,
    extra: str = "",
) -> Answer:
    """Answer one question; `noun` names the difference and `opposite` what a clear no means."""
    size = amount(found.difference.value or 0.0, found.metric)
    if found.clear > 0:
        answer, rest = "yes", f"yes, by {size} {found.evidence()}.{extra}"
    elif found.clear < 0:
        answer, rest = "no", f"no, {opposite} by {size} {found.evidence(-1)}."
    elif margin is not None and found.below(margin):
        ruled_out = f"a {noun} of {amount(margin, found.metric)} or more is ruled out"
        answer, rest = "no", f"no; {ruled_out} {found.evidence()}."
    else:
        seen = f"the {noun} is {signed(found.difference, found.metric)} {found.evidence()}"
        answer, rest = "cannot tell", f"cannot tell; {seen}. {found.limits()}"
    return Answer(question=question, answer=cast("Yes", answer), sentence=f"{stem}: {rest}")


def _drops(result: RobustnessResult, model: ModelFacts, mix: str, margin: float) -> Answer:
    cell = result.cell(model.name, mix)
    if cell.drop is None or cell.test is None:
        raise ValueError(f"verdict: expected a transformed set, got {mix!r}")
    name = _name(model)
    return _answer(
        f"Does {name[0].lower() + name[1:]} do worse on transformed text?",
        f"{name} does worse on transformed text ({mix})",
        _Finding(cell.drop[result.metric], cell.test, cell.detectable, result.metric),
        noun="drop",
        opposite="it does better",
        margin=margin,
    )


def _beats(result: RobustnessResult, pair: Pair, mix: str) -> Answer:
    cell = next(c for c in pair.cells if c.set == mix)
    won, back = pair.won_back, ""
    if won is not None and won.value is not None and won.low is not None:
        back = (
            f" It wins back {won.value:.0%} of what the clean one loses "
            f"({won.level:.0%} interval {won.low:.0%} to {won.high:.0%})."
        )
    return _answer(
        "Does this augmented model beat this clean one on transformed text?",
        f"This augmented model beats this clean one on transformed text ({mix})",
        _Finding(cell.gain[result.metric], cell.test, cell.detectable, result.metric),
        noun="gain",
        opposite="it is worse",
        extra=back,
    )


def _drops_less(result: RobustnessResult, pair: Pair, mix: str) -> list[Answer]:
    """Tell a model that is more robust from one that is better on every text."""
    if pair.smaller_drop is None or pair.smaller_drop_test is None:
        return []
    found = _Finding(
        pair.smaller_drop,
        pair.smaller_drop_test,
        smallest_change(pair.smaller_drop),
        result.metric,
    )
    return [
        _answer(
            "Does the augmented model drop less than the clean one?",
            f"The augmented model drops less than the clean one ({mix} against original)",
            found,
            noun="difference of the drops",
            opposite="it drops more",
        )
    ]


def _hurt(result: RobustnessResult, pair: Pair, margin: float) -> Answer:
    cell = next(c for c in pair.cells if c.set == ORIGINAL)
    return _answer(
        "Is the augmented model worse on the original test?",
        "The augmented model is worse than the clean one on the original test",
        _Finding(-cell.gain[result.metric], cell.test, cell.detectable, result.metric),
        noun="loss",
        opposite="it is better",
        margin=margin,
    )


def _caveats(result: RobustnessResult) -> list[str]:
    caveats = []
    if result.pair is not None:
        rows = next(m.augmented_rows for m in result.models if m.name == result.pair.augmented)
        caveats.append(
            "One training seed each: this compares two models, not two ways of training"
            + (f"; the augmented one also learned from {rows:,} more rows." if rows else ".")
        )
    words = result.shared_words
    if words is not None and result.mix is not None:
        caveats.append(
            f"Of the {words.test:,} words that the edits brought into {result.mix}, "
            f"{words.shared:,} ({words.share:.0%}) were brought into the training text too."
        )
    if result.task.get("label_kind") is None:
        caveats.append("Label kind not checked: name it with --label-kind.")
    if result.sources is not None:
        rows = next(s.rows for s in result.sets if s.name == ORIGINAL)
        caveats.append(
            f"The {rows:,} rows come from {result.sources:,} sources; intervals and tests go by "
            "sources, since rows of one source are no independent evidence."
        )
    return caveats + _hidden(result) + _cautions(result)


def _hidden(result: RobustnessResult) -> list[str]:
    """Say where a drop is not seen, or seen that is none, because of what happened to rows."""
    changed = [facts for facts in result.sets if facts.kind != ORIGINAL]
    idle = {f.name: f.unchanged_share + f.rejected_share for f in changed}
    cells = {name: [c for c in result.cells if c.set == name] for name in idle}
    swallowed = {
        name: max((cell.same_tokens or 0.0) - idle[name] for cell in cells[name]) for name in idle
    }
    cut = {name: max(cell.cut or 0.0 for cell in cells[name]) for name in idle}
    caveats = []
    if found := _shares(changed, idle, _MANY_SAME):
        caveats.append(f"Rows as they were hide a part of the drop: {found}.")
    if found := _shares(changed, swallowed, _MANY_SAME):
        caveats.append(
            f"Rows changed in ways that a model's tokenizer or window hides: {found}; see the drop "
            "of the other rows."
        )
    if found := _shares(changed, cut, _MANY_CUT):
        caveats.append(
            "Rows that grew beyond what the model reads lost a part of their end, which is no "
            f"matter of robustness: {found}.{_kept_whole(result)}"
        )
    return caveats


def _kept_whole(result: RobustnessResult) -> str:
    """Return the drop on the main set among the rows that lost nothing of their end."""
    said = [
        f"{signed(cell.drop_of_kept, result.metric)} for {cell.model} "
        f"({interval(cell.drop_of_kept, result.metric)})"
        for cell in result.cells
        if cell.set == result.mix and cell.drop_of_kept is not None
    ]
    return f" Without them the drop on {result.mix} is {', '.join(said)}." if said else ""


def _cautions(result: RobustnessResult) -> list[str]:
    """Return why intervals may claim too much, each once: too few sources for R², say."""
    found: list[Estimate | Difference] = []
    for cell in result.cells:
        found += [*cell.metrics.values(), *(cell.drop or {}).values()]
    for pair_cell in result.pair.cells if result.pair else ():
        found += pair_cell.gain.values()
    said = dict.fromkeys(e.caution for e in found if e.caution)
    return [f"{caution[0].upper()}{caution[1:]}." for caution in said]


def _shares(sets: Sequence[SetFacts], shares: Mapping[str, float], most: float) -> str:
    """Return the sets above `most`, a transform each: *typos 22%, mix 40% to 71%*."""
    found: dict[str, list[float]] = {}
    for facts in sets:
        if shares[facts.name] > most:
            found.setdefault(facts.transform or facts.name, []).append(shares[facts.name])
    return ", ".join(f"{name} {_span(values)}" for name, values in found.items())


def _span(shares: Sequence[float]) -> str:
    low, high = f"{min(shares):.0%}", f"{max(shares):.0%}"
    return low if low == high else f"{low} to {high}"


def _name(model: ModelFacts) -> str:
    if model.role == "model":
        return model.name
    return f"The {model.role} model"


def amount(value: float, metric: str) -> str:
    """Return a difference without its sign: *3.2 points*, *0.41 (mse)*."""
    if metric == "mse":
        return f"{abs(value):.3g} (mean squared error)"
    return f"{abs(100 * value):.1f} points"


def signed(difference: Difference, metric: str) -> str:
    """Return a difference with its sign."""
    value = difference.value or 0.0
    return f"{value:+.3g}" if metric == "mse" else f"{100 * value:+.1f} points"


def interval(difference: Difference, metric: str) -> str:
    """Return the interval of a difference: *95 % interval 1.2 to 5.2*."""
    if difference.low is None or difference.high is None:
        return f"no interval: {difference.reason or 'undefined'}"
    low, high = difference.low, difference.high
    if metric == "mse":
        return f"{difference.level:.0%} interval {low:.3g} to {high:.3g}"
    return f"{difference.level:.0%} interval {100 * low:.1f} to {100 * high:.1f}"


def p_text(test: Test, *, corrected: bool = False) -> str:
    """Return a p-value as *p = 0.03* or *p < 0.0001*."""
    p = test.p_corrected if corrected else test.p
    if p is None:
        return "no test"
    return "p < 0.0001" if p < 0.0001 else f"p = {p:.2g}"
