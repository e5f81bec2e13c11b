"""Who is in the sentences of an article: the gazetteer, the tagger, and the linker together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..data.schema import Actor, Article, Span
from .gazetteer import Gazetteer
from .linking import Linker, names_by_sentence
from .mentions import may_hold_pair, unite
from .scorer import Reading, StanceScorer


@dataclass(frozen=True, slots=True)
class Part:
    """An article, or so much of a long one as is looked at together, before any model has seen it.

    Attributes:
        sentences: their spans in the article, in order.
        first: the number in the article of the first of them.
        names: for each sentence, the spans in the article of the names that the gazetteer knows.
    """

    article: Article
    sentences: tuple[Span, ...]
    first: int
    names: tuple[tuple[Span, ...], ...]

    def text(self, sentence: int) -> str:
        """The text of a sentence of this part."""
        span = self.sentences[sentence]
        return self.article.text[span.start : span.end]

    def own_names(self, sentence: int) -> list[Span]:
        """The known names of a sentence, with spans in the sentence."""
        start = self.sentences[sentence].start
        return [Span(name.start - start, name.end - start) for name in self.names[sentence]]


@dataclass(frozen=True, slots=True)
class FoundActors:
    """A sentence with two actors or more, which the encoder has read as text ``text`` of the reading."""

    part: int
    sentence: int
    text: int
    actors: tuple[Actor, ...]


class ActorFinder:
    """Finds the actors of articles with the tagger of a model, if it has one, and the gazetteer."""

    def __init__(self, scorer: StanceScorer, gazetteer: Gazetteer) -> None:
        self._scorer = scorer
        self._gazetteer = gazetteer
        self._linker = Linker(gazetteer)

    def part(self, article: Article, sentences: Sequence[Span], *, first: int = 0) -> Part:
        """Look for known names; no model is needed."""
        names = names_by_sentence(article, sentences, self._gazetteer)
        return Part(article, tuple(sentences), first, tuple(map(tuple, names)))

    def find(self, parts: Sequence[Part]) -> tuple[Reading, list[FoundActors]]:
        """Sentences with at least two actors, read by the encoder."""
        if self._scorer.tag_thresholds is None:
            # Nothing but the names decides: only sentences with a pair are read.
            actors = [self._linker.link(part.article, part.sentences, part.names) for part in parts]
            return self._read(parts, actors)
        numbers: dict[str, int] = {}
        wanted = [
            [
                numbers.setdefault(part.text(i), len(numbers))
                if may_hold_pair(part.text(i), part.own_names(i))
                else None
                for i in range(len(part.sentences))
            ]
            for part in parts
        ]
        reading = self._scorer.read(list(numbers))
        found = []
        for number, (part, texts) in enumerate(zip(parts, wanted, strict=True)):
            linked = self._linker.link(part.article, part.sentences, self._mentions(part, texts, reading))
            found += [
                FoundActors(number, i, text, actors)
                for i, (text, actors) in enumerate(zip(texts, linked, strict=True))
                if text is not None and len(actors) > 1
            ]
        return reading, found

    def find_all(self, parts: Sequence[Part]) -> list[list[tuple[Actor, ...]]]:
        """The actors of every sentence of every part, also where there is only one or none."""
        if self._scorer.tag_thresholds is None:
            return [self._linker.link(part.article, part.sentences, part.names) for part in parts]
        texts = [part.text(i) for part in parts for i in range(len(part.sentences))]
        reading, numbers = self._scorer.read(texts), iter(range(len(texts)))
        return [
            self._linker.link(
                part.article, part.sentences, self._mentions(part, [next(numbers) for _ in part.sentences], reading)
            )
            for part in parts
        ]

    def _read(
        self, parts: Sequence[Part], actors: Sequence[Sequence[tuple[Actor, ...]]]
    ) -> tuple[Reading, list[FoundActors]]:
        numbers: dict[str, int] = {}
        found = [
            FoundActors(number, i, numbers.setdefault(part.text(i), len(numbers)), one)
            for number, (part, linked) in enumerate(zip(parts, actors, strict=True))
            for i, one in enumerate(linked)
            if len(one) > 1
        ]
        return self._scorer.read(list(numbers)), found

    def _mentions(self, part: Part, texts: Sequence[int | None], reading: Reading) -> list[list[Span]]:
        """For each sentence its mentions in the article: united where it was read, else the known names."""
        thresholds = self._scorer.tag_thresholds
        assert thresholds is not None
        mentions: list[list[Span]] = []
        for i, (sentence, text) in enumerate(zip(part.sentences, texts, strict=True)):
            if text is None:
                mentions.append(list(part.names[i]))
                continue
            start, offsets = sentence.start, reading.encodings[text].offsets
            united = unite(reading.tags[text], offsets, part.own_names(i), part.text(i), thresholds=thresholds)
            mentions.append([Span(span.start + start, span.end + start) for span in united])
        return mentions
