"""Articles out of the files of an archive, and a reject for each record that is none."""

from __future__ import annotations

import csv
import json
import re
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from email.utils import parsedate_to_datetime

from ..data.errors import DetenteError
from ..data.schema import Article
from .inputs import Format, InputFile, OpenedFile, open_input

#: Names under which archives keep the parts of an article, the likelier first.
COMMON_NAMES: dict[str, tuple[str, ...]] = {
    "text": (
        *("text", "body", "content", "article_text", "full_text", "fulltext", "maintext", "main_text"),
        *("article", "story", "bodytext", "body_text", "article_body", "raw_text"),
    ),
    "id": ("article_id", "id", "doc_id", "docid", "document_id", "uuid", "guid", "uid", "url", "link"),
    "date": (
        *("date", "published", "publication_date", "published_at", "publish_date", "date_published", "pub_date"),
        *("pubdate", "article_date", "datetime", "timestamp", "created_at"),
    ),
    "title": ("title", "headline", "head"),
    "source": ("source_name", "source", "publisher", "publication", "outlet", "newspaper", "sitename", "domain"),
}


@dataclass(frozen=True, slots=True)
class Reject:
    """A record, or a file or the rest of one, that could not be read: where it is, why, and how it begins."""

    file: str
    place: str
    reason: str
    excerpt: str


@dataclass(frozen=True, slots=True)
class ColumnNames:
    """The columns that the user named; None where they are to be found by common names."""

    text: str | None = None
    id: str | None = None
    date: str | None = None
    title: str | None = None
    source: str | None = None

    def find(self, present: Sequence[str]) -> dict[str, str]:
        """Map the parts of an article (keys of ``COMMON_NAMES``) to the columns that hold them.

        Raises:
            DetenteError: a named column is missing, or no column has a common name of the text.
        """
        found: dict[str, str] = {}
        by_lower = {name.strip().lower(): name for name in reversed(present)}
        for part, names in COMMON_NAMES.items():
            named = getattr(self, part)
            if named is not None and named not in present:
                raise _no_column(f"a column {named!r}", present, f"Mend --{part}-column.")
            column = named or next((by_lower[name] for name in names if name in by_lower), None)
            if column is not None:
                found[part] = column
        if "text" not in found:
            names = COMMON_NAMES["text"]
            raise _no_column(f"a text column ({', '.join(names[:4])}, ...)", present, "Name it with --text-column.")
        return found


def _no_column(expected: str, present: Sequence[str], remedy: str) -> DetenteError:
    return DetenteError(expected, found=f"the columns {', '.join(map(repr, present)) or '(none)'}", remedy=remedy)


class _RecordError(Exception):
    """A record that cannot become an article; the text is the reason."""


