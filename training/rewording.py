"""Labelled sentences with some words exchanged for near ones, for a teacher to label: more to learn from."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from ..data.edits import Edit, rewrite
from ..data.schema import LabelledSentence, Span

#: How many words stand for another, at most, and which share of a sentence's words is exchanged.
_NEAR = 10
_SHARE = 0.2
_WORD = re.compile(r"(?<![\w'\u2019-])[a-z]{3,}(?![\w'\u2019-])")
_ROWS = 1_024


def near_words(
    sentences: Iterable[LabelledSentence], tokenizer: Tokenizer, embeddings: Tensor
) -> dict[str, tuple[str, ...]]:
    """For each lower-case word of the sentences that is one word piece, the nearest of the others, by the cosine.

    Args:
        embeddings: of the tokenizer's word pieces (pieces, width).
    """
    words = sorted({found[0] for sentence in sentences for found in _WORD.finditer(sentence.text)})
    encodings = tokenizer.encode_batch([f" {word}" for word in words], add_special_tokens=False)
    # A piece is written with or without a sign for the space before it; an unknown word is another piece altogether.
    pieces = {
        word: one.ids[0]
        for word, one in zip(words, encodings, strict=True)
        if len(one.ids) == 1 and one.tokens[0].endswith(word)
    }
    if len(pieces) < 2:
        return {}
    known = list(pieces)
    vectors = functional.normalize(embeddings[list(pieces.values())].float(), dim=-1)
    near: dict[str, tuple[str, ...]] = {}
    for first in range(0, len(known), _ROWS):
        likeness = vectors[first : first + _ROWS] @ vectors.T
        likeness[torch.arange(len(likeness)), torch.arange(first, first + len(likeness))] = -torch.inf
        for row, best in enumerate(likeness.topk(min(_NEAR, len(known) - 1)).indices.tolist()):
            near[known[first + row]] = tuple(known[column] for column in best)
    return near


def reworded(
    sentences: Iterable[LabelledSentence], near: Mapping[str, Sequence[str]], *, seed: int = 0
) -> Iterator[LabelledSentence]:
    """A copy of each whole sentence in which words outside the mentions give way to near ones; without labels.

    "Accused" may become "praised": what is said then, only a teacher can tell. After the data augmentation of
    TinyBERT (Jiao et al., Findings of EMNLP 2020), without its language model.
    """
    for sentence in sentences:
        if sentence.partial:
            continue
        mentions = [span for actor in sentence.actors for span in actor.mentions]
        known = [Span(*found.span()) for found in _WORD.finditer(sentence.text) if found[0] in near]
        places = [word for word in known if not any(word.overlaps(mention) for mention in mentions)]
        if not places:
            continue
        chosen = random.Random(f"{seed}:{sentence.id}")
        number = max(1, round(_SHARE * len(places)))
        edits = [
            Edit(span, chosen.choice(near[sentence.text[span.start : span.end]]))
            for span in sorted(chosen.sample(places, number))
        ]
        new = rewrite(sentence, edits)
        yield replace(new, id=f"{sentence.id}^", stances={}, unsure=frozenset(), partial=True)
