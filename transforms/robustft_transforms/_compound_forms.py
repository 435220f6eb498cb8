"""The forms of compounds, and where each of them may stand.

The list is ``data/compounds.txt``. Where a pair of words may also meet by chance, a rule asks
what stands beside it.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from functools import cache
from typing import Literal, NamedTuple

from robustft_transforms._context import Rule
from robustft_transforms._grammar import before, next_word, word_list
from robustft_transforms._sections import lines_of
from robustft_transforms._sections import section as words_of_section

__all__ = ["HYPHENS", "Compound", "Kind", "Place", "forms_of", "place_of"]

Kind = Literal["variants", "errors", "all"]
_SECTIONS = ("anywhere", "adverbs", "confused", "before a noun", "participles")
HYPHENS = ("-", "\u2010", "\u2011")


class Place(Enum):
    """Where a compound stands: before a noun, elsewhere, or where its words are no compound."""

    BEFORE_NOUN = auto()
    ANYWHERE = auto()
    OTHER = auto()


class Compound(NamedTuple):
    """One form of a compound (`style`: o, h or c) and the others, right ones and wrong ones."""

    form: str
    style: str
    section: str
    right: tuple[str, ...]
    wrong: tuple[str, ...]

    def made(self, place: Place, kind: Kind) -> tuple[str, ...]:
        """Return the forms that may be written for this one."""
        right, wrong = self.right, self.wrong
        if self.section == "before a noun" and self.style == "o" and place is Place.ANYWHERE:
            right = ()
        if self.section in ("participles", "adverbs") and place is Place.BEFORE_NOUN:
            # "A well known actor" asks for a hyphen, "is well known" does not.
            wrong = tuple(form for form in right if " " in form)
            right = tuple(form for form in right if " " not in form)
        return (() if kind == "errors" else right) + (() if kind == "variants" else wrong)


def _any(words: str) -> str:
    return rf"\b(?:{'|'.join(words.split())})\s"


def _then(words: str) -> str:
    return rf"\s+(?:{'|'.join(words.split())})\b"


_MAKING = Rule(
    not_left=_any("a this that first each every another only"),
    not_right=_then("an? the me us it him her them you people no so its his my sense fun money up"),
)
_BACK_STORY = Rule(
    left=_any(
        "an? the this that his her their its any some of and with more much little character whole"
    )
)
_OF = Rule(not_right=_then("of"))
_ONE = Rule(right=_then("of"))
_RULES = {
    "all right": Rule(
        not_left=_any("got had get have answered them it"),
        not_right=r"[ -](?:angles?|wing\w*|hands?|sides?|turns?|triangles?|answers?|of)\b",
    ),
    "any more": Rule(
        right=r"\s*(?:[.!?;:,)\"'”’\]<]|--|—|\Z)|\s(?:and|but|because|since|when|if|so|or|these)\b",
        not_left=_any(
            "want needs? have has had take took taken get got eat buy say said know ask is are was "
            "were be of for with give gave make see hear do use spend waste find add stand"
        ),
    ),
    "any one": _ONE,
    "any time": Rule(
        not_left=_any(
            "at of for in have has had having is was be been there takes? taking took gives? gave "
            "spend spent spending waste wasting wasted find get got devote invest save leaves? "
            "left make allows? almost about if without"
        ),
        not_right=_then("to at on in for of limit frame period travel left between is was"),
    ),
    "back stories": _BACK_STORY,
    "back story": _BACK_STORY,
    "cease fire": Rule(
        left=_any(
            "an? the this that any each every of immediate temporary local fragile bilateral "
            "unilateral indefinite partial"
        )
    ),
    "every one": _ONE,
    "film making": _MAKING,
    "for ever": Rule(not_right=_then("more so greater larger bigger better new after")),
    "hard core": _OF,
    "may be": Rule(not_left=_any("might or as"), not_right=_then("not")),
    "maybe": Rule(not_right=_then("not")),
    "movie making": _MAKING,
    "off screen": Rule(not_right=r"\s+\d"),
    "on screen": Rule(not_right=r"\s+\d"),
    "on stage": Rule(not_right=r"\s+\d"),
    "soft core": _OF,
    "some day": Rule(not_left=_any("on for until by of at from and or")),
    "up to": Rule(not_left=_any("grow grows grew growing grown made stand stood step steps")),
    "under cover": _OF,
    "under way": Rule(not_right=_then("too more")),
    "well being": Rule(
        left=_any(
            "my your his her its our their the and of physical mental emotional social economic "
            "general human for own"
        )
    ),
    "work force": Rule(
        left=_any("an? the our its their of global labor labour total entire whole female skilled")
    ),
    **dict.fromkeys(
        ("first rate", "second rate", "third rate"),
        Rule(not_right=r"\s+(?:\w+\s)?(?:hikes?|cuts?|increases?|rises?|changes?)\b"),
    ),
}
_BE = frozenset(
    "is are was were be being it's that's he's she's they're i'm very so quite extremely pretty "
    "really incredibly seem seems seemed feel feels look looks looked too rather equally".split()
)
_ATTRIBUTIVE = frozenset(
    "a an the this that these those my your his her its our their some any many most several few "
    "other another each every such of with by and or very more".split()
)
_WITH_PLURAL = _ATTRIBUTIVE - frozenset("a an the this that another each every any".split())
_CLAUSE_ENDS = re.compile(r"\s*(?:[.!?;:,)\"”\]<]|--|—|\Z)|\s(?:and|but|though|although)\b")


@cache
def forms_of(kind: Kind) -> dict[str, Compound]:
    """Return the compounds by each of their forms that another may be written for."""
    table: dict[str, Compound] = {}
    for section in _SECTIONS:
        for entry in " ".join(lines_of("compounds.txt", section)).split(","):
            parts, *rest = entry.split()
            # Confused pairs have no third form, and modifiers none that is closed.
            styles = rest[0] if rest else "OC" if section == "confused" else "oh"
            for ending in ["", *rest[1:]]:
                for compound in _forms(parts + ending, styles, section):
                    if any(compound.made(place, kind) for place in Place):
                        table[compound.form] = compound
    return table


def _forms(parts: str, styles: str, section: str) -> list[Compound]:
    parts, _, closed = parts.partition(":")
    joints = {"o": " ", "h": "-", "c": ""}
    written = [(s, parts.replace("+", joints[s.lower()])) for s in styles]
    written = [(s, closed if closed and s in "cC" else form) for s, form in written]
    found = []
    for style, form in written:
        if style.islower() or section == "confused":
            others = [(s, other) for s, other in written if s != style]
            right = tuple(other for s, other in others if s.islower())
            wrong = tuple(other for s, other in others if s.isupper())
            found.append(Compound(form, style.lower(), section, right, wrong))
    return found


def place_of(text: str, start: int, end: int, compound: Compound) -> Place:
    """Tell where a compound stands, as far as that decides on its form."""
    rule = _RULES.get(compound.form)
    if rule and (rule.barred(text, start, end) or not rule.shown(text, start, end)):
        return Place.OTHER
    left = before(text, start).word
    if compound.section == "before a noun":
        return Place.BEFORE_NOUN if _noun_follows(text, end, left) else Place.ANYWHERE
    if compound.section not in ("participles", "adverbs"):
        return Place.ANYWHERE
    following, _ = next_word(text, end)
    content = following and not _is_function_word(following)
    if compound.section == "adverbs" or compound.style == "h":
        return Place.BEFORE_NOUN if content else Place.ANYWHERE
    if left in _BE and _CLAUSE_ENDS.match(text, end):
        return Place.ANYWHERE
    return Place.BEFORE_NOUN if content and left in _ATTRIBUTIVE else Place.OTHER


_FUNCTION_WORDS = (
    "prepositions",
    "conjunctions",
    "determiners",
    "object pronouns",
    "subject pronouns",
    "modals",
    "adverbs",
)
_AUXILIARIES = frozenset("is are was were be been has have had".split())


def _is_function_word(word: str) -> bool:
    return word in _AUXILIARIES or any(word in word_list(name) for name in _FUNCTION_WORDS)


def _noun_follows(text: str, end: int, left: str) -> bool:
    """Tell whether a countable noun follows, which cannot begin a clause of its own.

    "That was the first time people laughed": a plural can, unless a word that has no singular
    after it went before.
    """
    word, _ = next_word(text, end)
    nouns = words_of_section("compounds.txt", "nouns")
    return word in nouns or (left in _WITH_PLURAL and word.removesuffix("s") in nouns)
