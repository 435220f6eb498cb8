"""What runs in a peer's own environment: an augmenter over texts, timed there.

Reads one JSON object on stdin, ``{"peer": ..., "texts": [...], "seconds": ...}``, and prints one:
the texts it got through in that time, the seconds that they took (of the clock, and of the
processor) and the library's version. Importing, making the augmenter and one text to warm up are
not timed. Of robustft it uses one file that needs the standard library alone.
"""

from __future__ import annotations

import importlib.util
import json
import random
import sys
import time
from importlib.metadata import version
from pathlib import Path


def _nlpaug(kind, name, **settings):
    import importlib

    module = importlib.import_module(f"nlpaug.augmenter.{kind}")
    return getattr(module, name)(**settings).augment


def _without_flair():
    """Let textattack import where flair, which wants an older transformers, is missing."""
    path = Path(__file__).parents[1] / "robustft" / "transform" / "foreign" / "host.py"
    spec = importlib.util.spec_from_file_location("host", path)
    host = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(host)
    host.stand_in_for_flair()


def _textattack(name):
    _without_flair()
    from textattack import augmentation

    return getattr(augmentation, name)().augment


def _textattack_transformation(name):
    _without_flair()
    from textattack import transformations
    from textattack.augmentation import Augmenter

    return Augmenter(transformation=getattr(transformations, name)()).augment


def _augly(name):
    import augly.text

    function = getattr(augly.text, name)
    return lambda text: function([text])


PEERS = {
    "nlpaug SynonymAug": lambda: _nlpaug("word", "SynonymAug", aug_src="wordnet"),
    "nlpaug KeyboardAug": lambda: _nlpaug("char", "KeyboardAug"),
    "nlpaug RandomCharAug swap": lambda: _nlpaug("char", "RandomCharAug", action="swap"),
    "nlpaug OcrAug": lambda: _nlpaug("char", "OcrAug"),
    "nlpaug SpellingAug": lambda: _nlpaug("word", "SpellingAug"),
    "textattack WordNetAugmenter": lambda: _textattack("WordNetAugmenter"),
    "textattack CharSwapAugmenter": lambda: _textattack("CharSwapAugmenter"),
    "textattack WordSwapQWERTY": lambda: _textattack_transformation("WordSwapQWERTY"),
    "textattack WordSwapContract": lambda: _textattack_transformation("WordSwapContract"),
    "augly contractions": lambda: _augly("contractions"),
    "augly simulate_typos": lambda: _augly("simulate_typos"),
    "augly replace_similar_chars": lambda: _augly("replace_similar_chars"),
}


def main() -> None:
    job = json.load(sys.stdin)
    random.seed(0)
    augment = PEERS[job["peer"]]()
    augment("It is not a bad film, and you will like it.")
    made = []
    start, cpu = time.perf_counter(), time.process_time()
    for text in job["texts"]:
        out = augment(text)
        made.append(out if isinstance(out, str) else out[0] if out else text)
        if time.perf_counter() - start > job["seconds"]:
            break
    seconds = time.perf_counter() - start
    answer = {
        "texts": made,
        "seconds": seconds,
        "cpu": time.process_time() - cpu,
        "version": version(job["peer"].partition(" ")[0]),
    }
    # On a line of its own: a library may have printed something.
    sys.stdout.write(f"\n{json.dumps(answer)}\n")


if __name__ == "__main__":
    main()
