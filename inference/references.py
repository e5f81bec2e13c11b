"""References whose actors stand in the sentences before: "the two countries", "the alliance", "he".

Each rule has a name, so that its firings can be listed and read: ``python -m detente.inference.references ARCHIVE``.
A rule stays only while at least eight of ten of its firings are right.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ..data.schema import Article, Span
from .surfaces import is_state

#: How many sentences back the actors of a reference may stand.
PAIR_REACH = 2
PERSON_REACH = 3
BODY_REACH = 4


@dataclass(frozen=True, slots=True)
class Mention:
    """A mention with its actor; the span counts characters of the article."""

    span: Span
    actor: str
    is_person: bool = False


@dataclass(frozen=True, slots=True)
class Reference:
    """A span that refers to actors named before, and the rule that says so; offsets as in ``Mention``."""

    rule: str
    sentence: int
    span: Span
    actors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a possible reference stands: the article up to it."""

    text: str
    sentences: Sequence[Span]
    mentions: Sequence[Sequence[Mention]]
    number: int
    found: re.Match[str]
    references: Sequence[Reference]

    @property
    def ahead(self) -> list[Mention]:
        """The mentions of its own sentence that stand before it."""
        return [mention for mention in self.mentions[self.number] if mention.span.end <= self.found.start()]

    def back(self, reach: int) -> Iterator[tuple[int, Sequence[Mention]]]:
        """The sentences before with their mentions, the nearest first."""
        for number in range(self.number - 1, max(-1, self.number - 1 - reach), -1):
            yield number, self.mentions[number]


@dataclass(frozen=True, slots=True)
class _Rule:
    """How a reference looks, group 1 its span, and whom it means; ``opens`` if it is one only as a sentence begins."""

    name: str
    pattern: re.Pattern[str]
    resolve: Callable[[_Place], tuple[str, ...]]
    opens: bool = False

    def find(self, text: str, sentence: Span) -> Iterator[re.Match[str]]:
        if not self.opens:
            yield from self.pattern.finditer(text, *sentence)
        elif found := self.pattern.match(text, *sentence):
            yield found


def find_references(
    article: Article, sentences: Sequence[Span], mentions: Sequence[Sequence[Mention]]
) -> list[Reference]:
    """The references of an article, in text order, apart from each other and from the mentions."""
    rules = [rule for rule in _RULES if rule.pattern.search(article.text)]
    references: list[Reference] = []
    for number, sentence in enumerate(sentences):
        if number == 0:
            continue
        taken = [mention.span for mention in mentions[number]]
        for rule in rules:
            for found in rule.find(article.text, sentence):
                span = Span(*found.span(1))
                if any(span.overlaps(other) for other in taken):
                    continue
                if actors := rule.resolve(_Place(article.text, sentences, mentions, number, found, references)):
                    references.append(Reference(rule.name, number, span, actors))
                    taken.append(span)
    return sorted(references, key=lambda reference: reference.span)


def is_reference(text: str) -> bool:
    """Whether a mention is no name but a reference to two actors, "both sides", and belongs to the rules here."""
    return _TWO.fullmatch(text) is not None


def _two_states(place: _Place) -> tuple[str, ...]:
    """The two states of the nearest sentence that names any two, if it names no third."""
    return _pair(place, is_state)[0]


def _two_tied_states(place: _Place) -> tuple[str, ...]:
    """Likewise, but only if that sentence ties the two to each other."""
    actors, tie = _pair(place, is_state)
    return actors if _TIE.search(tie) else ()


def _two_parties(place: _Place) -> tuple[str, ...]:
    """The two actors, states or none, that the sentence ties to each other; bodies of states only stand between."""
    actors, tie = _pair(place, lambda actor: not actor.startswith("igo:"))
    return actors if _TIE.search(tie) else ()


def _joined_parties(place: _Place) -> tuple[str, ...]:
    """Two actors that the sentence before names side by side: "both sides" is said of much that is on no list."""
    actors = _two_parties(place)
    between = [
        place.text[one.span.end : two.span.start]
        for one, two in pairwise(place.mentions[place.number - 1])
        if {one.actor, two.actor} == {*actors}
    ]
    return actors if any(_JOINED.fullmatch(words) for words in between) else ()


