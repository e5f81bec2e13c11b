"""Labelled files: JSONL, one sentence a line, also as .gz."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from .errors import DetenteError
from .schema import STANCES, LabelledSentence


def read_labelled(path: Path, *, labels: tuple[str, ...] = STANCES) -> Iterator[LabelledSentence]:
    """Read and check a labelled file; blank lines are skipped.

    Raises:
        DetenteError: the file is missing, damaged or not UTF-8, a line is no JSON or breaks the schema, or an id comes
            twice.
    """
    if not path.is_file():
        raise DetenteError("a labelled JSONL file", found=f"no file {path}", remedy="Check the path.")
    seen: dict[str, int] = {}
    for number, raw in enumerate(_lines(path), 1):
        if not raw.strip():
            continue
        where = f"{path}:{number}"
        try:
            record = json.loads(raw.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise DetenteError(
                "UTF-8", found=f"byte {raw[error.start]:#x}", remedy="Convert the file.", where=where
            ) from error
        except json.JSONDecodeError as error:
            raise DetenteError(
                "a JSON object", found=str(error), remedy="Write one object a line.", where=where
            ) from error
        sentence = LabelledSentence.from_json(record, labels=labels, where=where)
        if sentence.id in seen:
            found = f"{sentence.id!r} on line {seen[sentence.id]} too"
            raise DetenteError("each id once", found=found, remedy="Rename one of them.", where=where)
        seen[sentence.id] = number
        yield sentence


def _lines(path: Path) -> Iterator[bytes]:
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
        try:
            yield from lines
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise DetenteError(
                "a whole .gz file", found=str(error), remedy="Copy or pack the file again.", where=str(path)
            ) from error


def write_labelled(path: Path, sentences: Iterable[LabelledSentence]) -> int:
    """Write sentences as JSONL (UTF-8, unescaped) and return how many."""
    count = 0
    with path.open("w", encoding="utf-8") as out:
        for sentence in sentences:
            out.write(json.dumps(sentence.to_json(), ensure_ascii=False) + "\n")
            count += 1
    return count
