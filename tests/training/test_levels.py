"""Slices, swaps and the end-to-end level, against cases worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import pytest
from detente.data.schema import STANCES, Actor, Dyad, LabelledSentence, Span, Stance
from detente.inference.gazetteer import Gazetteer, Name
from detente.inference.scorer import Candidate, StanceScorer
from detente.models.loading import LoadedModel
from detente.training.baselines import words_around
from detente.training.end_to_end import end_to_end
from detente.training.labelling import label_pairs
from detente.training.slices import slices
from detente.training.swap import invariance

GAZETTEER = Gazetteer([Name(name, name.upper()) for name in ("Kenya", "Peru", "Nepal", "Ghana")])


def sentence(name: str, text: str, *stances: tuple[str, str, str], tags: Sequence[str] = ()) -> LabelledSentence:
    actors = {}
    for country, code in (("Kenya", "KEN"), ("Peru", "PER"), ("Nepal", "NPL"), ("Ghana", "GHA")):
        if country in text:
            actors[code] = [[text.index(country), text.index(country) + len(country)]]
    record = {"id": name, "text": text, "actors": actors, "stances": [list(row) for row in stances], "tags": list(tags)}
    return LabelledSentence.from_json(record)


class PrejudicedLabeller:
    """Hostile wherever Peru is an end of the pair, cooperative elsewhere: as blind to the words as can be."""

    labels = STANCES

    def label(self, sentences: Sequence[LabelledSentence]) -> list[dict[Dyad, tuple[float, ...]]]:
        return [
            {
                Dyad(one.id, other.id): (0.1, 0.9, 0.0, 0.0) if "PER" in (one.id, other.id) else (0.8, 0.2, 0.0, 0.0)
                for one, other in permutations(sentence.actors, 2)
            }
            for sentence in sentences
        ]


def test_a_prior_against_a_state_shows_in_the_swaps() -> None:
    gold = [sentence(f"s{n}", f"Kenya met Peru, {n}.", ("KEN", "PER", "cooperative")) for n in range(20)]
    result = invariance(PrejudicedLabeller(), gold, copies=2, resamples=100)
    assert result is not None
    # Both states are swapped for others, so every pair that was hostile for Peru's sake is cooperative now.
    assert (result.sentences, result.pairs) == (40, 80)
    assert result.survived.value == 0
    assert all(shift.shift == pytest.approx(0.2 - 0.9) for shift in result.shifts)
    innocent = [sentence(f"s{n}", f"Kenya met Nepal, {n}.", ("KEN", "NPL", "cooperative")) for n in range(60)]
    result = invariance(PrejudicedLabeller(), innocent, copies=2, resamples=100)
    assert result is not None
    by_state = {shift.state: shift.shift for shift in result.shifts}
    assert by_state["PER"] == pytest.approx(0.9 - 0.2)
    assert result.shifts[0].shift == pytest.approx(0.7)


def test_slices_count_pairs_by_property() -> None:
    gold = [
        sentence("a", "Kenya shelled Peru.", ("KEN", "PER", "hostile"), tags=["family:plain", "wire", "pair:p1"]),
        sentence("b", "Kenya, of which nobody had heard, met Nepal.", ("KEN", "NPL", "cooperative")),
    ]
    found = {(one.property, one.value): one for one in slices(label_pairs(PrejudicedLabeller(), gold))}
    assert found["label", "hostile"].pairs == 1
    assert found["label", "neutral"].accuracy == 0
    assert (found["family", "plain"].pairs, found["family", "plain"].right) == (2, 1)
    assert found["distance", "0-4 words apart"].pairs == found["distance", "5-9 words apart"].pairs == 2
    assert found["direction", "source first"].right == 2
    assert {value for name, value in found if name == "region"} == {"Africa", "Americas", "Asia"}
    # A tag on few pairs is no slice, and a minimal pair's never is.
    assert not [key for key in found if key[0] == "tag"]


def test_triples_are_compared_with_gold_by_overlap(decided: LoadedModel) -> None:
    scorer = StanceScorer(decided)
    texts = ["Kenya shelled Peru while Nepal slept.", "Ghana met Nepal.", "Peru left."]
    unlabelled = [sentence(str(n), text) for n, text in enumerate(texts)]

    def said(of: LabelledSentence) -> list[tuple[str, str, str]]:
        (pairs,) = scorer.score([Candidate(of.text, of.actors)])
        labels = [(*pair.dyad, STANCES[max(range(4), key=(pair.probabilities or ()).__getitem__)]) for pair in pairs]
        return [row for row in labels if row[2] != Stance.NEUTRAL]

    own = [sentence(one.id, one.text, *said(one)) for one in unlabelled]
    triples = sum(len(one.stances) for one in own)
    assert triples > 2
    same = end_to_end(scorer, GAZETTEER, own, resamples=100)
    assert same is not None
    assert same.values["triple_f1"].value == same.values["actor_f1"].value == 1
    # One triple of the model's is not in gold any more, and gold has an actor that no list knows.
    first = own[0]
    dropped = list(first.stances.items())[1:]
    other = LabelledSentence(
        id=first.id,
        text=first.text,
        actors=(*first.actors, Actor("sleep", (Span(31, 36),))),
        stances=dict(dropped),
    )
    changed = end_to_end(scorer, GAZETTEER, [other, *own[1:]], resamples=100)
    assert changed is not None
    assert changed.values["triple_precision"].value == pytest.approx((triples - 1) / triples)
    assert changed.values["triple_recall"].value == 1
    assert len(changed.inventions) == 1
    actors = sum(len(one.actors) for one in own)
    assert changed.values["actor_precision"].value == 1
    assert changed.values["actor_recall"].value == pytest.approx(actors / (actors + 1))


def test_partial_sentences_have_no_end_to_end_level(tiny: LoadedModel) -> None:
    record = sentence("a", "Kenya shelled Peru.").to_json() | {"partial": True}
    assert end_to_end(StanceScorer(tiny), GAZETTEER, [LabelledSentence.from_json(record)], resamples=100) is None


def test_the_bag_of_words_knows_places_and_order() -> None:
    gold = sentence("a", "Today Kenya shelled Peru again.")
    forth, back = words_around(gold, Dyad("KEN", "PER")), words_around(gold, Dyad("PER", "KEN"))
    assert forth == "before_st_today between_st_shelled behind_st_again."
    assert back == "before_ts_today between_ts_shelled behind_ts_again."