_JOINED = re.compile(r"(?:['\u2019]s)?(?:\s\w+){0,3}(?:\s(?:and|with)\s|-|/)(?:\w+\s){0,2}")


def _pair(place: _Place, fits: Callable[[str], bool]) -> tuple[tuple[str, ...], str]:
    """The only two actors of the nearest sentence that names two, and its words."""
    if len({mention.actor for mention in place.ahead if fits(mention.actor)}) > 1:
        return (), ""
    for number, mentions in place.back(PAIR_REACH):
        actors = tuple(
            dict.fromkeys(
                mention.actor
                for mention in mentions
                if fits(mention.actor)
                and not _LOCATION.search(place.text, max(0, mention.span.start - 9), mention.span.start)
            )
        )
        if len(actors) == 2:
            return actors, place.text[slice(*place.sentences[number])]
        if len(actors) > 2:
            break
    return (), ""


#: "In Vienna" is where the two met, and neither of them.
_LOCATION = re.compile(r"\b(?:in|at|near)\s+(?:the\s+)?$", re.IGNORECASE)
_TIE = re.compile(
    r"\b(?:between|against|war|talks|truce|ceasefire|conflict|clash\w*|fight\w*|fought|dispute|agreement|accord|treaty|met"
    r"|negotiat\w+|relations|ties|deal|attack\w*|borders?|row|rival\w*|summit|sign\w*)\b",
    re.IGNORECASE,
)


def _alliance(place: _Place) -> tuple[str, ...]:
    return _only_body(place, {"igo:nato", "igo:warsaw-pact", "igo:seato", "igo:cento", "igo:csto", "igo:anzus"})


def _bloc(place: _Place) -> tuple[str, ...]:
    return _only_body(
        place, {"igo:eu", "igo:asean", "igo:ecowas", "igo:sadc", "igo:mercosur", "igo:au", "igo:gcc", "igo:caricom"}
    )


def _world_body(place: _Place) -> tuple[str, ...]:
    return _only_body(place, {"igo:un"})


def _only_body(place: _Place, bodies: set[str]) -> tuple[str, ...]:
    """The body of a kind that was named, if no other of its kind was."""
    named = {mention.actor for _, mentions in place.back(BODY_REACH) for mention in mentions} & bodies
    named |= {mention.actor for mention in place.ahead} & bodies
    return tuple(named) if len(named) == 1 else ()


def _last_person(place: _Place) -> tuple[str, ...]:
    """The person that the sentences before are about: their subject, with nobody else in sight since."""
    for number, mentions in place.back(PERSON_REACH):
        sentence = place.sentences[number]
        if _unlinked_name(place, number):
            return ()
        said = next((r for r in place.references if r.sentence == number and r.span.start == sentence.start), None)
        if said is not None and said.rule == "he or she":
            return said.actors
        persons = [mention for mention in mentions if mention.is_person]
        if persons:
            ahead = place.text[sentence.start : persons[0].span.start]
            is_subject = len({mention.actor for mention in persons}) == 1 and not _NO_SUBJECT.search(ahead)
            return (persons[0].actor,) if is_subject else ()
        if _SAID.search(place.text, *sentence):
            return ()
    return ()


#: Who reported, if nobody is named, may be who "he" is.
_SAID = re.compile(r"\b(?:said|says|reported|added|told)\b")


def _unlinked_name(place: _Place, number: int) -> bool:
    """Whether a sentence names, or opens with, somebody who is no mention."""
    sentence, mentions = place.sentences[number], place.mentions[number]
    opening = _OPENING.match(place.text, sentence.start, sentence.end)
    names = [*_NAME.finditer(place.text, sentence.start, sentence.end), *([opening] if opening else [])]
    return any(not any(Span(*name.span()).overlaps(mention.span) for mention in mentions) for name in names)


