"""What a recipe may say: the shape of its TOML, strict down to the type of each value."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from robustft.errors import UsageError, suggest
from robustft.study.settings import Kind

__all__ = ["Augmentation", "Comparison", "Dataset", "Evaluation", "Figure", "Recipe", "Row"]

NAME = r"^[A-Za-z0-9][A-Za-z0-9_+=,-]*$"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Row(_Strict):
    """One row of the study's table: a way to make a model.

    Attributes
    ----------
    set
        What it changes of the recipe's defaults; see `robustft.study.settings`.
    published
        What the source reports, by column (``mse``, ``validation.loss``), as in `Recipe.columns`.
    published_minutes
        The time that the source reports.
    extends
        A row whose settings these are added to.
    model_from
        A row whose trained model this one starts from.
    extension
        True for a row that the source does not have.
    """

    name: str = Field(pattern=NAME)
    kind: Kind = "train"
    label: str = ""
    set: dict[str, Any] = Field(default_factory=dict)
    published: dict[str, float] = Field(default_factory=dict)
    published_minutes: float | None = None
    extends: str | None = None
    model_from: str | None = None
    extension: bool = False
    note: str = ""


class Dataset(_Strict):
    """One of several data sets, each of which gets a table of its own.

    Attributes
    ----------
    rows
        The rows of its table; all if left out.
    defaults
        Settings on this data set, where a row does not say otherwise.
    set
        Settings on this data set, whatever a row says.
    columns
        The metrics of its table, if they are others than the study's.
    published
        By row, what the source reports for it here, where it is not what the row itself says.
    """

    name: str = Field(pattern=NAME)
    title: str = ""
    data: str | None = None
    rows: list[str] = Field(default_factory=list)
    defaults: dict[str, Any] = Field(default_factory=dict)
    set: dict[str, Any] = Field(default_factory=dict)
    columns: list[str] = Field(default_factory=list)
    published: dict[str, dict[str, float]] = Field(default_factory=dict)


class Evaluation(_Strict):
    """What the trained models are tested on.

    Attributes
    ----------
    split
        By default the test split.
    transforms
        A chain, or several, as in `robustft.evaluate`; without any the original rows alone.
    sets
        The transformed sets that tables show; by default the mix.
    seed
        What the transforms draw by: the same test sets for all rows and seeds.
    draws
        How often the transformed sets are drawn.
    precision
        As in `robustft.evaluate`.
    """

    split: str | None = None
    transforms: str | list[str] | None = None
    severity: int | str | None = None
    max_eval: int | None = Field(default=None, ge=1)
    sets: list[str] = Field(default_factory=list)
    seed: int = Field(default=0, ge=0)
    draws: int = Field(default=1, ge=1)
    precision: Literal["fp32", "bf16"] = "fp32"


class Comparison(_Strict):
    """Two rows side by side: `row` against `against`, by one metric on one set.

    Attributes
    ----------
    relative
        Whether the source tells the change as a share of what it is compared with.
    published
        The source's figure: ``-0.46`` is 46 % less.
    """

    row: str
    against: str
    metric: str
    set: str = "original"
    relative: bool = False
    published: float | None = None
    label: str = ""


class Augmentation(_Strict):
    """Which rows are the arms of the question whether augmentation helps.

    Attributes
    ----------
    clean, augmented, duplicated, step_matched
        The rows that are these arms; a row that the recipe lacks is a missing control.
    set
        The transformed set that the answer is about.
    left_out
        For the set of a transform alone, the row that was trained on all others.
    halves
        For each half of a lexicon, as the chain of the test says it (``synonyms:half=a``), the
        row that was trained on it.
    """

    clean: str = "clean"
    augmented: str = "augmented"
    duplicated: str | None = None
    step_matched: str | None = None
    set: str = "mix"
    left_out: dict[str, str] = Field(default_factory=dict)
    halves: dict[str, str] = Field(default_factory=dict)

    @property
    def arms(self) -> dict[str, str]:
        """The row of each arm that the recipe has."""
        named = {
            "clean": self.clean,
            "augmented": self.augmented,
            "duplicated": self.duplicated,
            "step-matched": self.step_matched,
        }
        return {arm: row for arm, row in named.items() if row is not None}


class Figure(_Strict):
    """A figure.

    Attributes
    ----------
    rows
        Which rows; all of them if left out.
    metric
        The column it shows, such as ``validation.accuracy``.
    split_by
        A setting: one panel for rows that have it, one for those that have not.
    every
        For a steps table: a line every so many optimizer steps.
    published
        By row, the source's curve: its points in the order of `points`.
    """

    kind: Literal["learning-curves", "bars", "steps-table"]
    title: str = ""
    rows: list[str] = Field(default_factory=list)
    metric: str = ""
    split_by: str | None = None
    every: int | None = Field(default=None, ge=1)
    points: list[str] = Field(default_factory=list)
    published: dict[str, list[list[float]]] = Field(default_factory=dict)


class Recipe(_Strict):
    """A study: its rows, what they share, and what its source found.

    Attributes
    ----------
    source
        Where the study was published; `about` says what it asks.
    data, model
        What is used unless ``--set`` says otherwise; a local path is relative to the recipe.
    task, text_column, label_column
        As in `robustft.load_dataset`.
    inferred
        Settings that the source leaves open and that are guessed here.
    seeds
        Runs a row; run *k* draws its new weights and its order of the data by seed *k*.
    defaults
        Settings of all rows.
    grid
        Setting to values: every row is run with each combination.
    columns
        The metrics of the table.
    augmentation
        The arms of a study that asks whether augmentation helps, and what kind of help it is.
    """

    name: str = Field(pattern=NAME)
    title: str = ""
    source: str = ""
    about: str = ""
    data: str | None = None
    model: str | None = None
    task: str | None = None
    text_column: str | None = None
    label_column: str | None = None
    inferred: list[str] = Field(default_factory=list)
    seeds: int = Field(default=1, ge=1)
    defaults: dict[str, Any] = Field(default_factory=dict)
    rows: list[Row] = Field(default_factory=list)
    grid: dict[str, list[Any]] = Field(default_factory=dict)
    datasets: list[Dataset] = Field(default_factory=list)
    evaluation: Evaluation = Evaluation()
    columns: list[str] = Field(default_factory=list)
    comparisons: list[Comparison] = Field(default_factory=list)
    augmentation: Augmentation | None = None
    figures: list[Figure] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)

    def row(self, name: str) -> Row:
        """Return the row called `name`.

        Raises
        ------
        UsageError
            There is none.
        """
        for row in self.rows:
            if row.name == name:
                return row
        names = [row.name for row in self.rows]
        raise UsageError(
            f"{self.name}: expected one of the rows {', '.join(names)}, "
            f"got {name!r}{suggest(name, names)}"
        )

    def published(self, row: str, dataset: str = "") -> dict[str, float]:
        """Return what the source reports for a row (by its name before any grid)."""
        for found in self.datasets:
            if found.name == dataset:
                return found.published.get(row, self.row(row).published)
        return self.row(row).published
