"""Sentences with actors out of an archive, for a teacher to label."""

from __future__ import annotations

import random
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

    Args:
        paths: files, folders or globs, as for scoring.
        scorer: its model's tagger, if it has one, finds actors beside the gazetteer.
        beside: no text of it is drawn, as it is learned from with labels or must not be learned from.
    """
    chosen = random.Random(seed)
    kept: list[LabelledSentence] = []
    seen = {*beside.banned, *(normal(sentence.text) for sentence in beside.sentences())}
    count = 0
    for sentence in _sentences(paths, ActorFinder(scorer, load_gazetteer())):
        if normal(sentence.text) in seen:
            continue
        seen.add(normal(sentence.text))
        # Reservoir sampling (Vitter, 1985, algorithm R): one pass, whatever the size of the archive.
        count += 1
        if len(kept) < limit:
            kept.append(sentence)
        elif (place := chosen.randrange(count)) < limit:
            kept[place] = sentence
    return kept


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
