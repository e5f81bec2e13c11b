"""Which mentions of an article are one actor, and which actor it is."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rapidfuzz import fuzz, process

from ..data.schema import Actor, Article, Span
from .gazetteer import Gazetteer, Name, holder
from .references import Mention, find_references, is_reference
from .surfaces import UNLISTED, Group, Organ, Surface, is_state, read_surface, untitled

#: Surfaces whose readings are kept; an archive repeats them, and reading one costs more than all else.
CACHED_SURFACES = 20_000


class Linker:
    """Gives the mentions of an article their actors.

    Ids are those of the lists where a list knows the actor. Where none does, the id is ``unlisted:`` and a slug:

    * a group in or of a state is qualified by it: ``unlisted:irq-insurgents``;
    * other names and descriptions are their own words: ``unlisted:sudan-liberation-army``, ``unlisted:rebels``;
    * an invented or unknown person is its full name: ``unlisted:iyad-allawi``.

    A leader, a ministry, an army or a parliament stands for its state, unless the sentence also names the government
    or a leader of that state: then its parliament is ``TUR:parliament``, and its army ``TUR:army`` if the sentence
    tells of a coup or a mutiny. Courts, which rule on governments, are ``TUR:court`` always.
    """

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._gazetteer = gazetteer
        self._readings: dict[tuple[str, int | None], Surface] = {}
        self._people = _People(gazetteer)
        self._spellings = _Spellings(gazetteer)

    def link(
        self, article: Article, sentences: Sequence[Span], mentions: Sequence[Sequence[Span]]
    ) -> list[tuple[Actor, ...]]:
        """The actors of each sentence in text order, references to earlier sentences among their mentions.

        Args:
            sentences: spans in the article's text, in order.
            mentions: for each sentence, the spans of its mentions **in the article**, in order, without overlaps.

        Returns: for each sentence its actors, with spans **in the sentence**. A span that refers to two actors ("both
        sides") is a mention of both.
        """
        linked = self.mentions(article, sentences, mentions)
        spans: list[dict[str, set[Span]]] = [defaultdict(set) for _ in sentences]
        for number, found in enumerate(linked):
            for mention in found:
                spans[number][mention.actor].add(mention.span)
        for reference in find_references(article, sentences, linked):
            for actor in reference.actors:
                spans[reference.sentence][actor].add(reference.span)
        return [_actors(sentence, found) for sentence, found in zip(sentences, spans, strict=True)]

    def mentions(
        self, article: Article, sentences: Sequence[Span], mentions: Sequence[Sequence[Span]]
    ) -> list[list[Mention]]:
        """The mentions of each sentence with their actors, without references."""
        year = year_of(article)
        memory = _Memory(acronyms=dict(_acronyms(article.text)))
        linked = []
        for sentence, marked in zip(sentences, mentions, strict=True):
            spans = [span for span in marked if not is_reference(article.text[span.start : span.end])]
            readings = [self._read(article.text[span.start : span.end], year) for span in spans]
            actors = self._link_sentence(article.text, spans, readings, memory, year)
            text = article.text[sentence.start : sentence.end]
            actors = _set_apart(text, readings, actors)
            linked.append(
                [
                    Mention(span, actor, bool(reading.person))
                    for span, reading, actor in zip(spans, readings, actors, strict=True)
                ]
            )
        return linked

    def _read(self, text: str, year: int | None) -> Surface:
        key = (text, year)
        reading = self._readings.get(key)
        if reading is None:
            if len(self._readings) >= CACHED_SURFACES:
                self._readings.clear()
            reading = self._readings[key] = read_surface(text, self._gazetteer, year=year)
        return reading

    def _link_sentence(
        self, text: str, spans: Sequence[Span], readings: Sequence[Surface], memory: _Memory, year: int | None
    ) -> list[str]:
        actors = [self._by_itself(reading, memory, year) for reading in readings]
        for index in range(len(readings)):
            if actors[index] is None:
                actors[index] = _by_apposition(text, spans, readings, actors, index)
        for index, reading in enumerate(readings):
            if actors[index] is None and reading.organ is not None and reading.is_bare:
                actors[index] = _by_context(text, spans, readings, actors, index, memory)
        settled = []
        for reading, actor in zip(readings, actors, strict=True):
            settled.append(actor or f"{UNLISTED}{reading.key or 'nameless'}")
            memory.add(reading, settled[-1])
        return settled

    def _by_itself(self, reading: Surface, memory: _Memory, year: int | None) -> str | None:
        """The actor of a mention by its own words and what the article said of them before."""
        if long_form := memory.acronyms.get(reading.text.replace(".", "")):
            reading = self._read(long_form, year)
        # A bare surname is whoever the article named in full; with an office it is whom the list has in that office.
        known = memory.persons.get(reading.surname)
        if known and (reading.actor is None or reading.text == reading.surname):
            return known
        if reading.actor is not None and reading.is_listed and not self._people.is_namesake(reading):
            return reading.actor
        if reading.group is not None:
            return memory.names.get(reading.key) or memory.group(reading) or f"{UNLISTED}{reading.key}"
        actor = memory.names.get(reading.key) or memory.persons.get(reading.text) or memory.short_form(reading)
        return actor or self._people.find(reading, year) or self._spellings.find(reading.person or reading.text, year)


def year_of(article: Article) -> int | None:
    """The year of an article's date, if it has one."""
    return int(article.date[:4]) if re.match(r"\d{4}-", article.date) else None


def names_by_sentence(article: Article, sentences: Sequence[Span], gazetteer: Gazetteer) -> list[list[Span]]:
    """The names of a gazetteer as mentions of each sentence, in the article; none runs over a sentence's end."""
    found: list[list[Span]] = [[] for _ in sentences]
    number = 0
    for match in gazetteer.find(article.text, year=year_of(article)):
        while number < len(sentences) and sentences[number].end <= match.span.start:
            number += 1
        if number < len(sentences):
            start, end = sentences[number]
            if start <= match.span.start and match.span.end <= end:
                found[number].append(match.span)
    return found


@dataclass(slots=True)
class _Memory:
    """What an article has said so far.

    Attributes:
        acronyms: the long form of each, from the whole article.
        names: actors on no list by their key.
        persons: actors by the surname of who stands for them.
        words: actors on any list or none by the capital words of their names.
        roles: for each office, whose holders were named.
        groups: the groups that were named, with the nouns that were said of them.
        counts: how often each state was named.
    """

    acronyms: dict[str, str]
    names: dict[str, str] = field(default_factory=dict)
    persons: dict[str, str] = field(default_factory=dict)
    words: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    roles: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    groups: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, reading: Surface, actor: str) -> None:
        """Remember a mention that has its actor."""
        if reading.person and actor == reading.actor:
            self.persons[reading.surname] = actor
        elif reading.person:
            self.persons.setdefault(reading.surname, actor)
        elif reading.actor is None and _FULL_NAME.fullmatch(reading.text):
            self.persons.setdefault(reading.text.rsplit(" ", 1)[1], actor)
        if reading.role and is_state(actor) and not reading.is_bare:
            self.roles[reading.role].add(actor)
        if not is_state(actor) and (reading.noun or actor.startswith("org:")):
            self.groups[actor].add(reading.noun)
        if not is_state(actor) and not reading.person:
            for word in reading.text.split()[1:]:
                if word[0].isupper():
                    self.words[word].add(actor)
        if not is_state(actor):
            self.names.setdefault(reading.key, actor)
        else:
            self.counts[actor] += 1

    def short_form(self, reading: Surface) -> str | None:
        """The only name before that a single capital word is a part of: "the Council", "the Front"."""
        owners = self.words.get(reading.text) if reading.text[:1].isupper() else None
        return next(iter(owners)) if owners and len(owners) == 1 else None

    def home(self) -> str | None:
        """The state that the article is about so far: most mentions of states are its own."""
        if not self.counts:
            return None
        state = max(self.counts, key=self.counts.__getitem__)
        return state if self.counts[state] >= 3 and 2 * self.counts[state] > sum(self.counts.values()) else None

    def group(self, reading: Surface) -> str | None:
        """The only group named before that a bare description ("the rebels") can mean."""
        if not reading.is_bare:
            return None
        same = [actor for actor, nouns in self.groups.items() if reading.noun in nouns]
        if not same and reading.group is Group.ARMED:
            # "Farc released two policemen. The guerrillas ..."
            same = [actor for actor in self.groups if actor.startswith("org:")]
        return same[0] if len(same) == 1 else None


