"""Linking: which mentions are one actor, and which actor it is."""

from __future__ import annotations

import re

import pytest
from detente.data.schema import Article, Span
from detente.inference.gazetteer import Gazetteer, Name, load_gazetteer
from detente.inference.linking import Linker, names_by_sentence
from detente.inference.sentences import split_sentences
from hypothesis import given
from hypothesis import strategies as st


@pytest.fixture(scope="module")
def linker() -> Linker:
    return Linker(load_gazetteer())


def actors(linker: Linker, marked: str, *, year: int = 2004) -> list[dict[str, list[str]]]:
    """The actors of each sentence of a text whose mentions stand in [brackets], with the words of their mentions."""
    text, spans = "", []
    for part in re.split(r"(\[[^\]]+\])", marked):
        if part.startswith("["):
            spans.append(Span(len(text), len(text) + len(part) - 2))
        text += part.strip("[]") if part.startswith("[") else part
    sentences = split_sentences(text)
    mentions = [[span for span in spans if sentence.start <= span.start < sentence.end] for sentence in sentences]
    linked = linker.link(Article("a", text, date=f"{year}-05-01"), sentences, mentions)
    return [
        {actor.id: [text[sentence.start :][slice(*span)] for span in actor.mentions] for actor in found}
        for sentence, found in zip(sentences, linked, strict=True)
    ]


def only(linker: Linker, mention: str, year: int = 2004) -> str:
    """The actor of a mention that stands alone."""
    (found,) = actors(linker, f"It was put to [{mention}] at noon", year=year)
    (actor,) = found
    return actor


@pytest.mark.parametrize(
    ("mention", "year", "actor"),
    [
        ("Iraqi Prime Minister Iyad Allawi", 2004, "IRQ"),
        ("the Sudanese government", 2005, "SDN"),
        ("U.S. ambassador to Iraq", 2005, "USA"),
        ("President of Sudan", 2001, "SDN"),
        ("government in Sofia", 1983, "BGR"),
        ("Japanese soldiers in Iraq", 2004, "JPN"),
        ("U.N. Secretary-General Kofi Annan", 2003, "igo:un"),
        ("Lebanese Hezbollah fighters", 2006, "org:hezbollah"),
        ("PUTIN'S ENVOYS", 2014, "RUS"),
        ("President Nkrumah", 1961, "GHA"),
        ("the Torrijos government", 1977, "PAN"),
        ("Volodymyr Zelenskyy", 2022, "UKR"),
        ("British", 1956, "GBR"),
        ("Iraqi insurgents", 2005, "unlisted:irq-insurgents"),
        ("Thai opposition leader", 2006, "unlisted:tha-opposition"),
        ("Hutu rebels", 1999, "unlisted:hutu-rebels"),
        ("US-backed rebels", 2015, "unlisted:us-backed-rebels"),
        ("Congo River Liberation Army", 2009, "unlisted:congo-river-liberation-army"),
        ("Kenya's Coast Fishermen Movement", 1992, "unlisted:coast-fishermen-movement"),
        ("former Ghanaian president John Mahama", 2020, "unlisted:john-mahama"),
        ("Spain's constitutional court", 2010, "ESP:court"),
        ("Turkish parliament", 2003, "TUR"),
        ("Professor Ada Quist", 2003, "unlisted:professor-ada-quist"),
    ],
)
def test_a_mention_that_stands_alone(linker: Linker, mention: str, year: int, actor: str) -> None:
    assert only(linker, mention, year) == actor


def test_the_year_tells_who_held_the_name(linker: Linker) -> None:
    assert only(linker, "Moscow", 1968) == "SUN"
    assert only(linker, "Moscow", 1998) == "RUS"


def test_an_acronym_is_its_long_form_wherever_it_is_explained(linker: Linker) -> None:
    first, second = actors(linker, "The [Blue Coast Front] (BCF) took the port. Envoys met the [BCF] on Sunday.")
    assert [*first] == [*second] == ["unlisted:blue-coast-front"]
    first, second = actors(linker, "The [BCF] (Blue Coast Front) took the port. Nobody had met the [Blue Coast Front].")
    assert [*first] == [*second] == ["unlisted:blue-coast-front"]


def test_a_surname_is_the_person_that_was_named_in_full(linker: Linker) -> None:
    text = "[Chadian foreign minister Adoum Kessely] flew to Tripoli. [Mr Kessely] came back. [Kessely] said nothing."
    assert [[*found] for found in actors(linker, text, year=1988)] == [["TCD"], ["TCD"], ["TCD"]]


def test_a_namesake_in_office_is_not_the_one_named_before(linker: Linker) -> None:
    text = "[Walter Karzai], a grocer, waved. [President Karzai] waved back. [Karzai] then left."
    assert [[*found] for found in actors(linker, text)] == [["unlisted:walter-karzai"], ["AFG"], ["AFG"]]


