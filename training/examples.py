"""Labelled sentences as training examples, and their batches."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from tokenizers import Tokenizer
from torch import Tensor

from ..data.schema import LabelledSentence
from ..data.sources import LabelledSet
from ..models.batch import EncodedSentence, SentenceBatch, collate, encode
from ..models.config import TAGS

#: What the losses leave out.
IGNORED = -100


@dataclass(frozen=True, slots=True)
class Example:
    """An encoded sentence, a label index for each of its pairs and a tag index (or ``IGNORED``) for each piece."""

    encoded: EncodedSentence
    pair_labels: tuple[int, ...]
    tags: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ExampleBatch:
    """A batch with its labels: ``pair_labels`` (P,), ``tags`` (B, T)."""

    inputs: SentenceBatch
    pair_labels: Tensor
    tags: Tensor


def make_examples(
    sentences: Sequence[LabelledSentence], tokenizer: Tokenizer, *, labels: Sequence[str]
) -> list[Example]:
    """Tokenize sentences; pairs with an actor behind the tokenizer's cut are left out."""
    index = {label: number for number, label in enumerate(labels)}
    encodings = tokenizer.encode_batch([sentence.text for sentence in sentences])
    examples = []
    for sentence, encoding in zip(sentences, encodings, strict=True):
        rows = {actor.id: row for row, actor in enumerate(sentence.actors)}
        mentions = [actor.mentions for actor in sentence.actors]
        places = encode(encoding, mentions, ()).actors
        known = [
            ((rows[dyad.source], rows[dyad.target]), index[label])
            for dyad, label in sentence.pairs()
            if places[rows[dyad.source]] and places[rows[dyad.target]]
        ]
        encoded = EncodedSentence(ids=tuple(encoding.ids), actors=places, pairs=tuple(pair for pair, _ in known))
        tags = _tags(sentence, encoding.offsets, encoding.special_tokens_mask)
        examples.append(Example(encoded, tuple(label for _, label in known), tags))
    return examples


def _tags(sentence: LabelledSentence, offsets: Sequence[tuple[int, int]], special: Sequence[int]) -> tuple[int, ...]:
    """BIO tags of the word pieces; of a partial sentence only the pieces in mentions are known."""
    outside = IGNORED if sentence.partial else TAGS.index("O")
    tags = [IGNORED if is_special else outside for is_special in special]
    # Shorter mentions first: where mentions nest, the whole name is one mention.
    spans = sorted(
        (span for actor in sentence.actors for span in actor.mentions), key=lambda span: span.end - span.start
    )
    for span in spans:
        inside = [
            i for i, (start, end) in enumerate(offsets) if not special[i] and start < span.end and span.start < end
        ]
        for order, piece in enumerate(inside):
            tags[piece] = TAGS.index("I" if order else "B")
    return tuple(tags)


def batches(
    examples: Sequence[Example], *, batch_tokens: int, pad_id: int, shuffle: random.Random | None = None
) -> Iterator[ExampleBatch]:
    """Batches of similar lengths within a budget of padded word pieces, in random order if ``shuffle`` is given."""
    # A random key among equal lengths keeps the batches of one epoch different from those of the next.
    order = sorted(range(len(examples)), key=lambda i: (len(examples[i].encoded), shuffle.random() if shuffle else i))
    groups: list[list[int]] = [[]]
    for i in order:
        if groups[-1] and (len(groups[-1]) + 1) * len(examples[i].encoded) > batch_tokens:
            groups.append([])
        groups[-1].append(i)
    if shuffle:
        shuffle.shuffle(groups)
    for group in groups:
        if group:
            yield _collate([examples[i] for i in group], pad_id=pad_id)


def _collate(examples: Sequence[Example], *, pad_id: int) -> ExampleBatch:
    inputs = collate([example.encoded for example in examples], pad_id=pad_id)
    tags = torch.full(inputs.input_ids.shape, IGNORED)
    for row, example in enumerate(examples):
        tags[row, : len(example.tags)] = torch.tensor(example.tags)
    pair_labels = torch.tensor([label for example in examples for label in example.pair_labels], dtype=torch.long)
    return ExampleBatch(inputs=inputs, pair_labels=pair_labels, tags=tags)


def split_folds(
    sentences: Iterable[LabelledSentence], *, fold: int = 0, folds: int = 5
) -> tuple[list[LabelledSentence], list[LabelledSentence]]:
    """Split into (kept, held out); a text is always on one side, whatever else is in the file."""
    sides: tuple[list[LabelledSentence], list[LabelledSentence]] = ([], [])
    for sentence in sentences:
        digest = hashlib.sha256(sentence.text.encode()).digest()
        sides[int.from_bytes(digest[:8], "big") % folds == fold].append(sentence)
    return sides


def only_fold(data: LabelledSet, fold: int, *, held_out: bool) -> LabelledSet:
    """One side of a set's split into fifths: what is held out, or what is learned from."""
    sides = split_folds(data.sentences, fold=fold)
    return replace(data, sentences=tuple(sides[held_out]))
