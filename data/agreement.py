"""How far two readers agree on the pairs of the same sentences."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .duplicates import need_sklearn
from .errors import DetenteError
from .labelled import read_labelled
from .schema import STANCES, LabelledSentence


@dataclass(frozen=True, slots=True)
class LabelAgreement:
    """Agreement on one label against the rest; ``kappa`` is NaN where neither reader, or both always, gave it."""

    label: str
    gold: int
    second: int
    both: int
    kappa: float


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement of a second reader with the gold labels.

    ``compared`` are the ordered pairs whose label both know. ``one_sided`` are known to one alone, because the other
    is unsure or has another list of actors: they are left out. ``confusion`` counts (gold, second).
    """

    sentences: int
    compared: int
    one_sided: int
    share: float
    kappa: float
    labels: tuple[LabelAgreement, ...]
    confusion: Counter[tuple[str, str]]


def agreement(gold: Path, second: Path) -> Agreement:
    """Compare two labelled files with the same sentences.

    Raises:
        DetenteError: a file breaks the format, ids or texts differ, there is no common pair, or scikit-learn is
            missing.
    """
    ours, theirs = ({sentence.id: sentence for sentence in read_labelled(path)} for path in (gold, second))
    _same_sentences(ours, theirs, gold, second)
    pairs: list[tuple[str, str]] = []
    one_sided = 0
    for sentence in ours.values():
        one, other = dict(sentence.pairs()), dict(theirs[sentence.id].pairs())
        pairs.extend((one[dyad], other[dyad]) for dyad in one if dyad in other)
        one_sided += len(one.keys() ^ other.keys())
    if not pairs:
        raise DetenteError(
            "pairs that both files label",
            found=f"none in {gold} and {second}",
            remedy="Use the same actor ids in both files.",
        )
    return Agreement(
        sentences=len(ours),
        compared=len(pairs),
        one_sided=one_sided,
        share=sum(one == other for one, other in pairs) / len(pairs),
        kappa=_kappa([one for one, _ in pairs], [other for _, other in pairs]),
        labels=tuple(_on_label(label, pairs) for label in STANCES),
        confusion=Counter(pairs),
    )


def _same_sentences(
    ours: Mapping[str, LabelledSentence], theirs: Mapping[str, LabelledSentence], gold: Path, second: Path
) -> None:
    if apart := sorted(ours.keys() ^ theirs.keys()):
        raise DetenteError(
            "the same ids in both files",
            found=f"{len(apart)} in one alone, such as {apart[0]!r}",
            remedy="Leave those sentences out.",
            where=f"{gold} and {second}",
        )
    for sentence_id, sentence in ours.items():
        if sentence.text != theirs[sentence_id].text:
            raise DetenteError(
                "the same text under the same id",
                found="another one",
                remedy="Give the second reader the gold text unchanged.",
                where=f"{second}: {sentence_id}",
            )


def _on_label(label: str, pairs: Sequence[tuple[str, str]]) -> LabelAgreement:
    gold = [one == label for one, _ in pairs]
    second = [other == label for _, other in pairs]
    both = sum(one and other for one, other in zip(gold, second, strict=True))
    return LabelAgreement(label, sum(gold), sum(second), both, _kappa(gold, second))


def _kappa(gold: Sequence[str] | Sequence[bool], second: Sequence[str] | Sequence[bool]) -> float:
    """Cohen's kappa; NaN where both readers give one and the same label throughout and chance explains all."""
    if len({*gold} | {*second}) < 2:
        return math.nan
    return float(need_sklearn("metrics").cohen_kappa_score(gold, second))
