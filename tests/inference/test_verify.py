"""An output that is read back: what is wrong with it is found, and the same job mends it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from detente.inference.inputs import find_inputs
from detente.inference.job import JobResult, Resources, score_archive
from detente.inference.output import Layout, Output
from detente.inference.verify import verify
from detente.inference.work import Recipe

TEXTS = ["Turkey met Russia.", "Iran struck Iraq. China scolded Japan.", "", "Egypt, Israel and Jordan signed."]


def archive(folder: Path) -> Path:
    folder.mkdir()
    for number, text in enumerate(TEXTS):
        (folder / f"{number}.jsonl").write_text(json.dumps({"id": str(number), "text": text}) + "\n")
    return folder


def score(source: Path, out: Path, model: Path) -> JobResult:
    recipe = Recipe(model=str(model), device="cpu", keep_neutral=True, shard_bytes=10)
    with Output(out) as output:
        return score_archive(find_inputs([str(source)]), output, recipe, resources=Resources(workers=1))


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory, tiny_folder: Path) -> Path:
    """An archive of four shards and its output, side by side; tests work on copies."""
    folder = tmp_path_factory.mktemp("scored")
    result = score(archive(folder / "in"), folder / "out", tiny_folder)
    assert (result.failed, result.problems) == ([], [])
    assert (result.summary.shards, result.summary.records, result.summary.rejected_records) == (4, 4, 1)
    assert verify(folder / "out").problems == []
    return folder


def flip_byte(layout: Layout) -> None:
    path = sorted(layout.stances.iterdir())[0]
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def drop_row(layout: Layout) -> None:
    path = sorted(layout.stances.iterdir())[0]
    pq.write_table(pq.read_table(path, use_threads=False).slice(1), path)


def drop_file(layout: Layout) -> None:
    sorted(layout.stances.iterdir())[1].unlink()


def drop_reject(layout: Layout) -> None:
    next(layout.shard_rejects.iterdir()).write_text("")


def drop_summary(layout: Layout) -> None:
    layout.summary.unlink()


def lose_rejects(layout: Layout) -> None:
    layout.rejects.write_text("")


def miscount(layout: Layout) -> None:
    summary = json.loads(layout.summary.read_text())
    layout.summary.write_text(json.dumps({**summary, "articles": 7}))


def tear_manifest(layout: Layout) -> None:
    layout.manifest.write_bytes(layout.manifest.read_bytes()[:-9])


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (flip_byte, "other bytes than were written"),
        (drop_row, "1 rows, recorded 2"),
        (drop_file, "missing"),
        (drop_reject, "other bytes than were written"),
        (drop_summary, "the job is not finished. Run the same command again"),
        (lose_rejects, "0 rejects, the shards make 1"),
        (miscount, "articles 7, the shards make 3"),
        (tear_manifest, "not in the manifest"),
    ],
)
def test_damage_is_found_and_mended_by_the_same_job(
    scored: Path, tmp_path: Path, tiny_folder: Path, damage: Callable[[Layout], None], found: str
) -> None:
    out = tmp_path / "out"
    shutil.copytree(scored / "out", out)
    damage(Layout(out))
    assert found in "\n".join(map(str, verify(out).problems))
    score(scored / "in", out, tiny_folder)
    assert verify(out).problems == []
    assert pq.read_table(out / "stances", use_threads=False) == pq.read_table(scored / "out" / "stances")


def test_a_file_that_is_not_ours_is_found(scored: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(scored / "out", out)
    shutil.copy(next((out / "stances").iterdir()), out / "stances" / "more.parquet")
    assert [str(problem) for problem in verify(out).problems] == ["stances/more.parquet: not in the manifest"]
