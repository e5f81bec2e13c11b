"""Actor swap: the same sentence about other states, on which a stance must not change.

A model that answers otherwise holds a prior against a country (invariance tests: Ribeiro et al., ACL 2020, CheckList).
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from itertools import combinations

from .edits import Edit, apart, rewrite
from .schema import Actor, LabelledSentence, Span
from .states import State, states

#: Tag of a swapped sentence, before the id of the original.
SWAP_TAG = "swap:"

_ARTICLE = re.compile(r"\b[Aa]n? $")


def swapped(sentences: Iterable[LabelledSentence], *, seed: int = 0, copies: int = 1) -> Iterator[LabelledSentence]:
    """Sentences with their states swapped for others, ``copies`` of each that names a state that can be swapped.

    What a sentence becomes depends on the seed and its id alone, not on its neighbours in the file.
    """
    for sentence in sentences:
        for copy in range(1, copies + 1):
            chosen = random.Random(f"{seed}:{copy}:{sentence.id}")
            new = swap_states(sentence, chosen)
            if new is not None:
                yield replace(new, id=f"{sentence.id}~{copy}")


def swap_states(sentence: LabelledSentence, chosen: random.Random) -> LabelledSentence | None:
    """Swap every state of a sentence whose mentions are all its name or its adjective; None if there is none.

    A state keeps its place where one of its forms also stands outside its mentions, or where a mention is anything
    else (a leader, a capital): swapped in part, the sentence would speak of two states.
    """
    partners: dict[str, State] = {}
    edits: list[Edit] = []
    taken = {actor.id for actor in sentence.actors}
    for actor in sentence.actors:
        state = _state_of(sentence.text, actor)
        if state is None:
            continue
        candidates = [
            other for other in states() if other.code not in taken and _fits(sentence.text, actor, state, other)
        ]
        if candidates:
            partner = chosen.choice(candidates)
            taken.add(partner.code)
            partners[actor.id] = partner
            edits += [Edit(span, _form(sentence.text, span, state, partner)) for span in actor.mentions]
    edits.sort(key=lambda edit: edit.span)
    if not partners or not apart(edits, sentence.actors):
        return None
    return _tagged(sentence, rewrite(sentence, edits, {actor: partner.code for actor, partner in partners.items()}))


def exchange_states(sentence: LabelledSentence, chosen: random.Random) -> LabelledSentence | None:
    """Let two states of a sentence change places, names and stances; None if no two can.

    "Peru bombed Chile" becomes "Chile bombed Peru": who does it has changed, what is done has not. Of symmetric
    events the labels stay as they are.
    """
    named = [(actor, state) for actor in sentence.actors if (state := _state_of(sentence.text, actor)) is not None]
    couples = [
        (one, other)
        for one, other in combinations(named, 2)
        if one[1].with_article == other[1].with_article
        and _articles_fit(sentence.text, *one, other[1])
        and _articles_fit(sentence.text, *other, one[1])
    ]
    if not couples:
        return None
    (one, first), (other, second) = chosen.choice(couples)
    edits = [Edit(span, _form(sentence.text, span, first, second)) for span in one.mentions]
    edits += [Edit(span, _form(sentence.text, span, second, first)) for span in other.mentions]
    edits.sort(key=lambda edit: edit.span)
    if not apart(edits, sentence.actors):
        return None
    return _tagged(sentence, rewrite(sentence, edits, {one.id: other.id, other.id: one.id}))


def _tagged(original: LabelledSentence, new: LabelledSentence) -> LabelledSentence:
    return replace(new, tags=(*new.tags, f"{SWAP_TAG}{original.id}"))


def _articles_fit(text: str, actor: Actor, state: State, other: State) -> bool:
    """Whether "a" and "an" before the state's forms go with the other's."""
    return all(
        not _ARTICLE.search(text[: span.start])
        or _takes_an(text[span.start : span.end]) == _takes_an(_form(text, span, state, other))
        for span in actor.mentions
    )


@lru_cache(maxsize=1)
def _by_form() -> Mapping[str, State]:
    return {form: state for state in states() for form in (state.name, state.adjective)}


def _state_of(text: str, actor: Actor) -> State | None:
    """The state that all mentions name, if it stands nowhere else in the text."""
    named = {_by_form().get(text[span.start : span.end]) for span in actor.mentions}
    if len(named) != 1 or None in named:
        return None
    (state,) = named
    assert state is not None
    return state if _occurrences(text, state) == set(actor.mentions) else None


def _occurrences(text: str, state: State) -> set[Span]:
    """Where a form of the state stands as whole words or in a plural ("Iranians")."""
    pattern = rf"(?<!\w)(?:{re.escape(state.name)}|{re.escape(state.adjective)})(?=s?(?!\w))"
    return {Span(*match.span()) for match in re.finditer(pattern, text)}


def _fits(text: str, actor: Actor, state: State, other: State) -> bool:
    """Whether another state reads well in all places of this one and is not in the sentence yet."""
    if state.with_article != other.with_article or _occurrences(text, other):
        return False
    return _articles_fit(text, actor, state, other)


def _form(text: str, span: Span, state: State, other: State) -> str:
    """The other state's form for a mention: name for name, adjective for adjective."""
    return other.name if text[span.start : span.end] == state.name else other.adjective


def _takes_an(word: str) -> bool:
    """Whether "an" goes before a form: by its sound, so not before Ukrainian or Ugandan."""
    return word.startswith(("A", "E", "I", "O", "Uz"))
