"""The state of labelled files: counts, balance, variety, near-duplicates and leaks."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from .duplicates import Alike, Placed, find_alike, masked, normal
from .errors import DetenteError
from .labelled import read_labelled
from .schema import Dyad, LabelledSentence, Stance

#: No more sentences than this share may begin with the same two words ...
MAX_OPENING_SHARE = 0.02
#: ... where there are enough sentences for a share to mean something.
MIN_FOR_SHARES = 100
#: Cosine of sentence embeddings from which two skeletons count as neighbours, and the share that may have one.
NEIGHBOUR = 0.9
MAX_NEIGHBOUR_SHARE = 0.02

_ENCODER_BATCH = 64


@dataclass(frozen=True, slots=True)
class Counts:
    """What one split of one file holds; ``pairs`` counts ordered pairs whose label is known."""

    file: str
    split: str
    sentences: int
    actors: int
    pairs: int
    labels: Counter[str]
    unsure: int
    with_mediation: int
    without_stance: int


@dataclass(frozen=True, slots=True)
class Share:
    """Something that is counted over all sentences, and its share."""

    name: str
    count: int
    share: float


@dataclass(frozen=True, slots=True)
class CheckReport:
    """All that ``detente data check`` says of its files; ``neighbour_share`` is None without an encoder."""

    counts: tuple[Counts, ...]
    distinct_actors: int
    actors: tuple[Share, ...]
    openings: tuple[Share, ...]
    alike: tuple[Alike, ...]
    distinct_four_grams: float
    neighbour_share: float | None

    def problems(self) -> list[str]:
        """What should be mended, one line each; empty if the files are clean."""
        total = sum(counts.sentences for counts in self.counts)
        found = [
            f"{'leak' if pair.leak else 'twice'}: {pair.first.place} and {pair.second.place} "
            f"({pair.likeness}, cosine {pair.cosine:.2f})"
            for pair in self.alike
        ]
        if total >= MIN_FOR_SHARES:
            found += [
                f"opening: {opening.share:.1%} of the sentences begin with {opening.name!r}, "
                f"more than {MAX_OPENING_SHARE:.0%}"
                for opening in self.openings
                if opening.share > MAX_OPENING_SHARE
            ]
        if self.neighbour_share is not None and self.neighbour_share > MAX_NEIGHBOUR_SHARE:
            found.append(
                f"skeletons: {self.neighbour_share:.1%} have a neighbour above a cosine of {NEIGHBOUR}, "
                f"more than {MAX_NEIGHBOUR_SHARE:.0%}"
            )
        return found


def check_files(paths: Sequence[Path], *, encoder: Path | None = None, top: int = 10) -> CheckReport:
    """Read labelled files and report on them together.

    Args:
        paths: labelled JSONL files.
        encoder: folder of a Hugging Face sentence encoder, to measure how alike the skeletons are in meaning.
        top: how many of the commonest actors and openings to name.

    Raises:
        DetenteError: a file breaks the format, holds nothing, or the folder holds no encoder.
    """
    placed = [Placed(str(path), sentence) for path in paths for sentence in read_labelled(path)]
    if not placed:
        files = ", ".join(map(str, paths))
        raise DetenteError("at least one sentence", found=f"none in {files}", remedy="Check the files.")
    sentences = [one.sentence for one in placed]
    actors = Counter(actor.id for sentence in sentences for actor in sentence.actors)
    openings = Counter(opening(sentence.text) for sentence in sentences)
    return CheckReport(
        counts=_counts(placed),
        distinct_actors=len(actors),
        actors=_shares(actors, len(sentences), top),
        openings=_shares(openings, len(sentences), top),
        alike=tuple(find_alike(placed)),
        distinct_four_grams=distinct_four_grams(sentence.text for sentence in sentences),
        neighbour_share=None if encoder is None else neighbour_share(sentences, encoder),
    )


def _counts(placed: Iterable[Placed]) -> tuple[Counts, ...]:
    groups: dict[tuple[str, str], list[LabelledSentence]] = defaultdict(list)
    for one in placed:
        groups[one.file, one.sentence.split].append(one.sentence)
    counts = []
    for (file, split), sentences in groups.items():
        labels = Counter(label for sentence in sentences for _, label in sentence.pairs())
        mediation = Stance.MEDIATING.value
        counts.append(
            Counts(
                file=file,
                split=split,
                sentences=len(sentences),
                actors=sum(len(sentence.actors) for sentence in sentences),
                pairs=labels.total(),
                labels=labels,
                unsure=sum(len(sentence.unsure) for sentence in sentences),
                with_mediation=sum(mediation in sentence.stances.values() for sentence in sentences),
                without_stance=sum(has_unrelated_actors(sentence) for sentence in sentences),
            )
        )
    return tuple(counts)


def has_unrelated_actors(sentence: LabelledSentence) -> bool:
    """Whether two of the actors are known to have no stance towards each other, in either direction."""
    known = dict(sentence.pairs())
    return any(
        known.get(Dyad(one.id, other.id)) == known.get(Dyad(other.id, one.id)) == Stance.NEUTRAL
        for one, other in combinations(sentence.actors, 2)
    )


def opening(text: str) -> str:
    """The first two words of a text, without case."""
    return " ".join(normal(text).split()[:2])


def distinct_four_grams(texts: Iterable[str]) -> float:
    """The share of different ones among all sequences of four words; 1.0 where there are none."""
    grams: Counter[tuple[str, ...]] = Counter()
    for text in texts:
        words = normal(text).split()
        grams.update(zip(words, words[1:], words[2:], words[3:], strict=False))
    return len(grams) / grams.total() if grams else 1.0


def _shares(counter: Counter[str], total: int, top: int) -> tuple[Share, ...]:
    return tuple(Share(name, count, count / total) for name, count in counter.most_common(top))


def neighbour_share(sentences: Sequence[LabelledSentence], encoder: Path) -> float:
    """The share of sentences whose masked text has another one nearer than ``NEIGHBOUR`` in cosine.

    Minimal pairs, which share a ``pair:`` tag, count once.

    Raises:
        DetenteError: the folder holds no encoder.
    """
    texts: list[str] = []
    seen: set[str] = set()
    for sentence in sentences:
        pairs = {tag for tag in sentence.tags if tag.startswith("pair:")}
        if not pairs & seen:
            texts.append(masked(sentence))
        seen |= pairs
    vectors = _embed(texts, encoder)
    near = 0
    for first in range(0, len(texts), _ENCODER_BATCH):
        cosines = vectors[first : first + _ENCODER_BATCH] @ vectors.T
        for row in range(cosines.shape[0]):
            cosines[row, first + row] = -1.0
        near += int((cosines.max(dim=1).values > NEIGHBOUR).sum())
    return near / len(texts)


def _embed(texts: Sequence[str], encoder: Path) -> Any:
    """Unit vectors (N, hidden): the mean over the last hidden states of each text."""
    if not (encoder / "config.json").is_file():
        raise DetenteError(
            "the folder of a Hugging Face encoder, with config.json",
            found=f"{encoder} without it",
            remedy="Give the path of a downloaded model.",
        )
    import torch
    from transformers import AutoModel, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    tokenizer = AutoTokenizer.from_pretrained(encoder)
    model = AutoModel.from_pretrained(encoder).eval()
    parts = []
    with torch.inference_mode():
        for first in range(0, len(texts), _ENCODER_BATCH):
            batch = tokenizer(
                list(texts[first : first + _ENCODER_BATCH]), padding=True, truncation=True, return_tensors="pt"
            )
            hidden = model(**batch).last_hidden_state
            mask = batch["attention_mask"].unsqueeze(-1).to(hidden.dtype)
            parts.append((hidden * mask).sum(1) / mask.sum(1))
    return torch.nn.functional.normalize(torch.cat(parts), dim=1)
