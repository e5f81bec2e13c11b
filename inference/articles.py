"""Articles out of the files of an archive, and a reject for each record that is none."""

from __future__ import annotations

import csv
import errno
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
from pathlib import Path
from typing import IO, TYPE_CHECKING

from ..data.errors import DetenteError
from ..data.schema import Article
from .inputs import Format, InputFile, OpenedFile, is_bomb, open_input

if TYPE_CHECKING:
    import pyarrow.parquet as pq

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
    shown = [repr(name[:40]) for name in present[:_COLUMNS_SHOWN]]
    if len(present) > _COLUMNS_SHOWN:
        shown.append(f"and {len(present) - _COLUMNS_SHOWN:,} more")
    return DetenteError(expected, found=f"the columns {', '.join(shown) or '(none)'}", remedy=remedy)


_COLUMNS_SHOWN = 20
# What is short here is none of the file's faults: another try, on another day, can succeed.
_OUR_TROUBLE = (errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM)
#: Rows of a Parquet file that are decoded at once, and the bytes that they may take.
_BATCH_ROWS = 256
_BATCH_BYTES = 64 * 2**20


class _RecordError(Exception):
    """A record that cannot become an article; the text is the reason."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A line with its end, or the beginning of one that is too long."""

    raw: bytes
    is_cut: bool


