"""Countries with their people, cities and states, and what may stand in for each."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from robustft_transforms._sections import lines_of, section

__all__ = [
    "Place",
    "by_first_word",
    "cities_in",
    "group_of",
    "is_place_word",
    "places_list",
    "state_of",
]

_FILE = "places.txt"


class Place(NamedTuple):
    """A place: its kind, the group in which places stand in for one another, and its forms.

    The forms of a country are its name, its adjective, one of its people, several of them; other
    places have their name alone.
    """

    kind: str
    group: str
    forms: tuple[str, ...]


@cache
def places_list(name: str) -> frozenset[str]:
    """Return the section `name` of ``data/places.txt``, one entry a word, in lower case."""
    return frozenset(word.replace("_", " ").lower() for word in section(_FILE, name))


def _rows(name: str) -> list[list[str]]:
    lines = (line for line in lines_of(_FILE, name) if line[0] != "#")
    return [line.split() for line in lines]


@cache
def _places() -> tuple[Place, ...]:
    found = [Place("country", row[0], tuple(row[1:])) for row in _rows("countries")]
    for country, *cities in _rows("cities"):
        names = (city.partition("/")[0].replace("_", " ") for city in cities)
        found += [Place("city", country.replace("_", " "), (name,)) for name in names]
    states = [state.replace("_", " ") for row in _rows("states") for state in row]
    return (*found, *(Place("state", "", (state,)) for state in states))


@cache
def by_first_word() -> dict[str, tuple[tuple[str, Place, int], ...]]:
    """Return all forms by their first word in lower case: form, place, number of the form.

    Longer forms come first; what is too doubtful to be taken for a place is left out.
    """
    found: dict[str, list[tuple[str, Place, int]]] = {}
    for place in _places():
        if place.forms[0].lower() in places_list("doubtful"):
            continue
        for number, form in enumerate(place.forms):
            if form not in place.forms[:number]:
                found.setdefault(form.split()[0].lower(), []).append((form, place, number))
    return {
        word: tuple(sorted(forms, key=lambda entry: -len(entry[0])))
        for word, forms in found.items()
    }


@cache
def _groups() -> dict[tuple[str, str], tuple[Place, ...]]:
    groups: dict[tuple[str, str], list[Place]] = {}
    for place in _places():
        groups.setdefault((place.kind, place.group), []).append(place)
    return {key: tuple(places) for key, places in groups.items()}


def group_of(place: Place) -> tuple[Place, ...]:
    """Return the places that stand in for one another, `place` among them."""
    return _groups()[place.kind, place.group]


@cache
def state_of(city: str) -> str:
    """Return the state of a city of the United States, or an empty string."""
    for _, *cities in _rows("cities"):
        for entry in cities:
            name, _, state = entry.replace("_", " ").partition("/")
            if name == city:
                return state
    return ""


@cache
@cache
def cities_in(name: str) -> tuple[str, ...]:
    """Return the cities that are known in a country or state."""
    more = (row[1:] for row in _rows("more cities") if row[0] == name)
    return tuple(
        place.forms[0]
        for place in _places()
        if place.kind == "city" and name in (place.group, state_of(place.forms[0]))
    ) + tuple(city.replace("_", " ") for row in more for city in row)


@cache
def is_place_word(word: str) -> bool:
    """Tell whether `word` (lower case) is a place's name, an adjective of one, or may be."""
    return word in _place_words()


@cache
def _place_words() -> frozenset[str]:
    forms = {form.lower() for place in _places() for form in place.forms}
    return frozenset(forms | places_list("doubtful"))
