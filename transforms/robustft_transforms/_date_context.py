"""What surrounds a date: why some stay as they are, and where the comma after the year goes.

American English parts a year from both sides ("on May 9, 2020, in Rome"); the day-first form
takes no comma.
"""

from __future__ import annotations

import re

from robustft.text import Document, Edit
from robustft_transforms._date_forms import ANCHORS, Date, Dates, Way, rewrite, write
from robustft_transforms._number_context import (
    Place,
    follows,
    is_function_word,
    look_around,
    numbers_list,
)

__all__ = ["edits", "look_around", "reason_to_leave"]

_WINDOW = 40
_MONTH = rf"(?:{'|'.join(ANCHORS)})\b"
_NUMBER_BEFORE = re.compile(r"\d(?:st|nd|rd|th)?(?:,|,? and|,? or| &)? \Z")
_YEAR_BEFORE = re.compile(r"\b(?:1\d|20)\d\d, \Z")
_DATE_AFTER = re.compile(
    rf"(?:,? (?:and|or|to|until|till)|,| ?[-–]) ?(?:\d{{1,2}}(?:st|nd|rd|th)? )?(?:of )?{_MONTH}",
    re.IGNORECASE,
)
_DAY_AFTER = re.compile(r",? (?:(?:and|or|to|&) )?\d|,? ['’]\d\d\b")
_DIGITS_NEAR = re.compile(r"\b\d{1,2}[/.]\d{1,2}[/.]\d\d")
_ERA_AFTER = re.compile(r",? (?:BCE?|AD|CE)\b")
_JOINED_AFTER = re.compile(r"[-–/:]\w|['’\w]| \[")
_NEXT_WORD = re.compile(r" ([A-Za-z][A-Za-z'’-]*)")

_WEEKDAYS = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday mon tue tues wed weds thu thur thurs "
    "fri sat sun".split()
)
_WEEKDAY_BEFORE = re.compile(rf"\b(?:{'|'.join(_WEEKDAYS)})(?P<comma>,?) \Z", re.IGNORECASE)
_LICENCES = _WEEKDAYS | frozenset(
    "on by since until till from before after through thru to between and or of for around about "
    "circa dated as late early next last every each than starting beginning ending".split()
)
_TAKES_OF = frozenset("on by since until till from before after of to for around about".split())
_ARTICLES = frozenset("the a an his her its their my our your last next".split())
_POINTERS = frozenset("this that each every".split())
# Months that are names or other words, too: a date without its year needs a word that leads to it.
_UNSURE = frozenset("may march mar jan jun april june august".split())
# They name what happened on them.
_KNOWN_BY_DATE = frozenset({(7, 4), (9, 11)})
_CLOSING = frozenset(
    "in at by for with to from as under during near on into against outside was were is are has "
    "had will would did".split()
)


def reason_to_leave(text: str, start: int, end: int, read: Dates, place: Place) -> str:
    """Return why a date stays as it is, or nothing."""
    if place.joined and place.joined not in "(—" and not (place.joined == ">" and place.begins):
        return "joined to what precedes"
    rest = text[end : end + _WINDOW]
    if _JOINED_AFTER.match(rest) or _ERA_AFTER.match(rest):
        return "joined to what follows"
    lead = text[max(0, start - _WINDOW) : start]
    if _NUMBER_BEFORE.search(lead) and not _YEAR_BEFORE.search(lead):
        return "beside another number"
    last = read.dates[-1]
    if _DATE_AFTER.match(rest) or (last.digits and _DIGITS_NEAR.search(lead + rest)):
        return "one of several dates"
    if (_DAY_AFTER.match(rest) and not last.year) or re.match(r"\s+\d", rest):
        return "beside another number"
    if text[end - 1] == "." and not re.match(r" ?[a-z0-9,;:)]", rest):
        return "an abbreviation or the end of a sentence"
    return _reason_in_words(lead, rest, read, place)