@dataclass(slots=True)
class ArticleReader:
    """Reads input files one after the other.

    ``read`` yields an ``Article`` for each record, or a ``Reject`` that says why there is none: every record comes
    out as one of the two.

    Attributes:
        max_chars: longer articles are rejected; it bounds what is held of a record at any stage.
        scratch: where a compressed Parquet file is unpacked to while it is read, in a file without a name.
    """

    columns: ColumnNames = field(default_factory=ColumnNames)
    max_chars: int = 1_000_000
    scratch: Path | None = None
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
        if file.broken:
            yield Reject(file.name, "file", file.broken, "")
            return
        try:
            with open_input(file) as opened:
                self._opened = opened
                yield from readers[file.format](file, opened)
        except (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
            # Truncated or damaged gzip, zstandard and zip data, encrypted zip members, a disk that fails.
            if isinstance(error, OSError) and error.errno in _OUR_TROUBLE:
                raise
            yield Reject(file.name, "file", f"could not be read to its end: {error}", "")
        except (DetenteError, ValueError) as error:
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
            try:
                page = trafilatura.bare_extraction(self._whole(opened), with_metadata=True)
            except RecursionError as error:
                raise _RecordError("expected a page, found elements inside elements too deep to follow") from error
            assert not isinstance(page, dict)  # a mapping comes only where as_dict asks for it
            if page is None or not page.text:
                raise _RecordError("expected a page with an article, found no running text in it")
            parts = {"text": page.text, "date": page.date, "title": page.title, "source": page.sitename}
            yield self._article(parts, file.name)
        except _RecordError as error:
            yield Reject(file.name, "file", str(error), "")

    def _read_jsonl(self, file: InputFile, opened: OpenedFile) -> Iterator[Article | Reject]:
        for number, line in enumerate(self._lines(opened.stream), file.part.before + 1 if file.part else 1):
            place = f"line {number}"
            if not line.raw.strip() and not line.is_cut:
                continue
            try:
                if line.is_cut:
                    raise _RecordError(f"expected a line of less than {self._max_line:,} bytes, found more")
                try:
                    record = json.loads(_decode(line.raw))
                except (ValueError, RecursionError) as error:  # a number of 5,000 digits is a ValueError
                    raise _RecordError(f"expected a JSON object, found no JSON: {error}") from error
                if not isinstance(record, dict):
                    raise _RecordError(f"expected a JSON object, found a {type(record).__name__}")
                columns = self.columns.find(list(record))
                parts = {part: record[column] for part, column in columns.items()}
                yield self._article(parts, f"{file.name}:{number}")
            except (_RecordError, DetenteError) as error:
                yield Reject(file.name, place, str(error), _excerpt(line.raw))

    @property
    def _max_line(self) -> int:
        return 8 * self.max_chars  # JSON escapes make a text longer

    def _lines(self, stream: IO[bytes]) -> Iterator[_Line]:
        """The lines of a stream; of one that is too long only the beginning is held."""
        while raw := stream.readline(self._max_line):
            is_cut = len(raw) == self._max_line and not raw.endswith(b"\n")
            if is_cut:
                while (rest := stream.readline(1 << 20)) and not rest.endswith(b"\n"):
                    pass
            yield _Line(raw, is_cut)

    def _read_csv(self, file: InputFile, opened: OpenedFile) -> Iterator[Article | Reject]:
        csv.field_size_limit(self._max_line)
        cut = False

        def texts() -> Iterator[str]:
            nonlocal cut
            for line in self._lines(opened.stream):
                cut = cut or line.is_cut
                # Bytes that are no UTF-8 pass as surrogates, so that one bad cell costs its row and not the file.
                yield line.raw.decode("utf-8", "surrogateescape")

        rows = csv.reader(texts(), delimiter="\t" if file.format is Format.TSV else ",")
        try:
            header = [name.removeprefix("\ufeff") for name in next(rows, [])]
        except csv.Error as error:
            raise DetenteError("a header line", found=f"none: {error}", remedy="Mend the file.") from error
        columns = {part: header.index(column) for part, column in self.columns.find(header).items()}
        number = 0
        while True:
            number, cut, row = number + 1, False, []
            try:
                row = next(rows)
                if not row:
                    continue
                if cut:
                    raise _RecordError(f"expected lines of less than {self._max_line:,} bytes, found a longer one")
                if len(row) != len(header):
                    raise _RecordError(f"expected {len(header)} cells like the header, found {len(row)}")
                parts = {part: row[column] for part, column in columns.items()}
                yield self._article(parts, f"{file.name}:{number}")
            except StopIteration:
                return
            except (_RecordError, csv.Error) as error:
                yield Reject(file.name, f"row {number}", str(error), _excerpt(",".join(row)))

    def _read_parquet(self, file: InputFile, opened: OpenedFile) -> Iterator[Article | Reject]:
        import pyarrow.parquet as pq

        with tempfile.TemporaryFile(dir=self.scratch) as copy:
            source: Path | IO[bytes] = copy
            # Parquet is read from its end, which a zip or gzip stream cannot seek to.
            if file.path is not None and file.member is None and file.path.suffix.lower() == ".parquet":
                source = file.path
            else:
                shutil.copyfileobj(opened.stream, copy)
                copy.seek(0)
            names = pq.ParquetFile(source).schema_arrow.names
            columns = self.columns.find(names)
            if twice := next((column for column in columns.values() if names.count(column) > 1), None):
                raise _no_column(f"one column {twice!r}", names, "Rename one of them.")
            # As a dictionary a text that a million rows share stays one text in memory.
            table = pq.ParquetFile(source, read_dictionary=[columns["text"]])
            groups = range(file.part.start, file.part.stop) if file.part else range(table.num_row_groups)
            number = file.part.before if file.part else 0
            for group in groups:
                batches = table.iter_batches(
                    batch_size=_rows_at_once(table, group),
                    row_groups=[group],
                    columns=list(columns.values()),
                    use_threads=False,  # each worker has its core
                )
                for batch in batches:
                    cells = {part: batch.column(column) for part, column in columns.items()}
                    for row in range(batch.num_rows):
                        number += 1
                        text = str(cells["text"][row].as_py())
                        try:
                            # A date that Python cannot hold is a ValueError or OverflowError.
                            parts = {part: cell[row].as_py() for part, cell in cells.items()}
                            yield self._article(parts, f"{file.name}:{number}")
                        except (_RecordError, ValueError, OverflowError) as error:
                            yield Reject(file.name, f"row {number}", str(error), _excerpt(text))

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


def _rows_at_once(table: pq.ParquetFile, group: int) -> int:
    """How many rows of a row group to decode together, so that they fit in memory.

    Raises:
        DetenteError: the group is out of proportion to its bytes in the file.
    """
    metadata = table.metadata.row_group(group)
    columns = [metadata.column(index) for index in range(metadata.num_columns)]
    if bomb := next((c for c in columns if is_bomb(c.total_uncompressed_size, c.total_compressed_size)), None):
        raise DetenteError(
            "text",
            found=f"{bomb.total_uncompressed_size:,} bytes out of {bomb.total_compressed_size:,}, "
            "as in a decompression bomb",
            remedy="Leave the file out.",
        )
    row = metadata.total_byte_size // max(1, metadata.num_rows)
    return max(1, min(_BATCH_ROWS, _BATCH_BYTES // max(1, row)))


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
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return text


def _excerpt(raw: bytes | str) -> str:
    text = raw[:800].decode("utf-8", "replace") if isinstance(raw, bytes) else raw
    return text[:200].encode("utf-8", "replace").decode("utf-8")
