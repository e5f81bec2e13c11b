"""The gazetteer: what is a name, whose it is, and when."""

from __future__ import annotations

from pathlib import Path

import pytest
from detente.inference.gazetteer import Gazetteer, Name, load_gazetteer
from hypothesis import given
from hypothesis import strategies as st


@pytest.fixture(scope="module")
def built_in() -> Gazetteer:
    return load_gazetteer()


def found(gazetteer: Gazetteer, text: str, year: int | None = None) -> list[tuple[str, str]]:
    return [(text[m.span.start : m.span.end], m.actor) for m in gazetteer.find(text, year=year)]


@pytest.mark.parametrize(
    ("text", "year", "expected"),
    [
        ("They told us that the US and the U.S. agree.", None, [("US", "USA"), ("U.S.", "USA")]),
        ("A turkey is no Turkey.", None, [("Turkey", "TUR")]),
        ("Nigeria and Niger, not Nigerien.", None, [("Nigeria", "NGA"), ("Niger", "NER"), ("Nigerien", "NER")]),
        ("South Korea's envoy and North Korea", None, [("South Korea", "KOR"), ("North Korea", "PRK")]),
        ("Moscow and the Kremlin warned Kyiv.", None, [("Moscow", "RUS"), ("Kremlin", "RUS"), ("Kyiv", "UKR")]),
        (
            "Türkiye and Côte d’Ivoire; Côte d'Ivoire",
            None,
            [("Türkiye", "TUR"), ("Côte d’Ivoire", "CIV"), ("Côte d'Ivoire", "CIV")],
        ),
        ("NATO and Hamas", None, [("NATO", "igo:nato"), ("Hamas", "org:hamas")]),
        ("Congolese, French and American troops", None, [("Congolese", "COD"), ("French", "FRA"), ("American", "USA")]),
        ("Washington said", None, [("Washington", "USA")]),
        ("Vladimir Putin met Angela Merkel", 2015, [("Vladimir Putin", "RUS"), ("Angela Merkel", "DEU")]),
        ("The Soviet Union and Yugoslavia", 1975, [("Soviet Union", "SUN"), ("Yugoslavia", "YUG")]),
    ],
)
def test_names_that_the_package_knows(
    built_in: Gazetteer, text: str, year: int | None, expected: list[tuple[str, str]]
) -> None:
    assert found(built_in, text, year) == expected


def test_the_holder_of_a_name_goes_by_the_year() -> None:
    names = [Name("Bush", "A", 1989, 1993), Name("Bush", "B", 2001, 2009), Name("Oz", "C")]
    gazetteer = Gazetteer(names)
    assert [found(gazetteer, "Bush of Oz", year) for year in (1990, 2001, 1997, None)] == [
        [("Bush", "A"), ("Oz", "C")],
        [("Bush", "B"), ("Oz", "C")],
        [("Oz", "C")],
        [("Bush", "B"), ("Oz", "C")],
    ]


names = st.lists(st.text("abAB .'", min_size=1, max_size=6).filter(lambda n: n == n.strip()), min_size=1, unique=True)


@given(names, st.text("abAB .'", max_size=60))
def test_matches_are_whole_words_in_order_and_the_longest(names: list[str], text: str) -> None:
    gazetteer = Gazetteer([Name(name, f"id:{name}") for name in names])
    behind = 0
    for match in gazetteer.find(text):
        start, end = match.span
        assert behind <= start < end
        assert match.actor == f"id:{text[start:end]}"
        assert not text[start - 1 : start].isalnum() or start == 0
        assert not text[end : end + 1].isalnum()
        longer = [n for n in names if len(n) > end - start and text.startswith(n, start)]
        assert all(text[start + len(n) : start + len(n) + 1].isalnum() for n in longer)
        behind = end


def test_own_actors_win_over_the_built_in_ones(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("id,name,from,to\norg:blue,Blue Front,1990,\norg:mine,Turkey,,\n", encoding="utf-8")
    gazetteer = load_gazetteer(path)
    text = "The Blue Front and Turkey met Iran."
    assert found(gazetteer, text, 1995) == [("Blue Front", "org:blue"), ("Turkey", "org:mine"), ("Iran", "IRN")]
    assert found(gazetteer, text, 1985) == [("Turkey", "org:mine"), ("Iran", "IRN")]
    yaml = tmp_path / "mine.yaml"
    yaml.write_text("org:blue: [Blue Front, BF]\n", encoding="utf-8")
    assert found(load_gazetteer(yaml), "BF") == [("BF", "org:blue")]


def test_a_state_that_is_gone_keeps_its_name_and_loses_its_capital(built_in: Gazetteer) -> None:
    text = "Moscow, Prague and Hanoi; the Soviet Union"
    assert [actor for _, actor in found(built_in, text, 1968)] == ["SUN", "CSK", "VDR", "SUN"]
    assert [actor for _, actor in found(built_in, text, 2020)] == ["RUS", "CZE", "VNM", "SUN"]
    assert [actor for _, actor in found(built_in, text)] == ["RUS", "CZE", "VNM", "SUN"]


@pytest.mark.parametrize(
    "text", ["A storm crossed the Indian Ocean.", "She told the Washington Post so.", "The Paris Agreement holds."]
)
def test_phrases_that_hold_a_name_and_name_nobody(built_in: Gazetteer, text: str) -> None:
    assert found(built_in, text, 2019) == []


def test_people_are_told_from_names_of_their_actors(built_in: Gazetteer) -> None:
    matches = built_in.find("Angela Merkel spoke for Germany; Omar al-Merkel for nobody.", year=2015)
    assert [(match.actor, match.person) for match in matches] == [("DEU", True), ("DEU", False)]


def test_a_city_stands_for_whom_it_seats(built_in: Gazetteer) -> None:
    assert found(built_in, "Brussels objected.", 1962) == [("Brussels", "BEL")]
    assert found(built_in, "Brussels objected.", 2012) == [("Brussels", "igo:eu")]