def _reason_in_words(lead: str, rest: str, read: Dates, place: Place) -> str:
    last = read.dates[-1]
    before = place.word.lower().replace("’", "'")
    if not last.days:
        return ""
    if before in _ARTICLES or before.endswith("'s"):
        return "before a noun"
    found = _NEXT_WORD.match(rest)
    word = found[1] if found else ""
    if word and word[0].islower() and not is_function_word(word):
        reason = _reason_before_noun(rest, before, last)
        if reason:
            return reason
    capital = word[:1].isupper() and word != "I"
    if last.year:
        # "Chapter one: 9 May 1960 The ship sails": a heading, after which a sentence begins.
        opens = capital and word.lower() in numbers_list("capitalised")
        return "a sentence begins after it" if opens else ""
    if len(read.dates) == 1 and (last.month, last.days[0]) in _KNOWN_BY_DATE:
        return "known by its date"
    if capital:
        return "may belong to a name"
    return "" if _WEEKDAY_BEFORE.search(lead) else _reason_unled(read.dates[0], before, place)


def _reason_unled(first: Date, before: str, place: Place) -> str:
    """Return why a day and month that no "on" or "since" leads to may be no date."""
    if before in _LICENCES or place.joined == "(":
        return ""
    if before == "in":  # "in July 12 people came"
        return "a day or a number"
    capital = place.word[:1].isupper() and not place.begins
    if capital and before not in numbers_list("capitalised"):
        return "may belong to a name"
    return "may be no date" if first.name.rstrip(".").lower() in _UNSURE else ""


def _reason_before_noun(rest: str, before: str, last: Date) -> str:
    if before in _POINTERS or last.of or (before == "of" and not last.year):
        return "before a noun"
    plural = follows(rest, 0) == "plural"
    if last.year and last.year % 100 == 0 and plural:
        return "a year or a number"
    unclear = (plural and before != "on") or len(last.days) > 1
    if not last.year and last.month_first and unclear:
        return "a day or a number"
    return ""


def _takes_of(place: Place) -> bool:
    """Tell whether "the 9th of May" may stand there: after "on", not after "Saturday"."""
    return not place.begins and place.word.lower() in _TAKES_OF


def edits(
    document: Document, start: int, end: int, read: Dates, way: Way, place: Place
) -> tuple[Edit, ...] | str:
    """Return the edits that write dates another way, their commas included, or why not."""
    with_of = _takes_of(place)
    made = [new for date in read.dates if (new := rewrite(date, way, with_of=with_of))]
    if len(made) < len(read.dates):
        return "written so already"
    written = _joined(made, read)
    if place.begins:
        if written[0].isdigit():
            return "would begin a sentence with a numeral"
        written = written[0].upper() + written[1:]
    done = [Edit(start, end, written)]
    weekday = _WEEKDAY_BEFORE.search(document.text, max(0, start - _WINDOW), start)
    turned = made[0].month_first and not read.dates[0].month_first
    if turned and weekday and not weekday["comma"]:
        done.append(Edit(start - 1, start - 1, ","))
    before, after = _is_american(read.dates[-1]), _is_american(made[-1])
    if before and not after:
        done += _without_comma(document, start, end, place)
    elif (after and not before) or (turned and weekday):
        done += [Edit(end, end, ",")] if _NEXT_WORD.match(document.text, end) else []
    return tuple(sorted(done))


def _joined(dates: list[Date], read: Dates) -> str:
    """Write one date or two, with the comma that the first one's year or its writer wants."""
    if len(dates) == 1:
        return write(dates[0])
    own = read.comma and not _is_american(read.dates[0])
    wanted = read.join.strip().isalpha() and _is_american(dates[0])
    return write(dates[0]) + ("," if own or wanted else "") + read.join + write(dates[1])


def _is_american(date: Date) -> bool:
    """Tell whether a date wants a comma on both sides of its year."""
    return bool(date.month_first and date.year and date.days and not date.digits)


def _without_comma(document: Document, start: int, end: int, place: Place) -> list[Edit]:
    """Return the edit that takes away the comma after the year, where nothing else asks for it."""
    text = document.text
    after = _NEXT_WORD.match(text, end + 1) if text[end : end + 1] == "," else None
    if after is None or after[1].lower() not in _CLOSING or _introduces(document, start, place):
        return []
    return [Edit(end, end + 1, "")]


def _introduces(document: Document, start: int, place: Place) -> bool:
    """Tell whether the date, alone or with its preposition, begins its sentence or clause."""
    if place.begins or place.word in (",", ";", ":", "—"):
        return True
    before = document.text[max(0, start - _WINDOW) : start].rstrip()
    head = before[: len(before) - len(place.word)].rstrip()
    if not head or head[-1] in ",;:—":
        return True
    at = start - len(document.text[max(0, start - _WINDOW) : start]) + len(head)
    return any(low >= at and low < start for low, _ in document.sentences)
