"""Where a word has another spelling: the words beside it show the sense that has one.

"Meter" is British "metre" as a length and "meter" as a device; "check" is "cheque" where money is
paid. Each rule asks for evidence on the left or right; without it, the word stays.
"""

from __future__ import annotations

import re

from robustft_transforms._context import Rule
from robustft_transforms._grammar import before

__all__ = ["reason_against"]

_NUMBER = (
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|"
    r"sixty|seventy|eighty|ninety|hundred|thousand|million|dozen|several|few|many)"
)
_OWNER = r"(?:a|an|the|my|your|his|her|its|our|their|no|this|that|any|each|every)"
_SUBJECT = r"(?:I|you|we|they|who)"
_AUXILIARY = r"(?:to|will|would|can|could|should|must|may|might|not|never|[a-z]+n['’]t)"
_SHOWS = (
    r"(?:tv|television|radio|bbc|channel|news|weekly|weekend|documentary|sports|cookery|music|"
    r"reality|children['’]s|entertainment|quiz|comedy|drama|pilot|evening|morning|"
    r"training|exercise|rehab(?:ilitation)?|recovery|treatment|nuclear|space|weapons|missile|aid|"
    r"school|education(?:al)?|degree|research|relief|welfare|protection|exchange|twelve-step|"
    r"government|public|theatre|theater|festival|enrichment|development|reform|pension)"
)


_GREY = Rule(
    not_left=r"\b(?:dorian|earl|jean|meredith|joel|sasha|macy|spalding|zane|linda|erin)\s",
    not_right=r"(?:['’]s)?\s+(?:anatomy|gardens|goose|matter)\b",
)
_TIRE = Rule(
    left=r"\b(?:flat|spare|front|rear|back|car|truck|tractor|snow|rubber|bicycle|bike|blown|worn|"
    r"burning|squealing|screeching|inflated)\s",
)
_METER = Rule(left=rf"\b(?:{_NUMBER}|square|cubic)[ -]")
_PROGRAM = Rule(left=rf"\b{_SHOWS}\s", not_right=r"\s+(?:a|an|the|your|my)\b")
_LICENSE = Rule(
    left=rf"\b(?:{_OWNER}|driver['’]?s|driving|driver|liquor|poetic|dramatic|artistic|creative|"
    r"marriage|gun|hunting|fishing|medical|law|export|import|trading)\s"
)
_CHECK = Rule(
    left=r"\b(?:(?:writ(?:e|es|ing|ten)|wrote|sign(?:s|ed|ing)?|cash(?:es|ed|ing)?|bounc\w+|"
    r"mail(?:s|ed|ing)?)(?:\s(?:a|an|the|his|her|my|their|your|this|that|big|fat|large|us|him|them|"
    r"you|me))+|blank|bounced|rubber|forged|cashed|traveler['’]?s)\s",
    not_left=r"\b(?:point)\s",
)
_MUM = Rule(left=r"\b(?:my|your|his|her|their|our|a|single|working|young|and|loving)\s")

# By the form that is replaced; a rule without a left or right side asks nothing there.
_RULES: dict[str, dict[str, Rule]] = {
    "uk": {
        "gray": _GREY,
        "center": Rule(not_left=r"\b(?:lincoln|kennedy|rockefeller|trade|epcot|rogers)\s"),
        "check": _CHECK,
        "checks": _CHECK,
        "color": Rule(not_right=r"\s+(?:purple\b|of\s+(?:money|night)\b|me\s+kubrick)"),
        "curb": Rule(left=r"\b(?:the|to|at|on)\s", not_right=r"\s+(?:your|on|the)\b"),
        "dialog": Rule(not_right=r"\s+box"),
        "draft": Rule(right=r"\s+(?:beer|ale|lager|cider|bitter|horse)s?\b"),
        "harbor": Rule(not_left=r"\bpearl\s"),
        "honor": Rule(not_left=r"\b(?:prizzi['’]s|medals? of)\s"),
        "labor": Rule(not_right=r"\s+day\b"),
        "license": _LICENSE,
        "licenses": _LICENSE,
        "meter": _METER,
        "meters": _METER,
        "mom": Rule(not_right=r"\s+(?:and|&|['’]?n['’]?)\s+pop\b|-and-pop"),
        "practice": Rule(
            left=rf"\b(?:{_AUXILIARY}|{_SUBJECT})\s",
            not_left=r"\b(?:return\w*|due|according|contrary|common|back|in|put|amount\w*|comes?|came|"
            r"opposed|addition|relation|theory)\sto\s",
        ),
        "practices": Rule(left=r"\b(?:he|she|who)\s"),
        "program": _PROGRAM,
        "programs": _PROGRAM,
        "story": Rule(
            left=rf"\b(?:{_NUMBER}|single|multi|double)[ -]",
            right=r"\s+(?:building|house|home|mansion|hotel|tower|block|brick|office|tall)s?\b",
        ),
        "stories": Rule(left=rf"\b{_NUMBER}\s", right=r"\s+(?:high|tall|up|above|below|down)\b"),
        "tire": _TIRE,
        "tires": _TIRE,
    },
    "us": {
        "grey": _GREY,
        "mum": _MUM,
        "mums": _MUM,
    },
}


_GOES_ON = re.compile(r"['’\w]*\s(?:[a-z]+\s)?[A-Z][a-z]")


def reason_against(text: str, start: int, end: int, to: str) -> str:
    """Return why ``text[start:end]`` has no other spelling here, or an empty string."""
    if text[start].isupper() and not text[start + 1].isupper():
        titled = _GOES_ON.match(text, end) or _stands_alone(text, start, end)
        if titled or not before(text, start).begins_sentence:
            return "may belong to a name"
    rule = _RULES[to].get(text[start:end].lower().removesuffix("'s").removesuffix("’s"))
    if rule is None:
        return ""
    if rule.barred(text, start, end):
        return "another sense or a name"
    return "" if rule.shown(text, start, end) else "sense not shown"


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Tell whether a capitalised word is alone in quotes, or the second part of a compound."""
    lead = text[start - 1 : start]
    return lead == "-" or (lead in ('"', "“", "‘", "'") and text[end : end + 1] in "\"”’',")
