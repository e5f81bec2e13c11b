"""What a job does when its disk fills up, its output becomes read-only, or a Ray worker is killed.

    python benchmarks/faults.py ARCHIVE... --articles 250

Each time the job is started again, if it stopped, and its rows are compared with those of an undisturbed local run. The
disks are small ones in memory (tmpfs), so mounting must be allowed: to root, or under `unshare --map-root-user
--mount`. Exit code 1 if rows differ.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from detente.data.samples import SAMPLES
from kill import count, digest, finished, in_shards, run, write_archive

_WORKER = b"ray::_Scorer"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", nargs="*", default=[str(SAMPLES)], help="JSONL files; default: the samples")
    parser.add_argument("--articles", type=int, default=250, help="repeat the archive, with new ids, up to this many")
    parser.add_argument("--shards", type=int, default=12, help="about how many")
    parser.add_argument("--model", default="small")
    options = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # to be followed in a log
    same = True
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        folder = Path(scratch)
        archive = folder / "archive.jsonl"
        write_archive(archive, options.archive, options.articles)
        command = [sys.executable, "-m", "detente", "score", str(archive), "--model", options.model, "--workers", "2"]
        command += in_shards(archive, options.shards)
        whole = folder / "whole"
        run([*command, "--out", str(whole)])
        print(f"undisturbed, local: {count(whole):,} rows, {finished(whole)} shards")
        faults: list[Callable[[list[str], Path, Path], Path]] = [full_disk, read_only, killed_ray_worker]
        for fault in faults:
            out = fault(command, folder / fault.__name__, whole)
            equal = digest(out) == digest(whole)
            same &= equal
            print(f"  rows {'are the same' if equal else 'DIFFER'}: {count(out):,}")
            subprocess.run(["umount", str(out.parent)], check=False, capture_output=True)
    sys.exit(0 if same else 1)


def full_disk(command: list[str], folder: Path, whole: Path) -> Path:
    """A disk of half the size of the rows, then a large enough one."""
    size = sum(path.stat().st_size for path in whole.rglob("*") if path.is_file())
    mount(folder, f"size={size // 2}")
    out = folder / "out"
    tell("full disk", start(command, out))
    mount(folder, f"remount,size={size * 4}")
    run([*command, "--out", str(out)])
    return out


def read_only(command: list[str], folder: Path, whole: Path) -> Path:
    """A disk that is made read-only in mid-job, then writable again."""
    mount(folder, "size=1g")
    out = folder / "out"
    process = start(command, out)
    wait_for(process, out, finished(whole) // 3)
    # The job holds its lock open for writing, so that the disk itself cannot be made read-only: a view of it can, and
    # whatever is opened from now on is opened there. While a shard is being written the kernel refuses.
    subprocess.run(["mount", "--bind", str(folder), str(folder)], check=True)
    remount = ["mount", "-o", "remount,bind,ro", str(folder)]
    while subprocess.run(remount, capture_output=True, check=False).returncode:
        time.sleep(0.01)
        if process.poll() is not None:
            sys.exit("the job ended before its disk could be made read-only: give more --articles")
    tell("read-only", process)
    subprocess.run(["umount", str(folder)], check=True)
    run([*command, "--out", str(out)])
    return out


def killed_ray_worker(command: list[str], folder: Path, whole: Path) -> Path:
    """One of two workers is killed with SIGKILL in mid-job."""
    out = folder / "out"
    process = start([*command, "--engine", "ray"], out)
    wait_for(process, out, finished(whole) // 3)
    workers = [int(path.parent.name) for path in Path("/proc").glob("[0-9]*/cmdline") if _is_worker(path)]
    os.kill(workers[0], signal.SIGKILL)
    tell(f"one of {len(workers)} Ray workers killed", process)
    return out


def _is_worker(path: Path) -> bool:
    try:
        return path.read_bytes().startswith(_WORKER)
    except OSError:  # it ended just now
        return False


def start(command: list[str], out: Path) -> subprocess.Popen[str]:
    """Start a job."""
    return subprocess.Popen([*command, "--out", str(out)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def wait_for(process: subprocess.Popen[str], out: Path, shards: int) -> None:
    """Wait until a job has recorded some shards."""
    while finished(out) < shards:
        if process.poll() is not None:
            sys.exit(f"the job ended too soon, with {process.returncode}:\n{process.communicate()[1]}")
        time.sleep(0.02)


def mount(folder: Path, options: str) -> None:
    """Mount a disk in memory, or change how it is mounted."""
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=True)


def tell(what: str, process: subprocess.Popen[str]) -> None:
    """Wait for a job and say how it ended."""
    _, errors = process.communicate()
    last = errors.strip().splitlines()[-8:] if process.returncode not in (0, 3) else []
    print(f"{what}: exit code {process.returncode}", *last, sep="\n    ")


if __name__ == "__main__":
    main()