#: Two to four capital words, which may be a person's name.
_FULL_NAME = re.compile(r"[^\W\d_a-z][\w'\u2019.-]*(?:\s+[^\W\d_a-z][\w'\u2019.-]*){1,3}")


def _by_apposition(
    text: str, spans: Sequence[Span], readings: Sequence[Surface], actors: Sequence[str | None], index: int
) -> str | None:
    """ "Valery Gerasimov, the Russian chief of staff": one mention explains the other beside it."""
    for other in (index + 1, index - 1):
        if 0 <= other < len(spans) and actors[other] is not None and readings[other].role:
            first, second = sorted((index, other))
            between = text[spans[first].end : spans[second].start]
            if _APPOSITION.fullmatch(between) and not readings[other].person:
                return actors[other]
    return None


_APPOSITION = re.compile(r"\s*,\s*(?:(?:the|a|an|its|their|now|then|who is|former)\s+)*", re.IGNORECASE)


def _by_context(
    text: str,
    spans: Sequence[Span],
    readings: Sequence[Surface],
    actors: Sequence[str | None],
    index: int,
    memory: _Memory,
) -> str | None:
    """The state of an office or organ that is named without one.

    The state that "its" points to, the only one whose office or organ of that word was named so far, or the one that
    the article is about ("regime" is said of others). The only other state of the sentence is no guide: it is more
    often the one that deals with them.
    """
    role, organ = readings[index].role, readings[index].organ
    holders = memory.roles.get(role, set())
    before = [actor for span, actor in zip(spans, actors, strict=True) if actor and span.end <= spans[index].start]
    states = [actor for actor in before if is_state(actor)]
    if states and _ITS.search(text, max(0, spans[index].start - 20), spans[index].start + 6):
        return states[-1]
    if len(holders) == 1:
        return next(iter(holders))
    home = memory.home() if organ in (Organ.LEADER, Organ.GOVERNMENT, Organ.ARMY) and role != "regime" else None
    return home if not holders or home in holders else None


