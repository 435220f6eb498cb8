"""Does augmentation help, and what kind of help is it: the answer, with what it rests on.

*Helps* is said of a way of training, so it takes several seeds (`LEAST_SEEDS`), and of the
transforms, so it takes the control that was trained on the rows alone for as many steps: a gain
over the clean arm may be a gain of training for longer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from pydantic import TypeAdapter

from robustft.evaluation.gains import ArmScore, Gain, arm_scores, corrected, gain
from robustft.evaluation.results import ORIGINAL
from robustft.evaluation.trials import Trials
from robustft.evaluation.verdict import MARGIN

__all__ = [
    "AUGMENTED",
    "CLEAN",
    "DUPLICATED",
    "LEAST_SEEDS",
    "STEP_MATCHED",
    "Answered",
    "AugmentationEffect",
    "Does",
    "augmentation_effect",
]

CLEAN, AUGMENTED = "clean", "augmented"
DUPLICATED, STEP_MATCHED = "duplicated", "step-matched"
LEAST_SEEDS = 5

Does = Literal["helps", "hurts", "no gain", "cannot tell", "not answerable"]
Kind = Literal["new text", "more steps", "more rows", "cannot tell", "none", "not answerable"]


@dataclass(frozen=True, kw_only=True)
class Answered:
    """The answer for one test set.

    Attributes
    ----------
    gains
        The augmented arm against clean, step-matched and duplicated, as far as they are there:
        one family of tests.
    sentence
        The answer in words, with its numbers.
    """

    set: str
    answer: Does
    gains: tuple[Gain, ...]
    sentence: str

    def against(self, arm: str) -> Gain | None:
        """Return the gain over one of the arms."""
        return next((one for one in self.gains if one.against == arm), None)


@dataclass(frozen=True, kw_only=True)
class AugmentationEffect:
    """What training on transformed rows brought, over seeds and beside its controls.

    Attributes
    ----------
    transformed, original
        The answers on transformed text (the mix) and on the text as it was.
    parts
        What the gain over the clean arm on transformed text is made of, in sum: more steps
        (step-matched against clean), more rows (duplicated against step-matched) and new text
        (augmented against duplicated); empty where an arm is missing.
    kind, kind_sentence
        Which of them the gain is.
    missing
        What keeps the question from being answered, in words.
    command
        What would add it.
    """

    metric: str
    mix: str | None
    seeds: tuple[int, ...]
    rows: int
    scores: tuple[ArmScore, ...]
    transformed: Answered
    original: Answered
    parts: tuple[Gain, ...]
    kind: Kind
    kind_sentence: str
    missing: tuple[str, ...]
    command: str = ""

    @property
    def answer(self) -> Does:
        """The short answer: that on transformed text."""
        return self.transformed.answer

    @property
    def sentences(self) -> tuple[str, ...]:
        """The answer in words, the main thing first."""
        said = [self.transformed.sentence, self.original.sentence, self.kind_sentence]
        return tuple(sentence for sentence in said if sentence)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, fit for JSON."""
        plain: dict[str, Any] = _adapter().dump_python(self, mode="json")
        return {"answer": self.answer, **plain}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> AugmentationEffect:
        """Return what `to_dict` wrote."""
        return _adapter().validate_python({k: v for k, v in plain.items() if k != "answer"})


@cache
def _adapter() -> TypeAdapter[AugmentationEffect]:
    return TypeAdapter(AugmentationEffect)


