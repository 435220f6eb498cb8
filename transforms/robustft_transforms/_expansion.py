"""From a contraction to the words it stands for, decided by what follows, or left alone.

Only listed forms are looked at: a pronoun or an auxiliary with its clitic. A noun with 's is
most often a possessive, so no noun is among them. The rules for ambiguous clitics follow Quirk
et al. (1985), *A Comprehensive Grammar of the English Language*, 3.21-3.40; the word lists are
in ``data/grammar.txt``.
"""

from __future__ import annotations

import re

from robustft.text import Edit
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

__all__ = ["EXPANDABLE", "expand"]

_HOSTS = {
    "'s": "it he she that there here what who where how let",
    "'d": "i you he she it we they who that there",
    "'ve": "i you we they who would could should might must",
    "'re": "you we they who what there",
    "'ll": "i you he she it we they that there who what this",
    "'m": "i",
}
_NEGATED = {
    "can't": "cannot",
    "won't": "will not",
    "shan't": "shall not",
    **{
        f"{auxiliary}n't": f"{auxiliary} not"
        for auxiliary in "is are was were do does did have has had would could should might must "
        "need ought".split()
    },
}
EXPANDABLE: dict[str, str] = {
    **{host + clitic: clitic for clitic, hosts in _HOSTS.items() for host in hosts.split()},
    **dict.fromkeys(_NEGATED, "n't"),
    "ain't": "ain't",
}
"""Each form that may be expanded, with a straight apostrophe, and its clitic."""

# "Don't get me wrong", "Don't bother": nobody writes these out.
_SET_PHRASE = re.compile(r"\s+(?:get|even|bother|worry|mind|ask)\b")
_FULL = {"'ve": "have", "'re": "are", "'ll": "will", "'m": "am"}
_OWNED_AFTER = frozenset(
    "of in on with to from at by for into despite about through under within has have had "
    "all".split()
)
# Prepositions that open a clause as well, and verbs that take one: "say it's over".
_ALSO_OPEN = frozenset("before since until like than as but so for though although because".split())
_TAKE_CLAUSES = frozenset(
    "say think know believe hope guess feel mean see suppose swear bet wish imagine admit agree "
    "find figure hear understand realize realise remember promise doubt like love hate do be "
    "have".split()
)
_DETERMINERS = frozenset("the a an my your his her its our their these those".split())
_FINITE = ("is", "are", "was", "were")
_QUOTES = ('"', "'", "“", "‘")
_IN_TITLES = ("a", "an", "the", "all", "my", "in")
_PLURAL_LOOKALIKES = frozenset(
    "always sometimes perhaps besides nevertheless nonetheless less his hers yours ours theirs "
    "this thus was as is plus worlds miles times lots loads tons heaps years".split()
)


def expand(
    text: str, start: int, end: int, *, dialect: bool = False
) -> str | Skip | tuple[Edit, ...]:
    """Return what to put for the contraction ``text[start:end]``, or why to leave it.

    `dialect` tells whether speech is written as it sounds nearby.
    """
    form = text[start:end]
    low = form.lower().replace("’", "'")
    clitic = EXPANDABLE[low]
    lead = before(text, start)
    reason = _not_to_touch(text, start, end, form, lead, dialect)
    if reason:
        return Skip(reason)
    if clitic == "n't":
        return _expand_negated(text, start, end, lead)
    if clitic == "ain't":
        return Skip("ain't: am, is, are, has or have")
    host = form[: -len(clitic)]
    full: str | Skip
    if clitic == "'s":
        full = _expand_s(host.lower(), text, end, lead)
    elif clitic == "'d":
        full = _had_or_would(text, end)
    elif clitic == "'re" and _misspelt_possessive(text, end, lead):
        full = Skip("'re: may be a misspelt possessive")
    elif clitic == "'ve" and next_word(text, end)[0] == "got":
        full = Skip("have got")
    else:
        full = _FULL[clitic]
    if isinstance(full, Skip):
        return full
    return f"{host} {full.upper() if form[-1].isupper() else full}"


def _not_to_touch(text: str, start: int, end: int, form: str, lead: Clause, dialect: bool) -> str:
    """Return why a form stays whatever it stands for, or an empty string."""
    if inside_longer_form(text, start, end):
        return "part of a longer form"
    if dialect:
        return "stands in dialect"
    if form.lower() in ("don't", "don’t") and lead.begins and _SET_PHRASE.match(text, end):
        return "a set phrase"
    if form[0].isupper() and not form.isupper() and form[1] not in "'’":
        words = text[end : end + 40].split(None, 2)[:2]
        # "It's a Wonderful Life": a capital that no sentence asks for, or one soon after.
        quoted = lead.mark in _QUOTES and words and words[0][0].isupper()
        capital = len(words) > 1 and words[0] in _IN_TITLES and words[1][0].isupper()
        if quoted or not lead.begins_sentence or (capital and not words[1].isupper()):
            return "may belong to a title"
    return ""


