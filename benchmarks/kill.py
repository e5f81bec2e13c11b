"""Kill a job at random moments, start it again each time, and compare its rows with those of an undisturbed run.

    python benchmarks/kill.py ARCHIVE... --kills 10

Prints what each run had finished when it was killed, and whether the rows are the same at the end; exit code 1 if not.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow.parquet as pq
from detente.data.samples import SAMPLES


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", nargs="*", default=[str(SAMPLES)], help="JSONL files; default: the samples")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--articles", type=int, default=250, help="repeat the archive, with new ids, up to this many")
    parser.add_argument("--shards", type=int, default=24, help="about how many")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--model", default="small")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # to be followed in a log
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        archive = Path(scratch, "archive.jsonl")
        write_archive(archive, options.archive, options.articles)
        command = [sys.executable, "-m", "detente", "score", str(archive), "--model", options.model]
        command += ["--workers", str(options.workers), *in_shards(archive, options.shards)]
        whole, killed = Path(scratch, "whole"), Path(scratch, "killed")
        started = time.perf_counter()
        run([*command, "--out", str(whole)])
        undisturbed = time.perf_counter() - started
        per_shard = undisturbed / finished(whole)
        print(f"undisturbed: {undisturbed:.1f} s, {finished(whole)} shards")
        for number in range(1, options.kills + 1):
            # Some time after none or one more shard: while a run starts, and while it reads, scores and writes.
            before, more = finished(killed), rng.randrange(2)
            code = kill_after([*command, "--out", str(killed)], killed, before + more, rng.uniform(0, per_shard))
            state = "killed" if code < 0 else f"had ended with {code}"
            left = len(list(killed.rglob("*.tmp")))
            print(f"kill {number}: {state}, {before} -> {finished(killed)} shards recorded, {left} files half written")
        run([*command, "--out", str(killed)])
        run([sys.executable, "-m", "detente", "verify", str(killed)])
        same = digest(whole) == digest(killed)
        leftovers = sorted(path.name for path in killed.rglob("*.tmp"))
        print(f"rows {'are the same' if same else 'DIFFER'}: {count(whole):,} and {count(killed):,}")
        print(f"temporary files left: {leftovers or 'none'}")
        sys.exit(0 if same and not leftovers else 1)


def write_archive(path: Path, sources: list[str], articles: int) -> None:
    """Repeat the articles of JSONL files, mixed, under ids of their own."""
    lines = [json.loads(line) for source in sources for line in Path(source).read_text(encoding="utf-8").splitlines()]
    random.Random(0).shuffle(lines)
    with path.open("w", encoding="utf-8") as out:
        for number in range(articles):
            article = {**lines[number % len(lines)], "id": f"article-{number}"}
            out.write(json.dumps(article, ensure_ascii=False) + "\n")


def in_shards(archive: Path, shards: int) -> list[str]:
    """The option that makes about so many shards of an archive."""
    return ["--shard-mib", str(max(0.01, archive.stat().st_size / 2**20 / shards))]


def run(command: list[str]) -> None:
    """Run a command; 3 says that some records were rejected, as they would be in any run."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 3):
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr}")


def kill_after(command: list[str], out: Path, shards: int, seconds: float) -> int:
    """Start a command and kill it some time after so many shards are recorded.

    The workers that it started are not killed: they have to see to themselves.
    """
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while finished(out) < shards and process.poll() is None:
        time.sleep(0.02)
    try:
        return process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.kill(process.pid, signal.SIGKILL)
        return process.wait()


def finished(out: Path) -> int:
    """Shards that the manifest records."""
    manifest = out / "manifest.jsonl"
    return manifest.read_bytes().count(b'\n{"shard"') if manifest.exists() else 0


def count(out: Path) -> int:
    """Rows of an output."""
    return int(pq.read_table(out / "stances", columns=["article_id"], use_threads=False).num_rows)


def digest(out: Path) -> str:
    """A digest of all rows: as sets, and to the fifth decimal, since the last bits depend on the number of threads."""
    rows = []
    for row in pq.read_table(out / "stances", use_threads=False).to_pylist():
        rows.append(repr({name: round(cell, 5) if isinstance(cell, float) else cell for name, cell in row.items()}))
    rejects = sorted((out / "rejects.jsonl").read_text(encoding="utf-8").splitlines())
    return hashlib.sha256("\n".join([*sorted(rows), *rejects]).encode()).hexdigest()


if __name__ == "__main__":
    main()
