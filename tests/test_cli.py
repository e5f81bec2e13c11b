"""The command line as a user meets it: real processes, real files, exit codes and messages."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest


def detente(*arguments: str | Path, stdin: bytes = b"", cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "detente", *map(str, arguments)]
    environment = {**os.environ, "COLUMNS": "160", "NO_COLOR": "1"}
    done = subprocess.run(command, input=stdin, capture_output=True, check=False, cwd=cwd, env=environment)
    return subprocess.CompletedProcess(command, done.returncode, done.stdout.decode(), done.stderr.decode())


def test_help_is_quick_and_imports_nothing_heavy(tmp_path: Path) -> None:
    times = []
    for _ in range(3):
        started = time.perf_counter()
        done = detente("--help", cwd=tmp_path)
        times.append(time.perf_counter() - started)
        assert done.returncode == 0
    assert "score" in done.stdout
    names = ("torch", "transformers", "pyarrow", "mlflow")
    code = f"import sys, detente.cli; print([name for name in {names} if name in sys.modules])"
    heavy = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert heavy.stdout.strip() == "[]"


def test_score_help_has_an_example_and_says_what_the_exit_codes_mean() -> None:
    done = detente("score", "--help")
    assert "detente score news/ more.jsonl.gz --out stances/" in done.stdout
    assert "Exit codes" in done.stdout


@pytest.fixture
def article(tmp_path: Path) -> Path:
    path = tmp_path / "article.jsonl"
    path.write_text('{"text": "Turkey met Russia."}\n', encoding="utf-8")
    return path


def test_all_scored_is_0_and_rejects_are_3(tmp_path: Path, tiny_folder: Path, article: Path) -> None:
    done = detente("score", article, "--out", tmp_path / "out", "--model", tiny_folder, "--keep-neutral")
    assert done.returncode == 0, done.stderr
    assert "1 records = 1 articles scored + 0 rejected" in done.stdout
    with article.open("ab") as more:
        more.write(b'{"text": 3}\n{"text": "caf\xe9"}\n')
    done = detente("score", article, "--out", tmp_path / "out2", "--model", tiny_folder)
    assert done.returncode == 3, done.stderr
    assert "3 records = 1 articles scored + 2 rejected" in done.stdout
    rejects = [json.loads(line) for line in (tmp_path / "out2" / "rejects.jsonl").read_text().splitlines()]
    assert [reject["place"] for reject in rejects] == ["line 2", "line 3"]


def test_standard_input(tmp_path: Path, tiny_folder: Path, article: Path) -> None:
    done = detente("score", "-", "--out", tmp_path / "out", "--model", tiny_folder, stdin=article.read_bytes())
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["pairs"] == 2


@pytest.mark.parametrize(
    ("name", "content", "code", "message"),
    [
        (None, b"", 2, "found no such path"),
        ("a.docx", b"x", 2, "expected a file of a kind that is read"),
        ("a.jsonl", b"", 2, "expected at least one article, found none; the first reject: no record at all"),
        ("a.csv", b"headline,n\nx,1\n", 2, "found the columns 'headline', 'n'. Name it with --text-column."),
        ("a.jsonl", b'{"headline": "x"}', 2, "found the columns 'headline'. Name it with --text-column."),
        ("a.txt", b"caf\xe9", 2, "expected UTF-8, found byte 0xe9"),
        ("a.parquet", b"PAR1", 2, "expected at least one article, found none"),
        ("a.txt", b"x" * 5_000_000, 2, "expected at most 4,000,000 bytes, found more"),
    ],
)
def test_bad_input_ends_with_a_message(
    tmp_path: Path, tiny_folder: Path, name: str | None, content: bytes, code: int, message: str
) -> None:
    path = tmp_path / (name or "nowhere.txt")
    if name:
        path.write_bytes(content)
    done = detente("score", path, "--out", tmp_path / "out", "--model", tiny_folder)
    assert done.returncode == code
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_unreadable_files_and_foreign_directories(tmp_path: Path, tiny_folder: Path, article: Path) -> None:
    foreign = detente("score", article, "--out", tmp_path, "--model", tiny_folder)
    assert foreign.returncode == 2
    assert "expected a new or empty output directory, or one of ours" in foreign.stderr
    named = detente("score", article, "--out", tmp_path / "o", "--model", tiny_folder, "--text-column", "body")
    assert named.returncode == 2
    assert "expected a column 'body', found the columns 'text'" in named.stderr
    unknown = detente("score", article, "--out", tmp_path / "p", "--model", tmp_path / "none")
    assert unknown.returncode == 2
    assert "expected a model: small or a folder" in unknown.stderr
    broken = tmp_path / "more" / "broken.jsonl.gz"
    broken.parent.mkdir()
    broken.write_bytes(b"\x1f\x8b broken")
    both = detente("score", article, broken, "--out", tmp_path / "q", "--model", tiny_folder)
    assert both.returncode == 3
    assert "rejects, with reasons" in both.stdout


def test_text_of_the_archive_is_no_markup(tmp_path: Path, tiny_folder: Path) -> None:
    path = tmp_path / "a.jsonl"
    text = "Turkey [bold]met[/bold] Russia [/red] \u001b[31m."
    path.write_text(json.dumps({"text": text}), encoding="utf-8")
    done = detente("score", path, "--out", tmp_path / "out", "--model", tiny_folder, "--keep-neutral")
    assert done.returncode == 0, done.stderr
    assert "\u001b[31m" not in done.stdout
