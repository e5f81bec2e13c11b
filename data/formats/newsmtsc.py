"""NewsMTSC: sentiment towards targets in US policy news (Hamborg & Donnay, EACL 2021).

JSONL, one sentence a line with ``targets``, each with its offsets, ``further_mentions`` and a polarity: 2 negative,
4 neutral, 6 positive. Who holds the sentiment is not marked, often it is the author, so no pair can be labelled:
targets become actors without a stance, of use to the actor tagger alone, and the polarity of each is kept as a tag
(``polarity:negative:trump``). Mentions that are pronouns are left out, because the codebook marks names; of mentions
that overlap the longest counts, and a target that is listed twice counts once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..schema import LabelledSentence, Span
from .base import RefusalError, Refused, Row, json_rows, mentions, name_actors, read_rows

POLARITIES = {2.0: "negative", 4.0: "neutral", 6.0: "positive"}
# fmt: off
PRONOUNS = frozenset([
    "i", "me", "my", "mine", "myself", "we", "us", "our", "ours", "ourselves", "you", "your", "yours", "yourself",
    "he", "him", "his", "himself", "she", "her", "hers", "herself", "it", "its", "itself", "they", "them", "their",
    "theirs", "themselves", "who", "whom", "whose",
])
# fmt: on


def read(path: Path) -> Iterator[LabelledSentence | Refused]:
    """Read a NewsMTSC file, such as ``newsmtsc_train.jsonl``.

    Raises:
        DetenteError: no such file, or its first line is not of the format; later ones are refused alone.
    """
    fields = {"primary_gid": str, "sentence_normalized": str, "targets": list}
    return read_rows(json_rows(path, fields, name="NewsMTSC"), _sentence)


def _sentence(row: Row) -> LabelledSentence:
    text = row.fields["sentence_normalized"]
    found: dict[tuple[Span, ...], str] = {}
    for target in row.fields["targets"]:
        polarity = POLARITIES.get(target.get("polarity"))
        if polarity is None:
            raise RefusalError(f"the polarity is {target.get('polarity')!r}, not 2, 4 or 6")
        marks = [_span(text, mention) for mention in (target, *target.get("further_mentions", ()))]
        names = [span for span in marks if text[span.start : span.end].casefold() not in PRONOUNS]
        if names:
            spans = mentions(text, _longest(names), role="target")
            same = next((other for other in found if set(other) & set(spans)), spans)
            if found.setdefault(same, polarity) != polarity:
                raise RefusalError("one mention has two polarities")
    if not found:
        raise RefusalError("every target is a pronoun")
    actors = name_actors(text, list(found))
    return LabelledSentence(
        id=f"newsmtsc:{row.fields['primary_gid']}",
        text=text,
        actors=actors,
        stances={},
        partial=True,
        round="newsmtsc",
        tags=tuple(f"polarity:{found[actor.mentions]}:{actor.id}" for actor in actors),
    )


def _longest(spans: list[Span]) -> list[Span]:
    """The spans less those that another covers in part or whole: "Clinton" inside "Mrs. Clinton" is one mention."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start - span.end, span.start)):
        if not any(span.overlaps(other) for other in kept):
            kept.append(span)
    return kept


def _span(text: str, mention: Mapping[str, Any]) -> Span:
    start, end = mention.get("from"), mention.get("to")
    if not isinstance(start, int) or not isinstance(end, int) or text[start:end] != mention.get("mention"):
        raise RefusalError(f"the mention {mention.get('mention')!r} is not at its offsets")
    return Span(start, end)
