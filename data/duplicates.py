"""Sentences that are too much alike: equal texts, equal skeletons, near-duplicates by character n-grams."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from .errors import DetenteError
from .schema import LabelledSentence, Span

#: Cosine of the TF-IDF vectors of two texts from which they count as near-duplicates.
NEAR = 0.9
#: Sentences that share a tag with this beginning are alike on purpose (minimal pairs) and never compared.
PAIR_TAG = "pair:"
#: What stands for a mention in a skeleton.
MASK = "X"

_BLOCK = 512


class Likeness(StrEnum):
    """In what two sentences are alike, the strongest first."""

    TEXT = "same text"
    SKELETON = "same skeleton"
    NEAR = "near-duplicate"


@dataclass(frozen=True, slots=True)
class Placed:
    """A labelled sentence and the file that it stands in."""

    file: str
    sentence: LabelledSentence

    @property
    def place(self) -> str:
        """File and id, as messages give them."""
        return f"{self.file}:{self.sentence.id}"


@dataclass(frozen=True, slots=True)
class Alike:
    """Two sentences that are alike; ``leak`` if they stand in different files or splits."""

    likeness: Likeness
    first: Placed
    second: Placed
    cosine: float
    leak: bool


def normal(text: str) -> str:
    """A text without case, punctuation and double spaces."""
    return " ".join(re.findall(r"\w+", text.casefold()))


def masked(sentence: LabelledSentence) -> str:
    """The text with every mention replaced by ``MASK``; mentions that overlap become one."""
    text = sentence.text
    spans: list[Span] = []
    for span in sorted(span for actor in sentence.actors for span in actor.mentions):
        if spans and span.start < spans[-1].end:
            spans[-1] = Span(spans[-1].start, max(spans[-1].end, span.end))
        else:
            spans.append(span)
    for span in reversed(spans):
        text = f"{text[: span.start]}{MASK}{text[span.end :]}"
    return text


def find_alike(sentences: Sequence[Placed]) -> list[Alike]:
    """Every pair of sentences that are alike, each once, with its strongest likeness.

    Raises:
        DetenteError: scikit-learn is not installed.
    """
    found: dict[tuple[int, int], Alike] = {}

    def add(one: int, other: int, likeness: Likeness, cosine: float) -> None:
        first, second = sentences[one], sentences[other]
        if (one, other) not in found and not _on_purpose(first, second):
            leak = (first.file, first.sentence.split) != (second.file, second.sentence.split)
            found[one, other] = Alike(likeness, first, second, cosine, leak)

    for likeness, key in _KEYS.items():
        groups: dict[str, list[int]] = defaultdict(list)
        for at, placed in enumerate(sentences):
            groups[key(placed.sentence)].append(at)
        for group in groups.values():
            for at, one in enumerate(group):
                for other in group[at + 1 :]:
                    add(one, other, likeness, 1.0)
    for one, other, cosine in _near([placed.sentence.text for placed in sentences]):
        add(one, other, Likeness.NEAR, cosine)
    order = list(Likeness)
    return sorted(found.values(), key=lambda pair: (not pair.leak, order.index(pair.likeness), -pair.cosine))


_KEYS: dict[Likeness, Callable[[LabelledSentence], str]] = {
    Likeness.TEXT: lambda sentence: normal(sentence.text),
    Likeness.SKELETON: lambda sentence: normal(masked(sentence)),
}


def _on_purpose(first: Placed, second: Placed) -> bool:
    one, other = first.sentence, second.sentence
    if any(tag.startswith(PAIR_TAG) for tag in {*one.tags} & {*other.tags}):
        return True
    # A set that labels one pair a row repeats the sentence for each of its pairs.
    same_place = (first.file, one.split) == (second.file, other.split)
    return same_place and one.partial and other.partial and one.text == other.text


def _near(texts: Sequence[str]) -> Iterator[tuple[int, int, float]]:
    """Pairs whose character 3- to 5-grams, weighted by TF-IDF, have a cosine of at least ``NEAR``."""
    if len(texts) < 2:
        return
    vectors: Any = need_sklearn("feature_extraction.text").TfidfVectorizer(
        analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True
    )
    matrix = vectors.fit_transform(texts)
    for first in range(0, len(texts), _BLOCK):
        cosines = (matrix[first : first + _BLOCK] @ matrix.T).tocoo()
        for row, column, cosine in zip(cosines.row, cosines.col, cosines.data, strict=True):
            if cosine >= NEAR and first + row < column:
                yield int(first + row), int(column), float(cosine)


def need_sklearn(module: str) -> Any:
    """A module of scikit-learn, which comes with the extra ``train``.

    Raises:
        DetenteError: it is not installed.
    """
    from importlib import import_module

    try:
        return import_module(f"sklearn.{module}")
    except ModuleNotFoundError as error:
        raise DetenteError(
            "scikit-learn", found="none installed", remedy="Install it with: pip install 'detente[train]'"
        ) from error
