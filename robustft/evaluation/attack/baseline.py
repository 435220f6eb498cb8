"""Random edits of the same size: what an attack has to be better than to be called one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from robustft.evaluation.attack.lockstep import Victim, holding
from robustft.evaluation.attack.search import Found
from robustft.seeding import Draw, fold_in
from robustft.transform.constraints import TextConstraint
from robustft.transform.proposals import Candidate, Proposals

__all__ = ["DRAWS", "RandomEdits", "random_edits"]

# So many sets of edits are drawn for each text.
DRAWS = 5


@dataclass(frozen=True)
class RandomEdits:
    """What random edits of a text did.

    Attributes
    ----------
    done
        How many of the draws reached the goal of the attack.
    words
        The words changed, summed over the draws.
    """

    done: int
    words: int


def random_edits(
    victim: Victim,
    rows: Sequence[int],
    ids: Sequence[str],
    proposals: Proposals,
    found: Sequence[Found],
    *,
    seed: int,
    constraints: Sequence[TextConstraint] = (),
    draws: int = DRAWS,
) -> list[RandomEdits]:
    """Change as many words of each text as the attack did, drawn among the same proposals.

    A set that breaks a constraint on whole texts is taken back: the text is then as it was.
    """
    made: list[tuple[int, str, int]] = []
    for number, (row_id, result) in enumerate(zip(ids, found, strict=True)):
        wanted = sum(candidate.words for candidate in result.chosen)
        for copy in range(draws):
            draw = Draw(fold_in(seed, "random edits", row_id, copy))
            chosen = _drawn(proposals, number, wanted, draw)
            text = proposals.offers[number].changed(chosen)
            made.append((number, text, sum(candidate.words for candidate in chosen)))
    originals = [proposals.offers[number].text for number, _, _ in made]
    good = holding(constraints, originals, [text for _, text, _ in made])
    kept = [
        (number, text if fine else before, words if fine else 0)
        for (number, text, words), before, fine in zip(made, originals, good, strict=True)
    ]
    if not kept:
        return []
    of = np.array([rows[number] for number, _, _ in kept], np.int64)
    scores = victim.scores(of, [text for _, text, _ in kept])
    done = np.array([score.done for score in scores]).reshape(-1, draws).sum(1)
    words = np.array([count for _, _, count in kept]).reshape(-1, draws).sum(1)
    return [RandomEdits(*pair) for pair in zip(done.tolist(), words.tolist(), strict=True)]


def _drawn(proposals: Proposals, number: int, wanted: int, draw: Draw) -> list[Candidate]:
    """Return candidates at places in random order, until they change as many words as wanted."""
    offer = proposals.offers[number]
    chosen: list[Candidate] = []
    words = 0
    for place in draw.shuffled(range(len(offer.places))) if wanted else ():
        (candidates,) = proposals.ask([(number, place)])
        if not candidates:
            continue
        candidate = draw.choice(candidates)
        if words + candidate.words <= wanted and offer.combines(chosen, candidate):
            chosen.append(candidate)
            words += candidate.words
        if words == wanted:
            break
    return chosen
