"""What the readers of foreign formats share: refused rows, lines of a file, marks in a sentence, actors from marks."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from ..errors import DetenteError
from ..schema import Actor, LabelledSentence, Span


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that gives no labelled sentence: where it stands, why it is refused, and the row itself."""

    place: str
    reason: str
    text: str


class RefusalError(Exception):
    """Raised inside a reader where a row has to be refused; the text is the reason."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file, its fields by name."""

    path: Path
    number: int
    fields: Mapping[str, Any]
    raw: str

    @property
    def place(self) -> str:
        """File and line, as messages give it."""
        return f"{self.path}:{self.number}"

    @property
    def own_id(self) -> str:
        """An id for rows that have none of their own: the name of the file and the line."""
        return f"{self.path.stem}:{self.number}"


def read_rows(
    rows: Iterator[Row | Refused], build: Callable[[Row], LabelledSentence]
) -> Iterator[LabelledSentence | Refused]:
    """Build a sentence from each row; a row for which ``build`` raises ``RefusalError`` is passed on as refused."""
    seen: Counter[str] = Counter()
    for row in rows:
        if isinstance(row, Refused):
            yield row
            continue
        try:
            sentence = build(row)
        except RefusalError as refusal:
            yield Refused(row.place, str(refusal), row.raw)
            continue
        # Several rows of one sentence share its id; ours name a row.
        seen[sentence.id] += 1
        if (count := seen[sentence.id]) > 1:
            sentence = LabelledSentence.from_json({**sentence.to_json(), "id": f"{sentence.id}.{count}"})
        yield sentence


