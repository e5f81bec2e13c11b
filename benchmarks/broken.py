"""Make broken inputs of every kind we know of, score them, and print the account.

    python benchmarks/broken.py --files 200

Nothing may crash or hang, nothing may be written outside the output, and every file must be accounted for: by an
article, by a reject, or as one of a kind that is not read. Exit code 1 if that is not so.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

GOOD = "Turkey met Russia in Geneva. Iran accused Iraq of a raid across the border."
Maker = Callable[[Path, random.Random], None]


def line(text: object = GOOD, **more: object) -> bytes:
    return json.dumps({"text": text, **more}).encode() + b"\n"


def write(name: str, content: Callable[[random.Random], bytes]) -> Maker:
    def make(folder: Path, rng: random.Random) -> None:
        (folder / name).write_bytes(content(rng))

    return make


def cut(content: bytes, rng: random.Random) -> bytes:
    return content[: rng.randrange(len(content) // 4, len(content) - 1)]


def zipped(name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return out.getvalue()


def parquet(table: pa.Table) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


def fifo(folder: Path, _rng: random.Random) -> None:
    os.mkfifo(folder / "pipe.jsonl")


def loop(folder: Path, _rng: random.Random) -> None:
    (folder / "a.jsonl").symlink_to("b.jsonl")
    (folder / "b.jsonl").symlink_to("a.jsonl")
    (folder / "up").symlink_to(folder, target_is_directory=True)


def noise(rng: random.Random) -> bytes:
    return rng.randbytes(rng.randrange(1, 20_000))


def flipped(content: bytes, rng: random.Random) -> bytes:
    out = bytearray(content)
    for _ in range(5):
        out[rng.randrange(len(out))] ^= 1 << rng.randrange(8)
    return bytes(out)


LINES = b"".join(line(id=number) for number in range(50))
TABLE = pa.table({"text": [GOOD] * 50, "id": list(range(50))})
KINDS: dict[str, Maker] = {
    "a good file": write("a.jsonl", lambda _: LINES),
    "truncated gzip": write("a.jsonl.gz", lambda rng: cut(gzip.compress(LINES), rng)),
    "gzip with flipped bits": write("a.jsonl.gz", lambda rng: flipped(gzip.compress(LINES), rng)),
    "gzip bomb, one line": write("a.jsonl.gz", lambda _: gzip.compress(b"0" * 400_000_000, 1)),
    "zip bomb, text": write("a.zip", lambda _: zipped("a.txt", b"\0" * 300_000_000)),
    "zip with ../ in a name": write("a.zip", lambda _: zipped("../../../../tmp/escaped.jsonl", LINES)),
    "truncated zip": write("a.zip", lambda rng: cut(zipped("a.jsonl", LINES), rng)),
    "zip with flipped bits": write("a.zip", lambda rng: flipped(zipped("a.jsonl", LINES), rng)),
    "truncated zstandard": write("a.jsonl.zst", lambda rng: cut(pa.compress(LINES, codec="zstd", asbytes=True), rng)),
    "Latin-1": write("a.jsonl", lambda _: '{"text": "Türkei, España"}\n'.encode("latin-1")),
    "Latin-1 text file": write("a.txt", lambda _: "Le président français".encode("latin-1")),
    "UTF-16": write("a.txt", lambda _: GOOD.encode("utf-16")),
    "NUL bytes": write("a.jsonl", lambda _: line("a\0b") + b"\0\0\0\n" + line()),
    "a line of 50 MB": write("a.jsonl", lambda _: line("x" * 50_000_000) + line()),
    "an article of 5 MB in a CSV cell": write(
        "a.csv", lambda _: b'text\n"' + b"x " * 2_500_000 + b'"\n' + GOOD.encode()
    ),
    "a JSON array": write("a.jsonl", lambda _: b"[" + LINES.replace(b"\n", b",")[:-1] + b"]"),
    "wrong types": write("a.jsonl", lambda _: line(5) + line(None) + line([GOOD]) + line(id={"a": [1]}) + b"null\n"),
    "numbers of 10,000 digits": write("a.jsonl", lambda _: b'{"text": "x", "id": ' + b"9" * 10_000 + b"}\n" + line()),
    "deep JSON": write("a.jsonl", lambda _: b'{"text": ' + b"[" * 500_000 + b"\n" + line()),
    "deep HTML": write("a.html", lambda _: b"<html><body>" + b"<div>" * 200_000 + b"x"),
    "HTML that never ends": write("a.html", lambda _: b"<p><a href='" * 200_000),
    "no text column": write("a.csv", lambda _: b"n,m\n1,2\n"),
    "rows of other lengths": write("a.csv", lambda _: b"text,n\nTurkey met Iran.\nx,1,2\n" + b'"open'),
    "empty": write("a.jsonl", lambda _: b""),
    "empty Parquet": write("a.parquet", lambda _: b""),
    "truncated Parquet": write("a.parquet", lambda rng: cut(parquet(TABLE), rng)),
    "Parquet with flipped bits": write("a.parquet", lambda rng: flipped(parquet(TABLE), rng)),
    "Parquet with two text columns": write(
        "a.parquet", lambda _: parquet(pa.Table.from_arrays([pa.array([GOOD]), pa.array([GOOD])], ["text", "text"]))
    ),
    "Parquet with texts that are numbers": write("a.parquet", lambda _: parquet(pa.table({"text": [1, 2]}))),
    "Parquet with dates out of range": write(
        "a.parquet",
        lambda _: parquet(pa.table({"text": [GOOD], "date": pa.array([2**45], type=pa.timestamp("s"))})),
    ),
    "10,000 columns": write("a.jsonl", lambda _: json.dumps({f"c{n}": n for n in range(10_000)}).encode() + b"\n"),
    "surrogates": write("a.jsonl", lambda _: b'{"text": "a\\ud800b"}\n'),
    "one sentence of 900 kB": write("a.jsonl", lambda _: line("Turkey and Russia and " * 40_000)),
    "noise": write("a.txt", noise),
    "noise as Parquet": write("a.parquet", noise),
    "noise as zip": write("a.zip", noise),
    "a FIFO": fifo,
    "a loop of links": loop,
    "another kind": write("a.docx", noise),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=200, help="about how many inputs to make")
    parser.add_argument("--model", default="small")
    parser.add_argument("--timeout", type=float, default=1_800, help="seconds after which the job counts as hanging")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        base = Path(scratch)
        archive, out = base / "archive", base / "deep" / "er" / "out"
        out.parent.mkdir(parents=True)
        made = make_all(archive, options.files, random.Random(options.seed))
        before = {path for path in base.rglob("*") if out not in path.parents}
        escaped = Path("/tmp/escaped.jsonl").exists()
        started = time.perf_counter()
        command = [sys.executable, "-m", "detente", "score", str(archive), "--out", str(out), "--model", options.model]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=options.timeout)
        seconds = time.perf_counter() - started
        print(f"{made} inputs of {len(KINDS)} kinds, {seconds:.1f} s, exit code {done.returncode}")
        problems = [f"exit code {done.returncode}: {done.stderr[-2_000:]}"] if done.returncode not in (0, 3) else []
        if "Traceback" in done.stderr:
            problems.append(done.stderr[-2_000:])
        if not problems:
            problems += account(out, archive)
            verified = subprocess.run(
                [sys.executable, "-m", "detente", "verify", str(out)], capture_output=True, text=True, check=False
            )
            print(f"verify: {verified.stdout.strip()}")
            problems += [verified.stdout] if verified.returncode else []
        strangers = {path for path in base.rglob("*") if out not in path.parents and path != out} - before
        problems += [f"written outside the output: {path}" for path in strangers]
        if Path("/tmp/escaped.jsonl").exists() and not escaped:
            problems.append("written outside the output: /tmp/escaped.jsonl")
        for problem in problems:
            print(f"PROBLEM {problem}")
        sys.exit(1 if problems else 0)


def make_all(archive: Path, files: int, rng: random.Random) -> int:
    """Every kind at least once, each in a folder of its own, then more of those that chance makes different."""
    by_chance = [name for name in KINDS if any(word in name for word in ("truncated", "flipped", "noise"))]
    kinds = [*KINDS, *(by_chance[number % len(by_chance)] for number in range(max(0, files - len(KINDS))))]
    for number, kind in enumerate(kinds):
        folder = archive / f"{number:04d} {kind}".replace("/", "_")
        folder.mkdir(parents=True)
        KINDS[kind](folder, rng)
    return len(kinds)


def account(out: Path, archive: Path) -> list[str]:
    """Print what became of each kind; what is not accounted for is a problem."""
    summary = json.loads((out / "summary.json").read_text())
    reasons: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
    folders = {folder.name: folder.name[5:].replace("_", "/") for folder in archive.iterdir()}
    rejected: Counter[str] = Counter()
    for text in (out / "rejects.jsonl").read_text(encoding="utf-8").splitlines():
        reject = json.loads(text)
        folder = reject["file"].split("/")[0]
        if folder in folders:
            rejected[folder] += 1
            reasons[folders[folder]][reject["reason"][:90]] += 1
    for kind, counted in reasons.items():
        number = sum(name == kind for name in folders.values())
        shown = "; ".join(f"{reason} ({times})" if times > 1 else reason for reason, times in counted.most_common(3))
        print(f"  {kind} ({number}): {shown or 'no reject'}")
    print(
        f"{summary['records']:,} records = {summary['articles']:,} articles + {summary['rejected_records']:,} rejects, "
        f"from {summary['files']:,} files read; {summary['skipped_files']:,} of other kinds, "
        f"{summary['failed_shards']:,} shards failed"
    )
    problems = []
    if summary["records"] != summary["articles"] + summary["rejected_records"]:
        problems.append("records are not articles and rejects")
    if summary["failed_shards"]:
        problems.append(f"{summary['failed_shards']} shards failed")
    return problems


if __name__ == "__main__":
    main()
