"""Files of users' own actors: what they may hold, what becomes of dictionaries in capitals, what is refused."""

from __future__ import annotations

import string
from pathlib import Path

import pytest
from detente.data.errors import DetenteError
from detente.inference.actor_files import actor_of, read_actors, spellings
from detente.inference.gazetteer import Name, load_gazetteer
from hypothesis import given
from hypothesis import strategies as st

DICTIONARY = """\
# Names of our own making.
VELMARA_  [VLM]
+REPUBLIC_OF_VELMARA_
JANE_O'HARA_MCVEY_  # a minister, later a rebel
\t[GBRGOV 870301-910101]
\t[GBRREB >20050101]
NORTHERN_TIDE_FRONT_(NTF)_ [IRLREB]
+TIDEMEN_
OLD_GUARD_
\t[ELI]
BROKEN_DATE_ [FRAGOV >2004017]
OPEN_BRACKET_ [FRAGOV
UN_ [IGOUNO]
"""


@pytest.fixture
def dictionary(tmp_path: Path) -> Path:
    path = tmp_path / "mine.actors.txt"
    path.write_text(DICTIONARY, encoding="utf-8")
    return path


def test_a_dictionary_in_capitals_becomes_names_as_news_write_them(dictionary: Path) -> None:
    names = read_actors(dictionary).names
    assert {(name.text, name.actor) for name in names} == {
        ("Velmara", "cameo:VLM"),
        ("VELMARA", "cameo:VLM"),
        ("Republic of Velmara", "cameo:VLM"),
        ("Jane O'Hara McVey", "GBR"),
        ("Jane O'Hara McVey", "cameo:GBRREB"),
        ("NTF", "cameo:IRLREB"),
        ("Northern Tide Front", "cameo:IRLREB"),
        ("TIDEMEN", "cameo:IRLREB"),
        ("Tidemen", "cameo:IRLREB"),
        ("UN", "cameo:IGOUNO"),
    }


def test_dates_of_a_dictionary_bound_its_names_by_year(dictionary: Path) -> None:
    text = "Jane O'Hara McVey spoke."
    gazetteer = load_gazetteer(dictionary)
    found = {
        year: [match.actor for match in gazetteer.find(text, year=year)] for year in (1986, 1987, 1990, 1991, 2005)
    }
    # A term that ends on the first day of a year has ended with the year before.
    assert found == {1986: [], 1987: ["GBR"], 1990: ["GBR"], 1991: [], 2005: ["cameo:GBRREB"]}


def test_what_a_dictionary_holds_and_cannot_be_used_is_named_by_line(dictionary: Path) -> None:
    rejects = read_actors(dictionary).rejects
    assert [reject.removeprefix(f"{dictionary}:") for reject in rejects] == [
        "9: OLD_GUARD_ has no code that is an actor",
        "11: [FRAGOV >2004017] has a date that is none",
        "11: BROKEN_DATE_ has no code that is an actor",
        "12: a bracket that does not close in [FRAGOV",
        "12: OPEN_BRACKET_ has no code that is an actor",
    ]


def test_a_code_before_any_name_is_a_reject(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("[FRAGOV]\nALBERT_X_ [FRAGOV]\n", encoding="utf-8")
    assert read_actors(path).rejects == (f"{path}:1: no name before [FRAGOV]",)


@pytest.mark.parametrize(
    ("code", "actor"),
    [
        ("USAGOV", "USA"),
        ("USAGOVMIL", "USA"),
        ("TUR", "TUR"),
        ("GBRFLK", "GBR"),
        ("TMPGOV", "TLS"),
        ("USRARM", "SUN"),
        ("FRAREB", "cameo:FRAREB"),
        ("IGOUNO", "cameo:IGOUNO"),
        ("ELI", None),
        ("BENELI", None),
        ("---", None),
    ],
)
def test_codes_become_ids(code: str, actor: str | None) -> None:
    assert actor_of(code) == actor


@given(st.text(string.ascii_uppercase + "_-.'() ", max_size=30))
def test_spellings_are_never_empty_and_hold_no_underscore(name: str) -> None:
    for spelling in spellings(name):
        assert spelling.strip() == spelling != ""
        assert "_" not in spelling


@given(st.text("AB[]<>-+#_ 0189\n\t", max_size=200))
def test_any_dictionary_is_read_or_refused_in_words(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("any") / "any.txt"
    path.write_text(text, encoding="utf-8")
    try:
        told = [name.text and name.actor for name in read_actors(path).names]
    except DetenteError as error:
        told = [str(error).partition("expected names with codes")[1]]
    assert all(told)


def test_tables_and_mappings_are_read(tmp_path: Path) -> None:
    table = tmp_path / "mine.csv"
    table.write_text("id,name,from,to\norg:blue,Blue Front,1990,\n", encoding="utf-8")
    assert read_actors(table).names == (Name("Blue Front", "org:blue", 1990),)
    mapping = tmp_path / "mine.yaml"
    mapping.write_text("org:blue: [Blue Front, BF]\n", encoding="utf-8")
    assert read_actors(mapping).names == (Name("Blue Front", "org:blue"), Name("BF", "org:blue"))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "actor,label\nx,y\n", r"a\.csv:1: expected the columns id, name"),
        ("a.csv", "id,name\nx,\n", r"a\.csv:2: expected an id and a name"),
        ("a.csv", "id,name,from\nx,Y,soon\n", r"a\.csv:2: expected a year of four digits, found 'soon'"),
        ("a.yaml", "- x\n", "expected a mapping from id to names, found list"),
        ("a.yaml", "x: y\n", "expected an id with a list of names, found x: y"),
        ("a.yaml", "x: [", "expected YAML"),
        ("a.yaml", "x: !!python/object/apply:os.system ['true']", "expected YAML"),
        ("a.doc", "", r"expected a \.csv, \.yaml, \.yml or \.actors\.txt file"),
        ("a.txt", "# nothing\n", "expected names with codes"),
        ("a.csv", b"id,name\nx,caf\xe9\n", "expected UTF-8"),
    ],
)
def test_a_file_of_actors_that_breaks_its_format(tmp_path: Path, name: str, content: str | bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(DetenteError, match=message):
        read_actors(path)


def test_no_file_of_actors() -> None:
    with pytest.raises(DetenteError, match=r"found no file nowhere\.csv"):
        read_actors(Path("nowhere.csv"))
