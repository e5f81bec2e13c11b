"""Labels apart from their texts: what may be shared where the texts may not.

An annotation holds a labelled sentence without its text: where the text is (the id of an article and a span of
characters in it) and the SHA-256 of the text, so that it is joined with that text and no other.
"""

from __future__ import annotations

import hashlib
import json
import operator
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from .errors import DetenteError
from .schema import LabelledSentence

#: Labels of public archives that come with the package, by name; ``data/README.md`` says of what.
SHIPPED = Path(__file__).parent / "annotations"


def read_texts(*paths: Path) -> dict[str, str]:
    """The texts of JSONL files of objects with ``id`` and ``text``, by id.

    Raises:
        DetenteError: no such file, a line is no such object, or an id stands for two texts.
    """
    texts: dict[str, str] = {}
    for path in paths:
        if not path.is_file():
            raise DetenteError("a JSONL file of texts", found=f"no file {path}", remedy="Check the path.")
        for number, line in _lines(path):
            where = f"{path}:{number}"
            try:
                record = json.loads(line)
                name, text = str(record["id"]), str(record["text"])
            except (json.JSONDecodeError, KeyError, TypeError) as error:
                raise DetenteError(
                    "an object with id and text", found=line[:80], remedy="Mend the line.", where=where
                ) from error
            if texts.setdefault(name, text) != text:
                raise DetenteError("one text for an id", found=f"two for {name!r}", remedy="Rename one.", where=where)
    return texts


def detach(sentences: Iterable[LabelledSentence], texts: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Annotations of sentences that stand in these texts.

    Raises:
        DetenteError: a sentence stands in none of them.
    """
    whole = {text: name for name, text in texts.items()}
    for sentence in sentences:
        if sentence.text in whole:
            name, start = whole[sentence.text], 0
        else:
            name = next((name for name, text in texts.items() if sentence.text in text), "")
            if not name:
                raise DetenteError(
                    "sentences that stand in the archive",
                    found=f"{sentence.id}, which does not",
                    remedy="Give the archive that they were taken from.",
                )
            start = texts[name].index(sentence.text)
        record = sentence.to_json()
        del record["text"]
        span = [start, start + len(sentence.text)]
        yield {"id": record.pop("id"), "article": name, "span": span, "sha256": _digest(sentence.text), **record}


def join(path: Path, texts: Mapping[str, str], *, split: str = "") -> Iterator[LabelledSentence]:
    """Labelled sentences out of annotations and the texts that they are of.

    Args:
        path: JSONL, one annotation a line.
        split: only those of this split; all by default.

    Raises:
        DetenteError: no such file, a line is no annotation, an article is missing, or its text is another.
    """
    if not path.is_file():
        raise DetenteError("a file of annotations", found=f"no file {path}", remedy="Check the path.")
    for number, line in _lines(path):
        where = f"{path}:{number}"
        try:
            record = json.loads(line)
            article, (start, end), digest = str(record.pop("article")), record.pop("span"), record.pop("sha256")
            start, end = operator.index(start), operator.index(end)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DetenteError(
                "an annotation with article, span and sha256", found=line[:80], remedy="Mend the line.", where=where
            ) from error
        if split and record.get("split") != split:
            continue
        text = texts.get(article, "")[start:end]
        if _digest(text) != digest:
            found = "another text" if article in texts else f"no article {article!r}"
            raise DetenteError(
                "the text that was annotated", found=found, remedy="Give the same edition of the archive.", where=where
            )
        yield LabelledSentence.from_json({**record, "text": text}, where=where)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines with something on them, by number; texts may hold what ``splitlines`` takes for the end of a line."""
    with path.open(encoding="utf-8") as lines:
        yield from ((number, line) for number, line in enumerate(lines, 1) if line.strip())


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