def _expand_s(host: str, text: str, end: int, lead: Clause) -> str | Skip:
    word, position = next_word(text, end)
    if host == "let":
        return Skip("let's: let us would be solemn")
    if not word and not (text[end : end + 1] == " " and text[end + 1 : end + 2].strip()):
        return Skip("'s: nothing follows")
    if host == "that" and word in ("it", "entertainment"):
        return Skip("a set phrase")
    if host == "it" and _misspelt_possessive(text, end, lead):
        return Skip("'s: may be a misspelt possessive")
    if host == "who" and word in word_list("who before a noun") | {"who"}:
        return Skip("'s: may be a misspelt possessive")
    if host in ("what", "who", "where", "how") and (
        word in word_list("subject pronouns") or word == "about"
    ):
        # "What's he want" is does, "what's he done" is has.
        after, _ = next_word(text, position)
        clear = after.endswith("ing") or not after or after in word_list("prepositions")
        return "is" if clear and word != "about" else Skip("'s: is, has or does")
    return _is_or_has(text, end, lead)


def _is_or_has(text: str, end: int, lead: Clause) -> str | Skip:
    word, position = skip_adverbs(text, end)
    if word in word_list("after has"):
        return "has"
    if not is_participle(word) and word not in word_list("participles like the base"):
        return "is"
    after, _ = next_word(text, position)
    if after == "by":
        return "is"
    if lead.word in ("if", "when", "once", "until", "before", "unless"):
        return Skip("'s: is or has")  # if he's caught
    if after in word_list("determiners") or after in word_list("object pronouns"):
        # Only an active verb takes an object, bar the verbs that take two.
        return Skip("'s: is or has") if word in word_list("two objects") else "has"
    if word in word_list("after is") and (
        not after or after in word_list("prepositions") or after in word_list("conjunctions")
    ):
        return "is"
    return Skip("'s: is or has")


def _had_or_would(text: str, end: int) -> str | Skip:
    word, _ = skip_adverbs(text, end)
    if word in ("better", "best") or word in ("been", "had"):
        return "had"
    if word in ("rather", "sooner"):
        return "would"
    if word in word_list("participles like the base") or word in word_list("past forms"):
        return Skip("'d: had or would")
    if word in word_list("base verbs"):
        return "would"
    return "had" if is_participle(word) else Skip("'d: had or would")


def _misspelt_possessive(text: str, end: int, lead: Clause) -> bool:
    """Tell whether it's, you're or they're may stand for its, your or their."""
    word, _ = next_word(text, end)
    owned = lead.word in _OWNED_AFTER or lead.word in word_list("prepositions") - _ALSO_OPEN
    taken = lead.word in word_list("base verbs") - _TAKE_CLAUSES
    if owned or taken or word in word_list("misused before") or word in _FINITE:
        return True
    return (
        word.endswith("s")
        and not word.endswith(("ss", "ous", "us", "is", "'s", "ways"))
        and word not in _PLURAL_LOOKALIKES
    )


def _expand_negated(text: str, start: int, end: int, lead: Clause) -> str | Skip | tuple[Edit, ...]:
    form = text[start:end]
    upper = form[-1].isupper()
    full = _NEGATED[form.lower().replace("’", "'")]
    plain = form[0] + (full[1:].upper() if upper else full[1:])
    word, position = next_word(text, end)
    if word == "any":
        return Skip("not any")
    capital = text[end : end + 1] == " " and text[end + 1 : end + 2].isupper() and word != "i"
    if capital and form[0].isupper() and not upper:
        return Skip("n't: may belong to a title")
    opens = lead.begins or lead.word in ("and", "but", "or", "so", "because", "then")
    wh = lead.word in ("why", "how", "when", "where", "what", "which", "who")
    if word in word_list("subject pronouns") and (opens or wh):
        return _expand_question(text, end, start, position, plain)
    if not opens and not wh:
        # "I mean doesn't the camera": no object follows an auxiliary, so the subject does.
        linking = full.startswith(("is", "are", "was", "were", "ha"))
        unclear = (
            (word in _DETERMINERS and not linking)
            or word in ("i", "he", "she", "we", "they")
            or (word in ("it", "you", "this", "that", "there") and asks(text, end))
        )
        return Skip("n't: statement or question") if unclear else plain
    if lead.word in ("why", "how", "when", "where") or asks(text, end):
        return Skip("n't: the subject of the question is not known")
    if word in word_list("determiners") and word != "all" and not lead.word:
        return Skip("n't: statement or question")
    return plain


def _expand_question(
    text: str, end: int, start: int, position: int, plain: str
) -> Skip | tuple[Edit, ...]:
    """Move "not" behind the subject: "Isn't it" becomes "Is it not"."""
    verb = plain[:-3] if plain.lower() == "cannot" else plain[:-4]
    subject = text[end:position].strip()
    demonstrative = subject.lower() in ("this", "that", "these", "those")
    imperative = verb.lower() == "do" and subject.lower() == "you" and not asks(text, end)
    if imperative or demonstrative or "'" in subject or "’" in subject:
        return Skip("n't: the subject of the question is not known")
    return (Edit(start, end, verb), Edit(position, position, f" {plain[-3:]}"))
