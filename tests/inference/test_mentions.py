"""Mentions out of tags and names."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from detente.data.schema import Span
from detente.inference.gazetteer import Gazetteer, Name
from detente.inference.mentions import may_hold_pair, unite
from hypothesis import given
from hypothesis import strategies as st

THRESHOLDS = (0.5, 0.2)


def tagged(text: str, tags: str) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """Probabilities and places of the words of a text from a letter for each: O, B, I, or ? for a third of each."""
    share = {"O": (0.9, 0.05, 0.05), "B": (0.1, 0.8, 0.1), "I": (0.1, 0.1, 0.8), "?": (0.7, 0.15, 0.15)}
    places, start = [(0, 0)], 0
    for word in text.split():
        start = text.index(word, start)
        places.append((start, start + len(word)))
        start += len(word)
    return np.array([share["O"], *(share[tag] for tag in tags)], dtype=np.float32), places


def mentions(text: str, tags: str, *names: str) -> list[str]:
    probabilities, places = tagged(text, tags)
    spans = [Span(text.index(name), text.index(name) + len(name)) for name in names]
    return [text[slice(*span)] for span in unite(probabilities, places, spans, text, thresholds=THRESHOLDS)]


def test_neighbours_are_two_mentions_and_a_name_of_several_words_is_one() -> None:
    assert mentions("Kenya Somalia Sultan Omar spoke", "BBBIO") == ["Kenya", "Somalia", "Sultan Omar"]


def test_the_longer_of_a_name_and_a_tagged_mention_counts() -> None:
    assert mentions("U.N. envoy Lakhdar Brahimi flew in", "BIIIOO", "U.N.") == ["U.N. envoy Lakhdar Brahimi"]
    assert mentions("the Arab League met", "OOBO", "Arab League") == ["Arab League"]


def test_a_name_counts_unless_the_tagger_is_sure_that_it_is_a_place() -> None:
    assert mentions("a bomb in Iraq", "OOOO", "Iraq") == []
    assert mentions("a bomb in Iraq", "OOO?", "Iraq") == ["Iraq"]


def test_mentions_end_with_words() -> None:
    probabilities = np.array([[0.1, 0.8, 0.1], [0.9, 0.05, 0.05]], dtype=np.float32)
    assert unite(probabilities, [(0, 3), (3, 6)], [], "Kenyan", thresholds=THRESHOLDS) == [Span(0, 6)]


def test_articles_are_no_mentions() -> None:
    assert mentions("The rebels met its allies", "BIOBO") == ["rebels"]
    assert mentions("The group met the Sultan", "BOOBI") == ["Sultan"]


def test_a_name_behind_the_longest_input_counts() -> None:
    assert unite(np.zeros((1, 3), np.float32), [(0, 0)], [Span(9, 14)], "and then Kenya", thresholds=THRESHOLDS) == [
        Span(9, 14)
    ]


@given(st.text(st.sampled_from("ab .'"), max_size=30), st.data())
def test_mentions_are_in_order_apart_and_inside(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=12)))
    places = list(pairwise(cuts))
    rows = data.draw(
        st.lists(st.tuples(*[st.floats(0.01, 1)] * 3), min_size=len(places), max_size=len(places)).map(
            lambda rows: [[cell / sum(row) for cell in row] for row in rows]
        )
    )
    names = [Span(*place) for place in places if place[0] < place[1]][::2]
    found = unite(np.array(rows, np.float32).reshape(-1, 3), places, names, text, thresholds=THRESHOLDS)
    assert found == sorted(found)
    assert all(0 <= span.start < span.end <= len(text) for span in found)
    assert not any(one.overlaps(two) for one, two in pairwise(found))


def test_which_sentences_are_worth_reading() -> None:
    gazetteer = Gazetteer([Name("Kenya", "KEN"), Name("Somalia", "SOM")])

    def worth(sentence: str) -> bool:
        return may_hold_pair(sentence, [match.span for match in gazetteer.find(sentence)])

    assert worth("Kenya warned Somalia.")
    assert worth("Kenya warned the rebels.")
    assert worth("He urged both sides to stop.")
    assert worth("The two countries signed a treaty.")
    assert worth("Both governments kept silent.")
    assert worth("The rebels fired on the police.")
    assert worth("Yesterday Karsh of Upper Meru and Lord Tebo broke with Sella Ombra.")
    assert not worth("Rain fell on Kenya for a week.")
    assert not worth("The price of tea rose again.")
