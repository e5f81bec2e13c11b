"""From articles to rows: sentences, actors, the model; no files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ..data.schema import Article, Dyad, Stance
from .articles import Reject
from .finding import ActorFinder, FoundActors, Part
from .gazetteer import Gazetteer
from .rows import StanceRow
from .scorer import PairScore, StanceScorer
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


@dataclass(slots=True)
class Window:
    """Articles to be scored together, and what was counted on the way to them."""

    parts: list[Part] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)
    chars: int = 0

    @property
    def is_full(self) -> bool:
        """Whether nothing more should be added."""
        return sum(len(part.sentences) for part in self.parts) >= WINDOW_SENTENCES or self.chars >= WINDOW_CHARS


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
        self.keep_neutral = keep_neutral
        self._finder = ActorFinder(scorer, gazetteer)

    def windows(self, articles: Iterable[Article]) -> Iterator[Window]:
        """Split into sentences and look for known names; the last window may be small, none is empty.

        An article with more sentences than a window holds is looked at in parts, and counted in the first one's window.
        """
        window = Window()
        for article in articles:
            window.counts.articles += 1
            window.counts.articles_without_date += not article.date
            sentences = split_sentences(article.text)
            window.counts.sentences += len(sentences)
            for first in range(0, max(len(sentences), 1), WINDOW_SENTENCES):
                part = sentences[first : first + WINDOW_SENTENCES]
                window.parts.append(self._finder.part(article, part, first=first))
                window.chars += sum(span.end - span.start for span in part)
                if window.is_full:
                    yield window
                    window = Window()
        if window.parts:
            yield window

    def score(self, window: Window) -> Scored:
        """Find the actors of the sentences and score every ordered pair of them."""
        scored = Scored([], [], window.counts)
        reading, found = self._finder.find(window.parts)
        scored.counts.sentences_with_pairs += len(found)
        scores = self.scorer.score_read(reading, [(one.text, one.actors) for one in found])
        for one, pairs in zip(found, scores, strict=True):
            part = window.parts[one.part]
            for pair in pairs:
                if pair.probabilities is None:
                    scored.counts.rejected_pairs += 1
                    scored.rejects.append(_cut_pair(part, one, pair.dyad))
                    continue
                scored.counts.pairs += 1
                row = self._row(part, one, pair, pair.probabilities)
                if self.keep_neutral or row.stance != Stance.NEUTRAL:
                    scored.counts.rows[row.stance] = scored.counts.rows.get(row.stance, 0) + 1
                    scored.rows.append(row)
        return scored

    def _row(self, part: Part, found: FoundActors, pair: PairScore, probabilities: tuple[float, ...]) -> StanceRow:
        mentions = {actor.id: actor.mentions for actor in found.actors}
        best = max(range(len(probabilities)), key=probabilities.__getitem__)
        return StanceRow(
            article_id=part.article.id,
            date=part.article.date,
            source_name=part.article.source_name,
            sentence_id=part.first + found.sentence,
            sentence=part.text(found.sentence),
            sentence_start=part.sentences[found.sentence].start,
            source_id=pair.dyad.source,
            source_mentions=mentions[pair.dyad.source],
            target_id=pair.dyad.target,
            target_mentions=mentions[pair.dyad.target],
            stance=self.scorer.labels[best],
            probabilities=probabilities,
        )


def _cut_pair(part: Part, found: FoundActors, dyad: Dyad) -> Reject:
    return Reject(
        file=part.article.id,
        place=f"sentence {part.first + found.sentence}, {dyad.source} -> {dyad.target}",
        reason="an actor of the pair stands behind the longest input of the model",
        excerpt=part.text(found.sentence)[:200],
    )
