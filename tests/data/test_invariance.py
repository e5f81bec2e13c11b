from __future__ import annotations

import random
import re
from itertools import pairwise
from typing import Any

import pytest
from detente.data.invariance import exchange_states, swap_states, swapped
from detente.data.schema import LabelledSentence
from detente.data.states import State, states
from hypothesis import assume, given
from hypothesis import strategies as st

BY_CODE = {state.code: state for state in states()}


def sentence(text: str, *codes: str, **fields: Any) -> LabelledSentence:
    """A sentence in which every form of the states is a mention, each hostile to the next."""
    actors = {
        code: [[*found.span()] for found in re.finditer(rf"\b({BY_CODE[code].name}|{BY_CODE[code].adjective})\b", text)]
        for code in codes
    }
    stances = [[one, other, "hostile"] for one, other in pairwise(codes)]
    return LabelledSentence.from_json({"id": "s1", "text": text, "actors": actors, "stances": stances} | fields)


def swap(original: LabelledSentence, seed: int = 0) -> LabelledSentence | None:
    return swap_states(original, random.Random(seed))


def words(of: LabelledSentence) -> dict[str, list[str]]:
    return {actor.id: [of.text[span.start : span.end] for span in actor.mentions] for actor in of.actors}


PLAIN = [state for state in states() if not state.with_article]


def one_in_the_other(one: State, other: State) -> bool:
    """Whether a form of one state stands in a form of the other, as "Sudan" does in "South Sudan"."""
    forms = [(one.name, one.adjective), (other.name, other.adjective)]
    return any(
        re.search(rf"\b{inner}\b", outer)
        for inners, outers in (forms, forms[::-1])
        for inner in inners
        for outer in outers
    )


@given(st.permutations(PLAIN), st.integers(0, 1_000_000))
def test_name_stands_for_name_and_adjective_for_adjective(order: list[State], seed: int) -> None:
    one, other = order[:2]
    assume(not one_in_the_other(one, other))
    text = f"Yesterday {one.name} and {other.adjective} boats met; {other.name} thanked {one.name}."
    original = sentence(text, one.code, other.code, ignore=[[other.code, one.code]])

    new = swap(original, seed)

    assert new is not None
    first, second = (BY_CODE[actor.id] for actor in new.actors)
    assert len({one.code, other.code, first.code, second.code}) == 4
    assert words(new) == {first.code: [first.name, first.name], second.code: [second.adjective, second.name]}
    assert new.text == f"Yesterday {first.name} and {second.adjective} boats met; {second.name} thanked {first.name}."
    assert dict(new.stances) == {(first.code, second.code): "hostile"}
    assert new.unsure == {(second.code, first.code)}
    assert LabelledSentence.from_json(new.to_json()) == new


def test_other_actors_move_with_the_text_and_keep_their_ids() -> None:
    text = "France and the Blue Front met in Paris, said the Blue Front."
    original = LabelledSentence.from_json(
        {
            "id": "s1",
            "text": text,
            "actors": {"FRA": [[0, 6]], "org:blue": [[15, 25], [49, 59]]},
            "stances": [["FRA", "org:blue", "cooperative"]],
        }
    )

    new = swap(original)

    assert new is not None
    assert words(new)["org:blue"] == ["Blue Front", "Blue Front"]
    assert list(new.stances.values()) == ["cooperative"]
    assert new.tags == ("swap:s1",)


@pytest.mark.parametrize("seed", range(20))
def test_a_and_an_stay_right(seed: int) -> None:
    new = swap(sentence("An Iranian ship passed a French one.", "IRN", "FRA"), seed)

    assert new is not None
    first, second = words(new).values()
    assert first[0].startswith(("A", "E", "I", "O", "Uz"))
    assert not second[0].startswith(("A", "E", "I", "O", "Uz"))


