"""From articles to rows: sentences, actors, the model; no files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ..data.schema import Actor, Article, Dyad, Span, Stance
from .articles import Reject
from .gazetteer import Gazetteer
from .rows import StanceRow
from .scorer import Candidate, PairScore, StanceScorer
from .sentences import split_sentences

#: Sentences that are scored together, so that batches hold sentences of like lengths.
WINDOW_SENTENCES = 2_048
#: Characters of the articles in a window: with the sentences they bound its memory, however long the articles are.
WINDOW_CHARS = 2_000_000


@dataclass(slots=True)
class Counts:
    """What was found in articles; counts of parts add up to those of the whole.

    ``pairs`` counts the scored ordered pairs, ``rows`` those written by stance; ``rejected_pairs`` stand behind the
    model's longest input.
    """

    articles: int = 0
    articles_without_date: int = 0
    sentences: int = 0
    sentences_with_pairs: int = 0
    pairs: int = 0
    rejected_pairs: int = 0
    rows: dict[str, int] = field(default_factory=dict)

    def add(self, other: Counts) -> None:
        """Add the counts of another part."""
        self.articles += other.articles
        self.articles_without_date += other.articles_without_date
        self.sentences += other.sentences
        self.sentences_with_pairs += other.sentences_with_pairs
        self.pairs += other.pairs
        self.rejected_pairs += other.rejected_pairs
        for stance, number in other.rows.items():
            self.rows[stance] = self.rows.get(stance, 0) + number


@dataclass(frozen=True, slots=True)
class Located:
    """A sentence with at least two actors, and where it comes from."""

    article: Article
    sentence_id: int
    start: int
    candidate: Candidate


@dataclass(slots=True)
class Window:
    """Sentences to be scored together, and what was counted on the way to them."""

    located: list[Located] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)
    chars: int = 0

    @property
    def is_full(self) -> bool:
        """Whether nothing more should be added."""
        return len(self.located) >= WINDOW_SENTENCES or self.chars >= WINDOW_CHARS


@dataclass(frozen=True, slots=True)
class Scored:
    """What came of a window: the rows to write, the pairs that could not be scored, and the counts."""

    rows: list[StanceRow]
    rejects: list[Reject]
    counts: Counts


class Pipeline:
    """What turns articles into rows.

    ``windows`` is the work without the model, ``score`` that with it, so that the one can run ahead of the other.
    """

    def __init__(self, scorer: StanceScorer, gazetteer: Gazetteer, *, keep_neutral: bool = False) -> None:
        self.scorer = scorer
        self.gazetteer = gazetteer
        self.keep_neutral = keep_neutral

    def windows(self, articles: Iterable[Article]) -> Iterator[Window]:
        """Find sentences and actors; the last window may be small, none is empty of articles or sentences.

        An article that runs over the end of a window is counted in the one where it begins.
        """
        window = Window()
        for article in articles:
            window.counts.articles += 1
            window.counts.articles_without_date += not article.date
            window.chars += len(article.text)
            sentences = split_sentences(article.text)
            window.counts.sentences += len(sentences)
            for number, span, actors in actors_by_sentence(article, sentences, self.gazetteer):
                candidate = Candidate(article.text[span.start : span.end], actors)
                window.located.append(Located(article, number, span.start, candidate))
                if window.is_full:
                    yield window
                    window = Window()
            if window.is_full:
                yield window
                window = Window()
        if window.counts.articles or window.located:
            yield window

    def score(self, window: Window) -> Scored:
        """Score every ordered pair of actors of the sentences."""
        scored = Scored([], [], window.counts)
        scores = self.scorer.score([located.candidate for located in window.located])
        scored.counts.sentences_with_pairs += len(window.located)
        for located, pairs in zip(window.located, scores, strict=True):
            for pair in pairs:
                if pair.probabilities is None:
                    scored.counts.rejected_pairs += 1
                    scored.rejects.append(_cut_pair(located, pair.dyad))
                    continue
                scored.counts.pairs += 1
                row = self._row(located, pair, pair.probabilities)
                if self.keep_neutral or row.stance != Stance.NEUTRAL:
                    scored.counts.rows[row.stance] = scored.counts.rows.get(row.stance, 0) + 1
                    scored.rows.append(row)
        return scored

    def _row(self, located: Located, pair: PairScore, probabilities: tuple[float, ...]) -> StanceRow:
        mentions = {actor.id: actor.mentions for actor in located.candidate.actors}
        best = max(range(len(probabilities)), key=probabilities.__getitem__)
        return StanceRow(
            article_id=located.article.id,
            date=located.article.date,
            source_name=located.article.source_name,
            sentence_id=located.sentence_id,
            sentence=located.candidate.text,
            sentence_start=located.start,
            source_id=pair.dyad.source,
            source_mentions=mentions[pair.dyad.source],
            target_id=pair.dyad.target,
            target_mentions=mentions[pair.dyad.target],
            stance=self.scorer.labels[best],
            probabilities=probabilities,
        )


def actors_by_sentence(
    article: Article, sentences: Sequence[Span], gazetteer: Gazetteer
) -> Iterator[tuple[int, Span, tuple[Actor, ...]]]:
    """The sentences with at least two actors: number, place in the article, actors with spans in the sentence."""
    year = int(article.date[:4]) if re.match(r"\d{4}-", article.date) else None
    matches = iter(gazetteer.find(article.text, year=year))
    match = next(matches, None)
    for number, sentence in enumerate(sentences):
        mentions: dict[str, list[Span]] = {}
        while match is not None and match.span.end <= sentence.end:
            if match.span.start >= sentence.start:
                span = Span(match.span.start - sentence.start, match.span.end - sentence.start)
                mentions.setdefault(match.actor, []).append(span)
            match = next(matches, None)
        if match is not None and match.span.start < sentence.end:
            match = next(matches, None)  # a name that runs over the end of a sentence is none
        if len(mentions) > 1:
            yield number, sentence, tuple(Actor(actor, tuple(spans)) for actor, spans in mentions.items())


def _cut_pair(located: Located, dyad: Dyad) -> Reject:
    return Reject(
        file=located.article.id,
        place=f"sentence {located.sentence_id}, {dyad.source} -> {dyad.target}",
        reason="an actor of the pair stands behind the longest input of the model",
        excerpt=located.candidate.text[:200],
    )
