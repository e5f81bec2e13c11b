"""Users' own actors: CSV, YAML, and the actor dictionaries of TABARI and PETRARCH."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from ..data.errors import DetenteError
from .gazetteer import Name


@dataclass(frozen=True, slots=True)
class ActorFile:
    """What a file of actors holds: its names, and what of it could not be used, each with its line and why.

    Only dictionaries (``.txt``) have rejects: they are large, old and others', and a slip in one line does not take
    the rest with it. A slip in a CSV or YAML file is its author's to mend, and an error.
    """

    names: tuple[Name, ...]
    rejects: tuple[str, ...] = ()


def read_actors(path: Path) -> ActorFile:
    """Read a user's actors.

    * ``.csv`` with the columns ``id,name[,from,to]``;
    * ``.yaml``, a mapping from id to names;
    * ``.actors.txt``, a dictionary of TABARI or PETRARCH: ``KOFI_ANNAN_ [IGOUNO 970101-061231]``, synonyms below
      it as ``+K._ANNAN_``, comments after ``#``. See ``actor_of`` for what becomes of the codes, and ``spellings``
      for what becomes of names in capitals. Dates count by the year.

    Raises:
        DetenteError: no such file, another suffix, not UTF-8, no names, or, by line, an entry of a CSV or YAML file
            that breaks the format.
    """
    if not path.is_file():
        raise DetenteError("a file of actors", found=f"no file {path}", remedy="Check the path.")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DetenteError("UTF-8", found=str(error), remedy="Convert the file.", where=str(path)) from error
    suffix = path.suffix.lower()
    if suffix == ".csv":
        return ActorFile(tuple(_csv_actors(text, path)))
    if suffix in (".yaml", ".yml"):
        return ActorFile(tuple(_yaml_actors(text, path)))
    if suffix == ".txt":
        return _Dictionary(path).read(text)
    raise DetenteError("a .csv, .yaml, .yml or .actors.txt file", found=path.name, remedy="Convert or rename it.")


def _csv_actors(text: str, path: Path) -> Iterator[Name]:
    rows = csv.DictReader(text.splitlines())
    if not {"id", "name"} <= set(rows.fieldnames or ()):
        found = f"the columns {', '.join(rows.fieldnames or ()) or '(none)'}"
        raise DetenteError(
            "the columns id, name and, if wanted, from, to", found=found, remedy="Add a header line.", where=f"{path}:1"
        )
    for row in rows:
        where = f"{path}:{rows.line_num}"
        actor, name = (row["id"] or "").strip(), (row["name"] or "").strip()
        if not actor or not name:
            raise DetenteError("an id and a name", found=str(dict(row)), remedy="Fill both cells.", where=where)
        yield Name(name, actor, _year(row.get("from"), where), _year(row.get("to"), where))


def _year(value: object, where: str) -> int | None:
    if value is None or value == "":
        return None
    if match := re.fullmatch(r"\s*(\d{4})\s*", str(value)):
        return int(match[1])
    raise DetenteError("a year of four digits", found=repr(value), remedy="Mend or empty the cell.", where=where)


def _yaml_actors(text: str, path: Path) -> Iterator[Name]:
    remedy = "Write for example `org:blue-front: [Blue Front, BF]`."
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise DetenteError("YAML", found=" ".join(str(error).split()), remedy=remedy, where=str(path)) from error
    if not isinstance(content, dict):
        raise DetenteError("a mapping from id to names", found=type(content).__name__, remedy=remedy, where=str(path))
    for actor, names in content.items():
        if (
            not isinstance(actor, str)
            or not isinstance(names, list)
            or not all(isinstance(n, str) and n for n in names)
        ):
            raise DetenteError("an id with a list of names", found=f"{actor}: {names}", remedy=remedy, where=str(path))
        yield from (Name(name, actor) for name in names)


def actor_of(code: str) -> str | None:
    """The actor that a CAMEO code stands for, or None.

    A state, and its government, army, parliament, courts, police, secret services and dependencies, are the state:
    ``USA``, ``USAGOV`` and ``USAGOVMIL`` are ``USA``, ``GBRFLK`` is ``GBR``. Every other code stays, as a class of
    actors: ``IGOUNO`` is ``cameo:IGOUNO``, ``FRAREB`` is ``cameo:FRAREB``. Codes of people out of office (``ELI``)
    and of nobody (``---``) are no actor.
    """
    state, role = _RENAMED.get(code[:3], code[:3]), code[3:6]
    if code.startswith("-") or "ELI" in (state, role):
        return None
    if state in _states() and (role in _OF_STATE or role in _states()):
        return state
    return f"cameo:{code}"


#: CAMEO keeps codes that ISO has given up, and made some before ISO did.
_RENAMED = {"TMP": "TLS", "KSV": "XKX", "USR": "SUN", "FRY": "YUG", "ROM": "ROU", "ZAR": "COD", "KNT": "KNA"}
_OF_STATE = frozenset({"", "GOV", "MIL", "LEG", "JUD", "COP", "SPY"})
_HISTORIC = frozenset({"CSK", "DDR", "SCG", "SUN", "VDR", "XKX", "YMD", "YUG"})


@lru_cache(maxsize=1)
def _states() -> frozenset[str]:
    import pycountry

    return _HISTORIC | {country.alpha_3 for country in pycountry.countries}


def spellings(name: str) -> list[str]:
    """How news write a name that a dictionary has in capitals, with ``_`` for blanks.

    Matching goes by case, so that "us" is no state; capitals would match headlines only. Words get their capital
    back ("Kofi Annan", "Ban Ki-moon", "McCain"), particles inside a name lose it ("Javier de Cuellar"). A single word
    of up to three letters stays as it is ("UN", or "who" would be an organisation); one of four or more is
    tried both ways ("NATO", "Nato"). An acronym in brackets is a name of its own.
    """
    acronym = re.search(r"\(([A-Z][A-Z.]{2,})\)", name)
    plain = " ".join(re.sub(r"\([^)]*\)", " ", name).replace("_", " ").split())
    found = [acronym[1]] if acronym else []
    if not plain.isupper():
        found.append(plain)
    elif " " in plain or len(plain) > 3:
        found += [_recased(plain)] if " " in plain else [plain, _recased(plain)]
    else:
        found.append(plain)
    return [spelling for spelling in dict.fromkeys(found) if spelling]


_PARTICLES = frozenset(
    {"al", "and", "bin", "da", "de", "del", "den", "der", "di", "dos", "du", "for", "ibn", "in", "la", "of", "on"}
    | {"the", "to", "van", "von", "y"}
)


def _recased(plain: str) -> str:
    words = plain.split(" ")
    return " ".join(
        word.lower() if 0 < place < len(words) - 1 and word.lower() in _PARTICLES else _capital(word)
        for place, word in enumerate(words)
    )


def _capital(word: str) -> str:
    if "." in word.rstrip("."):
        return word  # U.N.
    word = re.sub(r"[^\W\d_]+", lambda part: part[0].capitalize(), word)
    word = re.sub(r"(?<=['\u2019])S\b|(?<=Ki-)M", lambda part: part[0].lower(), word)
    return re.sub(r"\bMc([a-z])", lambda part: f"Mc{part[1].upper()}", word)


@dataclass(frozen=True, slots=True)
class _Code:
    actor: str
    first: int | None
    last: int | None


_CODE = re.compile(r"\[([^\[\]]*)\]")
_CODE_PARTS = re.compile(r"(---|[A-Z0-9]+)\s*(?:([<>])\s*(\d+)|(\d+)\s*-\s*(\d+))?")


class _Dictionary:
    """Reads a dictionary of TABARI or PETRARCH: names, their synonyms, and codes that hold for all of them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._names: list[Name] = []
        self._rejects: list[str] = []

    def read(self, text: str) -> ActorFile:
        names: list[tuple[int, str]] = []
        codes: list[_Code] = []
        for number, line in enumerate(text.splitlines(), start=1):
            content = line.partition("#")[0].strip()
            head, bracket, tail = content.partition("[")
            head = head.strip()
            if head and not head.startswith("+"):
                self._close(names, codes)
                names, codes = [], []
            if head and head.strip("+_ "):
                names.append((number, head.lstrip("+")))
            if bracket:
                if not names:
                    self._reject(number, f"no name before {content}")
                codes += self._codes(number, bracket + tail)
        self._close(names, codes)
        if not self._names:
            raise DetenteError(
                "names with codes, such as KOFI_ANNAN_ [IGOUNO 970101-061231]",
                found=f"none, and {len(self._rejects)} lines that are none",
                remedy="Give a dictionary of actors; lists of agents are none.",
                where=str(self._path),
            )
        return ActorFile(tuple(dict.fromkeys(self._names)), tuple(self._rejects))

    def _close(self, names: list[tuple[int, str]], codes: list[_Code]) -> None:
        if names and not codes:
            number, name = names[0]
            self._reject(number, f"{name} has no code that is an actor")
        for _, name in names:
            for spelling in spellings(name):
                self._names += (Name(spelling, code.actor, code.first, code.last) for code in codes)

    def _codes(self, number: int, text: str) -> Iterator[_Code]:
        if text.count("[") != text.count("]"):
            self._reject(number, f"a bracket that does not close in {text}")
        for found in _CODE.finditer(text):
            parts = _CODE_PARTS.fullmatch(found[1].strip())
            if parts is None:
                self._reject(number, f"{found[0]} is no code with dates")
                continue
            code, sign, bound, begin, end = parts.groups()
            actor = actor_of(code)
            if actor is None:
                continue
            dates = [_Date.read(date) if date else None for date in (bound, begin, end)]
            if any(date is None for date, given in zip(dates, (bound, begin, end), strict=True) if given):
                self._reject(number, f"{found[0]} has a date that is none")
                continue
            at, first, last = dates
            if at is not None and sign == "<":
                last = at
            elif at is not None:
                first = at
            yield _Code(actor, first.year if first else None, last.last_year if last else None)

    def _reject(self, number: int, reason: str) -> None:
        self._rejects.append(f"{self._path}:{number}: {reason}")


@dataclass(frozen=True, slots=True)
class _Date:
    year: int
    rest: str

    @property
    def last_year(self) -> int:
        """The last year that something had which ended on this day."""
        return self.year - 1 if self.rest == "0101" else self.year

    @classmethod
    def read(cls, digits: str) -> _Date | None:
        """YYMMDD or YYYYMMDD; two digits up to 30 are of this century."""
        if len(digits) == 8:
            year = int(digits[:4])
        elif len(digits) == 6:
            year = int(digits[:2]) + (2000 if int(digits[:2]) <= 30 else 1900)
        else:
            return None
        return cls(year, digits[-4:]) if 1 <= int(digits[-4:-2]) <= 12 and 1 <= int(digits[-2:]) <= 31 else None
