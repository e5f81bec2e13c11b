"""Labelled data by name: a file of ours or a folder of them, or ``FORMAT:PATH`` for a public set."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from .errors import DetenteError
from .formats import READERS, PublicSet, Refused
from .labelled import read_labelled
from .schema import STANCES, LabelledSentence


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """The sentences of one labelled file, or of all files of a folder.

    ``refused`` counts the rows of a public set that give no labelled sentence, by reason; ``sha256`` is that of the
    bytes of the file, or of all files in the order of their names.
    """

    spec: str
    name: str
    format: str
    path: Path
    sentences: tuple[LabelledSentence, ...]
    refused: Counter[str]
    sha256: str


def read_set(spec: str, *, labels: tuple[str, ...] = STANCES) -> LabelledSet:
    """Read ``FILE`` in our own format, a folder of such files, or ``plv:FILE``, ``dse:FILE`` and so on.

    Args:
        labels: those that files in our own format may hold.

    Raises:
        DetenteError: no such file, it breaks its format, or it holds no sentence.
    """
    prefix, _, rest = spec.partition(":")
    public = rest and prefix in {member.value for member in PublicSet}
    path = Path(rest) if public else Path(spec)
    sentences: list[LabelledSentence] = []
    refused: Counter[str] = Counter()
    files = sorted([*path.glob("*.jsonl"), *path.glob("*.jsonl.gz")]) if path.is_dir() else [path]
    if public:
        for row in READERS[PublicSet(prefix)](path):
            if isinstance(row, Refused):
                refused[row.reason] += 1
            else:
                sentences.append(row)
    else:
        for file in files:
            sentences += read_labelled(file, labels=labels)
    if not sentences:
        raise DetenteError("at least one labelled sentence", found=f"none in {path}", remedy="Check the file.")
    return LabelledSet(
        spec=spec,
        name=path.stem,
        format=prefix if public else "detente",
        path=path,
        sentences=tuple(sentences),
        refused=refused,
        sha256=hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest(),
    )
