"""The rows of the output and the files that hold them."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from ..data.schema import Span
from .articles import Reject


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


class RowWriter:
    """Writes rows to a Parquet file that appears under its name only when it is whole and on disk."""

    def __init__(self, path: Path, *, labels: Sequence[str], model_version: str) -> None:
        self.path = path
        self._labels = tuple(labels)
        self._version = model_version
        self._temporary = path.with_name(f".{path.name}.tmp")
        self._schema = output_schema(labels)
        self._writer = pq.ParquetWriter(self._temporary, self._schema, compression="zstd")

    def write(self, rows: Sequence[StanceRow]) -> None:
        """Append rows."""
        if rows:
            self._writer.write_table(pa.Table.from_pylist([self._record(row) for row in rows], schema=self._schema))

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

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()
        if kind is not None:
            self._temporary.unlink(missing_ok=True)
            return
        with self._temporary.open("rb") as written:
            os.fsync(written.fileno())
        self._temporary.rename(self.path)


def _mentions(sentence: str, spans: Sequence[Span]) -> list[dict[str, Any]]:
    return [{"text": sentence[span.start : span.end], "start": span.start, "end": span.end} for span in spans]


def write_reject(out: IO[str], reject: Reject) -> None:
    """Append a line to a rejects file."""
    out.write(json.dumps(asdict(reject), ensure_ascii=False) + "\n")
