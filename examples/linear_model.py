"""Test a model without a network: a logistic regression on words and pairs of words.

    python examples/linear_model.py                        # the built-in reviews
    python examples/linear_model.py DATA synonyms numbers  # a folder of splits, your transforms

A second architecture beside transformers, in a minute on a laptop: useful where a transform was
chosen with the help of an encoder, whose relatives it may spare.
"""

from __future__ import annotations

import sys

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from robustft.data.build import transform_split
from robustft.data.dataset import load_dataset, sample
from robustft.scoring.metrics import correct
from robustft.scoring.statistics import accuracy_change, mcnemar, share

MOST = 5_000


def main(data: str = "demo", *specs: str) -> None:
    """Train on at most 5,000 rows, test on as many, original and transformed by each spec."""
    dataset = load_dataset(data)
    train, test = (sample(s, min(MOST, len(s)), seed=0) for s in (dataset.train, dataset.test))
    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True),
        LogisticRegression(C=10, max_iter=1_000, random_state=0),
    )
    model.fit(train.texts, train.labels)
    labels = np.asarray(test.labels)
    original = correct(labels, model.predict(test.texts))
    found = share(original)
    print(f"original   {found.value:.1%} [{found.low:.1%}, {found.high:.1%}] of {found.n:,} rows")
    for spec in specs or ("synonyms", "typos", "contractions"):
        made = transform_split(test, spec)
        changed = correct(labels, model.predict(made.split.texts))
        drop = accuracy_change(original, changed)
        words = made.summary()["changed_share"]
        print(
            f"{spec}: {words:.1%} of the words changed; the drop is {100 * drop.value:.1f} points "
            f"[{100 * drop.low:.1f}, {100 * drop.high:.1f}], p = {mcnemar(original, changed).p:.2g}"
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