def augmentation_effect(
    trials: Trials, *, mix: str | None = "mix", command: str = "", seed: int = 0
) -> AugmentationEffect:
    """Answer whether augmentation helps, as far as the trials allow it.

    Parameters
    ----------
    trials
        Of the arms ``clean``, ``augmented``, ``duplicated`` and ``step-matched``; others are
        ignored.
    mix
        The set of transformed text that the answer is about.
    command
        What would add the seeds and controls that are missing.
    seed
        Keys the resampling.

    Notes
    -----
    *Helps* (or *hurts*) is said where the augmented arm is clearly better (worse) than both the
    clean and the step-matched arm: interval and Holm-corrected test over seeds and rows. As long
    as either of the two does as well, augmentation need not be the reason. *No gain*: a gain of a
    point or more over the step-matched arm is ruled out.
    """
    from robustft.evaluation import augmentation_words as words

    missing = _missing(trials, mix)
    answers = {
        name: _answered(trials, name, missing, command, seed) for name in (mix or "mix", ORIGINAL)
    }
    transformed, original = answers[mix or "mix"], answers[ORIGINAL]
    parts = _parts(trials, mix, seed) if not missing and mix is not None else []
    kind = _kind(transformed, parts)
    shown = (CLEAN, AUGMENTED, DUPLICATED, STEP_MATCHED)
    seeds = trials.seeds([(arm, ORIGINAL) for arm in shown if arm in trials.arms])
    return AugmentationEffect(
        metric=trials.metric,
        mix=mix,
        seeds=seeds,
        rows=next((g.rows for g in original.gains), 0),
        scores=tuple(score for score in arm_scores(trials) if score.arm in shown),
        transformed=transformed,
        original=original,
        parts=tuple(parts),
        kind=kind,
        kind_sentence=words.kind_sentence(trials.metric, kind, transformed, parts, trials.arms),
        missing=tuple(missing),
        command=command if missing else "",
    )


def _missing(trials: Trials, mix: str | None) -> list[str]:
    """Return what keeps the question from being answered."""
    names = [ORIGINAL] if mix is None else [ORIGINAL, mix]
    missing = [
        "the step-matched control" if arm == STEP_MATCHED else f"the {arm} arm"
        for arm in (CLEAN, AUGMENTED, STEP_MATCHED)
        if arm not in trials.arms
    ]
    if mix is None:
        missing.append("a transformed test")
    present = [arm for arm in (CLEAN, AUGMENTED, STEP_MATCHED) if arm in trials.arms]
    seeds = len(trials.seeds([(arm, name) for arm in present for name in names]))
    if seeds < LEAST_SEEDS:
        missing.append(f"{LEAST_SEEDS} training seeds (there {_are(seeds)} so far)")
    return missing


def _are(seeds: int) -> str:
    return "is 1" if seeds == 1 else f"are {seeds}"


def _answered(trials: Trials, name: str, missing: list[str], command: str, seed: int) -> Answered:
    """Compare the augmented arm with each other arm on one set, and say what follows."""
    from robustft.evaluation import augmentation_words as words

    found = [
        gain(trials, [(AUGMENTED, name)], [(other, name)], seed=seed)
        for other in (CLEAN, STEP_MATCHED, DUPLICATED)
        if other in trials.arms and AUGMENTED in trials.arms and name in trials.sets
    ]
    gains = corrected(trials, [one for one in found if one is not None])
    answer = "not answerable" if missing else _does(gains, trials.metric)
    sentence = words.answer_sentence(trials.metric, name, answer, gains, missing, command)
    return Answered(set=name, answer=answer, gains=tuple(gains), sentence=sentence)


def _does(gains: list[Gain], metric: str) -> Does:
    """Return what the comparisons with the clean and with the step-matched arm say."""
    needed = [one for one in gains if one.against in (CLEAN, STEP_MATCHED)]
    signs = {one.clear for one in needed}
    if signs == {1}:
        return "helps"
    if signs == {-1}:
        return "hurts"
    matched = next(one for one in needed if one.against == STEP_MATCHED)
    high = matched.difference.high
    if metric != "mse" and high is not None and high < MARGIN:
        return "no gain"
    return "cannot tell"


def _parts(trials: Trials, mix: str, seed: int) -> list[Gain]:
    """Return what the gain over the clean arm is made of, one family of tests."""
    if not {CLEAN, STEP_MATCHED, DUPLICATED, AUGMENTED} <= set(trials.arms):
        return []
    steps = ((STEP_MATCHED, CLEAN), (DUPLICATED, STEP_MATCHED), (AUGMENTED, DUPLICATED))
    found = [gain(trials, [(arm, mix)], [(against, mix)], seed=seed) for arm, against in steps]
    made = [one for one in found if one is not None]
    return corrected(trials, made) if len(made) == len(steps) else []


def _kind(transformed: Answered, parts: list[Gain]) -> Kind:
    """Return which part the gain over the clean arm is."""
    if transformed.answer == "not answerable":
        return "not answerable"
    whole = transformed.against(CLEAN)
    if whole is None or whole.clear <= 0:
        return "none"
    if not parts:
        return "cannot tell"
    steps, rows, text = parts
    if text.clear > 0:
        return "new text"
    if steps.clear > 0:
        return "more steps"
    return "more rows" if rows.clear > 0 else "cannot tell"
