"""Make ``synonyms/scores.tsv``: how alike sentences are with and without a replacement.

Usage: python tools/score_synonyms.py ENCODER_FOLDER TEXTS OUTPUT

TEXTS holds one sentence or passage a line, of the kind that the table is for (we used IMDB's
unlabelled reviews and SST-2's training sentences). For each pair of lemmas up to `CONTEXTS`
sentences in which the conditions allow the replacement are embedded before and after it by a
sentence encoder (mean pooling over the tokens: Reimers and Gurevych, 2019, *Sentence-BERT*,
EMNLP); the score is the mean cosine, in hundredths. Needs torch and transformers.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from build_synonyms import Reading, gather, read_classes, read_tags, serialise
from build_words import read_list
from robustft_transforms._lexicons import parse_synonyms
from robustft_transforms.synonyms import neighbours
from synonym_rules import read_rules
from wordnet import lemminflect_inflector

from robustft.text.document import Batch
from robustft.text.lexicon import Lexicon

CONTEXTS = 4
WINDOW = 80  # characters kept on each side of the word
BATCH = 64

Pair = tuple[str, str, str]


def contexts(texts: list[str], found: list[Reading], table: str) -> Iterator[tuple[Pair, str, str]]:
    """Yield (pair, sentence, sentence with the replacement), `CONTEXTS` times a pair at most."""
    parsed = parse_synonyms(table)
    by_form: dict[str, list[Reading]] = defaultdict(list)
    for reading in found:
        by_form[reading.form].append(reading)
    taken: dict[Pair, int] = defaultdict(int)
    batch = Batch(texts)
    units = batch.words_in(Lexicon(parsed))
    units = units.where(~(batch.hyphenated(units) | batch.capitalised(units)))
    for index, low, high in zip(
        units.text.tolist(), units.start.tolist(), units.end.tolist(), strict=True
    ):
        text, offset = texts[index], int(batch.starts[index])
        start, end = low - offset, high - offset
        left, right = neighbours(text, start, end)
        for reading, shipped in zip(by_form[text[start:end]], parsed[text[start:end]], strict=True):
            if not shipped.beside.allows(left, right):
                continue
            head, tail = text[max(0, start - WINDOW) : start], text[end : end + WINDOW]
            for form, lemma in reading.substitutes:
                pair = (reading.lemma, lemma, reading.pos)
                if taken[pair] < CONTEXTS:
                    taken[pair] += 1
                    yield pair, head + text[start:end] + tail, head + form + tail
            break


def embed(texts: list[str], folder: str) -> npt.NDArray[np.float32]:
    """Return unit vectors, shape ``(n, width)``: the mean of the last layer over the tokens."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder)
    model.eval()
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    out = np.zeros((len(texts), model.config.hidden_size), np.float32)
    with torch.inference_mode():
        for i in range(0, len(order), BATCH):
            rows = order[i : i + BATCH]
            encoded = tokenizer([texts[r] for r in rows], padding=True, return_tensors="pt")
            mask = encoded["attention_mask"].unsqueeze(-1)
            mean = (model(**encoded).last_hidden_state * mask).sum(1) / mask.sum(1)
            out[rows] = torch.nn.functional.normalize(mean, dim=1).numpy()
    return out


def main(encoder: str, texts: Path, output: Path) -> None:
    """Score the pairs of the reviewed lists and write one line each."""
    rules = Path(__file__).with_name("synonyms")
    excluded = frozenset(read_list(rules / "excluded.txt"))
    found = gather(
        read_rules(rules), lemminflect_inflector(), read_tags(rules / "tags.tsv"), excluded
    )
    table = serialise(found, read_classes(rules / "classes.txt"), {})
    rows = list(contexts(texts.read_text(encoding="utf-8").splitlines(), found, table))
    sentences = sorted({sentence for _pair, *both in rows for sentence in both})
    place = {sentence: i for i, sentence in enumerate(sentences)}
    vectors = embed(sentences, encoder)
    cosines: dict[Pair, list[float]] = defaultdict(list)
    for pair, before, after in rows:
        cosines[pair].append(float(vectors[place[before]] @ vectors[place[after]]))
    lines = ["# lemma\tsubstitute\tpart of speech\tmean cosine x 100\tcontexts"]
    lines += [
        "\t".join([*pair, str(round(100 * float(np.mean(values)))), str(len(values))])
        for pair, values in sorted(cosines.items())
    ]
    output.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(cosines)} pairs, {len(rows)} contexts: {output}")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        raise SystemExit(__doc__)
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
