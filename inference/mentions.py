"""The mentions of a sentence: what the tagger finds, united with the names that the gazetteer knows."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..data.schema import Span
from ..models.config import TAGS

Floats = NDArray[np.float32]

_BEGIN, _INSIDE = TAGS.index("B"), TAGS.index("I")

# What may be an actor that no list holds: words in capitals, and nouns for people who act together or in office.
_PROPER = re.compile(r"\b[A-Z][\w.'\u2019-]*(?:\s+(?:(?:of|the|bin|de)\s+)?[A-Z][\w.'\u2019-]*)*")
_NOUN = re.compile(
    r"\b(?:[a-z]+-)?(?:rebel|insurgent|militant|guerrilla|fighter|separatist|extremist|terrorist|gunm[ae]n|kidnapper"
    r"|captor|hostage|protester|demonstrator|opposition|government|minist(?:er|ry|ries)|president|premier|parliament"
    r"|lawmaker|senator|arm(?:y|ies)|troop|soldier|forces|police|militia|warlord|junta|coalition|alliance|bloc|court"
    r"|envoy|mediator|inspector|peacekeeper|ambassador|diplomat|leader|commander|official|authorit(?:y|ies)|neighbou?r"
    r"|rival|all(?:y|ies)|countr(?:y|ies)|regime|delegation|negotiator|spokes\w+|navy|warplane|team|faction|group"
    r"|sides|parties|nations|states)s?\b"
)
_PERSON = re.compile(r"\b(?:[Hh]e|[Ss]he|[Tt]hey)\b")
# A reference to two actors of the sentences before.
_TWO = re.compile(
    r"\b(?:two|both|warring)\s+(?:\w+\s+)?(?:countries|nations|governments|states|neighbou?rs|presidents|powers|sides|parties"
    r"|rivals|foes|enemies|adversaries|leaders|allies|camps)\b|\bthe\s+neighbou?rs\b",
    re.IGNORECASE,
)
#: So many unknown names may be actors where neither a known name nor a noun says so.
_UNKNOWN = 3


def may_hold_pair(sentence: str, names: Sequence[Span]) -> bool:
    """Whether a sentence can have two actors, so that it is worth the encoder's time.

    Args:
        names: the spans in the sentence of the names that the gazetteer knows.
    """
    if len(names) > 1 or _TWO.search(sentence):
        return True
    proper = [
        match
        for match in _PROPER.finditer(sentence)
        # A single word at the start is there in capitals whatever it is.
        if (match.start() or " " in match[0]) and not any(name.overlaps(Span(*match.span())) for name in names)
    ]
    nouns = len(_NOUN.findall(sentence))
    signs = len(names) + nouns + len(proper) + len(_PERSON.findall(sentence))
    return len(proper) >= _UNKNOWN or (signs > 1 and bool(names or nouns))


def unite(
    tags: Floats,
    offsets: Sequence[tuple[int, int]],
    names: Sequence[Span],
    text: str,
    *,
    thresholds: tuple[float, float],
) -> list[Span]:
    """Mentions in text order, without overlaps.

    A known name counts unless the tagger is sure that it is none, as where a state is only a place. Where a name and
    a tagged mention overlap, they are one mention, as "U.N. Secretary-General Kofi Annan" is.

    Args:
        tags: probabilities of the tags of the word pieces (pieces, tags), special ones included.
        offsets: the place of each piece in ``text``; empty for special ones.
        names: spans of the known names in ``text``, without overlaps.
        thresholds: the probability of being in a mention from which on a piece is in one, and the mean from which on
            a known name is one.
    """
    inside = tags[:, _BEGIN] + tags[:, _INSIDE]
    spans = [trimmed for span in _tagged(tags, inside, offsets, text, thresholds[0]) if (trimmed := _trim(text, span))]
    for name in names:
        pieces = [i for i, (start, end) in enumerate(offsets) if start < name.end and name.start < end]
        # A name behind the model's longest input has no piece: the gazetteer alone speaks for it.
        if not pieces or inside[pieces].mean() >= thresholds[1]:
            spans.append(name)
    spans.sort()
    united: list[Span] = []
    for span in spans:
        if united and span.overlaps(united[-1]):
            united[-1] = Span(united[-1].start, max(united[-1].end, span.end))
        else:
            united.append(span)
    return united


def _tagged(
    tags: Floats, inside: Floats, offsets: Sequence[tuple[int, int]], text: str, threshold: float
) -> list[Span]:
    """Runs of pieces within mentions, as whole words."""
    spans: list[Span] = []
    open_at: int | None = None
    for piece, (start, end) in enumerate(offsets):
        if start == end:
            continue
        begins = tags[piece, _BEGIN] > tags[piece, _INSIDE] and not _in_word(text, start)
        if inside[piece] < threshold:
            open_at = None
        elif open_at is None or begins:
            open_at = _word_start(text, start)
            spans.append(Span(open_at, _word_end(text, end)))
        else:
            spans[-1] = Span(spans[-1].start, _word_end(text, end))
    return _apart(spans)


#: Words that stand before a name and are none.
_BEFORE = re.compile(r"(?:\W|\b(?:the|an?|its|their|his|her|our|this|that|these|those|some|s)\b)*", re.IGNORECASE)


def _trim(text: str, span: Span) -> Span | None:
    """A tagged mention without articles and the like before it; None where no word is left."""
    found = _BEFORE.match(text, span.start, span.end)
    start = found.end() if found else span.start
    return Span(start, span.end) if span.end - start > 1 else None


def _apart(spans: Sequence[Span]) -> list[Span]:
    """Spans that grew into each other by whole words become one."""
    found: list[Span] = []
    for span in spans:
        if found and span.start < found[-1].end:
            found[-1] = Span(found[-1].start, max(span.end, found[-1].end))
        else:
            found.append(span)
    return found


def _in_word(text: str, place: int) -> bool:
    """Whether a place is between two letters or digits."""
    return 0 < place < len(text) and text[place - 1].isalnum() and text[place].isalnum()


def _word_start(text: str, start: int) -> int:
    while _in_word(text, start):
        start -= 1
    return start


def _word_end(text: str, end: int) -> int:
    while _in_word(text, end):
        end += 1
    return end
