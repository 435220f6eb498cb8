"""Train a WordPiece vocabulary, the same one in every process.

The trainer of the `tokenizers` library breaks ties between equally frequent pieces by the order
of a randomly seeded hash table, so two runs over the same texts give different vocabularies. This
one breaks them by the pieces themselves. As there, pieces grow by merging the most frequent pair
of neighbours (byte-pair encoding: Sennrich, Haddow and Birch, 2016, *Neural machine translation
of rare words with subword units*, ACL) and are applied longest match first (Devlin et al., 2019,
*BERT*, NAACL); pieces inside a word carry the prefix ``##``.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import pairwise

from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

__all__ = ["SPECIAL_TOKENS", "count_words", "train_vocabulary"]

SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")

Pair = tuple[str, str]

# Rarer characters become [UNK]; a corpus with emoji or many scripts would else fill the vocabulary.
_MAX_ALPHABET = 500
# Words beyond these are too rare to shape a small vocabulary, and cost most of the time.
_MAX_WORDS = 30_000


def count_words(texts: Iterable[str]) -> Counter[str]:
    """Count the words of `texts` as BERT's uncased tokenizer sees them."""
    normalize = BertNormalizer(lowercase=True).normalize_str
    split = BertPreTokenizer().pre_tokenize_str
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(word for word, _ in split(normalize(text)))
    return counts


def train_vocabulary(words: Counter[str], size: int) -> list[str]:
    """Return at most `size` pieces: the special tokens, the characters, then the merged pieces.

    Merging stops early when every pair left occurs once.
    """
    ranked = sorted(words.items(), key=lambda item: (-item[1], item[0]))
    letters: Counter[str] = Counter()
    for word, count in ranked:
        for letter in word:
            letters[letter] += count
    known = sorted(letters, key=lambda letter: (-letters[letter], letter))[:_MAX_ALPHABET]
    alphabet = frozenset(known)
    kept = [(w, n) for w, n in ranked if alphabet.issuperset(w)][:_MAX_WORDS]
    spelled = [[word[0], *(f"##{letter}" for letter in word[1:])] for word, _ in kept]
    pieces = [*SPECIAL_TOKENS, *sorted({piece for parts in spelled for piece in parts})]
    pieces += _merges(spelled, [count for _, count in kept], size - len(pieces))
    return list(dict.fromkeys(pieces))


def _merges(spelled: list[list[str]], counts: list[int], limit: int) -> list[str]:
    """Merge the most frequent pair `limit` times, changing `spelled`; return what arose."""
    totals: Counter[Pair] = Counter()
    places: defaultdict[Pair, set[int]] = defaultdict(set)
    for index, parts in enumerate(spelled):
        for pair in pairwise(parts):
            totals[pair] += counts[index]
            places[pair].add(index)
    # Ties fall to the pair that sorts first; a stale entry is dropped when it comes up.
    heap = [(-count, pair) for pair, count in totals.items()]
    heapq.heapify(heap)
    merged: dict[str, None] = {}
    while heap and len(merged) < limit:
        negative, pair = heapq.heappop(heap)
        if totals[pair] != -negative:
            continue
        if totals[pair] < 2:
            break
        piece = pair[0] + pair[1].removeprefix("##")
        merged[piece] = None
        touched: set[Pair] = set()
        for index in places.pop(pair):
            touched |= _rewrite(spelled[index], pair, piece, index, counts[index], totals, places)
        for other in touched:
            if totals[other] > 0:
                heapq.heappush(heap, (-totals[other], other))
    return list(merged)


def _rewrite(
    parts: list[str],
    pair: Pair,
    piece: str,
    index: int,
    count: int,
    totals: Counter[Pair],
    places: defaultdict[Pair, set[int]],
) -> set[Pair]:
    """Merge `pair` in one word and return the pairs whose totals changed."""
    before = list(pairwise(parts))
    at = 0
    while at < len(parts) - 1:
        if (parts[at], parts[at + 1]) == pair:
            parts[at : at + 2] = [piece]
        at += 1
    after = list(pairwise(parts))
    for old in before:
        totals[old] -= count
    for new in after:
        totals[new] += count
        places[new].add(index)
    return set(before) | set(after)
