"""Attacks by name: in the spirit of published ones, made of our transforms and searches.

What our transforms offer is narrower than what those papers use, by design: a synonym here is one
that an editor has read, a typo never makes another word. So these attacks succeed less often than
their namesakes, and what they find still means what it meant. The originals are there too, through
the library textattack (see `robustft.evaluation.attack.originals`).
"""

from __future__ import annotations

from dataclasses import dataclass

from robustft.errors import UsageError, suggest
from robustft.evaluation.attack.search import SearchSettings

__all__ = ["ORIGINALS", "RECIPES", "Recipe", "find_recipe"]

ORIGINALS = "textattack:"
"""What stands before the name of an original."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """An attack by name.

    Attributes
    ----------
    transforms
        Specs; empty where the user has to name them, since they need a model: see `needs`.
    most
        How many replacements of a unit each transform offers.
    max_changed
        The share of a text's words that may change; None: all.
    after
        The publication that it follows.
    differs
        In what it is not the published attack.
    """

    name: str
    transforms: str
    search: SearchSettings
    most: int = 5
    max_changed: float | None = None
    after: str = ""
    differs: str = ""
    needs: str = ""


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            name="textfooler",
            transforms="synonyms",
            search=SearchSettings(importance="deletion"),
            most=50,
            after="Jin et al. (2020), Is BERT really robust?, AAAI",
            differs="synonyms from the reviewed table, not neighbours among counter-fitted "
            "vectors; a sentence encoder is asked only if --min-similarity says so",
        ),
        Recipe(
            name="pwws",
            transforms="synonyms",
            search=SearchSettings(importance="saliency"),
            most=50,
            after="Ren et al. (2019), Generating natural language adversarial examples through "
            "probability weighted word saliency, ACL",
            differs="synonyms from the reviewed table, not of every WordNet sense; no names are "
            "swapped; saliency by deletion, in log-odds",
        ),
        Recipe(
            name="deepwordbug",
            transforms="typos",
            search=SearchSettings(most_edits=30),
            most=4,
            after="Gao et al. (2018), Black-box generation of adversarial text sequences to "
            "evade deep learning classifiers, SPW",
            differs="slips of a typist in words of three letters and more that never make "
            "another word; a first slip, not a mask, tells how much a word matters; at most 30 "
            "words, not letters",
        ),
        Recipe(
            name="bae",
            transforms="",
            search=SearchSettings(importance="deletion"),
            most=8,
            after="Garg and Ramakrishnan (2020), BAE: BERT-based adversarial examples for text "
            "classification, EMNLP",
            differs="replaces and never inserts; a proposal must also be near in meaning by "
            "WordNet; a sentence encoder is asked only if --min-similarity says so",
            needs="a masked language model: --with masked_lm:model=FOLDER",
        ),
    )
}


def find_recipe(name: str) -> Recipe:
    """Return a recipe by name.

    Raises
    ------
    UsageError
        There is none of that name.
    """
    if name not in RECIPES:
        raise UsageError(
            f"recipe: expected one of {', '.join(RECIPES)}, or {ORIGINALS}NAME, "
            f"got {name!r}{suggest(name, RECIPES)}"
        )
    return RECIPES[name]
