"""Sentences are translated into another language and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from robustft.errors import SpecError
from robustft.seeding import Draw
from robustft.text import Batch, SpanKind, Units
from robustft.text.sentences import sentence_spans
from robustft.transform.base import BatchedTransform, LabelKind, Level, Proposal, Skip
from robustft.transform.providers import provide
from robustft_transforms._rewording import (
    OPENED,
    negations,
    reworded,
    set_as_before,
    set_plain,
)

# Shorter sentences come back as they were, or as others.
_FEWEST_WORDS = 4


@dataclass(frozen=True, kw_only=True)
class BackTranslation(BatchedTransform):
    """Translate sentences into another language and back, so that they say the same otherwise.

    What it does: each drawn sentence goes through two translation models, and comes back with
    other words and another order. Paragraphs, line breaks, tags and the white space between
    sentences stay, and so does how the writer set the text (all in small letters, cut into tokens,
    with curly quotes). A sentence is left as it was when a name, a number or an address would be
    lost, when it would negate more or less, speak well where it spoke ill, or be much longer or
    shorter, and when the model finds no end.

    Where such text occurs: translated text is everywhere on the web, and a text that went to
    German and back is close to how a second writer would have put it.

    What it may break: idioms, jokes and fine shades, gender and number where one of the languages
    leaves them open. It keeps sentiment, topic and intent as far as the models are good; what
    hangs on the wording (answer spans, tags, acceptability, exact entailment) it does not.

    Parameters
    ----------
    forward, back
        The models there and back: folders, or names on the hub.
    language
        Where `forward` knows several targets, the one to use, such as ``fra``.
    beams
        Width of the search for the likeliest translation.
    temperature
        Above 0, the translation there is drawn at random, freer the higher, so that copies of a
        text differ; 0 takes the likeliest.
    device
        ``auto``, ``cuda``, ``mps`` or ``cpu``.

    References
    ----------
    Sennrich, Haddow and Birch (2016), *Improving neural machine translation models with
    monolingual data*, ACL; as augmentation: Yu et al. (2018), *QANet*, ICLR. The default models:
    Tiedemann and Thottingal (2020), *OPUS-MT*, EAMT.
    """

    forward: str = "Helsinki-NLP/opus-mt-en-de"
    back: str = "Helsinki-NLP/opus-mt-de-en"
    language: str = ""
    beams: int = 4
    temperature: float = 0.0
    device: str = "auto"

    name: ClassVar[str] = "back_translation"
    level: ClassVar[Level] = Level.SENTENCE
    preserves: ClassVar[frozenset[LabelKind]] = frozenset(
        {LabelKind.SENTIMENT, LabelKind.TOPIC, LabelKind.INTENT}
    )
    opens: ClassVar[frozenset[SpanKind]] = OPENED
    rates: ClassVar[Mapping[int, float]] = {1: 0.1, 2: 0.2, 3: 0.4, 4: 0.7, 5: 1.0}
    needs: ClassVar[str] = "two translation models: forward=FOLDER,back=FOLDER, or a network"
    example: ClassVar[str] = "I would have liked the film more if it had been shorter."

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.beams <= 64:
            raise SpecError(f"{self.name}: expected beams from 1 to 64, got {self.beams}")
        if not 0 <= self.temperature <= 5:
            raise SpecError(
                f"{self.name}: expected a temperature from 0 to 5, got {self.temperature}"
            )

    def units(self, batch: Batch) -> Units:
        """Return an empty span before each sentence of some words, all on one line."""
        found = [
            (number, start + int(batch.starts[number]))
            for number, text in enumerate(batch.texts)
            for start, end in sentence_spans(text)
            if len(text[start:end].split()) >= _FEWEST_WORDS and "\n" not in text[start:end]
        ]
        texts, starts = np.array(found, np.int64).reshape(-1, 2).T
        return Units(texts, starts, starts)

    def replacements(self, batch: Batch, units: Units, draws: Sequence[Draw]) -> list[Proposal]:
        """Return for each sentence the edits that make of it what came back."""
        places = _sentences(batch, units)
        plain = [set_plain(text[start:end]) for text, start, end in places]
        translator: Any = provide(
            "back-translation",
            self.forward,
            back=self.back,
            language=self.language,
            device=self.device,
        )
        returned = translator(
            [sentence for sentence, _ in plain],
            [draw.bits() for draw in draws],
            beams=self.beams,
            temperature=self.temperature,
        )
        made: list[Proposal] = []
        for (text, start, end), (_, setting), sentence in zip(places, plain, returned, strict=True):
            if sentence is None:
                made.append(Skip("no end of the translation"))
            elif negations(sentence) != negations(text[start:end]):
                made.append(Skip("negates more or less"))
            else:
                as_before = set_as_before(" ".join(sentence.split()), setting)
                made.append(reworded(text, start, end, as_before))
        return made


def _sentences(batch: Batch, units: Units) -> list[tuple[str, int, int]]:
    """Return the text of each unit, and where its sentence begins and ends in it."""
    ends: dict[int, dict[int, int]] = {}
    found = []
    offsets = (units.start - batch.starts[units.text]).tolist()
    for number, start in zip(units.text.tolist(), offsets, strict=True):
        text = batch.texts[number]
        spans = ends.setdefault(number, dict(sentence_spans(text)))
        found.append((text, start, spans[start]))
    return found
