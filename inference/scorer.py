"""Stances of the actor pairs of sentences: encode, batch, run, decode."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
import torch
from tokenizers import Encoding
from torch import Tensor

from ..data.schema import Actor, Dyad, Span
from ..models.batch import EncodedSentence, collate, encode
from ..models.config import TAGS
from ..models.loading import LoadedModel
from .memory import give_back_memory
from .mentions import Floats

# Free memory is given back so often: more rarely, and a job takes more of it; more often, and it takes longer.
_BATCHES_BETWEEN = 4
_NO_TAGS: Floats = np.zeros((0, len(TAGS)), dtype=np.float32)


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


@dataclass(frozen=True, slots=True)
class Reading:
    """Texts that the encoder has read once, for their actors and then for their pairs.

    ``states[g]`` (B, T, width) are the hidden states of the texts ``groups[g]``; ``tags[i]`` the probabilities of the
    tags of the word pieces of text i (pieces, tags).
    """

    encodings: list[Encoding]
    groups: list[list[int]]
    states: list[Tensor]
    tags: list[Floats]


class StanceScorer:
    """Scores the actor pairs of sentences with a loaded model."""

    def __init__(self, loaded: LoadedModel, *, batch_tokens: int = 2_048) -> None:
        """Args: batch_tokens, the word pieces of a batch, padding included; it bounds memory, not results."""
        self.loaded = loaded
        self.batch_tokens = batch_tokens

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels in the order of the probabilities."""
        return tuple(self.loaded.model.config.stances)

    @property
    def tag_thresholds(self) -> tuple[float, float] | None:
        """See ``StanceConfig``."""
        thresholds = self.loaded.model.config.tag_thresholds
        return None if thresholds is None else (thresholds[0], thresholds[1])

    def score(self, candidates: Sequence[Candidate]) -> list[list[PairScore]]:
        """The scores of all ordered pairs of each candidate, in the order of its actors."""
        encoded = self.prepare(candidates)
        results: list[dict[tuple[int, int], tuple[float, ...]]] = [{} for _ in candidates]
        for group in self.group([len(one) if one.pairs else 0 for one in encoded]):
            batch = [encoded[index] for index in group]
            for index, scored in zip(group, self._pairs(self._encode(batch), batch), strict=True):
                results[index] = scored
        return [_in_order(candidate.actors, scored) for candidate, scored in zip(candidates, results, strict=True)]

    def prepare(self, candidates: Sequence[Candidate]) -> list[EncodedSentence]:
        """Tokenize; pairs with an actor behind the cut are left out."""
        encodings = self.loaded.tokenizer.encode_batch([candidate.text for candidate in candidates])
        return [
            _visible(encoding, [actor.mentions for actor in candidate.actors])
            for candidate, encoding in zip(candidates, encodings, strict=True)
        ]

    def group(self, lengths: Sequence[int]) -> Iterator[list[int]]:
        """Batches of like lengths within the token budget, as indices; what has length 0 is left out."""
        group: list[int] = []
        for index in sorted((i for i, length in enumerate(lengths) if length), key=lengths.__getitem__):
            if group and (len(group) + 1) * lengths[index] > self.batch_tokens:
                yield group
                group = []
            group.append(index)
        if group:
            yield group

    @torch.inference_mode()
    def read(self, texts: Sequence[str]) -> Reading:
        """Encode texts and tag their word pieces; what is kept of them grows with their number."""
        encodings = self.loaded.tokenizer.encode_batch(list(texts))
        sentences = [EncodedSentence(tuple(encoding.ids), (), ()) for encoding in encodings]
        reading = Reading(encodings, list(self.group([len(one) for one in sentences])), [], [_NO_TAGS] * len(texts))
        for number, group in enumerate(reading.groups):
            if number % _BATCHES_BETWEEN == 0:
                give_back_memory()
            states = self._encode([sentences[index] for index in group])
            tags = self.loaded.model.tag_head(states).float().softmax(dim=-1).cpu().numpy()
            for row, index in enumerate(group):
                reading.tags[index] = tags[row, : len(sentences[index])]
            reading.states.append(states)
        return reading

    def score_read(self, reading: Reading, actors: Sequence[tuple[int, Sequence[Actor]]]) -> list[list[PairScore]]:
        """As ``score``, for texts that have been read.

        Args:
            actors: the number of a text with its actors; a text may come again with the same actors or others.
        """
        # What is scored depends on the mentions, not on the ids: wire copy is scored once, whoever "the leader" is.
        # "The two countries" is the only mention of two actors: equal mentions in one sentence have slots of their own.
        slots: list[dict[tuple[tuple[Span, ...], int], int]] = [{} for _ in reading.encodings]
        wanted: list[dict[tuple[int, int], None]] = [{} for _ in reading.encodings]
        places: list[list[int]] = []
        for text, found in actors:
            own = slots[text]
            times: Counter[tuple[Span, ...]] = Counter()
            places.append([])
            for actor in found:
                places[-1].append(own.setdefault((actor.mentions, times[actor.mentions]), len(own)))
                times[actor.mentions] += 1
            wanted[text].update(dict.fromkeys(permutations(places[-1], 2)))
        results: list[dict[tuple[int, int], tuple[float, ...]]] = [{} for _ in reading.encodings]
        for group, states in zip(reading.groups, reading.states, strict=True):
            batch = []
            for text in group:
                sentence = _visible(reading.encodings[text], [mentions for mentions, _ in slots[text]])
                pairs = tuple(pair for pair in sentence.pairs if pair in wanted[text])
                batch.append(EncodedSentence(sentence.ids, sentence.actors, pairs))
            if any(sentence.pairs for sentence in batch):
                for text, scored in zip(group, self._pairs(states, batch), strict=True):
                    results[text] = scored
        answers = []
        for (text, found), own_places in zip(actors, places, strict=True):
            scored = {
                (row, column): results[text][pair]
                for row, column in permutations(range(len(found)), 2)
                if (pair := (own_places[row], own_places[column])) in results[text]
            }
            answers.append(_in_order(found, scored))
        return answers

    @torch.inference_mode()
    def _encode(self, sentences: Sequence[EncodedSentence]) -> Tensor:
        model = self.loaded.model
        batch = collate([EncodedSentence(one.ids, (), ()) for one in sentences], pad_id=self.loaded.pad_id)
        return model.encode(batch.input_ids.to(model.device), batch.attention_mask.to(model.device))

    @torch.inference_mode()
    def _pairs(
        self, states: Tensor, sentences: Sequence[EncodedSentence]
    ) -> list[dict[tuple[int, int], tuple[float, ...]]]:
        """Calibrated probabilities of the pairs of each sentence of a batch."""
        model = self.loaded.model
        batch = collate(sentences, pad_id=self.loaded.pad_id).to(model.device)
        logits = model.score_pairs(states, batch).float() / model.config.calibration_temperature
        rows = iter(logits.softmax(dim=-1).cpu().tolist())
        return [{pair: tuple(next(rows)) for pair in sentence.pairs} for sentence in sentences]


def _visible(encoding: Encoding, mentions: Sequence[Sequence[Span]]) -> EncodedSentence:
    """A sentence with all pairs of the actors that stand before the tokenizer's cut."""
    sentence = encode(encoding, mentions, ())
    visible = [row for row, pieces in enumerate(sentence.actors) if pieces]
    return EncodedSentence(sentence.ids, sentence.actors, tuple(permutations(visible, 2)))


def _in_order(actors: Sequence[Actor], scored: Mapping[tuple[int, int], tuple[float, ...]]) -> list[PairScore]:
    return [
        PairScore(Dyad(actors[pair[0]].id, actors[pair[1]].id), scored.get(pair))
        for pair in permutations(range(len(actors)), 2)
    ]
