"""Articles out of files: every record comes out as an article or as a reject that says why."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from detente.data.schema import Article
from detente.inference.articles import ArticleReader, ColumnNames, Reject, iso_date
from detente.inference.inputs import find_inputs
from hypothesis import given
from hypothesis import strategies as st


def read(path: Path, *, columns: ColumnNames | None = None, max_chars: int = 1_000_000) -> list[Article | Reject]:
    reader = ArticleReader(columns or ColumnNames(), max_chars=max_chars)
    return [record for file in find_inputs([str(path)]).files for record in reader.read(file)]


def reasons(records: list[Article | Reject]) -> list[str]:
    return [record.reason for record in records if isinstance(record, Reject)]


def write(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


RECORD = {"id": "7", "text": "Oz met Ev.", "date": "2003-04-05", "title": "Talks", "source": "The Bugle"}
ARTICLE = Article(id="7", text="Oz met Ev.", date="2003-04-05", title="Talks", source_name="The Bugle")


def test_the_same_article_from_every_format(tmp_path: Path) -> None:
    cells = io.StringIO()
    csv.writer(cells).writerows([RECORD.keys(), RECORD.values()])
    paths = [
        write(tmp_path / "a.jsonl", json.dumps(RECORD)),
        write(tmp_path / "a.csv", cells.getvalue()),
        write(tmp_path / "a.tsv", "\t".join(RECORD) + "\n" + "\t".join(RECORD.values()) + "\n"),
        tmp_path / "a.parquet",
    ]
    pq.write_table(pa.Table.from_pylist([RECORD]), paths[-1])
    paths.append(write(tmp_path / "b.parquet.gz", gzip.compress(paths[-1].read_bytes())))
    for path in paths:
        assert read(path) == [ARTICLE], path.name


def test_a_text_file_is_an_article(tmp_path: Path) -> None:
    assert read(write(tmp_path / "a.txt", "\ufeffOz met Ev.\n")) == [Article(id="a.txt", text="Oz met Ev.\n")]


def test_a_page_gives_its_article(tmp_path: Path) -> None:
    body = "".join(
        f"<p>Oz met Ev for the {n}th time, and both sides spoke of progress in the talks.</p>" for n in range(9)
    )
    page = (
        "<html><head><title>Talks - The Bugle</title><meta property='og:site_name' content='The Bugle'>"
        "<meta property='article:published_time' content='2003-04-05T10:00:00Z'></head>"
        f"<body><nav>Home News Sport</nav><article><h1>Talks</h1>{body}</article>"
        "<script>alert('x')</script></body></html>"
    )
    (article,) = read(write(tmp_path / "a.html", page))
    assert isinstance(article, Article)
    assert (article.date, article.source_name) == ("2003-04-05", "The Bugle")
    assert "Oz met Ev for the 3th time" in article.text
    assert "alert" not in article.text


def test_columns_go_by_common_names_or_as_named(tmp_path: Path) -> None:
    record = {
        "Headline": "H",
        "Body": "Oz met Ev.",
        "published_at": "Sat, 05 Apr 2003 10:00:00 GMT",
        "url": "http://x/1",
    }
    path = write(tmp_path / "a.jsonl", json.dumps(record))
    assert read(path) == [Article(id="http://x/1", text="Oz met Ev.", date="2003-04-05", title="H")]
    (named,) = read(path, columns=ColumnNames(text="Headline", id="published_at"))
    assert isinstance(named, Article)
    assert (named.text, named.id) == ("H", "Sat, 05 Apr 2003 10:00:00 GMT")


def test_records_without_ids_get_the_same_ones_every_time(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", '{"text": "One."}\n\n{"text": "Two."}\n')
    ids = [record.id for record in read(path) if isinstance(record, Article)]
    assert ids == ["a.jsonl:1", "a.jsonl:3"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"no json", "expected a JSON object, found no JSON"),
        (b"[1, 2]", "expected a JSON object, found a list"),
        (b'{"text": 5}', "expected a text, found int"),
        (b'{"text": null}', "expected a text, found NoneType"),
        (b'{"text": "  "}', "expected a text, found an empty one"),
        (b'{"text": "a\\u0000b"}', "found NUL characters"),
        (b'{"text": "a\\ud800b"}', "expected UTF-8, found bytes or surrogates"),
        (b'{"text": "caf\xe9"}', "expected UTF-8, found byte 0xe9 at byte 13"),
        (
            b'{"title": "T", "n": 1}',
            r"expected a text column \(text, body, .*found the columns 'title', 'n'.*--text-column",
        ),
        (b'{"text": "Oz", "id": {"a": 1}}', "expected a text or a number as id, found dict"),
        (b"[" * 100_000, "expected a JSON object, found no JSON"),
        (b'{"text": "x", "id": ' + b"9" * 5_000 + b"}", "expected a JSON object, found no JSON: Exceeds the limit"),
    ],
)
def test_a_bad_line_costs_only_itself(tmp_path: Path, line: bytes, reason: str) -> None:
    path = write(tmp_path / "a.jsonl", b'{"text": "One."}\n' + line + b'\n{"text": "Two."}\n')
    first, reject, last = read(path)
    assert isinstance(first, Article)
    assert isinstance(last, Article)
    assert isinstance(reject, Reject)
    assert (reject.file, reject.place) == ("a.jsonl", "line 2")
    assert pytest.approx(len(reject.excerpt), abs=200) == min(len(line), 200)
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(reject.reason)


def test_articles_and_lines_that_are_too_long(tmp_path: Path) -> None:
    long = (
        json.dumps({"text": "x" * 200}) + "\n" + json.dumps({"text": "y" * 2_000}) + "\n" + json.dumps({"text": "ok"})
    )
    assert reasons(read(write(tmp_path / "a.jsonl", long), max_chars=100)) == [
        "expected at most 100 characters (--max-article-chars), found 200",
        "expected a line of less than 800 bytes, found more",
    ]
    assert reasons(read(write(tmp_path / "b.txt", "x" * 500), max_chars=100)) == [
        "expected at most 400 bytes, found more"
    ]


def test_bad_rows_of_a_table_cost_only_themselves(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", b'text,n\n"One, with\na break",1\nTwo\ncaf\xe9,3\n"Four",4\n')
    records = read(path)
    assert [record.text for record in records if isinstance(record, Article)] == ["One, with\na break", "Four"]
    assert reasons(records) == [
        "expected 2 cells like the header, found 1",
        "expected UTF-8, found bytes or surrogates that are none",
    ]


def test_a_table_without_a_text_column_says_which_it_has(tmp_path: Path) -> None:
    for path in (write(tmp_path / "a.csv", "n,m\n1,2\n"), tmp_path / "b.parquet"):
        if path.suffix == ".parquet":
            pq.write_table(pa.table({"n": [1], "m": [2]}), path)
        (reason,) = reasons(read(path))
        assert "found the columns 'n', 'm'. Name it with --text-column." in reason


@pytest.mark.parametrize("name", ["a.parquet", "a.jsonl.gz", "a.jsonl.zst", "a.csv.gz"])
def test_a_damaged_file_is_one_reject(tmp_path: Path, name: str) -> None:
    (record,) = read(write(tmp_path / name, b"\x1f\x8b not what the name says"))
    assert isinstance(record, Reject)
    assert record.place == "file"


def test_a_truncated_file_keeps_what_came_before(tmp_path: Path) -> None:
    whole = gzip.compress(b"".join(json.dumps({"text": f"Number {n}."}).encode() + b"\n" for n in range(20_000)))
    records = read(write(tmp_path / "a.jsonl.gz", whole[: len(whole) // 2]))
    assert isinstance(records[-1], Reject)
    assert "could not be read to its end" in records[-1].reason
    assert len(records) > 1_000
    assert all(isinstance(record, Article) for record in records[:-1])


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.zip"])
def test_a_decompression_bomb_is_one_reject(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name.endswith(".zip"):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            archive.writestr("a.jsonl", (b" " * 99_999 + b"\n") * 2_800)
    else:
        path.write_bytes(gzip.compress(b" " * 280_000_000, 1))
    (reject,) = read(path)
    assert isinstance(reject, Reject)
    assert "as in a decompression bomb" in reject.reason


def test_a_parquet_file_with_odd_cells_and_columns(tmp_path: Path) -> None:
    dates = pa.array([0, 2**45], type=pa.timestamp("s"))
    pq.write_table(pa.table({"text": ["One.", "Two."], "date": dates}), tmp_path / "a.parquet")
    first, reject = read(tmp_path / "a.parquet")
    assert isinstance(first, Article)
    assert first.date == "1970-01-01"
    assert isinstance(reject, Reject)
    assert (reject.place, reject.excerpt) == ("row 2", "Two.")
    twice = pa.Table.from_arrays([pa.array(["One."])] * 2, ["text", "text"])
    pq.write_table(twice, tmp_path / "b.parquet")
    assert reasons(read(tmp_path / "b.parquet")) == [
        "expected one column 'text', found the columns 'text', 'text'. Rename one of them."
    ]


def test_a_text_that_a_million_rows_share_is_held_once(tmp_path: Path) -> None:
    # 2 GB of text in a file of some kB: if more than a row were decoded at once, this would show.
    text = pa.DictionaryArray.from_arrays(pa.array([0] * 5_000, pa.int32()), pa.array(["x" * 400_000]))
    pq.write_table(pa.table({"text": text}), tmp_path / "a.parquet")
    pool = pa.default_memory_pool()
    before, records = pool.bytes_allocated(), 0
    (file,) = find_inputs([str(tmp_path / "a.parquet")]).files
    for record in ArticleReader().read(file):
        records += 1
        assert isinstance(record, Article)
        assert pool.bytes_allocated() - before < 50_000_000
    assert records == 5_000


def test_a_csv_cell_that_never_ends_costs_what_it_swallowed(tmp_path: Path) -> None:
    content = "text\nOne.\n" + "x" * 1_000 + '\n"never closed ' + "y\n" * 500 + "Four.\n"
    records = read(write(tmp_path / "a.csv", content), max_chars=100)
    assert next(record.text for record in records if isinstance(record, Article)) == "One."
    assert any("expected lines of less than 800 bytes" in reason for reason in reasons(records))
    assert any("field larger than field limit" in reason for reason in reasons(records))


@given(
    st.lists(st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), min_size=1), max_size=20)
)
def test_any_text_comes_through_unchanged(texts: list[str]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.jsonl"
        path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), encoding="utf-8")
        if texts:
            records = read(path)
            assert len(records) == len(texts)
            kept = [record.text for record in records if isinstance(record, Article)]
            assert kept == [text for text in texts if text.strip()]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2003-04-05", "2003-04-05"),
        ("2003-04-05T23:10:00Z", "2003-04-05"),
        ("20030405", "2003-04-05"),
        ("Sat, 05 Apr 2003 23:10:00 +0200", "2003-04-05"),
        (date(2003, 4, 5), "2003-04-05"),
        (datetime(2003, 4, 5, 6), "2003-04-05"),
        ("some time in spring", "some time in spring"),
        (None, ""),
    ],
)
def test_dates(value: object, expected: str) -> None:
    assert iso_date(value) == expected
