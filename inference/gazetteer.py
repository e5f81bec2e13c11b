"""Actors that a list knows: states, leaders, organisations and groups, found in one pass over a text."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from ahocorasick_rs import AhoCorasick

from ..data.schema import Span


@dataclass(frozen=True, slots=True)
class Name:
    """A surface form of an actor, valid in the years ``first`` to ``last`` (inclusive, None: open).

    ``person`` tells the name of somebody who stands for the actor from a name of the actor.
    """

    text: str
    actor: str
    first: int | None = None
    last: int | None = None
    person: bool = False

    def holds_in(self, year: int | None) -> bool:
        """Whether the name stands for the actor in a text of that year; undated texts take any."""
        if year is None:
            return True
        return (self.first is None or self.first <= year) and (self.last is None or year <= self.last)


@dataclass(frozen=True, slots=True)
class Match:
    """A mention that the gazetteer found."""

    span: Span
    actor: str
    person: bool = False


#: Whose name it is where a name of an actor stands in a phrase that is none: "Washington Post", "Indian Ocean".
NO_ACTOR = ""


class Gazetteer:
    """Finds the longest names in a text in one pass (Aho and Corasick, 1975).

    Matching is by case, as written: "US" is an actor and "us" is none. A name counts only as whole words; a
    possessive or plural ``'s`` may follow.
    """

    def __init__(self, names: Iterable[Name]) -> None:
        by_text: dict[str, list[Name]] = defaultdict(list)
        for name in names:
            by_text[name.text].append(name)
        self._names = [sorted(group, key=_by_precedence) for group in by_text.values()]
        self._automaton = AhoCorasick(list(by_text))

    def __len__(self) -> int:
        return len(self._names)

    def find(self, text: str, *, year: int | None = None) -> list[Match]:
        """The actors named in a text, in order, without overlaps.

        Args:
            text: any text; offsets of the result count its characters.
            year: when it was written, to tell the holders of an office apart.
        """
        found: list[tuple[int, int, Name]] = []
        for index, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True):
            if _is_word(text, start, end):
                name = holder(self._names[index], year)
                # "Nasr al-Hariri" is another man than Hariri.
                if name is not None and not (name.person and text[start - 1 : start] == "-"):
                    found.append((start, -end, name))
        found.sort(key=lambda match: match[:2])
        matches: list[Match] = []
        behind = 0
        for start, minus_end, name in found:
            if start >= behind:
                behind = -minus_end
                if name.actor != NO_ACTOR:
                    matches.append(Match(Span(start, behind), name.actor, name.person))
        return matches

    def long_names(self, *, chars: int) -> dict[str, tuple[Name, ...]]:
        """Names of at least so many characters, with whom they stand for; the latest holder first."""
        return {
            group[0].text: tuple(group)
            for group in self._names
            if len(group[0].text) >= chars and group[0].actor != NO_ACTOR
        }


def holder(names: Sequence[Name], year: int | None) -> Name | None:
    """Whose name it is in that year: of names of one text, sorted as a gazetteer does."""
    held = [name for name in names if name.holds_in(year)]
    if year is not None and len(held) > 1:
        # "Moscow" is the Soviet Union's while there is one, and Russia's in texts of any year.
        return min(held, key=lambda name: (name.first is None) + (name.last is None))
    return held[0] if held else None


def _by_precedence(name: Name) -> tuple[bool, int]:
    """Undated texts and years that several holders share take who is still there, or came last."""
    return name.last is not None, -(name.first or 0)


def _is_word(text: str, start: int, end: int) -> bool:
    if start and (text[start - 1].isalnum() or text[start - 1] == "_"):
        return False
    # Beside the end only: "U.S." ends in a full stop and may be followed by anything but a letter.
    return end == len(text) or not (text[end].isalnum() or text[end] == "_")


@lru_cache(maxsize=1)
def built_in_names() -> tuple[Name, ...]:
    """The names that come with the package: libraries for states, our own files for what they lack."""
    # Ours first: of two names that hold alike, the first wins.
    return tuple(dict.fromkeys([*_own_files(), *_library_states()]))


def load_gazetteer(extra: Path | None = None) -> Gazetteer:
    """The built-in gazetteer, with a user's own actors, which win over it.

    Raises:
        DetenteError: the user's file is missing or breaks its format (see ``actor_files.read_actors``).
    """
    # It makes names out of files and so needs what stands here.
    from .actor_files import read_actors

    names = list(built_in_names())
    if extra is not None:
        own = read_actors(extra).names
        taken = {name.text for name in own}
        names = [*own, *(name for name in names if name.text not in taken)]
    return Gazetteer(names)


_CAPITAL_POPULATION = 300_000


def _library_states() -> Iterator[Name]:
    """Names, demonyms and capitals of today's states from pycountry, CLDR and countryinfo."""
    import pycountry
    from babel import Locale
    from countryinfo import all_countries

    territories = Locale("en").territories
    # Parts of a state follow it under its code: Wales is there as a second Britain.
    facts = {str(info.iso(3)): info for info in reversed(all_countries()) if info.population()}
    # A demonym that several share ("Congolese", "French") is that of the most populous.
    demonyms: dict[str, str] = {}
    for code, info in sorted(facts.items(), key=lambda item: -(item[1].population() or 0)):
        for demonym in (info.demonym() or "").split(","):
            demonyms.setdefault(demonym.strip(), code)
    for country in pycountry.countries:
        code = country.alpha_3
        forms = {country.name, getattr(country, "common_name", ""), getattr(country, "official_name", "")}
        forms |= {territories.get(country.alpha_2, "")}
        forms |= {demonym for demonym, owner in demonyms.items() if owner == code}
        # The capital of a small place is more often a person or another town: Stanley, Douglas, Kingston.
        if code in facts and (facts[code].population() or 0) > _CAPITAL_POPULATION:
            forms.add(facts[code].capital() or "")
        # "Korea, Republic of": cut at the comma it would be ambiguous, and nobody writes it whole.
        for form in sorted(forms):
            if form and "," not in form:
                yield from (Name(spelling, code) for spelling in {form, form.replace("\u2019", "'")})


