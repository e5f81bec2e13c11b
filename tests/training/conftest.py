"""Fixtures of the harness: a small labelled file and a fresh MLflow store."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

NAMES = ["Kenya", "Peru", "Norway", "Ghana", "Nepal", "Chile"]
VERBS = {"cooperative": "signed a treaty with", "hostile": "shelled", "mediating": "offered to mediate for"}


def write_labelled_file(path: Path, *, sentences: int = 24, extra: str = "") -> Path:
    """A labelled file with every label; ``extra`` goes to the end of each text."""
    codes = {"Kenya": "KEN", "Peru": "PER", "Norway": "NOR", "Ghana": "GHA", "Nepal": "NPL", "Chile": "CHL"}
    lines = []
    for number in range(sentences):
        one, other = NAMES[number % 6], NAMES[(number + 1 + number // 6 % 5) % 6]
        label = list(VERBS)[number % 3]
        text = f"{one} {VERBS[label]} {other}, day {number}.{extra}"
        start = text.index(other, len(one))
        record = {
            "id": f"s{number}",
            "text": text,
            "actors": {codes[one]: [[0, len(one)]], codes[other]: [[start, start + len(other)]]},
            "stances": [[codes[one], codes[other], label]],
            "tags": ["family:plain"],
        }
        lines.append(json.dumps(record))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def labelled_file(tmp_path: Path) -> Path:
    return write_labelled_file(tmp_path / "gold.jsonl")
