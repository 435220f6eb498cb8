"""Make ``words.txt.xz``: the English word forms that a typo must not turn a word into.

Usage: python tools/build_words.py WORDNET_FOLDER OUTPUT

Single-word alphabetic lemmas of WordNet 3.0 that are written in lower case in at least one
synset, their inflections (lemminflect, and WordNet's exception lists), and the function words of
``function_words.txt``. Names and abbreviations (capitalised in every synset) are left out: a typo
that makes *Joyn* of *Join* is no real word, one that makes *Jon* would be no misreading either.
"""

from __future__ import annotations

import lzma
import sys
from collections.abc import Iterable
from pathlib import Path

from wordnet import Inflector, WordNet, lemminflect_inflector, plain, read_exceptions

DATA = Path(__file__).parents[1] / "transforms" / "robustft_transforms" / "data"
FUNCTION_WORDS = DATA / "function_words.txt"

# WordNet's shorter lemmas are mostly symbols (chemical elements, units, state codes).
SHORT_WORDS = frozenset(
    "a i ad ah am an as at ax be by do go ha he hi if in is it me my no of oh ok on or ox so to"
    " up us we".split()
)


def read_list(path: Path) -> list[str]:
    """Return the words of a list file: blank-separated, ``#`` starts a comment line."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [word for line in lines if not line.startswith("#") for word in line.split()]


def is_word(form: str) -> bool:
    """Tell whether `form` may stand in the list: ASCII letters, and no stray short symbol."""
    return form.isascii() and form.isalpha() and (len(form) > 2 or form in SHORT_WORDS)


def lower_case_lemmas(net: WordNet) -> set[tuple[str, str]]:
    """Return (lemma, pos) of every single word that some synset writes in lower case."""
    return {
        (word, key[0])
        for key, synset in net.synsets.items()
        for word in synset.words
        if word.isalpha() and word == plain(word)
    }


def word_forms(
    net: WordNet,
    exceptions: dict[tuple[str, str], list[str]],
    inflect: Inflector,
    extra: Iterable[str],
) -> list[str]:
    """Return all forms, sorted, each once."""
    forms = set(extra)
    for lemma, pos in lower_case_lemmas(net):
        forms.add(lemma)
        forms.update(inflect(lemma, pos).values())
        forms.update(exceptions.get((lemma, pos), ()))
    return sorted(form for form in forms if is_word(form))


def main(folder: Path, output: Path) -> None:
    """Write the list, one form a line, compressed the same way every time."""
    extra = read_list(FUNCTION_WORDS)
    forms = word_forms(
        WordNet.read(folder), read_exceptions(folder), lemminflect_inflector(), extra
    )
    output.write_bytes(lzma.compress("\n".join(forms).encode(), preset=9 | lzma.PRESET_EXTREME))
    print(f"{len(forms)} forms, {output.stat().st_size} bytes: {output}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