def test_an_office_without_a_state_is_of_the_one_that_the_article_is_about(linker: Linker) -> None:
    text = "[Uruguay] is poor. [Uruguayan ministers] met in [Montevideo]. The [government] wants money from [Brazil]."
    assert [*actors(linker, text, year=1969)[-1]] == ["URY", "BRA"]
    # "Regime" is said of others.
    text = text.replace("[government]", "[regime]")
    assert [*actors(linker, text, year=1969)[-1]] == ["unlisted:regime", "BRA"]
    # The other state of the sentence is whom it deals with.
    assert [*actors(linker, "[Sweden] begged the [government] for time.", year=1969)[0]] == [
        "SWE",
        "unlisted:government",
    ]


def test_one_mention_explains_the_other_beside_it(linker: Linker) -> None:
    text = "[Pavel Orlik], the [Czech foreign minister], saw [Polish officials]. Later [Orlik] left."
    assert actors(linker, text, year=1996) == [
        {"CZE": ["Pavel Orlik", "Czech foreign minister"], "POL": ["Polish officials"]},
        {"CZE": ["Orlik"]},
    ]


def test_an_office_is_its_only_holder(linker: Linker) -> None:
    text = "[Nepalese Prime Minister Bimal Koirala] met [Indian envoys]. The [prime minister] thanked [India]."
    assert actors(linker, text, year=1994)[1] == {"NPL": ["prime minister"], "IND": ["India"]}
    text = "[Nepalese Prime Minister Bimal Koirala] met [Indian Prime Minister Rao]. The [prime minister] was pleased."
    assert actors(linker, text, year=1994)[1] == {"unlisted:prime-minister": ["prime minister"]}


def test_its_parliament_is_that_of_the_state_before(linker: Linker) -> None:
    assert actors(linker, "[Peru] recalled its envoy, and [its parliament] cheered [Chile].", year=1979) == [
        {"PER": ["Peru", "its parliament"], "CHL": ["Chile"]}
    ]


def test_the_only_rebels_before_are_the_rebels(linker: Linker) -> None:
    text = "[Darfur rebels] seized a town. The [rebels] later left. A truce with the [rebel leaders] held."
    assert [[*found] for found in actors(linker, text)] == [["org:darfur-rebels"]] * 3
    text = "[Ivorian rebels] and [Liberian rebels] met. The [rebels] shook hands."
    assert [*actors(linker, text)[1]] == ["unlisted:rebels"]


def test_a_part_of_a_name_is_the_name(linker: Linker) -> None:
    text = "The [Security Council] met at ten. By noon the [Council] had condemned [Iraq]."
    assert [*actors(linker, text, year=1990)[1]] == ["igo:unsc", "IRQ"]


def test_an_organ_stands_apart_only_beside_the_government_of_its_state(linker: Linker) -> None:
    (together,) = actors(linker, "The [Turkish parliament] refused [Prime Minister Ecevit] the money.", year=2001)
    assert [*together] == ["TUR:parliament", "TUR"]
    (coup,) = actors(linker, "The [Fijian army] ousted the [Fijian government] in a coup.", year=1987)
    assert [*coup] == ["FJI:army", "FJI"]
    (peace,) = actors(linker, "The [Fijian army] and the [Fijian government] thanked [Tonga].", year=1992)
    assert peace == {"FJI": ["Fijian army", "Fijian government"], "TON": ["Tonga"]}


def test_names_of_a_sentence_do_not_run_over_its_end() -> None:
    text = "They spoke of New. York stayed silent about Oz."
    gazetteer = Gazetteer([Name("New. York", "A"), Name("Oz", "B")])
    sentences = [Span(0, 18), Span(19, len(text))]
    found = names_by_sentence(Article("a", text), sentences, gazetteer)
    assert [[text[slice(*span)] for span in spans] for spans in found] == [[], ["Oz"]]


WORDS = st.one_of(
    st.sampled_from(["Iraq", "Iraqi", "rebels", "the", "prime minister", "He", "both sides", "Hamas", "(SLA)", "of"]),
    st.sampled_from(["and", "Annan", "\u0130zmir", "President", "U.S.", "the two countries", "parliament", "coup"]),
    st.sampled_from(["said", ".", ". ", ",", "'s", "\n", "\u2028"]),
)


@given(st.lists(WORDS, max_size=25).map(" ".join) | st.text(max_size=80), st.data())
def test_actors_stand_in_their_sentences_in_order(linker: Linker, text: str, data: st.DataObject) -> None:
    sentences = split_sentences(text)
    mentions = [[] for _ in sentences]  # type: list[list[Span]]
    for spans, sentence in zip(mentions, sentences, strict=True):
        cuts = data.draw(st.lists(st.integers(*sentence), max_size=6, unique=True).map(sorted))
        spans += [Span(start, end) for start, end in zip(cuts[::2], cuts[1::2], strict=False)]
    article = Article("a", text, date="2004-05-01")
    linked = linker.link(article, sentences, mentions)
    assert linked == linker.link(article, sentences, mentions)
    assert len(linked) == len(sentences)
    for sentence, found in zip(sentences, linked, strict=True):
        length = sentence.end - sentence.start
        assert len({actor.id for actor in found}) == len(found)
        assert [actor.mentions for actor in found] == sorted(actor.mentions for actor in found)
        for actor in found:
            assert actor.id
            assert actor.mentions
            assert [*actor.mentions] == sorted(set(actor.mentions))
            assert all(0 <= start < end <= length for start, end in actor.mentions)
