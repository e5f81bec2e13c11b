"""The rows of the output and the files that hold them."""

from __future__ import annotations

import hashlib
import json
import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from ..data.schema import Span
from .articles import Reject
from .output import rename_durably, writing

# Rows of a row group: enough to compress well, few enough to be held.
_ROW_GROUP = 20_000


@dataclass(frozen=True, slots=True)
class StanceRow:
    """How one actor stands towards another in one sentence.

    ``sentence_start`` counts the characters of the article's text; mentions count those of the sentence.
    ``probabilities`` are in the order of the model's labels.
    """

    article_id: str
    date: str
    source_name: str
    sentence_id: int
    sentence: str
    sentence_start: int
    source_id: str
    source_mentions: tuple[Span, ...]
    target_id: str
    target_mentions: tuple[Span, ...]
    stance: str
    probabilities: tuple[float, ...]


def output_schema(labels: Sequence[str]) -> pa.Schema:
    """The columns of the output for a model with these labels."""
    mentions = pa.list_(pa.struct([("text", pa.string()), ("start", pa.int32()), ("end", pa.int32())]))
    columns: list[tuple[str, pa.DataType]] = [
        ("article_id", pa.string()),
        ("date", pa.string()),
        ("source_name", pa.string()),
        ("sentence_id", pa.int32()),
        ("sentence", pa.string()),
        ("sentence_start", pa.int32()),
        ("source_id", pa.string()),
        ("source_mentions", mentions),
        ("target_id", pa.string()),
        ("target_mentions", mentions),
        ("stance", pa.string()),
        *((f"p_{label}", pa.float32()) for label in labels),
        ("model_version", pa.string()),
    ]
    return pa.schema(columns)


class _Temporary:
    """A file under a temporary name, which gets its own when it is whole and on the disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        # Two processes may be at one shard, when a job is killed and started again: each has its own file.
        self.temporary = path.with_name(f".{path.name}.{socket.gethostname()}-{os.getpid()}.tmp")

    def commit(self) -> str:
        """Sync and rename; the SHA-256 of what was written."""
        with self.temporary.open("rb") as written:
            os.fsync(written.fileno())
            digest = hashlib.file_digest(written, "sha256").hexdigest()
        rename_durably(self.temporary, self.path)
        return digest

    def drop(self) -> None:
        """Remove the file, if it has not got its name."""
        with suppress(OSError):
            self.temporary.unlink(missing_ok=True)


class RowWriter:
    """Writes rows to a Parquet file that appears under its name on ``commit``."""

    def __init__(self, path: Path, *, labels: Sequence[str], model_version: str) -> None:
        self.rows = 0
        self._file = _Temporary(path)
        self._labels = tuple(labels)
        self._version = model_version
        self._schema = output_schema(labels)
        self._held: list[pa.Table] = []
        with writing(path):
            self._writer = pq.ParquetWriter(self._file.temporary, self._schema, compression="zstd")

    def write(self, rows: Sequence[StanceRow]) -> None:
        """Append rows."""
        if rows:
            self.rows += len(rows)
            self._held.append(pa.Table.from_pylist([self._record(row) for row in rows], schema=self._schema))
            if sum(table.num_rows for table in self._held) >= _ROW_GROUP:
                self._flush()

    def _flush(self) -> None:
        if self._held:
            with writing(self._file.path):
                self._writer.write_table(pa.concat_tables(self._held), row_group_size=2 * _ROW_GROUP)
            self._held = []

    def commit(self) -> str:
        """Give the file its name; its SHA-256.

        Raises:
            OutputError: it could not be written.
        """
        self._flush()
        with writing(self._file.path):
            self._writer.close()
            return self._file.commit()

    def _record(self, row: StanceRow) -> dict[str, Any]:
        return {
            "article_id": row.article_id,
            "date": row.date,
            "source_name": row.source_name,
            "sentence_id": row.sentence_id,
            "sentence": row.sentence,
            "sentence_start": row.sentence_start,
            "source_id": row.source_id,
            "source_mentions": _mentions(row.sentence, row.source_mentions),
            "target_id": row.target_id,
            "target_mentions": _mentions(row.sentence, row.target_mentions),
            "stance": row.stance,
            **{f"p_{label}": p for label, p in zip(self._labels, row.probabilities, strict=True)},
            "model_version": self._version,
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # the disk that was full is full
            self._writer.close()
        self._file.drop()


def _mentions(sentence: str, spans: Sequence[Span]) -> list[dict[str, Any]]:
    return [{"text": sentence[span.start : span.end], "start": span.start, "end": span.end} for span in spans]


class RejectWriter:
    """Writes rejects to a file of JSON lines that appears under its name on ``commit``, if there are any."""

    def __init__(self, path: Path) -> None:
        self.rejects = 0
        self._file = _Temporary(path)
        self._stream: IO[str] | None = None

    def write(self, rejects: Sequence[Reject]) -> None:
        """Append rejects."""
        if rejects:
            with writing(self._file.path):
                if self._stream is None:
                    self._stream = self._file.temporary.open("w", encoding="utf-8", errors="backslashreplace")
                self.rejects += len(rejects)
                self._stream.writelines(json.dumps(asdict(reject), ensure_ascii=False) + "\n" for reject in rejects)

    def commit(self) -> str:
        """Give the file its name; its SHA-256, empty if there are no rejects.

        Raises:
            OutputError: it could not be written.
        """
        with writing(self._file.path):
            if self._stream is None:
                self._file.path.unlink(missing_ok=True)
                return ""
            self._stream.close()
            return self._file.commit()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._stream is not None:
            with suppress(OSError):
                self._stream.close()
        self._file.drop()
