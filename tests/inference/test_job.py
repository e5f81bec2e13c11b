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
from detente.inference.job import JobResult, Output, plan_shards, score_archive
from detente.inference.pipeline import Pipeline
from detente.inference.scorer import StanceScorer
from detente.models.batch import cut_at
from detente.models.loading import LoadedModel

GAZETTEER = Gazetteer([Name("Oz", "OZZ"), Name("Ozian", "OZZ"), Name("Ev", "EVV"), Name("Ib", "IBB")])
ARTICLES = [
    {"id": "a", "text": "Oz struck Ev. Nobody spoke. Oz, Ib and Ev met; the Ozian envoy smiled.", "date": "2003-04-05"},
    {"id": "b", "text": "Ib was calm.\n\nEv and Ib signed.", "source": "The Bugle"},
    {"id": "c", "text": ""},
]


def run(
    tmp_path: Path, tiny: LoadedModel, *, articles: list[dict[str, str]] | None = None, keep_neutral: bool = True
) -> tuple[JobResult, list[dict[str, object]], list[dict[str, str]]]:
    archive = tmp_path / "in" / "articles.jsonl"
    archive.parent.mkdir()
    archive.write_text("\n".join(map(json.dumps, ARTICLES if articles is None else articles)), encoding="utf-8")
    output = Output(tmp_path / "out")
    result = score_archive(
        find_inputs([str(archive)]),
        output,
        pipeline=Pipeline(StanceScorer(tiny), GAZETTEER, keep_neutral=keep_neutral),
        reader=ArticleReader(),
    )
    rows = pq.read_table(output.stances).to_pylist()
    rejects = [json.loads(line) for line in output.rejects.read_text(encoding="utf-8").splitlines()]
    return result, rows, rejects


def test_rows_say_what_the_articles_say(tmp_path: Path, tiny: LoadedModel) -> None:
    result, rows, rejects = run(tmp_path, tiny)
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
        assert sum(map(float, shares.values())) == pytest.approx(1, abs=1e-5)  # type: ignore[arg-type]
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


def test_neutral_rows_are_left_out_unless_wanted(tmp_path: Path, tiny: LoadedModel) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "2").mkdir()
    _, everything, _ = run(tmp_path / "1", tiny)
    result, rows, _ = run(tmp_path / "2", tiny, keep_neutral=False)
    assert rows == [row for row in everything if row["stance"] != "neutral"]
    assert 0 < len(rows) < len(everything)
    assert result.summary.rows["neutral"] == 0
    assert result.summary.pairs == len(everything)


def test_batches_do_not_change_results(tmp_path: Path, tiny: LoadedModel) -> None:
    (tmp_path / "x").mkdir()
    _, rows, _ = run(tmp_path / "x", tiny, articles=ARTICLES * 40)
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
        result, rows, rejects = run(tmp_path, tiny, articles=[{"id": "a", "text": text}])
    finally:
        cut_at(tiny.tokenizer, whole)
    assert [(row["source_id"], row["target_id"]) for row in rows] == [("OZZ", "EVV"), ("EVV", "OZZ")]
    assert result.summary.rejected_pairs == len(rejects) == 4
    assert rejects[0]["place"] == "sentence 0, OZZ -> IBB"
    assert "behind the longest input" in rejects[0]["reason"]


def test_an_output_directory_that_is_not_ours_is_left_alone(tmp_path: Path, tiny: LoadedModel) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "thesis.tex").write_text("x")
    with pytest.raises(
        DetenteError, match="expected a new or empty output directory, or one of ours, found other files"
    ):
        Output(tmp_path / "theirs", overwrite=True)
    with pytest.raises(DetenteError, match="expected an output directory, found the file"):
        Output(tmp_path / "theirs" / "thesis.tex")
    run(tmp_path, tiny)
    with pytest.raises(DetenteError, match=r"expected an output directory without a finished job.*--overwrite"):
        Output(tmp_path / "out")
    Output(tmp_path / "out", overwrite=True)
    assert not list((tmp_path / "out" / "stances").iterdir())


def test_shards_are_named_by_their_input(tmp_path: Path) -> None:
    for name in ("b.txt", "..sly$(x)*.txt", "c.txt"):
        (tmp_path / name).write_text("x")
    together = list(plan_shards(find_inputs([str(tmp_path)]).files))
    assert [len(shard.files) for shard in together] == [3]
    assert together[0].name.startswith("sly-x-txt-")
    alone = [next(plan_shards([file])).name for file in together[0].files]
    assert len({*alone, together[0].name}) == 4
    assert [next(plan_shards([file])).name for file in together[0].files] == alone
