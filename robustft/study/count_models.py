"""Trees that predict from word counts: a random forest or XGBoost, chosen on validation rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from robustft.data.task import Task, TaskType
from robustft.seeding import fold_in
from robustft.study.dictionary_settings import DictionarySettings

__all__ = ["Chosen", "choose"]

Floats = npt.NDArray[np.float32]
Columns = npt.NDArray[np.int64]
Labels = npt.NDArray[Any]

# The grid: how many texts a leaf holds at least (forest), how deep a tree is (XGBoost).
_LEAVES = (1, 3)
_DEPTHS = (3, 6)
# The forest's trees while the grid is tried: enough to rank its settings.
_FEWER_TREES = 100
_PATIENCE = 50


class _Trees(Protocol):
    """What both libraries' models do."""

    def predict(self, counts: Floats) -> Any: ...


@dataclass(frozen=True, eq=False)
class Chosen:
    """The model that did best on the validation rows.

    Attributes
    ----------
    columns
        Which columns of the counts it reads, in order.
    classes
        The class codes that it knows, in the order of its probabilities; empty for a regression.
    options
        The settings that were chosen.
    tried
        Every candidate: its settings and its ``mse`` or ``accuracy`` on the validation rows.
    """

    model: _Trees
    columns: Columns
    classes: Columns
    options: dict[str, Any]
    tried: list[dict[str, Any]]

    def outputs(self, counts: Any, num_labels: int) -> Floats:
        """Return the numbers predicted, ``(n, 1)``, or log probabilities, ``(n, num_labels)``.

        A class that no training row has gets the smallest probability there is.
        """
        dense = _dense(counts, self.columns)
        if not len(self.classes):
            return np.asarray(self.model.predict(dense), np.float32)[:, None]
        shares = np.full((len(dense), num_labels), 0.0)
        shares[:, self.classes] = self.model.predict_proba(dense)  # type: ignore[attr-defined]
        logs: Floats = np.log(np.maximum(shares, 1e-6)).astype(np.float32)
        return logs


def choose(
    train: tuple[Any, Labels],
    validation: tuple[Any, Labels],
    dictionaries: Sequence[Columns],
    *,
    task: Task,
    settings: DictionarySettings,
    n_jobs: int = 1,
    progress: Callable[[], None] = lambda: None,
) -> Chosen:
    """Fit the grid on the training rows and return what does best on the validation rows.

    Parameters
    ----------
    train, validation
        Counts (CSR, shape ``(n, words)``) and labels.
    dictionaries
        Sets of columns to choose among: dictionaries of several sizes.
    n_jobs
        Processor cores that fit a forest; no result depends on it.
    progress
        Called when a candidate is done.

    Notes
    -----
    The forest draws from a third of the words at each split of a regression and from the square
    root of their number for classes, as the R package randomForest does (Liaw and Wiener, 2002,
    *Classification and Regression by randomForest*, R News 2/3). XGBoost learns at a rate of 0.05
    from 80 % of the rows and half of the words a tree; it stops when 50 more trees do not help on
    the validation rows.
    """
    regression = task.type is TaskType.REGRESSION
    classes = np.array([], np.int64) if regression else np.unique(train[1]).astype(np.int64)
    labels = train[1] if regression else np.searchsorted(classes, train[1])
    fit = _forests if settings.classifier == "random_forest" else _boosted
    best: tuple[float, Columns, dict[str, Any], Any] | None = None
    tried = []
    for columns in dictionaries:
        seen, held_out = _dense(train[0], columns), _dense(validation[0], columns)
        check = _kept(held_out, validation[1], classes)
        for options, model in fit(seen, labels, check, regression, settings, n_jobs):
            said = _single(model).predict(held_out)
            score = _score(said if regression else classes[said], validation[1], regression)
            tried.append({"size": len(columns), **options, task.metric: abs(score)})
            if best is None or score > best[0]:
                best = (score, columns, options, model)
            progress()
    assert best is not None
    _, columns, options, model = best
    if settings.classifier == "random_forest":
        model = _forest(regression, options["min_samples_leaf"], settings.trees, settings, n_jobs)
        model.fit(_dense(train[0], columns), labels)
    facts = {"model": settings.classifier, "size": len(columns), **options}
    return Chosen(_single(model), columns, classes, facts, tried)


def _dense(counts: Any, columns: Columns) -> Floats:
    dense: Floats = counts[:, columns].toarray()
    return dense


def _kept(counts: Floats, labels: Labels, classes: Columns) -> tuple[Floats, Labels]:
    """Return the validation rows that early stopping can use: those of a class that is known."""
    if not len(classes):
        return counts, labels
    known = np.isin(labels, classes)
    return counts[known], np.searchsorted(classes, labels[known])


def _score(said: Any, labels: Labels, regression: bool) -> float:
    """Return a number that is larger for what is better."""
    if regression:
        return -float(np.mean((np.asarray(said, np.float64) - labels) ** 2))
    return float(np.mean(said == labels))


def _single(model: Any) -> Any:
    """Let the model predict on one core: threads would add its trees up in no fixed order."""
    return model.set_params(n_jobs=1)


def _forests(
    counts: Floats,
    labels: Labels,
    check: tuple[Floats, Labels],
    regression: bool,
    settings: DictionarySettings,
    n_jobs: int,
) -> Iterator[tuple[dict[str, Any], Any]]:
    del check
    for leaf in _LEAVES:
        model = _forest(regression, leaf, min(_FEWER_TREES, settings.trees), settings, n_jobs)
        yield {"min_samples_leaf": leaf}, model.fit(counts, labels)


def _forest(
    regression: bool, leaf: int, trees: int, settings: DictionarySettings, n_jobs: int
) -> Any:
    make = RandomForestRegressor if regression else RandomForestClassifier
    return make(
        trees,
        max_features=1 / 3 if regression else "sqrt",
        min_samples_leaf=leaf,
        random_state=fold_in(settings.seed, "trees") % 2**32,
        n_jobs=n_jobs,
    )


def _boosted(
    counts: Floats,
    labels: Labels,
    check: tuple[Floats, Labels],
    regression: bool,
    settings: DictionarySettings,
    n_jobs: int,
) -> Iterator[tuple[dict[str, Any], Any]]:
    # Its sums depend on the number of threads, so there is one, whatever `n_jobs` says.
    del n_jobs
    import xgboost

    make = xgboost.XGBRegressor if regression else xgboost.XGBClassifier
    for depth in _DEPTHS:
        model = make(
            n_estimators=4 * settings.trees,
            learning_rate=0.05,
            max_depth=depth,
            subsample=0.8,
            colsample_bytree=0.5,
            early_stopping_rounds=_PATIENCE,
            random_state=fold_in(settings.seed, "trees") % 2**31,
            n_jobs=1,
        )
        model.fit(counts, labels, eval_set=[check], verbose=False)
        yield {"max_depth": depth, "trees": int(model.best_iteration) + 1}, model
