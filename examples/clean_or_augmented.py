"""The whole job from Python: train a clean and an augmented model, evaluate both, read the verdict.

Two minutes on a laptop's processor. The same call finds its work again under ``runs/``.
"""

from __future__ import annotations

import robustft


def main() -> None:
    pair = robustft.train(augment=5000)  # data="reviews.csv", model="distilbert-base-uncased", ...
    result = robustft.evaluate(pair.runs)
    print(result.to_pandas().to_string())
    for answer in result.verdict.answers:
        print(f"{answer.question} {answer.answer}")
    for caveat in result.verdict.caveats:
        print(f"- {caveat}")


if __name__ == "__main__":
    main()
