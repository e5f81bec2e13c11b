from __future__ import annotations

from detente.data.schema import Actor, Span
from detente.inference.gazetteer import Gazetteer, Name
from detente.inference.scorer import StanceScorer
from detente.inference.texts import score_texts
from detente.models.loading import LoadedModel

GAZETTEER = Gazetteer([Name("Oz", "OZZ"), Name("Ev", "EVV"), Name("Ib", "IBB")])
TEXTS = ["It rained. Oz struck Ev and Ib helped. Nobody spoke.", "Oz slept.", "", "Ib and Ev signed; Oz left."]


def test_spans_count_the_characters_of_the_text(decided: LoadedModel) -> None:
    answers = score_texts(TEXTS, scorer=StanceScorer(decided), gazetteer=GAZETTEER)
    assert [bool(answer) for answer in answers] == [True, False, False, True]
    names = {"OZZ": "Oz", "EVV": "Ev", "IBB": "Ib"}
    for text, answer in zip(TEXTS, answers, strict=True):
        for stance in answer:
            assert stance.stance != "neutral"
            assert stance.probabilities[stance.stance] == max(stance.probabilities.values())
            for actor in (stance.source, stance.target):
                assert [text[span.start : span.end] for span in actor.mentions] == [names[actor.id]]
    assert all(TEXTS[0][slice(*stance.sentence)] == "Oz struck Ev and Ib helped." for stance in answers[0])


def test_given_actors_are_taken_and_nothing_else_is_looked_for(tiny: LoadedModel) -> None:
    given = (Actor("rain", (Span(3, 9),)), Actor("OZZ", (Span(11, 13),)))
    (answer,) = score_texts([TEXTS[0]], scorer=StanceScorer(tiny), gazetteer=GAZETTEER, actors=[given])
    assert {end.id for stance in answer for end in (stance.source, stance.target)} <= {"rain", "OZZ"}
    alone = score_texts([TEXTS[0]], scorer=StanceScorer(tiny), gazetteer=GAZETTEER, actors=[()])
    assert alone == [[]]


def test_a_reference_to_two_actors_is_a_pair_of_them(decided: LoadedModel) -> None:
    """ "The two countries" is the only mention of either, and the pair is scored in both directions."""
    (answer,) = score_texts(
        ["Kenya and Peru held talks on Monday. The two countries signed a treaty."],
        scorer=StanceScorer(decided),
        gazetteer=Gazetteer([Name("Kenya", "KEN"), Name("Peru", "PER")]),
    )
    second = {(one.source.id, one.target.id) for one in answer if one.sentence.start > 0}
    assert second == {("KEN", "PER"), ("PER", "KEN")}
