"""Finding and opening the files of an archive."""

from __future__ import annotations

import gzip
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from detente.data.errors import DetenteError
from detente.inference.inputs import Format, find_inputs, open_input


def names(*arguments: Path | str) -> list[str]:
    return [file.name for file in find_inputs([str(argument) for argument in arguments]).files]


def test_directories_globs_and_files(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    for name in ("a.txt", "deep/b.jsonl", "deep/er/c.csv.gz", "deep/notes.docx"):
        (tmp_path / name).write_text("x")
    inputs = find_inputs([str(tmp_path)])
    assert [file.name for file in inputs.files] == ["a.txt", "deep/b.jsonl", "deep/er/c.csv.gz"]
    assert [file.format for file in inputs.files] == [Format.TEXT, Format.JSONL, Format.CSV]
    assert inputs.skipped == 1
    assert names(tmp_path / "**" / "*.csv.gz") == ["c.csv.gz"]
    assert names(tmp_path / "a.txt", tmp_path / "a.txt") == ["a.txt"]


def test_two_files_of_one_name_go_by_their_paths(tmp_path: Path) -> None:
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.txt").write_text("x")
    paths = [tmp_path / "x" / "a.txt", tmp_path / "y" / "a.txt"]
    assert names(*paths) == [str(path) for path in paths]


def test_members_of_a_zip_file_are_inputs_and_their_names_no_paths(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as archive:
        archive.writestr("../../escape.txt", "outside")
        archive.writestr("in/b.jsonl.gz", gzip.compress(b'{"text": "inside"}\n'))
        archive.writestr("picture.png", b"")
    inputs = find_inputs([str(tmp_path)])
    assert [file.name for file in inputs.files] == ["archive.zip!../../escape.txt", "archive.zip!in/b.jsonl.gz"]
    read = []
    for file in inputs.files:
        with open_input(file) as opened:
            read.append(opened.stream.read())
    assert read == [b"outside", b'{"text": "inside"}\n']
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["archive.zip"]


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_compressed_files_open_as_what_they_hold(tmp_path: Path, suffix: str) -> None:
    content = "Türkiye\n".encode() * 1_000
    path = tmp_path / f"a.txt{suffix}"
    pack: dict[str, Callable[[bytes], bytes]] = {
        "": bytes,
        ".gz": gzip.compress,
        ".zst": lambda raw: pa.compress(raw, codec="zstd", asbytes=True),
    }
    path.write_bytes(pack[suffix](content))
    (file,) = find_inputs([str(path)]).files
    with open_input(file) as opened:
        assert opened.stream.read() == content
        assert opened.bytes_read() == file.size == path.stat().st_size


def test_what_is_no_archive_is_said(tmp_path: Path) -> None:
    with pytest.raises(DetenteError, match="found no such path nowhere"):
        find_inputs(["nowhere"])
    (tmp_path / "a.docx").write_text("x")
    with pytest.raises(DetenteError, match=r"expected a file of a kind that is read \(\.txt, .*found .*a\.docx"):
        find_inputs([str(tmp_path / "a.docx")])
    with pytest.raises(DetenteError, match="expected at least one file of a kind that is read"):
        find_inputs([str(tmp_path)])
    (tmp_path / "a.zip").write_text("no zip")
    assert [file.broken[:20] for file in find_inputs([str(tmp_path)]).files] == ["expected a zip file,"]


def test_pipes_and_loops_of_links_do_not_block(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    os.mkfifo(tmp_path / "pipe.txt")
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    assert names(tmp_path) == ["a.txt"]
