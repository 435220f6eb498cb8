"""Dictionary baselines: a list of words made from the data, and trees on how often they occur.

After Häffner, Hofer, Nagl and Walterskirchen (2023, *Introducing an Interpretable Deep Learning
Approach to Domain-Specific Dictionary Creation*, Political Analysis 31(4), 481-499; OCoDi): a small
network is trained on the words of the training texts, attribution through it scores each word, the
words with the highest and the lowest scores are the dictionary, and a random forest or XGBoost
predicts from their counts. The word list is the method's point: it is written to be read.

What the letter that compares with it (Wang, 2023, Political Analysis) leaves open is inferred
here: the network's shape, the size of the dictionary and the trees' settings. Whatever is chosen
is chosen on the validation split.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from robustft.data.dataset import check_trainable
from robustft.data.run_folder import RunFolder
from robustft.data.split import Split, TextDataset
from robustft.data.task import Task, TaskType
from robustft.errors import DataError, UsageError
from robustft.evaluation.predict import Predictions
from robustft.evaluation.results import ORIGINAL, ModelFacts, RobustnessResult, SetFacts
from robustft.evaluation.robustness import compare
from robustft.evaluation.sets import TestSet
from robustft.scoring.metrics import classification_scores, regression_scores
from robustft.scoring.statistics import Estimate
from robustft.study.count_models import Chosen, choose
from robustft.study.dictionary_model import DictionaryModel
from robustft.study.dictionary_settings import SIZES, DictionarySettings, dictionary_settings
from robustft.study.word_counts import WordCounter
from robustft.study.word_list import WordList, read_words, score_words, write_words
from robustft.study.word_network import NetworkSettings, train_network, word_attributions

__all__ = [
    "DictionaryModel",
    "DictionaryResult",
    "Progress",
    "check_texts",
    "dictionary_baseline",
    "make_baseline",
    "original_set",
]

Progress = Callable[[str], None]

WORDS, NETWORK = "words.csv", "network.json"
_LEADING = 20


@dataclass(frozen=True, eq=False)
class DictionaryResult:
    """What a dictionary baseline came to.

    Attributes
    ----------
    words
        All words that were scored; ``model.words`` are those of the dictionary.
    predictions
        By test set, in the rows' order.
    result
        The metrics with their intervals and, on transformed sets, the drops: as of an evaluation.
    validation
        The scores on the validation split, by which size and trees were chosen.
    facts
        Sizes, the strongest words, what was tried and chosen, how the network trained.
    """

    model: DictionaryModel
    words: WordList
    predictions: Mapping[str, Predictions]
    result: RobustnessResult
    validation: dict[str, float | None]
    facts: dict[str, Any]
    minutes: float
    notices: tuple[str, ...] = ()

    @property
    def metrics(self) -> dict[str, Estimate]:
        """The metrics on the test split as it is."""
        return self.result.cells[0].metrics


def dictionary_baseline(
    dataset: TextDataset,
    *,
    classifier: Literal["random_forest", "xgboost"] = "random_forest",
    seed: int = 0,
    max_length_tokens: int | None = None,
    sets: Sequence[TestSet] | None = None,
    n_jobs: int = 1,
    progress: Progress = lambda _: None,
    **settings: Any,
) -> DictionaryResult:
    """Make a dictionary from the training split and see how well its counts predict.

    Parameters
    ----------
    dataset
        With the splits train, validation and (unless `sets` are given) test.
    classifier
        What predicts from the counts.
    seed
        Decides the network's weights and the trees' draws. The same seed gives the same result,
        whatever the number of cores.
    max_length_tokens
        Words of a text that are read; None: all of it.
    sets
        What to test on: the original rows, and transformed versions of them. None: the test split.
    n_jobs
        Processor cores that fit a random forest.
    progress
        Told what is being done.
    settings
        Further fields of `DictionarySettings`, such as ``size`` and ``ngrams``.

    Raises
    ------
    DataError
        A split or its labels are missing, or no word occurs in enough texts.
    UsageError
        A setting is unknown or cannot be used, or the rows are pairs of texts.
    """
    checked = dictionary_settings(
        classifier=classifier, seed=seed, max_length_tokens=max_length_tokens, **settings
    )
    check_trainable(dataset)
    check_texts(dataset)
    tested = [original_set(dataset.test)] if sets is None else sets
    return make_baseline(dataset, checked, tested, n_jobs=n_jobs, progress=progress)


def check_texts(dataset: TextDataset) -> None:
    """Refuse rows of two texts: their words would be counted of the first alone.

    Raises
    ------
    UsageError
        They are pairs, or questions with contexts.
    """
    columns = dataset.task.text_columns
    if len(columns) > 1:
        raise UsageError(
            f"dictionary: expected one text a row, got two ({' and '.join(columns)}); name one "
            "column with text_column"
        )


def original_set(split: Split) -> TestSet:
    """Return the test set that holds the rows of `split` as they are."""
    return TestSet(SetFacts(name=ORIGINAL, kind="original", rows=len(split)), split)


def make_baseline(
    dataset: TextDataset,
    settings: DictionarySettings,
    sets: Sequence[TestSet],
    *,
    run: RunFolder | None = None,
    n_jobs: int = 1,
    progress: Progress = lambda _: None,
) -> DictionaryResult:
    """Do what `dictionary_baseline` says; the scored words are kept in `run` and read from it."""
    if not sets or sets[0].facts.name != ORIGINAL or sets[0].split.labels is None:
        raise DataError(
            f"{dataset.name}: expected labelled rows as they are for the first test set"
        )
    started, task = time.perf_counter(), dataset.task
    progress("counting words")
    counter = _counter(dataset, settings)
    train = (counter.train_counts, np.asarray(dataset.train.labels))
    held_out, _ = counter.counts(dataset.validation.texts)
    validation = (held_out, np.asarray(dataset.validation.labels))
    words, network = _scored(counter, train, validation, task, settings, run, progress)
    wanted = SIZES if settings.size is None else (settings.size,)
    sizes = sorted({min(size, len(words)) for size in wanted})
    chosen = choose(
        train,
        validation,
        [words.chosen(size) for size in sizes],
        task=task,
        settings=settings,
        n_jobs=n_jobs,
        progress=lambda: progress(f"trying {settings.classifier.replace('_', ' ')}"),
    )
    model = DictionaryModel(words.take(chosen.columns).from_the_highest(), task, counter, chosen)
    progress("predicting")
    said = {made.facts.name: model.predict(made.split.texts) for made in sets}
    return DictionaryResult(
        model=model,
        words=words,
        predictions=said,
        result=_compared(sets, said, task, settings),
        validation=_scores(model.predict(dataset.validation.texts), validation[1], task),
        facts=_facts(model, words, chosen, network),
        minutes=(time.perf_counter() - started) / 60,
        notices=_notices(counter, settings),
    )


def _counter(dataset: TextDataset, settings: DictionarySettings) -> WordCounter:
    return WordCounter(
        dataset.train.texts,
        min_documents=settings.min_documents,
        max_words=settings.max_words,
        ngrams=settings.ngrams,
        limit=settings.max_length_tokens,
    )


def _facts(
    model: DictionaryModel, words: WordList, chosen: Chosen, network: dict[str, Any]
) -> dict[str, Any]:
    return {
        "dictionary": len(model.words),
        "vocabulary": len(words),
        "words": model.words.leading(_LEADING),
        "chosen": chosen.options,
        "tried": chosen.tried,
        "network": network,
    }


def _scored(
    counter: WordCounter,
    train: tuple[Any, npt.NDArray[Any]],
    validation: tuple[Any, npt.NDArray[Any]],
    task: Task,
    settings: DictionarySettings,
    run: RunFolder | None,
    progress: Progress,
) -> tuple[WordList, dict[str, Any]]:
    """Return the words with their scores and how the network trained, from the run if it can."""
    names = task.label_names
    if task.type is TaskType.REGRESSION:
        names = (task.label_column,)
    elif len(names) == 2:
        names = names[1:]
    if run is not None and (run.path / WORDS).is_file():
        return read_words(run.path / WORDS, names), run.read_json(NETWORK)
    progress("training the network that scores words")
    trained = train_network(
        train,
        validation,
        classes=None if task.type is TaskType.REGRESSION else len(task.label_names),
        seed=settings.seed,
        settings=NetworkSettings(),
    )
    progress("scoring words")
    totals, gap = word_attributions(trained, train[0])
    frequency = np.asarray((train[0] > 0).sum(axis=0)).ravel().astype(np.int64)
    words = score_words(counter.words, totals, frequency, names)
    network = {"epoch": trained.epoch, "validation_loss": trained.loss, "completeness_gap": gap}
    if run is not None:
        # The words come last: where they are, the network's facts are too.
        run.write_json(NETWORK, network)
        write_words(words, run.path / WORDS)
    return words, network


def _compared(
    sets: Sequence[TestSet],
    said: Mapping[str, Predictions],
    task: Task,
    settings: DictionarySettings,
) -> RobustnessResult:
    return compare(
        np.asarray(sets[0].split.labels),
        [made.facts for made in sets],
        {ModelFacts(name=settings.classifier): said},
        task=task,
        mix=next((made.facts.name for made in sets if made.facts.kind == "mix"), None),
        seed=settings.seed,
    )


def _scores(said: Predictions, labels: npt.NDArray[Any], task: Task) -> dict[str, float | None]:
    of = regression_scores if task.type is TaskType.REGRESSION else classification_scores
    return of(labels, said.predictions)


def _notices(counter: WordCounter, settings: DictionarySettings) -> tuple[str, ...]:
    if not counter.train_truncated.any():
        return ()
    cut = counter.train_truncated.mean()
    limit = settings.max_length_tokens
    return (f"{cut:.0%} of the training texts are longer than {limit} words and were cut",)
