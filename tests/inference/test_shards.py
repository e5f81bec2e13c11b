"""Shards: named by their input; parts of a file hold what the whole does."""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from detente.data.schema import Article
from detente.inference.articles import ArticleReader, Reject
from detente.inference.inputs import find_inputs
from detente.inference.shards import (
    InputChangedError,
    Shard,
    check_unchanged,
    content_digest,
    plan_shards,
    split,
    stamp,
)
from hypothesis import given
from hypothesis import strategies as st


def read_all(shards: list[Shard]) -> list[Article | Reject]:
    reader = ArticleReader(max_chars=200)
    return [record for shard in shards for file in shard.files for record in reader.read(file)]


def test_shards_are_named_by_their_input(tmp_path: Path) -> None:
    for name in ("b.txt", "..sly$(x)*.txt", "c.txt"):
        (tmp_path / name).write_text("x")
    together = list(plan_shards(find_inputs([str(tmp_path)]).files))
    assert [len(shard.files) for shard in together] == [3]
    assert together[0].name.startswith("sly-x-txt-")
    alone = [next(plan_shards([file])).name for file in together[0].files]
    assert len({*alone, together[0].name}) == 4
    assert [next(plan_shards([file])).name for file in together[0].files] == alone


LINE = st.one_of(
    st.just(b""),
    st.just(b"no json"),
    st.integers(1, 3_000).map(lambda size: json.dumps({"text": "x" * size}).encode()),
)


@given(st.lists(LINE, max_size=30), st.booleans(), st.integers(1, 5_000))
def test_byte_ranges_make_up_the_file(lines: list[bytes], ends: bool, shard_bytes: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.jsonl")
        path.write_bytes(b"\n".join(lines) + (b"\n" if ends else b""))
        (file,) = find_inputs([str(path)]).files
        shards = list(plan_shards([file], shard_bytes=shard_bytes))
        parts = [part for shard in shards for part in shard.files]
        assert sum(part.size for part in parts) == file.size
        assert len({shard.name for shard in shards}) == len(shards)
        assert read_all(shards) == read_all([Shard("whole", (file,))])
        if len(parts) > 1:
            longest = max(len(line) + 1 for line in lines)
            assert all(part.size <= shard_bytes + longest for part in parts)


def test_row_groups_make_up_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    table = pa.table({"text": [f"Number {n}." if n % 7 else None for n in range(1_000)]})
    pq.write_table(table, path, row_group_size=64)
    (file,) = find_inputs([str(path)]).files
    shards = list(plan_shards([file], shard_bytes=2_000))
    assert len(shards) > 3
    records = read_all(shards)
    assert records == read_all([Shard("whole", (file,))])
    assert len(records) == 1_000
    assert [record.id for record in records if isinstance(record, Article)][-1] == "a.parquet:1000"
    assert len({content_digest(shard) for shard in shards}) == len(shards)


def test_what_cannot_be_split_stays_whole(tmp_path: Path) -> None:
    for name in ("a.csv", "a.jsonl.gz", "a.parquet"):
        path = tmp_path / name
        path.write_bytes(b"x\n" * 5_000)
        (file,) = find_inputs([str(path)]).files
        assert split(file, shard_bytes=100) == [file]


def test_a_touched_file_is_told_from_a_changed_one(tmp_path: Path) -> None:
    paths = [tmp_path / "a.txt", tmp_path / "b.zip"]
    paths[0].write_text("Oz met Ev.")
    with zipfile.ZipFile(paths[1], "w") as archive:
        archive.writestr("c.txt", "Ev met Ib.")

    def plan() -> Shard:
        (shard,) = plan_shards(find_inputs([str(tmp_path)]).files)
        return shard

    before = plan()
    digest = content_digest(before)
    check_unchanged(before)
    os.utime(paths[0], (1, 1))
    touched = plan()
    assert touched.name == before.name
    assert stamp(touched) != stamp(before)
    assert content_digest(touched) == digest
    with pytest.raises(InputChangedError, match=r"a\.txt was changed while the job ran"):
        check_unchanged(before)
    paths[0].write_text("Ev met Oz.")
    assert content_digest(plan()) != digest
    paths[0].write_text("Oz met Ev.")
    with zipfile.ZipFile(paths[1], "w") as archive:
        archive.writestr("c.txt", "Ev met Oz.")
    assert content_digest(plan()) != digest
    paths[0].unlink()
    with pytest.raises(InputChangedError, match=r"a\.txt cannot be read any more"):
        check_unchanged(touched)