@pytest.mark.parametrize("seed", range(5))
def test_states_with_an_article_stand_in_for_each_other(seed: int) -> None:
    new = swap(sentence("Envoys of the United States left.", "USA"), seed)

    assert new is not None
    assert BY_CODE[new.actors[0].id].with_article
    assert new.text == f"Envoys of the {BY_CODE[new.actors[0].id].name} left."


def test_nested_mentions_grow_with_the_swap() -> None:
    text = "The Turkish army and Turkey disagree."
    actors = {"TUR": [[4, 11], [21, 27]], "mil:army": [[0, 16]]}
    original = LabelledSentence.from_json({"id": "s1", "text": text, "actors": actors, "stances": []})

    new = swap(original)

    assert new is not None
    state = BY_CODE[new.actors[0].id]
    assert words(new)["mil:army"] == [f"The {state.adjective} army"]


@pytest.mark.parametrize(
    ("text", "actors"),
    [
        ("Macron spoke for France.", {"FRA": [[0, 6], [17, 23]]}),
        ("France and French wine.", {"FRA": [[0, 6]]}),
        ("Iranians left Iran.", {"IRN": [[14, 18]]}),
        ("The Blue Front left.", {"org:blue": [[4, 14]]}),
        ("The army of France left.", {"FRA": [[12, 18]], "x": [[9, 15]]}),
    ],
)
def test_what_cannot_be_swapped_whole_is_left(text: str, actors: dict[str, list[list[int]]]) -> None:
    original = LabelledSentence.from_json({"id": "s1", "text": text, "actors": actors, "stances": []})

    assert swap(original) is None


def test_copies_are_numbered_and_depend_on_seed_and_id_alone() -> None:
    first = sentence("France met Iran.", "FRA", "IRN")
    second = sentence("Kenya met Peru.", "KEN", "PER", id="s2")

    both = list(swapped([first, second], seed=3, copies=2))

    assert [new.id for new in both] == ["s1~1", "s1~2", "s2~1", "s2~2"]
    assert list(swapped([second], seed=3, copies=2)) == both[2:]
    assert list(swapped([second], seed=4, copies=2)) != both[2:]


def test_the_list_of_states_is_sound() -> None:
    forms = [form for state in states() for form in (state.name, state.adjective)]

    assert len(forms) == len(set(forms))
    assert BY_CODE["DEU"] == State("DEU", "Germany", "German", with_article=False)
    assert BY_CODE["TUR"].name == "Turkey"
    assert len(BY_CODE) > 120


@given(st.permutations(PLAIN), st.integers(0, 100))
def test_two_states_change_places_and_their_stances_with_them(order: list[State], seed: int) -> None:
    one, other = order[:2]
    assume(not one_in_the_other(one, other))
    original = sentence(f"{one.name} shelled {other.adjective} troops near the border.", one.code, other.code)
    exchanged = exchange_states(original, random.Random(seed))
    assert exchanged is not None
    assert exchanged.text == f"{other.name} shelled {one.adjective} troops near the border."
    assert dict(exchanged.stances) == {(other.code, one.code): "hostile"}
    back = exchange_states(exchanged, random.Random(seed))
    assert back is not None
    assert (back.text, dict(back.stances)) == (original.text, dict(original.stances))


def test_a_state_whose_name_stands_in_the_others_keeps_its_place() -> None:
    nested = {
        (one.code, other.code) for one in PLAIN for other in PLAIN if one != other and one_in_the_other(one, other)
    }
    assert nested == {("SDN", "SSD"), ("SSD", "SDN")}
    for one, other in nested:
        first, second = BY_CODE[one], BY_CODE[other]
        text = f"{first.name} shelled {second.adjective} troops near the border."
        assert exchange_states(sentence(text, one, other), random.Random(0)) is None


def test_what_cannot_change_places() -> None:
    alone = sentence("Kenya held its breath.", "KEN")
    assert exchange_states(alone, random.Random(0)) is None
    # "an Iranian" and "a Kenyan" would read wrong.
    sounds = sentence("Kenya saw an Iranian ship.", "KEN", "IRN")
    assert exchange_states(sounds, random.Random(0)) is None
