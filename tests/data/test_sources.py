from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path

import pytest
from detente.data.errors import DetenteError
from detente.data.sources import read_set


def labelled(path: Path, *ids: str) -> Path:
    records = [
        {"id": name, "text": f"Malta met Tunis {name}.", "actors": {"M": [[0, 5]]}, "stances": []} for name in ids
    ]
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def test_a_file_and_a_folder_of_files(tmp_path: Path) -> None:
    one, two = labelled(tmp_path / "b.jsonl", "1", "2"), labelled(tmp_path / "a.jsonl", "3")
    (tmp_path / "notes.txt").write_text("not read")
    alone, together = read_set(str(one)), read_set(str(tmp_path))
    assert (alone.name, alone.format, len(alone.sentences)) == ("b", "detente", 2)
    assert alone.sha256 == hashlib.sha256(one.read_bytes()).hexdigest()
    assert [sentence.id for sentence in together.sentences] == ["3", "1", "2"]
    assert together.sha256 == hashlib.sha256(two.read_bytes() + one.read_bytes()).hexdigest()


def test_compressed_files_are_read_like_others_and_damaged_ones_named(tmp_path: Path) -> None:
    plain = labelled(tmp_path / "a.jsonl", "1", "2")
    packed = tmp_path / "b.jsonl.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert read_set(str(packed)).sentences == read_set(str(plain)).sentences
    plain.unlink()
    assert [sentence.id for sentence in read_set(str(tmp_path)).sentences] == ["1", "2"]
    for damaged in (packed.read_bytes()[:-10], b"no gzip", packed.read_bytes()[:20] + b"\0" * 90):
        packed.write_bytes(damaged)
        with pytest.raises(DetenteError, match=r"b\.jsonl\.gz: expected a whole \.gz file"):
            read_set(str(packed))


def test_a_public_set_counts_what_it_refuses(tmp_path: Path) -> None:
    path = tmp_path / "plv.tsv"
    rows = ["sentence_id\tmarked_sentence\tgold_penta\tgold_root", "1\t<s>Malta</s> met <t>Tunis</t>.\t1\tCONSULT"]
    path.write_text("\n".join([*rows, "2\tnothing marked\t1\tX", ""]))
    found = read_set(f"plv:{path}")
    assert (found.format, len(found.sentences)) == ("plv", 1)
    assert found.refused == {"no source is marked": 1}


def test_nothing_to_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DetenteError, match="expected a labelled JSONL file, found no file"):
        read_set(str(tmp_path / "none.jsonl"))
    with pytest.raises(DetenteError, match="expected at least one labelled sentence, found none"):
        read_set(str(tmp_path))
