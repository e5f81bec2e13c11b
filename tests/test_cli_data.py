from __future__ import annotations

import json
from pathlib import Path

import pytest
from detente.cli_data import app
from detente.data.errors import DetenteError
from detente.data.formats import label_studio
from detente.data.labelled import read_labelled
from typer.testing import CliRunner, Result

PLV = "sentence_id\tmarked_sentence\tgold_penta\tgold_root\n1\t<s>Malta</s> met <t>Tunis</t>.\t1\tCONSULT\n"


@pytest.fixture(autouse=True)
def wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "250")


def run(*args: str | Path) -> Result:
    return CliRunner().invoke(app, [str(arg) for arg in args])


def labelled(path: Path, *ids: str, text: str = "Malta met Tunis.") -> Path:
    records = [
        {"id": name, "text": text, "actors": {"M": [[0, 5]], "T": [[10, 15]]}, "stances": [["M", "T", "cooperative"]]}
        for name in ids
    ]
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def test_check_prints_counts_and_ends_with_0_where_all_is_clean(tmp_path: Path) -> None:
    result = run("check", labelled(tmp_path / "a.jsonl", "1"))

    assert result.exit_code == 0, result.output
    assert "50%" in result.output
    assert "Clean" in result.output


def test_check_names_leaks_and_ends_with_1(tmp_path: Path) -> None:
    first, second = labelled(tmp_path / "a.jsonl", "1"), labelled(tmp_path / "b.jsonl", "2")

    result = run("check", first, second)

    assert result.exit_code == 1
    assert f"leak: {first}:1 and {second}:2 (same text, cosine 1.00)" in result.output


def test_check_of_a_broken_file_is_a_user_error(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("{}\n")

    result = run("check", tmp_path / "a.jsonl")

    assert isinstance(result.exception, DetenteError)


def test_agreement_prints_kappa_and_confusion(tmp_path: Path) -> None:
    result = run("agreement", labelled(tmp_path / "a.jsonl", "1"), labelled(tmp_path / "b.jsonl", "1"))

    assert result.exit_code == 0, result.output
    assert "2 pairs in 1 sentences compared" in result.output
    assert "Cohen's kappa 1.000" in result.output


def test_convert_writes_all_rows(tmp_path: Path) -> None:
    (tmp_path / "plv.tsv").write_text(PLV)
    out = tmp_path / "plv.jsonl"

    result = run("convert", "--from", "plv", tmp_path / "plv.tsv", out)

    assert result.exit_code == 0, result.output
    assert "1 rows in, 1 out, 0 refused" in result.output
    assert [sentence.id for sentence in read_labelled(out)] == ["plv:1"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plv.jsonl", "plv.tsv"]


def test_convert_reports_refused_rows_and_ends_with_3(tmp_path: Path) -> None:
    (tmp_path / "plv.tsv").write_text(PLV + "2\tnothing marked\t1\tX\n")

    result = run("convert", "--from", "plv", tmp_path / "plv.tsv", tmp_path / "out.jsonl")

    assert result.exit_code == 3
    assert "2 rows in, 1 out, 1 refused" in result.output
    assert "1: no source is marked" in result.output
    (reject,) = (tmp_path / "out.jsonl.rejects.jsonl").read_text().splitlines()
    assert json.loads(reject) == {
        "place": f"{tmp_path / 'plv.tsv'}:3",
        "reason": "no source is marked",
        "text": "2\tnothing marked\t1\tX",
    }


def test_a_clean_conversion_removes_the_rejects_of_the_one_before(tmp_path: Path) -> None:
    (tmp_path / "plv.tsv").write_text(PLV + "2\tnothing marked\t1\tX\n")
    run("convert", "--from", "plv", tmp_path / "plv.tsv", tmp_path / "out.jsonl")
    (tmp_path / "plv.tsv").write_text(PLV)

    result = run("convert", "--from", "plv", tmp_path / "plv.tsv", tmp_path / "out.jsonl", "--overwrite")

    assert result.exit_code == 0
    assert not (tmp_path / "out.jsonl.rejects.jsonl").exists()


def test_convert_to_label_studio_and_back(tmp_path: Path) -> None:
    source, tasks, back = labelled(tmp_path / "a.jsonl", "1", "2"), tmp_path / "tasks.json", tmp_path / "b.jsonl"

    there = run("convert", "--from", "detente", "--to", "label-studio", source, tasks)
    again = run("convert", "--from", "label-studio", tasks, back)

    assert (there.exit_code, again.exit_code) == (0, 0), there.output + again.output
    assert (tmp_path / "tasks.json.config.xml").read_text() == label_studio.labelling_config()
    assert list(read_labelled(back)) == list(read_labelled(source))


def test_convert_does_not_replace_a_file_unasked(tmp_path: Path) -> None:
    source, out = labelled(tmp_path / "a.jsonl", "1"), labelled(tmp_path / "b.jsonl", "kept")

    result = run("convert", "--from", "detente", source, out)

    assert "expected a new file, found" in str(result.exception)
    assert [sentence.id for sentence in read_labelled(out)] == ["kept"]


def test_a_conversion_that_fails_leaves_nothing(tmp_path: Path) -> None:
    source = labelled(tmp_path / "a.jsonl", "1", "1")

    result = run("convert", "--from", "detente", source, tmp_path / "out.jsonl")

    assert isinstance(result.exception, DetenteError)
    assert [path.name for path in tmp_path.iterdir()] == ["a.jsonl"]


def test_an_unknown_format_is_a_usage_error(tmp_path: Path) -> None:
    result = run("convert", "--from", "excel", "a", "b")

    assert result.exit_code == 2
