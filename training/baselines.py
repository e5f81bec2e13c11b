"""What a model has to beat: the commonest label, and a bag of words around the pair."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import permutations
from typing import Any, Self

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from ..data.schema import STANCES, Actor, Dyad, LabelledSentence

#: Words taken before the first and behind the second of the two actors.
_AROUND = 8


class MajorityLabeller:
    """Gives every pair the shares of the labels in the training pairs."""

    def __init__(self, sentences: Sequence[LabelledSentence]) -> None:
        counts = Counter(label for sentence in sentences for _, label in sentence.pairs())
        self._shares = tuple(counts[label] / counts.total() for label in STANCES)

    @property
    def labels(self) -> tuple[str, ...]:
        return STANCES

    def label(self, sentences: Sequence[LabelledSentence]) -> list[dict[Dyad, tuple[float, ...]]]:
        return [dict.fromkeys(_dyads(sentence), self._shares) for sentence in sentences]


class BagOfWordsLabeller:
    """TF-IDF over the words before, between and behind the two actors, with logistic regression."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline: Any = pipeline

    @classmethod
    def train(cls, sentences: Sequence[LabelledSentence]) -> Self:
        """Fit on every known pair of the sentences."""
        texts, labels = [], []
        for sentence in sentences:
            for dyad, label in sentence.pairs():
                texts.append(words_around(sentence, dyad))
                labels.append(label)
        pipeline = make_pipeline(
            TfidfVectorizer(token_pattern=r"\S+", ngram_range=(1, 2), sublinear_tf=True, min_df=2),
            LogisticRegression(C=10.0, max_iter=1_000, class_weight="balanced"),
        )
        pipeline.fit(texts, labels)
        return cls(pipeline)

    @property
    def labels(self) -> tuple[str, ...]:
        return STANCES

    def label(self, sentences: Sequence[LabelledSentence]) -> list[dict[Dyad, tuple[float, ...]]]:
        dyads = [(row, dyad) for row, sentence in enumerate(sentences) for dyad in _dyads(sentence)]
        answers: list[dict[Dyad, tuple[float, ...]]] = [{} for _ in sentences]
        if dyads:
            classes = list(self._pipeline.classes_)
            rows = self._pipeline.predict_proba([words_around(sentences[row], dyad) for row, dyad in dyads])
            for (row, dyad), probabilities in zip(dyads, rows, strict=True):
                by_label = dict(zip(classes, map(float, probabilities), strict=True))
                answers[row][dyad] = tuple(by_label.get(label, 0.0) for label in STANCES)
        return answers


def words_around(sentence: LabelledSentence, dyad: Dyad) -> str:
    """The words around the first mentions of a pair, marked by where they stand and by which end comes first."""
    actors: dict[str, Actor] = {actor.id: actor for actor in sentence.actors}
    source, target = actors[dyad.source].mentions[0], actors[dyad.target].mentions[0]
    first, second = sorted((source, target))
    text = sentence.text.lower()
    parts = {
        "before": text[: first.start].split()[-_AROUND:],
        "between": text[first.end : second.start].split(),
        "behind": text[second.end :].split()[:_AROUND],
    }
    order = "st" if source < target else "ts"
    return " ".join(f"{place}_{order}_{word}" for place, words in parts.items() for word in words) or "nothing"


def _dyads(sentence: LabelledSentence) -> list[Dyad]:
    return [Dyad(*pair) for pair in permutations((actor.id for actor in sentence.actors), 2)]
