"""Sentences with actors out of an archive, for a teacher to label."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterator, Sequence
from itertools import islice

from ..data.schema import Article, LabelledSentence
from ..inference.articles import ArticleReader
from ..inference.finding import ActorFinder
from ..inference.gazetteer import load_gazetteer
from ..inference.inputs import find_inputs
from ..inference.scorer import StanceScorer
from ..inference.sentences import split_sentences
from .material import Material, normal

#: Articles that are looked at together.
_BATCH = 64


def draw_sentences(
    paths: Sequence[str], *, scorer: StanceScorer, beside: Material, limit: int, seed: int
) -> list[LabelledSentence]:
    """At most ``limit`` different sentences with two actors or more, drawn from all articles alike.

    Those with the lowest hashes are drawn (a bottom-k sample, Cohen and Kaplan, PODC 2007): in one pass, a repeated
    sentence counts once, and memory grows with the limit alone.

    Args:
        paths: files, folders or globs, as for scoring.
        scorer: its model's tagger, if it has one, finds actors beside the gazetteer.
        beside: no text of it is drawn, as it is learned from with labels or must not be learned from.
    """
    left_out = {*beside.banned, *(normal(sentence.text) for sentence in beside.sentences())}
    drawn: dict[int, LabelledSentence] = {}
    highest: list[int] = []  # a heap of the hashes, negative, so that the highest comes first
    for sentence in _sentences(paths, ActorFinder(scorer, load_gazetteer())):
        text = normal(sentence.text)
        rank = int.from_bytes(hashlib.sha256(f"{seed}\0{text}".encode()).digest(), "big")
        if text in left_out or rank in drawn:
            continue
        if len(drawn) < limit:
            heapq.heappush(highest, -rank)
        elif rank < -highest[0]:
            del drawn[-heapq.heapreplace(highest, -rank)]
        else:
            continue
        drawn[rank] = sentence
    return [drawn[rank] for rank in sorted(drawn)]


def _sentences(paths: Sequence[str], finder: ActorFinder) -> Iterator[LabelledSentence]:
    reader = ArticleReader()
    articles = (
        record for file in find_inputs(paths).files for record in reader.read(file) if isinstance(record, Article)
    )
    while batch := list(islice(articles, _BATCH)):
        parts = [finder.part(article, split_sentences(article.text)) for article in batch]
        for one in finder.find(parts)[1]:
            part = parts[one.part]
            yield LabelledSentence(
                f"{part.article.id}#{one.sentence}", part.text(one.sentence), one.actors, stances={}, partial=True
            )