_ITS = re.compile(r"\b(?:its|his|her|their|own|country['\u2019]s|nation['\u2019]s)\s", re.IGNORECASE)


def _set_apart(text: str, readings: Sequence[Surface], actors: Sequence[str]) -> list[str]:
    """Give organs that a sentence sets against the government of their state ids of their own."""
    rulers = {
        actor
        for reading, actor in zip(readings, actors, strict=True)
        if reading.organ in (Organ.LEADER, Organ.GOVERNMENT)
    }
    organs = {reading.organ for reading in readings}
    apart = {Organ.PARLIAMENT} | ({Organ.ARMY} if Organ.ARMY in organs and _COUP.search(text) else set())
    return [
        f"{actor}:{reading.organ}"
        if is_state(actor) and (reading.organ is Organ.COURT or (reading.organ in apart and actor in rulers))
        else actor
        for reading, actor in zip(readings, actors, strict=True)
    ]


_COUP = re.compile(
    r"\b(?:coup|putsch|mutin\w+|oust\w*|overthr[eo]w\w*|toppl\w+|depos\w+|seiz\w+ power)\b", re.IGNORECASE
)


class _People:
    """Listed people by their surnames, for a mention that is no more than one, with or without a title."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._by_surname: dict[str, list[Name]] = defaultdict(list)
        for names in gazetteer.long_names(chars=4).values():
            for name in names:
                if name.person and " " in name.text:
                    self._by_surname[name.text.rsplit(" ", 1)[1]].append(name)

    def find(self, reading: Surface, year: int | None) -> str | None:
        """Whose surname this is, if all of that year's holders of it stand for one actor."""
        surname = reading.person or reading.text
        if " " in surname:
            # "The Santos government"; a full name that is on no list is somebody else's.
            surname = surname.split()[0] if reading.organ is Organ.GOVERNMENT and not reading.person else ""
        actors = {name.actor for name in self._by_surname.get(surname, ()) if name.holds_in(year)}
        return actors.pop() if len(actors) == 1 else None

    def is_namesake(self, reading: Surface) -> bool:
        """Whether a full name ends like listed ones and begins like none of them."""
        if not reading.by_person or " " not in reading.person:
            return False
        alike = self._by_surname.get(reading.surname, ())
        return bool(alike) and all(untitled(name.text)[0] != reading.person[0] for name in alike)


