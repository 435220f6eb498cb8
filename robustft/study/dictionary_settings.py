"""The settings of a dictionary baseline, one comment each."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from robustft.errors import UsageError, suggest

__all__ = ["SIZES", "DictionarySettings", "dictionary_settings"]

# Dictionary sizes that are tried on the validation split when none is given.
SIZES = (500, 2_000)


class DictionarySettings(BaseModel):
    """What decides a dictionary baseline besides the data."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    # What predicts from the counts of the dictionary's words.
    classifier: Literal["random_forest", "xgboost"] = "random_forest"
    # Words in the dictionary. None: the size that does best on the validation split.
    size: int | None = Field(default=None, ge=2)
    # Words of a text that are read, from its beginning (words, not pieces of words). None: all.
    max_length_tokens: int | None = Field(default=None, ge=1)
    # Training texts that a word must occur in to be scored.
    min_documents: int = Field(default=5, ge=1)
    # Words that are scored at most: the most frequent.
    max_words: int = Field(default=20_000, ge=2)
    # 2 scores pairs of neighbouring words too.
    ngrams: Literal[1, 2] = 1
    # Trees of the random forest; for XGBoost at most four times as many, stopped early.
    trees: int = Field(default=500, ge=1)
    # Decides the network's weights and the draws of the trees.
    seed: int = Field(default=0, ge=0)


def dictionary_settings(**given: Any) -> DictionarySettings:
    """Return checked settings; values of None are left to the defaults.

    Raises
    ------
    UsageError
        A name is unknown or a value cannot be used; all of them are listed.
    """
    try:
        return DictionarySettings(**{k: v for k, v in given.items() if v is not None})
    except ValidationError as problems:
        lines = []
        for problem in problems.errors(include_url=False):
            name = ".".join(str(part) for part in problem["loc"])
            if problem["type"] == "extra_forbidden":
                known = suggest(name, DictionarySettings.model_fields)
                lines.append(f"{name}: expected the name of a setting{known}")
            else:
                lines.append(f"{name}: {problem['msg'].lower()}, got {problem['input']!r}")
        raise UsageError("dictionary: " + "; ".join(lines)) from None
