"""Sentences with actors out of an archive, for a teacher to label."""

from __future__ import annotations

import random
from collections.abc import Sequence

from ..data.schema import Article, LabelledSentence
from ..inference.articles import ArticleReader
from ..inference.gazetteer import load_gazetteer
from ..inference.inputs import find_inputs
from ..inference.pipeline import actors_by_sentence
from ..inference.sentences import split_sentences
from .material import Material, normal


def draw_sentences(paths: Sequence[str], *, beside: Material, limit: int, seed: int) -> list[LabelledSentence]:
    """At most ``limit`` different sentences with two actors or more, drawn from all articles alike.

    Args:
        paths: files, folders or globs, as for scoring.
        beside: no text of it is drawn, as it is learned from with labels or must not be learned from.
    """
    gazetteer, reader = load_gazetteer(), ArticleReader()
    chosen = random.Random(seed)
    kept: list[LabelledSentence] = []
    seen = {*beside.banned, *(normal(sentence.text) for sentence in beside.sentences())}
    count = 0
    for file in find_inputs(paths).files:
        for article in reader.read(file):
            if not isinstance(article, Article):
                continue
            for number, span, actors in actors_by_sentence(article, split_sentences(article.text), gazetteer):
                text = article.text[span.start : span.end]
                if normal(text) in seen:
                    continue
                seen.add(normal(text))
                sentence = LabelledSentence(f"{article.id}#{number}", text, actors, stances={}, partial=True)
                # Reservoir sampling (Vitter, 1985, algorithm R): one pass, whatever the size of the archive.
                count += 1
                if len(kept) < limit:
                    kept.append(sentence)
                elif (place := chosen.randrange(count)) < limit:
                    kept[place] = sentence
    return kept
