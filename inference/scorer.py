"""Stances of the actor pairs of sentences: encode, batch, run, decode."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations

import torch

from ..data.schema import Actor, Dyad
from ..models.batch import EncodedSentence, collate, encode
from ..models.loading import LoadedModel


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence with the actors in it; every ordered pair of them is scored."""

    text: str
    actors: tuple[Actor, ...]


@dataclass(frozen=True, slots=True)
class PairScore:
    """What the model says of an ordered pair.

    ``probabilities`` are in the order of the model's labels and sum to 1; None where an actor stands behind the
    model's longest input, so that nothing can be said.
    """

    dyad: Dyad
    probabilities: tuple[float, ...] | None


class StanceScorer:
    """Scores candidates with a loaded model."""

    def __init__(self, loaded: LoadedModel, *, batch_tokens: int = 2_048) -> None:
        """Args: batch_tokens, the word pieces of a batch, padding included; it bounds memory, not results."""
        self.loaded = loaded
        self.batch_tokens = batch_tokens

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels in the order of the probabilities."""
        return tuple(self.loaded.model.config.stances)

    def score(self, candidates: Sequence[Candidate]) -> list[list[PairScore]]:
        """The scores of all ordered pairs of each candidate, in the order of its actors."""
        encoded = self.prepare(candidates)
        results: list[dict[tuple[int, int], tuple[float, ...]]] = [{} for _ in candidates]
        for group in self.group(encoded):
            batch_pairs = [(index, pair) for index in group for pair in encoded[index].pairs]
            for (index, pair), row in zip(batch_pairs, self.run([encoded[index] for index in group]), strict=True):
                results[index][pair] = tuple(row)
        return [
            [
                PairScore(Dyad(candidate.actors[pair[0]].id, candidate.actors[pair[1]].id), scored.get(pair))
                for pair in permutations(range(len(candidate.actors)), 2)
            ]
            for candidate, scored in zip(candidates, results, strict=True)
        ]

    def prepare(self, candidates: Sequence[Candidate]) -> list[EncodedSentence]:
        """Tokenize; pairs with an actor behind the cut are left out."""
        encodings = self.loaded.tokenizer.encode_batch([candidate.text for candidate in candidates])
        prepared = []
        for candidate, encoding in zip(candidates, encodings, strict=True):
            sentence = encode(encoding, [actor.mentions for actor in candidate.actors], ())
            visible = [row for row, pieces in enumerate(sentence.actors) if pieces]
            prepared.append(EncodedSentence(sentence.ids, sentence.actors, tuple(permutations(visible, 2))))
        return prepared

    def group(self, encoded: Sequence[EncodedSentence], *, without_pairs: bool = False) -> Iterator[list[int]]:
        """Batches of like lengths within the token budget, as indices; sentences without pairs only if asked for."""
        group: list[int] = []
        wanted = (i for i, e in enumerate(encoded) if without_pairs or e.pairs)
        for index in sorted(wanted, key=lambda i: len(encoded[i])):
            if group and (len(group) + 1) * len(encoded[index]) > self.batch_tokens:
                yield group
                group = []
            group.append(index)
        if group:
            yield group

    @torch.inference_mode()
    def run(self, sentences: Sequence[EncodedSentence]) -> list[list[float]]:
        """Calibrated probabilities of the pairs of one batch, in order; (pairs, labels)."""
        model = self.loaded.model
        batch = collate(sentences, pad_id=self.loaded.pad_id).to(model.device)
        logits = model(batch).pair_logits.float() / model.config.calibration_temperature
        probabilities: list[list[float]] = logits.softmax(dim=-1).cpu().tolist()
        return probabilities
