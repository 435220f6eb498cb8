"""Make ``synonyms/tags.tsv``: how often a tagger reads a word form as which part of speech.

Usage: python tools/count_tags.py WORDNET TEXTS OUTPUT [--passages N]

TEXTS holds one passage a line. The forms are those of all lemmas of the reviewed lists and of all
candidates. Needs NLTK and the data of its averaged perceptron tagger.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from build_synonyms import TAGGED
from build_words import FUNCTION_WORDS, read_list
from synonym_rules import Rule, candidates, read_rules
from wordnet import WordNet, lemminflect_inflector

from robustft.text.sentences import sentence_spans

CLASS_OF_TAG = {"N": "n", "V": "v", "J": "a", "R": "r"}


def tagged_words(passages: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield (lower-case form, Penn tag) of every word, names left out."""
    from nltk.tag import PerceptronTagger
    from nltk.tokenize import TreebankWordTokenizer

    tagger, tokenizer = PerceptronTagger(), TreebankWordTokenizer()
    for passage in passages:
        for start, end in sentence_spans(passage):
            for word, tag in tagger.tag(tokenizer.tokenize(passage[start:end])):
                if word.isalpha() and not tag.startswith("NNP"):
                    yield word.lower(), tag


def main(arguments: list[str] | None = None) -> None:
    """Count, and write a line a form."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("wordnet", "texts", "output"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--passages", type=int, default=30_000)
    options = parser.parse_args(arguments)
    net, inflect = WordNet.read(options.wordnet), lemminflect_inflector()
    tools = Path(__file__).parent
    rules = list(read_rules(tools / "synonyms"))
    barred = frozenset(read_list(FUNCTION_WORDS))
    rules += [Rule(*offer, ()) for offer in candidates(net, rules, barred)]
    lemmas = {(lemma, r.pos) for r in rules for lemma in (r.lemma, *r.substitutes)}
    wanted = {form for lemma in lemmas for form in inflect(*lemma).values()}
    counts: Counter[tuple[str, str]] = Counter()
    with options.texts.open(encoding="utf-8") as lines:
        for form, tag in tagged_words(islice(lines, options.passages)):
            if form in wanted:
                counts[form, CLASS_OF_TAG.get(tag[0], "other") if tag != "RP" else "other"] += 1
    forms = sorted({form for form, _pos in counts})
    rows = ["\t".join([form, *(str(counts[form, pos]) for pos in TAGGED)]) for form in forms]
    head = "# form\tnoun\tverb\tadjective\tadverb\tother: how often a tagger read the form so"
    options.output.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    print(f"{len(forms)} forms: {options.output}")


if __name__ == "__main__":
    main()
