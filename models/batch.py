"""Sentences with actors and pairs as tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from tokenizers import Encoding, Tokenizer
from torch import Tensor

from ..data.schema import Span


@dataclass(frozen=True, slots=True)
class EncodedSentence:
    """One sentence as word pieces, with the places of its actors and pairs.

    ``actors[a]`` holds the positions of the word pieces of actor ``a``, over all its mentions; it is empty where
    every mention lies behind the cut at the model's longest input. ``pairs`` are (source, target) indices into
    ``actors``.
    """

    ids: tuple[int, ...]
    actors: tuple[tuple[int, ...], ...]
    pairs: tuple[tuple[int, int], ...]

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class SentenceBatch:
    """A batch for ``StanceModel.forward``.

    Shapes, with B sentences of at most T word pieces, A actors, P pairs and M word pieces in mentions, all counted
    over the batch: ``input_ids`` and ``attention_mask`` (B, T); ``piece_index`` (M,), positions in the flattened
    (B * T); ``piece_actor`` (M,), the actor of each; ``actor_sentence`` (A,), the sentence of each actor;
    ``pair_source`` and ``pair_target`` (P,), actors.
    """

    input_ids: Tensor
    attention_mask: Tensor
    piece_index: Tensor
    piece_actor: Tensor
    actor_sentence: Tensor
    pair_source: Tensor
    pair_target: Tensor

    def to(self, device: torch.device) -> SentenceBatch:
        """The same batch on another device."""
        return SentenceBatch(*(getattr(self, name).to(device, non_blocking=True) for name in self.__slots__))


def encode(encoding: Encoding, actors: Sequence[Sequence[Span]], pairs: Sequence[tuple[int, int]]) -> EncodedSentence:
    """Find the word pieces of each actor's mentions in a tokenized sentence."""
    offsets = encoding.offsets
    special = encoding.special_tokens_mask
    places = tuple(
        tuple(
            piece
            for piece, (start, end) in enumerate(offsets)
            if not special[piece] and any(start < mention.end and mention.start < end for mention in mentions)
        )
        for mentions in actors
    )
    return EncodedSentence(ids=tuple(encoding.ids), actors=places, pairs=tuple(pairs))


def collate(sentences: Sequence[EncodedSentence], *, pad_id: int) -> SentenceBatch:
    """Pad the sentences to the longest one and number their actors through.

    Raises:
        ValueError: an actor of a pair has no word piece; leave such pairs out before.
    """
    longest = max(len(sentence) for sentence in sentences)
    input_ids = torch.full((len(sentences), longest), pad_id, dtype=torch.long)
    attention_mask = torch.zeros((len(sentences), longest), dtype=torch.long)
    piece_index: list[int] = []
    piece_actor: list[int] = []
    actor_sentence: list[int] = []
    pair_source: list[int] = []
    pair_target: list[int] = []
    for row, sentence in enumerate(sentences):
        input_ids[row, : len(sentence)] = torch.tensor(sentence.ids)
        attention_mask[row, : len(sentence)] = 1
        first = len(actor_sentence)
        for source, target in sentence.pairs:
            if not (sentence.actors[source] and sentence.actors[target]):
                raise ValueError("expected word pieces for both actors of a pair, found an actor with none")
            pair_source.append(first + source)
            pair_target.append(first + target)
        for pieces in sentence.actors:
            piece_index.extend(row * longest + piece for piece in pieces)
            piece_actor.extend([len(actor_sentence)] * len(pieces))
            actor_sentence.append(row)
    return SentenceBatch(
        input_ids=input_ids,
        attention_mask=attention_mask,
        piece_index=torch.tensor(piece_index, dtype=torch.long),
        piece_actor=torch.tensor(piece_actor, dtype=torch.long),
        actor_sentence=torch.tensor(actor_sentence, dtype=torch.long),
        pair_source=torch.tensor(pair_source, dtype=torch.long),
        pair_target=torch.tensor(pair_target, dtype=torch.long),
    )


def cut_at(tokenizer: Tokenizer, max_pieces: int) -> Tokenizer:
    """Let a tokenizer cut at ``max_pieces`` and pad nothing; padding is the collator's."""
    tokenizer.enable_truncation(max_length=max_pieces)
    tokenizer.no_padding()
    return tokenizer