#: Ahead of a person in a sentence: another subject, or a preposition that makes the person an object.
_NO_SUBJECT = re.compile(
    r"\b(?:he|she|i|we|they|who|it|said|says|told)\b|\b(?:by|of|to|with|from|under|on|against|for|about|after|like|than)\s+"
    r"(?:[A-Z][\w.]*\s+)*$",
    re.IGNORECASE,
)
#: "Harrigan said": a capital word that opens a sentence and is followed by what people do.
_OPENING = re.compile(
    r"[\"\u201c]?[A-Z]\w+(?:['\u2019]s)?,?(?=\s(?:said|says|added|told|has|had|was|is|also|then|captured)\b)"
)
#: Two capital words beside each other that are no mention may be a person whom nobody links.
_NAME = re.compile(r"\b[A-Z][a-z'\u2019-]+\s+(?:[A-Z]\.\s+)?[A-Z][a-z'\u2019-]+|\b(?:Mr|Mrs|Ms|Dr)\.?\s+[A-Z]\w+")


def _speaker(place: _Place) -> tuple[str, ...]:
    """The state or body that opens the sentence before."""
    for number, mentions in place.back(1):
        if mentions and not mentions[0].is_person and mentions[0].span.start - place.sentences[number].start <= 4:
            return (mentions[0].actor,)
    return ()


_OF_TWO = r"(?:countries|nations|governments|states|neighbou?rs|presidents|powers)"
_PARTIES = r"(?:sides|parties|rivals|foes|enemies|adversaries|leaders|allies|camps)"
_TWO = re.compile(
    rf"(?:(?:the|these|those)\s+)?(?:(?:(?:two|both|warring)\s+)+(?:{_OF_TWO}|{_PARTIES})|neighbou?rs)", re.IGNORECASE
)

_RULES = (
    _Rule("two states", re.compile(rf"\b((?:[Tt]he|[Tt]hese|[Tt]heir)\s+two\s+{_OF_TWO})\b"), _two_states),
    _Rule("two parties", re.compile(rf"\b((?:[Tt]he|[Tt]hese)\s+two\s+{_PARTIES})\b(?!\s+of)"), _two_parties),
    _Rule("both states", re.compile(rf"\b([Bb]oth\s+{_OF_TWO})\b"), _two_tied_states),
    _Rule("both parties", re.compile(rf"\b([Bb]oth\s+{_PARTIES})\b(?!\s+of)"), _joined_parties),
    _Rule("the neighbours", re.compile(r"\b([Tt]he\s+neighbou?rs)\b"), _two_tied_states),
    _Rule("the alliance", re.compile(r"\b(?:[Tt]he)\s+(alliance)\b(?!\s+(?:of|between|with))"), _alliance),
    _Rule("the bloc", re.compile(r"\b(?:[Tt]he)\s+(bloc)\b(?!\s+of)"), _bloc),
    _Rule("the world body", re.compile(r"\b(?:[Tt]he)\s+((?:world|global)\s+body)\b"), _world_body),
    _Rule("he or she", re.compile(r"(He|She)\b"), _last_person, opens=True),
    _Rule(
        "it said",
        re.compile(
            r"(It)\s+(?:(?:has|had|also|later|then|again)\s+)*(?:said|accused|warned|urged|denied"
            r"|rejected|condemned|blamed|demanded|threatened|insisted|announced|vowed|pledged|offered|called)\b"
        ),
        _speaker,
        opens=True,
    ),
)


def _list_firings(archive: str) -> None:
    from .articles import ArticleReader, Reject
    from .gazetteer import load_gazetteer
    from .inputs import find_inputs
    from .linking import Linker, names_by_sentence
    from .sentences import split_sentences

    gazetteer = load_gazetteer()
    linker = Linker(gazetteer)
    reader = ArticleReader()
    for file in find_inputs([archive]).files:
        for record in reader.read(file):
            if isinstance(record, Reject):
                continue
            sentences = split_sentences(record.text)
            linked = linker.mentions(record, sentences, names_by_sentence(record, sentences, gazetteer))
            for reference in find_references(record, sentences, linked):
                before, own = (record.text[slice(*sentences[reference.sentence - back])] for back in (1, 0))
                start = reference.span.start - sentences[reference.sentence].start
                end = reference.span.end - sentences[reference.sentence].start
                print(f"{reference.rule}: {', '.join(reference.actors)}  ({record.id})")
                print(f"    {' '.join(before.split())}")
                print(f"    {' '.join(own[:start].split())} [{own[start:end]}] {' '.join(own[end:].split())}")


if __name__ == "__main__":
    _list_firings(*sys.argv[1:])