class _Spellings:
    """Other spellings of long listed names: "Zelenskyy", "Revolutionary Armed Forces of Columbia"."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._names = gazetteer.long_names(chars=8)
        self._by_initial: dict[str, list[str]] = defaultdict(list)
        for name in self._names:
            self._by_initial[name[0]].append(name)
        self._found: dict[str, str | None] = {}

    def find(self, text: str, year: int | None) -> str | None:
        """Whose name this is with a letter or two changed, or None; compared once for each surface."""
        if len(text) < 8 or not text[0].isupper():
            return None
        if text not in self._found:
            if len(self._found) >= CACHED_SURFACES:
                self._found.clear()
            self._found[text] = self._nearest(text)
        nearest = self._found[text]
        if nearest is None:
            return None
        name = holder(self._names[nearest], year)
        return name.actor if name is not None else None

    def _nearest(self, text: str) -> str | None:
        best = process.extractOne(text, self._by_initial[text[0]], scorer=fuzz.ratio, score_cutoff=90)
        if best is None:
            return None
        # Word by word, so that "John Kerry" is no spelling of "John Perry".
        ours, theirs = text.split(), best[0].split()
        alike = len(ours) == len(theirs) and all(
            a[0] == b[0] and fuzz.ratio(a, b) >= 75 for a, b in zip(ours, theirs, strict=True)
        )
        return best[0] if alike else None


def _acronyms(text: str) -> Iterator[tuple[str, str]]:
    """Acronyms that a text explains, with their long forms: "Sudan Liberation Army (SLA)" and the reverse."""
    for found in _SHORT_IN_BRACKETS.finditer(text):
        short = found[1].replace(".", "")
        words = list(_WORD.finditer(text, max(0, found.start() - 120), found.start()))
        initials = [(word[0][0], word.start()) for word in words if word[0].lower() not in _SMALL]
        if len(initials) >= len(short) and "".join(i for i, _ in initials[-len(short) :]).upper() == short.upper():
            yield short, text[initials[-len(short)][1] : found.start()].rstrip()
    for found in _LONG_IN_BRACKETS.finditer(text):
        short = found[1].replace(".", "")
        long_initials = [word[0] for word in _WORD.findall(found[2]) if word.lower() not in _SMALL]
        if "".join(long_initials).upper() == short:
            yield short, found[2]


_SHORT_IN_BRACKETS = re.compile(r"\s\(([A-Z][A-Za-z.]{1,9})\)")
_LONG_IN_BRACKETS = re.compile(r"\b([A-Z][A-Z.]{1,8}) \(([^\W\d_][^()\n]{5,90})\)")
_WORD = re.compile(r"[^\W\d_][^\W_]*")
_SMALL = frozenset({"of", "the", "for", "and", "in", "de", "la", "del", "du", "on", "to"})


def _actors(sentence: Span, found: dict[str, set[Span]]) -> tuple[Actor, ...]:
    actors = [
        Actor(actor, tuple(Span(span.start - sentence.start, span.end - sentence.start) for span in sorted(spans)))
        for actor, spans in found.items()
    ]
    return tuple(sorted(actors, key=lambda actor: actor.mentions))
