"""What finding actors costs: scoring bare texts against scoring the same texts with their actors given.

python benchmarks/actors.py [MODEL] [LABELLED...]
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from detente.data.labelled import read_labelled
from detente.data.schema import Article, Span
from detente.inference.finding import ActorFinder
from detente.inference.gazetteer import load_gazetteer
from detente.inference.scorer import Candidate, StanceScorer
from detente.models.loading import load_model

_ROUNDS = 7
_DATA = Path(__file__).parents[1] / "data"


def main() -> None:
    """Time both ways in turn, so that a busy machine slows both, and print the ratio of the medians."""
    model, *files = sys.argv[1:] or ["small"]
    scorer = StanceScorer(load_model(model))
    paths = [Path(file) for file in files] or [_DATA / "corpus" / "dev.jsonl", *sorted((_DATA / "challenge").glob("*"))]
    sentences = [sentence for path in paths for sentence in read_labelled(path)]
    candidates = [Candidate(sentence.text, sentence.actors) for sentence in sentences]
    gazetteer = load_gazetteer()

    def given() -> None:
        scorer.score(candidates)

    def found() -> None:
        # A new finder each time: nothing that it has learned of the texts helps it.
        finder = ActorFinder(scorer, gazetteer)
        parts = [finder.part(Article(one.id, one.text), (Span(0, len(one.text)),)) for one in sentences]
        reading, actors = finder.find(parts)
        scorer.score_read(reading, [(one.text, one.actors) for one in actors])

    ways: dict[str, Callable[[], None]] = {"actors given": given, "actors found": found}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for round_ in range(_ROUNDS + 1):
        for name, way in ways.items():
            started = time.perf_counter()
            way()
            if round_:  # the first one warms up
                seconds[name].append(time.perf_counter() - started)
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    print(f"{len(sentences):,} sentences, {model}, tagger {'on' if scorer.tag_thresholds else 'off: gazetteer alone'}")
    for name, median in medians.items():
        spread = f"{min(seconds[name]):.2f} to {max(seconds[name]):.2f}"
        print(f"{name}: median {median:.2f} s ({spread}), {len(sentences) / median:,.0f} sentences/s")
    print(f"ratio {medians['actors found'] / medians['actors given']:.3f}")


if __name__ == "__main__":
    main()
