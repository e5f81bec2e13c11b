"""References to actors of the sentences before."""

from __future__ import annotations

import json

import pytest
from detente.data.samples import SAMPLES
from detente.data.schema import Article
from detente.inference.gazetteer import Gazetteer, load_gazetteer
from detente.inference.linking import Linker, names_by_sentence
from detente.inference.references import find_references, is_reference
from detente.inference.sentences import split_sentences


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return load_gazetteer()


def references(gazetteer: Gazetteer, text: str, year: int) -> list[tuple[str, tuple[str, ...]]]:
    """The words of each reference, with its actors."""
    article = Article("a", text, date=f"{year}-05-01")
    sentences = split_sentences(text)
    linked = Linker(gazetteer).mentions(article, sentences, names_by_sentence(article, sentences, gazetteer))
    return [(text[slice(*r.span)], r.actors) for r in find_references(article, sentences, linked)]


@pytest.mark.parametrize(
    ("text", "year", "expected"),
    [
        (
            "Bolivia and Paraguay signed a truce. Brazil will watch over the two countries.",
            1935,
            [("the two countries", ("BOL", "PRY"))],
        ),
        (
            "Talks between Hanoi and the Khmer Rouge collapsed. Both sides blamed the rain.",
            1979,
            [("Both sides", ("VNM", "org:khmer-rouge"))],
        ),
        (
            "Eritrea fought Ethiopia over Badme. Algeria urged the neighbours to stop.",
            1999,
            [("the neighbours", ("ERI", "ETH"))],
        ),
        ("NATO met on Monday. Turkey said the alliance had been slow.", 1999, [("alliance", ("igo:nato",))]),
        ("ASEAN met on Monday. Vietnam said the bloc was divided.", 2012, [("bloc", ("igo:asean",))]),
        ("The United Nations met. Cuba accused the world body of sleep.", 1962, [("world body", ("igo:un",))]),
        ("Nasser closed the canal. He blamed London.", 1956, [("He", ("EGY",))]),
        ("Merkel called Kyiv. She promised money. She also wrote.", 2015, [("She", ("DEU",)), ("She", ("DEU",))]),
        ("Ghana closed its border. It accused Togo of smuggling.", 1965, [("It", ("GHA",))]),
    ],
)
def test_references(gazetteer: Gazetteer, text: str, year: int, expected: list[tuple[str, tuple[str, ...]]]) -> None:
    assert references(gazetteer, text, year) == expected


@pytest.mark.parametrize(
    ("text", "year"),
    [
        # Three states: which two is not said.
        ("Chad, Niger and Mali met. The two countries agreed.", 1988),
        # Nothing ties the two to each other.
        ("France spoke of wheat, and Japan of steel. Both sides slept.", 1988),
        # Both sides of a thing are no actors.
        ("India fought Pakistan. On both sides of the river there was mud.", 1965),
        # Who reported may be who is meant.
        ("Nasser closed the canal. A clerk reported a delay. He went home.", 1956),
        # Somebody whom no list knows was named since.
        ("Nasser closed the canal. Paul Marais had warned of it. He blamed London.", 1956),
        ("Chirac was seen by Walter Frohm. He smiled.", 2001),
        # Two who may be meant.
        ("Nasser telephoned Nehru. He was pleased.", 1956),
        # Too far back.
        ("Nasser closed the canal. It rained. Trade fell. Prices rose. Ships turned. He slept.", 1956),
        # An expletive.
        ("Ghana closed its border. It was a long night.", 1965),
        # No body before, or two.
        ("Turkey said the alliance had been slow.", 1999),
        ("The EU and ASEAN met. Vietnam said the bloc was divided.", 2012),
        ("The two countries agreed.", 1988),
    ],
)
def test_what_is_no_reference_or_nobody_knows_whose(gazetteer: Gazetteer, text: str, year: int) -> None:
    assert references(gazetteer, text, year) == []


def test_a_reference_to_two_actors_is_a_mention_of_both(gazetteer: Gazetteer) -> None:
    text = "Bolivia and Paraguay signed a truce. Brazil will watch over the two countries."
    article = Article("a", text)
    sentences = split_sentences(text)
    found = Linker(gazetteer).link(article, sentences, names_by_sentence(article, sentences, gazetteer))[1]
    own = text[sentences[1].start :]
    assert {actor.id: [own[slice(*span)] for span in actor.mentions] for actor in found} == {
        "BRA": ["Brazil"],
        "BOL": ["the two countries"],
        "PRY": ["the two countries"],
    }


def test_the_first_sample_article(gazetteer: Gazetteer) -> None:
    record = json.loads(SAMPLES.read_text(encoding="utf-8").partition("\n")[0])
    article = Article(record["id"], record["text"], date=record["date"])
    sentences = split_sentences(article.text)
    found = Linker(gazetteer).link(article, sentences, names_by_sentence(article, sentences, gazetteer))
    (number,) = [n for n, s in enumerate(sentences) if article.text.startswith("He urged the neighbours", s.start)]
    own = article.text[sentences[number].start :]
    assert {actor.id: [own[slice(*span)] for span in actor.mentions] for actor in found[number]} == {
        "TUR": ["He"],
        "RUS": ["the neighbours"],
        "UKR": ["the neighbours"],
    }


@pytest.mark.parametrize("text", ["both sides", "the two countries", "neighbours", "The warring parties"])
def test_mentions_that_are_references(text: str) -> None:
    assert is_reference(text)


@pytest.mark.parametrize("text", ["Russia", "the Turkish leader", "parties of the left", "Both"])
def test_mentions_that_are_names(text: str) -> None:
    assert not is_reference(text)
