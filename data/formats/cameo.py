"""CAMEO S/T: tokens with source and target tags and a penta code (ConfliBERT; Hu et al., NAACL 2022).

JSONL with ``tokens``, BIO ``tags`` (S source, T target; others are read as O) and ``penta``: 1 and 2 cooperation, 3
and 4 conflict of the source towards the target, 0 a statement only, null unknown. Several sources or targets are
actors of their own, and the code holds for each pair of them, but equal words are mentions of one actor.

Sentences are partial: the other direction was not asked. Where the code is null the actors are kept without a stance,
because their spans still train the actor tagger. So are those of code 0, which is **not** our neutral: it covers
appeals, condolences, requests for aid and denials of accusations, which the codebook labels. Of 60 such rows read, 42
held a stance by the codebook, 18 did not. The code is kept as a tag (``penta:0``, ``penta:null``). Mediation that hides
in cooperation is found by rule as in PLV, with which this set shares sentences.

Tokens are joined again as English is written, and the tokenizer's cuts inside words with accents are closed
("caf é s"). Tags that begin without a B are read as if they had one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path

from ..schema import Actor, Dyad, LabelledSentence, Span, Stance
from .base import RefusalError, Refused, Row, json_rows, mentions, name_actors, read_rows
from .mediation import is_mediation

PENTA = {1: Stance.COOPERATIVE, 2: Stance.COOPERATIVE, 3: Stance.HOSTILE, 4: Stance.HOSTILE}
WITHOUT_STANCE = (0, None)

# Written by number where they look like others: curly quotes, acute accent, ellipsis, left-to-right embedding.
_CLOSING = frozenset([*".,;:?!%)]}", "\u201d", "\u2019", "\u2026", "'s", "n't"])
_OPENING = frozenset([*"([{`$#", "\u201c", "\u2018", "\u20ac", "\u00a3", "\u202a"])
_JOINING = frozenset("-/")
_APOSTROPHES = frozenset(["'", "\u2019", "\u00b4"])
_AFTER_APOSTROPHE = frozenset(["s", "t", "d", "m", "re", "ve", "ll"])
_BEFORE_APOSTROPHE = frozenset("dlDLO")


def read(path: Path) -> Iterator[LabelledSentence | Refused]:
    """Read a CAMEO S/T file, such as ``cameo_st.jsonl``.

    Raises:
        DetenteError: no such file, or its first line is not of the format; later ones are refused alone.
    """
    return read_rows(json_rows(path, {"tokens": list, "tags": list}, name="CAMEO S/T"), _sentence)


def _sentence(row: Row) -> LabelledSentence:
    tokens, tags, penta = row.fields["tokens"], row.fields["tags"], row.fields.get("penta")
    if len(tokens) != len(tags):
        raise RefusalError(f"{len(tokens)} tokens but {len(tags)} tags")
    if penta not in PENTA and penta not in WITHOUT_STANCE:
        raise RefusalError(f"the penta code is {penta!r}, not 0 to 4 or null")
    text, places = join_tokens(tokens)
    sources, targets = (_actors(text, places, tags, role) for role in "ST")
    if not sources and not targets:
        raise RefusalError("neither a source nor a target is marked")
    taken = [span for spans in (*sources, *targets) for span in spans]
    if len(set(taken)) < len(taken):
        raise RefusalError("source and target are the same words")
    actors = name_actors(text, [*sources, *targets])
    stances = {}
    if penta in PENTA:
        for source, target in product(actors[: len(sources)], actors[len(sources) :]):
            stances[Dyad(source.id, target.id)] = _stance(text, source, target, PENTA[penta]).value
    relabelled = Stance.MEDIATING in stances.values()
    return LabelledSentence(
        id=row.own_id,
        text=text,
        actors=actors,
        stances=stances,
        partial=True,
        round="cameo",
        tags=(f"penta:{'null' if penta is None else penta}", *(["relabelled"] if relabelled else [])),
    )


def _stance(text: str, source: Actor, target: Actor, coded: Stance) -> Stance:
    """The stance of the code, or mediation where it hides in cooperation."""
    hidden = coded is Stance.COOPERATIVE and is_mediation(text, source.mentions, target.mentions)
    return Stance.MEDIATING if hidden else coded


def _actors(text: str, places: Sequence[Span], tags: Sequence[str], role: str) -> list[tuple[Span, ...]]:
    """The actors of one role, each with its mentions."""
    marks: list[Span] = []
    inside = False
    for place, tag in zip(places, tags, strict=True):
        if tag == f"I-{role}" and inside:
            marks[-1] = Span(marks[-1].start, place.end)
        elif tag in (f"B-{role}", f"I-{role}"):
            marks.append(place)
        inside = tag in (f"B-{role}", f"I-{role}")
    named = {"S": "source", "T": "target"}[role]
    by_words: dict[str, list[Span]] = {}
    for mark in marks:
        (span,) = mentions(text, [mark], role=named)
        by_words.setdefault(text[span.start : span.end].casefold(), []).append(span)
    return [tuple(spans) for spans in by_words.values()]


def join_tokens(tokens: Sequence[str]) -> tuple[str, list[Span]]:
    """Write tokens as a sentence; returns it with the span of each token."""
    opening, closing = _straight_quotes(tokens)
    text = ""
    places = []
    for at, token in enumerate(tokens):
        if at and not _touches(tokens, at, opening, closing):
            text += " "
        places.append(Span(len(text), len(text) + len(token)))
        text += token
    return text, places


def _touches(tokens: Sequence[str], at: int, opening: set[int], closing: set[int]) -> bool:
    """Whether a token stands directly behind the one before it."""
    before, token = tokens[at - 1], tokens[at]
    earlier = tokens[at - 2] if at > 1 else ""
    if at in opening:
        return False
    if at in closing or at - 1 in opening or token in _CLOSING | _JOINING or before in _OPENING | _JOINING:
        return True
    if token in _APOSTROPHES:
        return True
    if before in _APOSTROPHES:
        return token in _AFTER_APOSTROPHE or earlier in _BEFORE_APOSTROPHE
    if before in {".", ",", ":"}:
        # 5.3 and 12:30, and 20,000 but not "June 5, 2016".
        wanted = r"\d{3}(?!\d)" if before == "," else r"\d"
        return earlier[-1:].isdigit() and re.match(wanted, token) is not None
    return _is_cut_letter(before, token)


def _is_cut_letter(before: str, token: str) -> bool:
    """Whether two tokens are one word that was cut at a letter with an accent, as in "caf é" and "é s".

    A short word behind a word that ends in an accent cannot be told from its rest and is joined too.
    """
    if not (before.isalpha() and token.isalpha() and token[0].islower()):
        return False
    return (not token.isascii() and len(token) <= 2) or (not before.isascii() and len(before) <= 2)


def _straight_quotes(tokens: Sequence[str]) -> tuple[set[int], set[int]]:
    """Places of straight quotation marks that open and that close; an odd one is an apostrophe."""
    opening: set[int] = set()
    closing: set[int] = set()
    for mark in ('"', "'"):
        found = [at for at, token in enumerate(tokens) if token == mark and not _elides(tokens, at)]
        if len(found) % 2 == 0:
            opening.update(found[::2])
            closing.update(found[1::2])
        else:
            closing.update(found)
    return opening, closing


def _elides(tokens: Sequence[str], at: int) -> bool:
    """Whether an apostrophe stands inside a word, as in "it's" and "d'affaires"."""
    if tokens[at] not in _APOSTROPHES:
        return False
    return bool({*tokens[at + 1 : at + 2]} & _AFTER_APOSTROPHE) or bool({*tokens[:at][-1:]} & _BEFORE_APOSTROPHE)