def lines_of(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a UTF-8 file that are not blank, numbered from 1.

    Raises:
        DetenteError: no such file, a line is not UTF-8, or there is no line.
    """
    if not path.is_file():
        raise DetenteError("a file", found=f"no file {path}", remedy="Check the path.")
    empty = True
    with path.open("rb") as lines:
        for number, raw in enumerate(lines, 1):
            try:
                line = raw.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
            except UnicodeDecodeError as error:
                found = f"byte {raw[error.start]:#x}"
                raise DetenteError(
                    "UTF-8", found=found, remedy="Convert the file.", where=f"{path}:{number}"
                ) from error
            if line.strip():
                empty = False
                yield number, line
    if empty:
        raise DetenteError("rows", found=f"nothing in {path}", remedy="Check that the download is complete.")


def tab_cells(line: str) -> list[str]:
    """The cells of a tab-separated line, which spreadsheets and ``csv`` may have quoted."""
    try:
        return next(csv.reader([line], delimiter="\t", strict=True))
    except csv.Error:
        # A sentence may begin with a quotation mark of its own: then nothing is quoted.
        return line.split("\t")


def tab_rows(path: Path, columns: Sequence[str], *, name: str) -> Iterator[Row | Refused]:
    """Rows of a tab-separated file with a header.

    Raises:
        DetenteError: the header lacks one of ``columns``.
    """
    lines = lines_of(path)
    number, line = next(lines)
    header = tab_cells(line)
    if missing := [column for column in columns if column not in header]:
        raise DetenteError(
            f"a tab-separated {name} file with the columns {', '.join(columns)}",
            found=f"a first line without {', '.join(missing)}",
            remedy="Check that the file is in this format and begins with its header.",
            where=f"{path}:{number}",
        )
    for number, line in lines:
        cells = tab_cells(line)
        if len(cells) != len(header):
            yield Refused(f"{path}:{number}", f"{len(cells)} cells where the header has {len(header)}", line)
        else:
            yield Row(path, number, dict(zip(header, cells, strict=True)), line)


def json_rows(path: Path, fields: Mapping[str, type], *, name: str) -> Iterator[Row | Refused]:
    """Objects of a JSONL file that hold ``fields`` of these types.

    Raises:
        DetenteError: the first object is not of the format; later ones are refused alone.
    """
    for order, (number, line) in enumerate(lines_of(path)):
        reason = ""
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            reason = f"no JSON: {error}"
        else:
            if not isinstance(record, dict):
                reason = "no JSON object"
            else:
                wrong = [key for key, kind in fields.items() if not isinstance(record.get(key), kind)]
                reason = f"without a proper {' and '.join(map(repr, wrong))}" if wrong else ""
        if reason and order == 0:
            raise DetenteError(
                f"a {name} file: JSON objects with {', '.join(fields)}",
                found=f"a first line {reason}",
                remedy="Check that the file is in this format.",
                where=f"{path}:{number}",
            )
        yield Refused(f"{path}:{number}", f"the line is {reason}", line) if reason else Row(path, number, record, line)


_MARK = re.compile(r"<(?P<end>/?)(?P<role>[st])>")


def unmark(marked: str) -> tuple[str, list[Span], list[Span]]:
    """Take ``<s>`` and ``<t>`` marks out of a sentence; returns the text and the spans of source and target."""
    text = ""
    behind = 0
    spans: dict[str, list[Span]] = {"s": [], "t": []}
    opened: dict[str, int] = {}
    for mark in _MARK.finditer(marked):
        text += marked[behind : mark.start()]
        behind = mark.end()
        role = mark["role"]
        if bool(mark["end"]) != (role in opened):
            raise RefusalError(f"the mark {mark.group()} has no partner")
        if mark["end"]:
            spans[role].append(Span(opened.pop(role), len(text)))
        else:
            opened[role] = len(text)
    if opened:
        raise RefusalError(f"the mark <{min(opened)}> is never closed")
    return text + marked[behind:], spans["s"], spans["t"]


_REST_OF_WORD = re.compile(r"[a-zß-öø-ÿ]+")
#: Straight, curly (U+2019) and acute (U+00B4), with their s first.
_POSSESSIVES = ("'s", "\u2019s", "\u00b4s", "'", "\u2019", "\u00b4")
_ABBREVIATION = re.compile(r"(?:^|\W)(?:\w\.)+\w$")


def whole_words(text: str, span: Span) -> Span:
    """Widen a mark to the end of the word that it cuts, less spaces at its edges and a possessive at its end.

    A mark that holds nothing else comes back empty.
    """
    start, end = span
    while start < end and text[start].isspace():
        start += 1
    if start < end and text[end - 1].isalnum():
        if rest := _REST_OF_WORD.match(text, end):
            end = rest.end()
        elif text[end : end + 1] == "." and _ABBREVIATION.search(text[start:end]):
            end += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    marked = text[start:end]
    for possessive in _POSSESSIVES:
        if marked.endswith(possessive):
            return Span(start, max(start, end - len(possessive)))
    return Span(start, end)


def is_cut(text: str, span: Span) -> bool:
    """Whether a mark ends inside a word."""
    return 0 < span.end < len(text) and text[span.end - 1].isalpha() and text[span.end].isalpha()


def mentions(text: str, spans: Sequence[Span], *, role: str) -> tuple[Span, ...]:
    """The mentions of one actor from its marks, in text order.

    Where an actor is marked several times, marks that cut a word are left out: some sets mark every occurrence
    of a string, and so "officers" where "officer" is meant.
    """
    whole = [span for span in spans if not is_cut(text, span)] or spans
    found = sorted({span for span in (whole_words(text, span) for span in whole) if span.start < span.end})
    if not found:
        raise RefusalError(f"the {role} is marked on no words" if spans else f"no {role} is marked")
    if any(one.overlaps(other) for one, other in pairwise(found)):
        raise RefusalError(f"two marks of the {role} overlap")
    return tuple(found)


def slug(text: str) -> str:
    """An actor id from the words of a mention, such as ``the-foreign-ministry``."""
    return re.sub(r"[\W_]+", "-", text.casefold()).strip("-") or "actor"


def name_actors(text: str, actors: Sequence[tuple[Span, ...]]) -> tuple[Actor, ...]:
    """Actors with ids after their first mention; equal ids are numbered.

    The sets name no actors, only words, so ids of two sentences tell nothing of each other.
    """
    named: list[Actor] = []
    counts: Counter[str] = Counter()
    for spans in actors:
        name = slug(text[spans[0].start : spans[0].end])
        counts[name] += 1
        named.append(Actor(name if counts[name] == 1 else f"{name}-{counts[name]}", spans))
    return tuple(named)


def name_pair(text: str, source: Sequence[Span], target: Sequence[Span]) -> tuple[Actor, Actor]:
    """The two actors of a sentence whose source and target are marked."""
    first, second = mentions(text, source, role="source"), mentions(text, target, role="target")
    if set(first) & set(second):
        raise RefusalError("source and target are the same words")
    one, other = name_actors(text, (first, second))
    return one, other
