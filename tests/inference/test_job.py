"""A whole job: rows, counts and files."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from detente.data.errors import DetenteError
from detente.data.schema import STANCES
from detente.inference.articles import ArticleReader
from detente.inference.gazetteer import Gazetteer, Name
from detente.inference.inputs import find_inputs
from detente.inference.job import JobResult, score_archive
from detente.inference.manifest import ShardRecord
from detente.inference.output import Output
from detente.inference.pipeline import Pipeline
from detente.inference.scorer import StanceScorer
from detente.inference.shards import plan_shards
from detente.inference.work import Recipe, ShardScorer
from detente.models.batch import cut_at
from detente.models.loading import LoadedModel

GAZETTEER = Gazetteer([Name("Oz", "OZZ"), Name("Ozian", "OZZ"), Name("Ev", "EVV"), Name("Ib", "IBB")])
ARTICLES = [
    {"id": "a", "text": "Oz struck Ev. Nobody spoke. Oz, Ib and Ev met; the Ozian envoy smiled.", "date": "2003-04-05"},
    {"id": "b", "text": "Ib was calm.\n\nEv and Ib signed.", "source": "The Bugle"},
    {"id": "c", "text": ""},
]


ACTORS = "id,name\nOZZ,Oz\nOZZ,Ozian\nEVV,Ev\nIBB,Ib\n"


def write_archive(folder: Path, articles: list[dict[str, str]]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "articles.jsonl"
    path.write_text("\n".join(map(json.dumps, articles)), encoding="utf-8")
    return path


def run(
    tmp_path: Path, model: Path, *, keep_neutral: bool = True, overwrite: bool = False
) -> tuple[JobResult, list[dict[str, object]], list[dict[str, str]]]:
    archive = tmp_path / "in" / "articles.jsonl"
    if not archive.exists():
        write_archive(archive.parent, ARTICLES)
    (tmp_path / "actors.csv").write_text(ACTORS, encoding="utf-8")
    recipe = Recipe(model=str(model), device="cpu", actors=tmp_path / "actors.csv", keep_neutral=keep_neutral)
    with Output(tmp_path / "out", overwrite=overwrite) as output:
        result = score_archive(find_inputs([str(archive)]), output, recipe)
    rows = pq.read_table(output.layout.stances).to_pylist()
    rejects = [json.loads(line) for line in output.layout.rejects.read_text(encoding="utf-8").splitlines()]
    return result, rows, rejects


def score_shard(
    tmp_path: Path, tiny: LoadedModel, articles: list[dict[str, str]]
) -> tuple[ShardRecord, list[dict[str, object]], list[dict[str, str]]]:
    (shard,) = plan_shards(find_inputs([str(write_archive(tmp_path / "in", articles))]).files)
    with Output(tmp_path / "out") as output:
        pipeline = Pipeline(StanceScorer(tiny), GAZETTEER, keep_neutral=True)
        record = ShardScorer(pipeline, ArticleReader(), output.layout, output.holder).score(shard)
    rejects = output.layout.rejects_of(shard.name)
    lines = rejects.read_text(encoding="utf-8").splitlines() if rejects.exists() else []
    return record, pq.read_table(output.layout.stances).to_pylist(), list(map(json.loads, lines))


def test_rows_say_what_the_articles_say(tmp_path: Path, tiny_folder: Path, tiny: LoadedModel) -> None:
    result, rows, rejects = run(tmp_path, tiny_folder)
    texts = {article["id"]: article["text"] for article in ARTICLES}
    pairs = [(row["article_id"], row["sentence_id"], row["source_id"], row["target_id"]) for row in rows]
    assert pairs == [
        *(("a", 0, *pair) for pair in permutations(["OZZ", "EVV"], 2)),
        *(("a", 2, *pair) for pair in permutations(["OZZ", "IBB", "EVV"], 2)),
        *(("b", 1, *pair) for pair in permutations(["EVV", "IBB"], 2)),
    ]
    for row in rows:
        start, sentence = row["sentence_start"], row["sentence"]
        assert isinstance(start, int)
        assert isinstance(sentence, str)
        assert texts[str(row["article_id"])][start : start + len(sentence)] == sentence
        for field in ("source_mentions", "target_mentions"):
            mentions = row[field]
            assert isinstance(mentions, list)
            assert all(sentence[mention["start"] : mention["end"]] == mention["text"] for mention in mentions)
        shares = {label: row[f"p_{label}"] for label in STANCES}
        assert sum(map(float, shares.values())) == pytest.approx(1, abs=1e-4)  # type: ignore[arg-type]
        assert row["stance"] == max(shares, key=shares.__getitem__)  # type: ignore[arg-type]
        assert row["model_version"] == tiny.version
    both = next(row for row in rows if row["sentence_id"] == 2 and row["source_id"] == "OZZ")
    assert [m["text"] for m in both["source_mentions"]] == ["Oz", "Ozian"]  # type: ignore[attr-defined]
    assert {row["date"] for row in rows if row["article_id"] == "a"} == {"2003-04-05"}
    assert [row["source_name"] for row in rows if row["article_id"] == "b"] == ["The Bugle"] * 2
    assert [reject["reason"] for reject in rejects] == ["expected a text, found an empty one"]
    summary = result.summary
    assert (summary.records, summary.articles, summary.rejected_records) == (3, 2, 1)
    assert (summary.sentences, summary.sentences_with_pairs, summary.pairs) == (5, 3, 10)
    assert sum(summary.rows.values()) == len(rows)
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["rows"] == summary.rows


def test_neutral_rows_are_left_out_unless_wanted(tmp_path: Path, tiny_folder: Path) -> None:
    _, everything, _ = run(tmp_path / "1", tiny_folder)
    result, rows, _ = run(tmp_path / "2", tiny_folder, keep_neutral=False)
    assert rows == [row for row in everything if row["stance"] != "neutral"]
    assert 0 < len(rows) < len(everything)
    assert result.summary.rows["neutral"] == 0
    assert result.summary.pairs == len(everything)


def test_batches_do_not_change_results(tmp_path: Path, tiny: LoadedModel) -> None:
    _, rows, _ = score_shard(tmp_path, tiny, ARTICLES * 40)
    by_pair: dict[tuple[object, ...], set[float]] = {}
    for row in rows:
        key = (row["article_id"], row["sentence_id"], row["source_id"], row["target_id"])
        by_pair.setdefault(key, set()).add(round(float(row["p_hostile"]), 4))  # type: ignore[arg-type]
    assert len(rows) == 400
    assert all(len(values) == 1 for values in by_pair.values())


def test_pairs_behind_the_longest_input_are_rejected_not_lost(tmp_path: Path, tiny: LoadedModel) -> None:
    text = "Oz met Ev " + "while it rained " * 30 + "and Ib looked on."
    whole = tiny.model.config.max_pieces
    cut_at(tiny.tokenizer, 64)
    try:
        record, rows, rejects = score_shard(tmp_path, tiny, [{"id": "a", "text": text}])
    finally:
        cut_at(tiny.tokenizer, whole)
    assert [(row["source_id"], row["target_id"]) for row in rows] == [("OZZ", "EVV"), ("EVV", "OZZ")]
    assert record.counts.rejected_pairs == record.rejects == len(rejects) == 4
    assert rejects[0]["place"] == "sentence 0, OZZ -> IBB"
    assert "behind the longest input" in rejects[0]["reason"]


def test_an_output_directory_that_is_not_ours_is_left_alone(tmp_path: Path, tiny_folder: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "thesis.tex").write_text("x")
    with pytest.raises(
        DetenteError, match="expected a new or empty output directory, or one of ours, found other files"
    ):
        Output(tmp_path / "theirs", overwrite=True)
    with pytest.raises(DetenteError, match="expected an output directory, found the file"):
        Output(tmp_path / "theirs" / "thesis.tex")
    assert [path.name for path in (tmp_path / "theirs").iterdir()] == ["thesis.tex"]


def test_a_finished_job_is_not_done_again(tmp_path: Path, tiny_folder: Path) -> None:
    first, rows, rejects = run(tmp_path, tiny_folder)
    (file,) = (tmp_path / "out" / "stances").iterdir()
    written = file.stat().st_mtime_ns
    again, rows_again, rejects_again = run(tmp_path, tiny_folder)
    assert (rows_again, rejects_again) == (rows, rejects)
    assert file.stat().st_mtime_ns == written
    assert again.summary.resumed_shards == again.summary.shards == 1
    assert again.summary.rows == first.summary.rows
    assert again.dyads.top("hostile", 9) == first.dyads.top("hostile", 9)
    anew, rows_anew, _ = run(tmp_path, tiny_folder, overwrite=True)
    assert anew.summary.resumed_shards == 0
    assert rows_anew == rows
    assert file.stat().st_mtime_ns > written
