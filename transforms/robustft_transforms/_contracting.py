"""From full words to a contraction, where English lets one stand.

A clitic needs something after it in its clause ("Yes, it is." stays), an auxiliary ("I have a
car" stays) and no stress ("it IS good" stays). Sources: Quirk et al. (1985), *A Comprehensive
Grammar of the English Language*, 3.23 and 11.8; Kaisse (1983), *The syntax of auxiliary reduction
in English*, Language 59, on the gap that blocks it.
"""

from __future__ import annotations

import re

from robustft.seeding import Draw
from robustft.transform.base import Skip
from robustft_transforms._grammar import (
    Clause,
    asks,
    before,
    inside_longer_form,
    is_participle,
    next_word,
    skip_adverbs,
    word_list,
)

__all__ = ["PAIRS", "contract"]

_CLITIC = {
    "am": "'m",
    "is": "'s",
    "are": "'re",
    "have": "'ve",
    "has": "'s",
    "had": "'d",
    "will": "'ll",
    "would": "'d",
}
_SUBJECTS = {
    "am": "i",
    "is": "he she it that there here what who where how",
    "are": "you we they",
    "have": "i you we they would could should might must",
    "has": "he she it there who that",
    "had": "i you he she we they",
    "will": "i you he she it we they there who",
    "would": "i you he she it we they",
    "not": "is are was were do does did have has had would could should must can will",
    "us": "let",
}
PAIRS = frozenset(
    f"{first} {second}" for second, firsts in _SUBJECTS.items() for first in firsts.split()
)
"""The pairs of lower-case words that may become one contraction; "cannot" stands alone."""

_NOR = re.compile(r"\s*,\s*nor\b")
_IRREGULAR_NEGATED = {"can": "can't", "will": "won't"}
_EDGE_WORDS = frozenset("and but or nor yet for than".split())
_BE = frozenset("is are was were be am been".split())
_GERUNDS = frozenset(
    "saying thinking feeling hoping knowing meaning believing realizing considering seeing".split()
)
_BEFORE_A_CLAUSE = _GERUNDS | frozenset(
    "everything something anything nothing morning evening".split()
)
_WINDOW = 60
_NOT_LETS = frozenset("know in out down off alone have".split())


def contract(text: str, start: int, end: int, draw: Draw) -> str | Skip:
    """Return the contraction for ``text[start:end]``: two words of `PAIRS`, three, or "cannot"."""
    span = text[start:end]
    words = span.split(" ")
    apostrophe = "’" if "’" in text and "'" not in text else "'"
    if inside_longer_form(text, start, end):
        return Skip("part of a longer form")
    lead = before(text, start)
    low = words
    if not span.islower():
        low = span.lower().split(" ")
        if reason := _case_reason(text, end, words, lead):
            return Skip(reason)
    if low[-1] in ("not", "cannot"):
        made = _negated(text, end, words, low, lead, draw)
    else:
        made = _joined(text, start, end, words, low, lead)
    return made if isinstance(made, Skip) else made.replace("'", apostrophe)


def _case_reason(text: str, end: int, words: list[str], lead: Clause) -> str:
    """Return why the letter case speaks against a contraction, or an empty string."""
    following = text[end : end + 40].split(None, 1)
    upper = [word.isupper() for word in words if word not in ("I", "i")]
    if any(upper):
        loud = following[0].rstrip(".,;:!?\"'”’)") if following else ""
        return "" if all(upper) and loud.isupper() and len(loud) > 1 else "stressed"
    if any(word[0].isupper() for word in words[1:]):
        return "may belong to a title"
    if words[0][0].isupper() and words[0] != "I" and not lead.begins_sentence:
        return "may belong to a title"
    return ""


def _joined(
    text: str, start: int, end: int, words: list[str], low: list[str], lead: Clause
) -> str | Skip:
    first, second = low
    if second == "us":
        return _lets(text, end, words, lead)
    reason = _subject_reason(text, end, first, lead)
    if reason:
        return Skip(reason)
    if first in ("it", "you") and _takes_object(text, start, lead.word):
        reason = "may belong to what precedes"
    elif second in ("is", "are", "am"):
        reason = _be_reason(text, end, first, lead)
    elif second in ("will", "would"):
        word, _ = skip_adverbs(text, end)
        reason = "" if word in word_list("base verbs") | {"rather"} else "no verb follows"
    else:
        reason = _have_reason(text, end, lead)
    if reason:
        return Skip(reason)
    clitic = _CLITIC[second]
    return words[0] + (clitic.upper() if words[1].isupper() else clitic)


def _subject_reason(text: str, end: int, first: str, lead: Clause) -> str:
    """Return why nothing can lean on `first` here, or an empty string."""
    if text.startswith((" n't", " n’t"), end):
        return "a torn n't follows"
    if first == "here" and not (lead.begins or lead.word in word_list("clause openers")):
        return "here: may be no subject"  # the action here is tame
    if lead.word == "than":
        return "may stand before a gap"
    if first == "that" and next_word(text, end)[0] in ("to", "life"):
        return "that is to say"
    if first == "it" and text[max(0, end - 5) : end].lower() == "would":
        return "it'd: rare in writing"
    if lead.word in ("or", "and") and lead.coordinates:
        return "part of a coordinated subject"
    return ""


