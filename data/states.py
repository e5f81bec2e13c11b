"""States in the two forms in which one can stand in for another: name and adjective."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

#: Smaller states stay out: their adjectives are little known, and sentences about them read as invented.
_MIN_POPULATION = 1_000_000

#: Names that follow "the"; they stand in for each other only.
_WITH_ARTICLE = frozenset({"ARE", "CAF", "GBR", "GMB", "NLD", "PHL", "USA"})

#: Where the libraries give the people for the adjective, or a name that news do not use.
_ADJECTIVES = {
    "ARG": "Argentine",
    "KAZ": "Kazakh",
    "KGZ": "Kyrgyz",
    "PHL": "Philippine",
    "SAU": "Saudi",
    "SVN": "Slovenian",
    "TJK": "Tajik",
    "UZB": "Uzbek",
}
_NAMES = {"TUR": "Turkey"}

#: Names that are often something else (a US state, given names, another state's part), demonyms that are no
#: adjectives, and what is no state.
_LEFT_OUT = frozenset({"BWA", "DOM", "GEO", "GIN", "JOR", "LSO", "NZL", "PRI", "TCD"})


@dataclass(frozen=True, slots=True)
class State:
    """A state by its ISO 3166 alpha-3 code, with its name and its adjective."""

    code: str
    name: str
    adjective: str
    with_article: bool


@lru_cache(maxsize=1)
def states() -> tuple[State, ...]:
    """The states of today with a name of letters and an adjective of their own, by code.

    Names are from CLDR, adjectives the demonyms of countryinfo.
    """
    import pycountry
    from babel import Locale
    from countryinfo import all_countries

    names = Locale("en").territories
    facts = {str(info.iso(3)): info for info in all_countries()}
    found = []
    for country in pycountry.countries:
        code = country.alpha_3
        info = facts.get(code)
        if info is None or code in _LEFT_OUT or (info.population() or 0) < _MIN_POPULATION:
            continue
        name = _NAMES.get(code, names[country.alpha_2])
        adjective = _ADJECTIVES.get(code, info.demonym() or "")
        if all(word.isalpha() for word in f"{name} {adjective}".split()) and adjective:
            found.append(State(code, name, adjective, code in _WITH_ARTICLE))
    # "Congolese" and "Chinese" are two states' and say nothing of which.
    shared = [state.adjective for state in found]
    return tuple(sorted((state for state in found if shared.count(state.adjective) == 1), key=lambda state: state.code))