@dataclass(slots=True)
class ArticleReader:
    """Reads input files one after the other.

    ``read`` yields an ``Article`` for each record, or a ``Reject`` that says why there is none: every record comes
    out as one of the two.
    """

    columns: ColumnNames = field(default_factory=ColumnNames)
    max_chars: int = 1_000_000
    _opened: OpenedFile | None = field(default=None, init=False)

    @property
    def bytes_read(self) -> int:
        """Bytes of the current file read so far."""
        return self._opened.bytes_read() if self._opened else 0

    def read(self, file: InputFile) -> Iterator[Article | Reject]:
        """All records of a file; what breaks the file off is its last reject."""
        readers = {
            Format.TEXT: self._read_text,
            Format.HTML: self._read_html,
            Format.JSONL: self._read_jsonl,
            Format.CSV: self._read_csv,
            Format.TSV: self._read_csv,
            Format.PARQUET: self._read_parquet,
        }
        try:
            with open_input(file) as opened:
                self._opened = opened
                yield from readers[file.format](file, opened)
        except (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
            # Truncated or damaged gzip, zstandard and zip data, encrypted zip members, a disk that fails.
            yield Reject(file.name, "file", f"could not be read to its end: {error}", "")
        except (DetenteError, csv.Error, ValueError) as error:
            yield Reject(file.name, "file", str(error), "")
        finally:
            self._opened = None

    def _whole(self, opened: OpenedFile) -> bytes:
        limit = 4 * self.max_chars  # no UTF-8 text of max_chars is longer
        data = opened.stream.read(limit + 1)
        if len(data) > limit:
            raise _RecordError(f"expected at most {limit:,} bytes, found more")
        return data

    def _read_text(self, file: InputFile, opened: OpenedFile) -> Iterator[Article | Reject]:
        try:
            yield self._article({"text": _decode(self._whole(opened))}, file.name)
        except _RecordError as error:
            yield Reject(file.name, "file", str(error), "")

    def _read_html(self, file: InputFile, opened: OpenedFile) -> Iterator[Article | Reject]:
        import trafilatura

        try:
            page = trafilatura.bare_extraction(self._whole(opened), with_metadata=True)
            assert not isinstance(page, dict)  # a mapping comes only where as_dict asks for it
            if page is None or not page.text:
                raise _RecordError("expected a page with an article, found no running text in it")
            parts = {"text": page.text, "date": page.date, "title": page.title, "source": page.sitename}
            yield self._article(parts, file.name)
        except _RecordError as error:
            yield Reject(file.name, "file", str(error), "")

    def _read_jsonl(self, file: InputFile, opened: OpenedFile) -> Iterator[Article | Reject]:
        limit = 8 * self.max_chars  # JSON escapes make a text longer
        number = 0
        while raw := opened.stream.readline(limit):
            number += 1
            place = f"line {number}"
            if len(raw) == limit and not raw.endswith(b"\n"):
                while (rest := opened.stream.readline(limit)) and not rest.endswith(b"\n"):
                    pass
                yield Reject(
                    file.name, place, f"expected a line of less than {limit:,} bytes, found more", _excerpt(raw)
                )
                continue
            if not raw.strip():
                continue
            try:
                try:
                    record = json.loads(_decode(raw))
                except (json.JSONDecodeError, RecursionError) as error:
                    raise _RecordError(f"expected a JSON object, found no JSON: {error}") from error
                if not isinstance(record, dict):
                    raise _RecordError(f"expected a JSON object, found a {type(record).__name__}")
                columns = self.columns.find(list(record))
                parts = {part: record[column] for part, column in columns.items()}
                yield self._article(parts, f"{file.name}:{number}")
            except (_RecordError, DetenteError) as error:
                yield Reject(file.name, place, str(error), _excerpt(raw))

    def _read_csv(self, file: InputFile, opened: OpenedFile) -> Iterator[Article | Reject]:
        csv.field_size_limit(8 * self.max_chars)
        # Bytes that are no UTF-8 pass as surrogates, so that one bad cell costs its row and not the file.
        lines = (line.decode("utf-8", "surrogateescape") for line in opened.stream)
        rows = csv.reader(lines, delimiter="\t" if file.format is Format.TSV else ",")
        header = [name.removeprefix("\ufeff") for name in next(rows, [])]
        columns = {part: header.index(column) for part, column in self.columns.find(header).items()}
        for number, row in enumerate(rows, 1):
            if not row:
                continue
            try:
                if len(row) != len(header):
                    raise _RecordError(f"expected {len(header)} cells like the header, found {len(row)}")
                parts = {part: row[column] for part, column in columns.items()}
                yield self._article(parts, f"{file.name}:{number}")
            except _RecordError as error:
                yield Reject(file.name, f"row {number}", str(error), _excerpt(",".join(row)))

    def _read_parquet(self, file: InputFile, opened: OpenedFile) -> Iterator[Article | Reject]:
        import pyarrow.parquet as pq

        with tempfile.TemporaryFile() as copy:
            # Parquet is read from its end, which a zip or gzip stream cannot seek to.
            if file.path is not None and file.member is None and file.path.suffix.lower() == ".parquet":
                table = pq.ParquetFile(file.path)
            else:
                shutil.copyfileobj(opened.stream, copy)
                copy.seek(0)
                table = pq.ParquetFile(copy)
            columns = self.columns.find(table.schema_arrow.names)
            number = 0
            for batch in table.iter_batches(batch_size=256, columns=list(columns.values())):
                for record in batch.to_pylist():
                    number += 1
                    try:
                        parts = {part: record[column] for part, column in columns.items()}
                        yield self._article(parts, f"{file.name}:{number}")
                    except _RecordError as error:
                        yield Reject(file.name, f"row {number}", str(error), _excerpt(str(record[columns["text"]])))

    def _article(self, parts: Mapping[str, object], default_id: str) -> Article:
        text = parts["text"]
        if not isinstance(text, str):
            raise _RecordError(f"expected a text, found {type(text).__name__}")
        if not text.strip():
            raise _RecordError("expected a text, found an empty one")
        if len(text) > self.max_chars:
            raise _RecordError(
                f"expected at most {self.max_chars:,} characters (--max-article-chars), found {len(text):,}"
            )
        if "\0" in text:
            raise _RecordError("expected a text, found NUL characters, as in binary data")
        cells = {part: _cell(part, value) for part, value in parts.items() if part not in ("text", "date")}
        if any(_is_broken(cell) for cell in (text, *cells.values())):
            raise _RecordError("expected UTF-8, found bytes or surrogates that are none")
        return Article(
            id=cells.get("id") or default_id,
            text=text,
            date=iso_date(parts.get("date")),
            title=cells.get("title", ""),
            source_name=cells.get("source", ""),
        )


def _decode(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _RecordError(
            f"expected UTF-8, found byte {data[error.start]:#04x} at byte {error.start}. Convert the file to UTF-8"
        ) from error


def _is_broken(text: str) -> bool:
    """Whether a text holds lone surrogates, which no UTF-8 can."""
    return not text.isascii() and re.search("[\ud800-\udfff]", text) is not None


def _cell(part: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, int | float | date):
        return str(value)
    if part == "source" and isinstance(value, dict) and isinstance(value.get("name"), str):
        return str(value["name"])  # as news APIs write it
    raise _RecordError(f"expected a text or a number as {part}, found {type(value).__name__}")


def iso_date(value: object) -> str:
    """A date as ``YYYY-MM-DD``, read from ISO 8601, RFC 2822 or a date type; any other text stays as it is."""
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if not isinstance(value, str):
        return ""
    text = value.strip()
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            return parse(text).date().isoformat()
        except (ValueError, TypeError, IndexError):
            continue
    return text


def _excerpt(raw: bytes | str) -> str:
    text = raw[:800].decode("utf-8", "replace") if isinstance(raw, bytes) else raw
    return text[:200].encode("utf-8", "replace").decode("utf-8")
