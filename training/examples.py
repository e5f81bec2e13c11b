"""Labelled sentences as training examples."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import permutations

from tokenizers import Tokenizer

from ..data.schema import LabelledSentence
from ..data.sources import LabelledSet
from ..models.batch import EncodedSentence, encode
from ..models.config import TAGS

#: What the losses leave out.
IGNORED = -100


@dataclass(frozen=True, slots=True)
class Targets:
    """What a teacher says of a sentence: logits of its pairs (pairs, labels) and of its word pieces (pieces, tags)."""

    pairs: tuple[tuple[float, ...], ...]
    tags: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Example:
    """An encoded sentence, a label index for each of its pairs and a tag index for each piece, or ``IGNORED``."""

    encoded: EncodedSentence
    pair_labels: tuple[int, ...]
    tags: tuple[int, ...]
    targets: Targets | None = None


def make_examples(
    sentences: Sequence[LabelledSentence], tokenizer: Tokenizer, *, labels: Sequence[str], every_pair: bool = False
) -> list[Example]:
    """Tokenize sentences; pairs with an actor behind the tokenizer's cut are left out.

    Args:
        every_pair: keep the pairs without a known label, for a teacher to label.
    """
    index = {label: number for number, label in enumerate(labels)}
    encodings = tokenizer.encode_batch([sentence.text for sentence in sentences])
    examples = []
    for sentence, encoding in zip(sentences, encodings, strict=True):
        rows = {actor.id: row for row, actor in enumerate(sentence.actors)}
        places = encode(encoding, [actor.mentions for actor in sentence.actors], ()).actors
        known = {(rows[dyad.source], rows[dyad.target]): index[label] for dyad, label in sentence.pairs(labels)}
        pairs = permutations(range(len(places)), 2) if every_pair else known
        seen = tuple(pair for pair in pairs if places[pair[0]] and places[pair[1]])
        encoded = EncodedSentence(ids=tuple(encoding.ids), actors=places, pairs=seen)
        tags = _tags(sentence, encoding.offsets, encoding.special_tokens_mask)
        examples.append(Example(encoded, tuple(known.get(pair, IGNORED) for pair in seen), tags))
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


def split_folds(
    sentences: Iterable[LabelledSentence], *, fold: int = 0, folds: int = 5
) -> tuple[list[LabelledSentence], list[LabelledSentence]]:
    """Split into (kept, held out); a text is always on one side, whatever else is in the file."""
    sides: tuple[list[LabelledSentence], list[LabelledSentence]] = ([], [])
    for sentence in sentences:
        sides[_hash(sentence.text) % folds == fold].append(sentence)
    return sides


def share_of(sentences: Iterable[LabelledSentence], share: float) -> tuple[LabelledSentence, ...]:
    """A share of the sentences, by a hash of their texts."""
    return tuple(sentence for sentence in sentences if _hash(f"share {sentence.text}") < share * 2**64)


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def only_fold(data: LabelledSet, fold: int, *, held_out: bool) -> LabelledSet:
    """One side of a set's split into fifths: what is held out, or what is learned from."""
    sides = split_folds(data.sentences, fold=fold)
    return replace(data, sentences=tuple(sides[held_out]))
