"""DSE: directed sentiment between two entities (Park et al., Findings of ACL 2021, "Who Blames or Endorses Whom?").

Tab-separated without a header: the sentence with ``[p]`` and ``[q]`` in brackets, p, q, and one of five classes:
0 neutral, 1 p positive towards q, 2 q positive towards p, 3 p negative towards q, 4 q negative towards p.

The classes exclude each other, so annotators of a directed row also saw and passed over the reverse direction: it is
read as neutral, as CODEBOOK.md asks ("label each direction on its own"). What is lost are mutual stances, which had to
be put into one class: of 60 directed rows read, the reverse held a stance in 3. Class 0 is neutral both ways.

Positive is read as cooperative and negative as hostile: the two are praise and blame, which the codebook counts so.
Entities may be no political actors (singers, firms), and brackets cut words (``[Senator]s``, ``[Moreno']s``): a
mention is widened to the end of its word and loses a possessive. Brackets that run over the end of a sentence, where
two were glued in the original, are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ..errors import DetenteError
from ..schema import Dyad, LabelledSentence, Span, Stance
from .base import RefusalError, Refused, Row, lines_of, name_pair, read_rows, tab_cells

#: Class -> the stances of p towards q and of q towards p.
CLASSES = {
    "0": (Stance.NEUTRAL, Stance.NEUTRAL),
    "1": (Stance.COOPERATIVE, Stance.NEUTRAL),
    "2": (Stance.NEUTRAL, Stance.COOPERATIVE),
    "3": (Stance.HOSTILE, Stance.NEUTRAL),
    "4": (Stance.NEUTRAL, Stance.HOSTILE),
}
_COLUMNS = ("sentence", "p", "q", "class")
_BRACKETS = re.compile(r"\[([^\[\]]*)\]")


def read(path: Path) -> Iterator[LabelledSentence | Refused]:
    """Read a DSE file, such as ``dse_train.txt``.

    Raises:
        DetenteError: no such file, or its first line is not of the format; later ones are refused alone.
    """
    return read_rows(_rows(path), _sentence)


def _rows(path: Path) -> Iterator[Row | Refused]:
    for order, (number, line) in enumerate(lines_of(path)):
        cells = tab_cells(line)
        if len(cells) == len(_COLUMNS) and cells[-1].strip() in CLASSES:
            yield Row(path, number, dict(zip(_COLUMNS, cells, strict=True)), line)
            continue
        if order == 0:
            raise DetenteError(
                "a DSE file: sentence, p, q and a class from 0 to 4, separated by tabs",
                found=f"a first line of {len(cells)} cells that ends in {cells[-1][:40]!r}",
                remedy="Check that the file is in this format.",
                where=f"{path}:{number}",
            )
        reason = "the class is not one of 0 to 4" if len(cells) == len(_COLUMNS) else f"{len(cells)} cells, not 4"
        yield Refused(f"{path}:{number}", reason, line)


def _sentence(row: Row) -> LabelledSentence:
    fields = row.fields
    text, p, q = _unbracket(fields["sentence"], fields["p"], fields["q"])
    one, other = name_pair(text, [p], [q])
    for actor in (one, other):
        mention = text[actor.mentions[0].start : actor.mentions[0].end]
        if '"' in mention:
            raise RefusalError("a bracket runs over the end of a sentence")
    code = fields["class"].strip()
    forth, back = CLASSES[code]
    return LabelledSentence(
        id=row.own_id,
        text=text,
        actors=(one, other),
        stances={Dyad(one.id, other.id): forth.value, Dyad(other.id, one.id): back.value},
        partial=True,
        round="dse",
        tags=(f"class:{code}",),
    )


def _unbracket(bracketed: str, p: str, q: str) -> tuple[str, Span, Span]:
    """The sentence without the brackets of p and q, and their spans; other brackets of the sentence stay."""
    brackets = list(_BRACKETS.finditer(bracketed))
    if not p.strip() or not q.strip():
        raise RefusalError(f"the {'p' if not p.strip() else 'q'} is empty")
    # Without the brackets of its own that a sentence may hold, p and q are the two that match, each once.
    chosen: dict[str, re.Match[str]] = {}
    for name, words in (("p", p), ("q", q)):
        found = [mark for mark in brackets if mark.group(1).strip() == words.strip() and mark not in chosen.values()]
        if not found:
            raise RefusalError(f"the {name} is not in brackets in the sentence")
        chosen[name] = found[0]
    text, behind = "", 0
    spans = {}
    for name, mark in sorted(chosen.items(), key=lambda item: item[1].start()):
        text += bracketed[behind : mark.start()]
        spans[name] = Span(len(text), len(text) + len(mark.group(1)))
        text += mark.group(1)
        behind = mark.end()
    return text + bracketed[behind:], spans["p"], spans["q"]