def _own_files() -> Iterator[Name]:
    """The names in data/gazetteer/*.yaml."""
    for state, entry in load_list("states.yaml").items():
        # A state that is gone keeps its name in texts of any year; its capital and its palaces have new masters.
        for field in ("names", "adjectives", "peoples"):
            yield from (Name(form, state) for form in entry.get(field, ()))
        for field in ("capitals", "metonyms"):
            yield from (Name(form, state, entry.get("from"), entry.get("to")) for form in entry.get(field, ()))
    for file in ("organisations.yaml", "groups.yaml"):
        for actor, entry in load_list(file).items():
            years = (entry.get("from"), entry.get("to"))
            for field in ("names", "acronyms", "leaders"):
                yield from (Name(form, actor, *years, person=field == "leaders") for form in entry.get(field, ()))
            yield from (Name(seat["name"], actor, seat["from"]) for seat in entry.get("seats", ()))
    for file in ("leaders.yaml", "ministers.yaml"):
        for actor, people in load_list(file).items():
            for person in people:
                forms = [person["name"], *person.get("also", ())]
                forms += [person["last"]] if "last" in person else []
                yield from (Name(form, actor, person["from"], person.get("to"), person=True) for form in forms)
    for phrases in load_list("phrases.yaml").values():
        yield from (Name(phrase, NO_ACTOR) for phrase in phrases)


def load_list(name: str) -> Mapping[str, Any]:
    """One of the package's own lists, a file in data/gazetteer."""
    path = files("detente.data") / "gazetteer" / name
    content: Mapping[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=_FAST_LOADER)
    return content


# The C loader reads our files in a tenth of the time.
_FAST_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
