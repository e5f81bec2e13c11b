"""The manifest: what is recorded survives, what is torn is cut off."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from detente.data.errors import DetenteError
from detente.inference.manifest import JobSpec, Manifest, ShardRecord, read_manifest
from detente.inference.pipeline import Counts

SPEC = JobSpec(
    detente="1",
    model="small",
    model_sha256="a",
    actors="",
    actors_sha256="",
    gazetteer_sha256="b",
    keep_neutral=False,
    max_article_chars=1,
    text_column="",
    id_column="",
    date_column="",
    title_column="",
    source_column="",
    shard_bytes=1,
)
RECORD = ShardRecord("one", "s", "i", 3, 1, Counts(articles=2, rows={"hostile": 4}), 4, "x", 1, "y", "small-1", 0.5)


def write(path: Path) -> bytes:
    manifest = Manifest.create(path, SPEC)
    manifest.append(RECORD)
    manifest.append(replace(RECORD, shard="two"))
    manifest.close()
    return path.read_bytes()


def test_a_manifest_that_is_cut_anywhere_keeps_its_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "manifest.jsonl"
    whole = write(path)
    first = whole.index(b"\n") + 1
    for cut in range(first, len(whole)):
        path.write_bytes(whole[:cut])
        lines = whole[:cut].count(b"\n") - 1
        content = read_manifest(path)
        assert (content.spec, content.damaged) == (SPEC, [])
        assert list(content.records) == ["one", "two"][:lines]
        assert all(replace(record, shard="one") == RECORD for record in content.records.values())
        manifest = Manifest.reopen(path)
        manifest.append(replace(RECORD, shard="three"))
        manifest.close()
        assert list(read_manifest(path).records) == [*["one", "two"][:lines], "three"]


def test_a_damaged_line_is_named_and_costs_its_shard(tmp_path: Path) -> None:
    path = tmp_path / "manifest.jsonl"
    lines = write(path).split(b"\n")
    lines[1] = lines[1].replace(b"rejects", b"re\0ects", 1)
    path.write_bytes(b"\n".join(lines))
    content = read_manifest(path)
    assert content.damaged == [2]
    assert list(content.records) == ["two"]


def test_what_is_no_manifest_is_said(tmp_path: Path) -> None:
    path = tmp_path / "manifest.jsonl"
    with pytest.raises(DetenteError, match=r"expected an output directory of ours, found .*No such file"):
        read_manifest(path)
    for content in (b"", b"[]\n", b'{"format": 99, "job": {}}\n', b'{"format": 1, "job": {"model": "x"}}\n'):
        path.write_bytes(content)
        with pytest.raises(DetenteError, match="expected a manifest of format 1, found a first line that is none"):
            read_manifest(path)


def test_differences_are_said_in_words() -> None:
    other = replace(SPEC, model="large", actors="mine.csv", keep_neutral=True)
    assert SPEC.differences(SPEC) == []
    assert SPEC.differences(other) == [
        "model was small and is large",
        "actors was (none) and is mine.csv",
        "keep neutral was False and is True",
    ]
