"""The small archive of our own writing that comes with the package."""

from __future__ import annotations

from pathlib import Path

#: 25 news articles as JSONL with the columns id, date, source, title and text.
SAMPLES = Path(__file__).parent / "samples" / "articles.jsonl"