def _takes_object(text: str, start: int, word: str) -> bool:
    """Tell whether the word before "it" or "you" may govern it: "most of it is", "to see it is"."""
    if word in _GERUNDS:  # "Seeing it is believing", but "he left, seeing it is late"
        lead = text[max(0, start - _WINDOW) : start].rstrip(" \t")
        return before(lead, len(lead) - len(word)).begins_sentence
    if word in _BEFORE_A_CLAUSE or word in word_list("clause openers"):
        return False
    if word in word_list("prepositions"):
        return word not in word_list("conjunctions") and word not in ("like", "before", "after")
    return (
        word.endswith("ing")
        or word in _BE
        or word in word_list("base verbs")
        or is_participle(word)
    )


def _be_reason(text: str, end: int, first: str, lead: Clause) -> str:
    """Return why am, is or are cannot lean on `first`, or an empty string."""
    word, position = next_word(text, end)
    while word in word_list("adverbs") or word in word_list("stranding") or word.endswith("ly"):
        word, position = next_word(text, position)
    if not word:
        # A number or a quotation may follow; a mark or the end may not.
        rest = text[position : position + 2]
        goes_on = len(rest) > 1 and rest[0] == " " and (rest[1].isdigit() or rest[1] in "\"“'‘")
        return "" if goes_on else "ends its clause"
    if word in _EDGE_WORDS or word in _BE:
        return "ends its clause"
    opens = lead.begins or lead.word in word_list("clause openers")
    if lead.word in word_list("gap openers") and not (
        word in word_list("determiners")
        or (lead.word not in ("as", "than") and (word.endswith("ing") or is_participle(word)))
    ):
        return "may stand before a gap"
    if first in ("that", "there", "here", "who"):
        opens = opens or word in word_list("prepositions") - {"as"}
    elif first in ("where", "how", "what"):
        opens = word in word_list("determiners")
    gap = word in word_list("conjunctions") or word in word_list("prepositions") or word == "to"
    if (gap and word != "so") or word in word_list("subject pronouns"):
        final = word in word_list("subject pronouns") and not next_word(text, position)[0]
        if not opens or (final and first in ("what", "who", "where", "how")):
            return "may stand before a gap"
    return ""


def _have_reason(text: str, end: int, lead: Clause) -> str:
    """Return why have, has or had cannot lean on its subject, or an empty string."""
    if lead.word in word_list("modals") or lead.word in ("to", "have", "has", "had"):
        return "may be a question"
    word, _ = skip_adverbs(text, end)
    if word in ("better", "best") and text.endswith("had", 0, end):
        return ""
    if word in word_list("not before a noun"):
        return "may be a main verb"
    if is_participle(word) or word in word_list("participles like the base"):
        return ""
    return "may be a main verb"


def _negated(
    text: str, end: int, words: list[str], low: list[str], lead: Clause, draw: Draw
) -> str | Skip:
    """Join "not" to its auxiliary; after a pronoun, am, is and are may go there instead."""
    word, _ = next_word(text, end)
    inference = low[-2:] == ["must", "not"] and word == "have"
    if inference or word in ("only", "merely") or _NOR.match(text, end):
        return Skip("must not have: an inference" if inference else "not only, not ... nor")
    if low == ["cannot"]:
        return words[0][:3] + ("'T" if words[0].isupper() else "'t")
    if low[0] == "i" and low[1] == "am":
        return words[0] + ("'M " if words[1].isupper() else "'m ") + words[2]
    if len(low) == 2:
        if lead.word in word_list("modals") or lead.word in ("to", "or"):
            return Skip("not belongs to what follows")
        asking = low[0] != "do" and (lead.begins or lead.word in ("why", "how", "where", "when"))
        if asking and asks(text, end):
            return Skip("may be a question")
    elif low[1] in ("is", "are") and draw.integers(2):
        if word and not _be_reason(text, end, low[0], lead):
            clitic = _CLITIC[low[1]]
            clitic = clitic.upper() if words[1].isupper() else clitic
            return f"{words[0]}{clitic} {words[2]}"
    elif lead.word in word_list("modals"):
        return Skip("may be a question")
    auxiliary = words[-2]
    made = _IRREGULAR_NEGATED.get(low[-2], low[-2] + "n't")
    if words[-1].isupper():
        made = made.upper()
    made = auxiliary[0] + made[1:]
    return f"{words[0]} {made}" if len(words) == 3 else made


def _lets(text: str, end: int, words: list[str], lead: Clause) -> str | Skip:
    word, _ = next_word(text, end)
    verb = word in word_list("base verbs") or word in ("not", "just", "all", "first", "also")
    if not (lead.begins_sentence or lead.word in ("so", "but", "and", "now")):
        return Skip("let us: may be no proposal")
    if not verb or word in _NOT_LETS:
        return Skip("let us: may be no proposal")
    return words[0] + ("'S" if words[1].isupper() else "'s")
