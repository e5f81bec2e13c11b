"""Sentences of an article, with their exact places in it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sentencex import get_sentence_boundaries

from ..data.schema import Span

#: Longer sentences are lists, tables or text without punctuation, and are cut; the encoder reads some 250 pieces.
MAX_CHARS = 1_000

# A bullet opens a sentence of its own, whatever ends the line before. A plain line break does not: old wires wrap.
_BULLET = re.compile(r"\n[ \t]*(?=(?:[-*\u2022\u2013\u2014]|\d{1,2}[.)])[ \t])")
_CUTS = (re.compile(r"[;\n]\s*"), re.compile(r",\s+"), re.compile(r"\s+"))


def split_sentences(text: str) -> list[Span]:
    """Where the sentences of a text are, without the white space around them.

    ``text[span.start:span.end]`` is the sentence, the spans are in order and apart, and every character outside
    them is white space. A quotation of several sentences stays with whoever is quoted.
    """
    spans = []
    for piece in _pieces(text):
        sentence = text[piece.start : piece.end]
        lead = len(sentence) - len(sentence.lstrip())
        if stripped := sentence.strip():
            spans.append(Span(piece.start + lead, piece.start + lead + len(stripped)))
    return spans


def _pieces(text: str) -> Iterator[Span]:
    for boundary in get_sentence_boundaries("en", text):
        start, end = boundary["start_index"], boundary["end_index"]
        for bullet in _BULLET.finditer(text, start, end):
            yield from _short(text, Span(start, bullet.end()))
            start = bullet.end()
        yield from _short(text, Span(start, end))


def _short(text: str, piece: Span) -> Iterator[Span]:
    """Cut a piece that is too long at the last good place before the limit."""
    start = piece.start
    while piece.end - start > MAX_CHARS:
        window = Span(start + MAX_CHARS // 4, start + MAX_CHARS)
        ends = ([match.end() for match in cut.finditer(text, window.start, window.end)] for cut in _CUTS)
        cut = next((found[-1] for found in ends if found), window.end)
        yield Span(start, cut)
        start = cut
    yield Span(start, piece.end)
