"""Jobs that are killed, stopped or stand in each other's way, as real processes; and their second runs."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from detente.inference.inputs import find_inputs
from detente.inference.job import Resources, score_archive
from detente.inference.output import Output
from detente.inference.work import Recipe

_SENTENCES = (
    "Turkey met Russia. ",
    "Ukraine accused Russia of shelling, and NATO warned Moscow. ",
    "Rain fell. ",
    "Kenya thanked Egypt for its help, as Sudan and Egypt quarrelled over the dam. ",
)


def write_archive(folder: Path) -> Path:
    """Some nine shards of a dozen articles."""
    path = folder / "archive.jsonl"
    with path.open("w", encoding="utf-8") as out:
        for number in range(100):
            text = "".join(_SENTENCES[(number + i) % 4] for i in range(number % 5 + 20))
            out.write(json.dumps({"id": str(number), "text": text}) + "\n")
        out.write("no JSON\n")
    return path


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return write_archive(tmp_path)


class Job:
    """``detente score`` in a process of its own."""

    def __init__(self, archive: Path, out: Path, model: Path, *more: str) -> None:
        self.out = out
        command = [sys.executable, "-m", "detente", "score", archive, "--out", out, "--model", model]
        self.process = subprocess.Popen(
            [*map(str, command), "--shard-mib", "0.01", "--workers", "1", *more],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1"},
        )

    def finished_shards(self) -> int:
        manifest = self.out / "manifest.jsonl"
        return manifest.read_bytes().count(b'\n{"shard"') if manifest.exists() else 0

    def wait_for_shards(self, number: int) -> None:
        while self.finished_shards() < number:
            assert self.process.poll() is None, "the job ended too soon for the test"
            time.sleep(0.01)

    def end(self) -> tuple[int, str]:
        _, errors = self.process.communicate(timeout=300)
        assert "Traceback" not in errors
        return self.process.returncode, errors


def content(out: Path) -> tuple[list[dict[str, Any]], list[str]]:
    rows = pq.read_table(out / "stances").to_pylist()
    rows.sort(key=lambda row: (row["article_id"], row["sentence_id"], row["source_id"], row["target_id"]))
    return rows, (out / "rejects.jsonl").read_text(encoding="utf-8").splitlines()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, tiny_folder: Path) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed")
    job = Job(write_archive(folder), folder / "out", tiny_folder)
    assert job.end()[0] == 3  # one record is rejected
    assert job.finished_shards() > 5
    return job.out


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_job_that_was_stopped_goes_on(
    archive: Path, tmp_path: Path, tiny_folder: Path, undisturbed: Path, number: signal.Signals
) -> None:
    job = Job(archive, tmp_path / "out", tiny_folder)
    job.wait_for_shards(3)
    job.process.send_signal(number)
    code, errors = job.end()
    if number == signal.SIGKILL:
        assert code == -number
    else:
        assert code == 128 + number
        assert f"stopped by {number.name}" in errors
        assert "Run the same command again to go on." in errors
    kept = job.finished_shards()
    assert not (job.out / "summary.json").exists()
    assert Job(archive, job.out, tiny_folder).end()[0] == 3
    assert content(job.out) == content(undisturbed)
    summary = json.loads((job.out / "summary.json").read_text())
    assert summary["resumed_shards"] == kept >= 3
    assert not [path for path in job.out.rglob("*") if path.name.endswith(".tmp")]


def test_a_worker_that_dies_costs_its_shard_another_try(
    archive: Path, tmp_path: Path, tiny_folder: Path, undisturbed: Path
) -> None:
    job = Job(archive, tmp_path / "out", tiny_folder, "--workers", "2")
    job.wait_for_shards(3)
    children = [
        int(pid)
        for task in Path(f"/proc/{job.process.pid}/task").iterdir()
        for pid in (task / "children").read_text().split()
    ]
    workers = [pid for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    assert len(workers) == 2
    os.kill(workers[0], signal.SIGKILL)
    assert job.end()[0] == 3
    assert content(job.out) == content(undisturbed)


def test_a_full_disk_is_said_and_the_job_goes_on_later(
    archive: Path, tmp_path: Path, tiny_folder: Path, undisturbed: Path
) -> None:
    size = max(path.stat().st_size for path in (undisturbed / "stances").iterdir())
    # A limit on the size of files: writing fails as on a full disk.
    limit = size * 3 // 4
    job = Job(archive, tmp_path / "out", tiny_folder)
    resource.prlimit(job.process.pid, resource.RLIMIT_FSIZE, (limit, limit))
    code, errors = job.end()
    assert code == 4
    assert "the output cannot be written" in errors
    assert "File too large" in errors
    assert Job(archive, job.out, tiny_folder).end()[0] == 3
    assert content(job.out) == content(undisturbed)


def test_another_job_under_the_same_output_is_refused_in_words(
    archive: Path, tmp_path: Path, tiny_folder: Path
) -> None:
    out = tmp_path / "out"
    assert Job(archive, out, tiny_folder).end()[0] == 3
    before = content(out)
    code, errors = Job(archive, out, tiny_folder, "--keep-neutral").end()
    assert code == 2
    assert "keep neutral was False and is True" in errors
    (tmp_path / "more.jsonl").write_text('{"text": "Turkey met Russia."}\n')
    code, errors = Job(archive, out, tiny_folder, str(tmp_path / "more.jsonl")).end()
    assert code == 2
    assert "more.jsonl was added" in errors
    text = archive.read_text(encoding="utf-8")
    archive.write_text(text.replace("Turkey met", "Turkey hit", 1), encoding="utf-8")
    code, errors = Job(archive, out, tiny_folder).end()
    assert code == 2
    assert "archive.jsonl was changed" in errors
    assert content(out) == before
    assert Job(archive, out, tiny_folder, "--overwrite", "--keep-neutral").end()[0] == 3
    assert any(row["sentence"] == "Turkey hit Russia." for row in content(out)[0])


def test_a_second_job_is_told_who_holds_the_output(archive: Path, tmp_path: Path, tiny_folder: Path) -> None:
    with Output(tmp_path / "out"):
        code, errors = Job(archive, tmp_path / "out", tiny_folder).end()
    assert code == 2
    assert f"held by process {os.getpid()} on" in errors


def test_an_input_that_changes_in_mid_job_fails_alone(tmp_path: Path, tiny_folder: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("1", "2", "3"):
        (folder / f"{name}.jsonl").write_text(json.dumps({"id": name, "text": "Turkey met Russia."}) + "\n")
    recipe = Recipe(model=str(tiny_folder), device="cpu", keep_neutral=True, shard_bytes=64)
    changed = folder / "3.jsonl"

    def change(_bytes: int, articles: int) -> None:
        if articles == 1 and "Oman" not in changed.read_text():
            changed.write_text(json.dumps({"id": "3", "text": "Turkey met Oman."}) + "\n")

    with Output(tmp_path / "out") as output:
        inputs = find_inputs([str(folder)])
        result = score_archive(inputs, output, recipe, resources=Resources(workers=1), on_progress=change)
    (failed,) = result.failed
    assert "3.jsonl" in failed.reason
    assert "changed" in failed.reason
    assert result.summary.articles == 2
    with Output(tmp_path / "out") as output:
        result = score_archive(find_inputs([str(folder)]), output, recipe)
    assert not result.failed
    assert not result.problems
    assert result.summary.resumed_shards == 2
    rows, _ = content(tmp_path / "out")
    assert {(row["article_id"], row["target_id"]) for row in rows if row["source_id"] == "TUR"} == {
        ("1", "RUS"),
        ("2", "RUS"),
        ("3", "OMN"),
    }
