"""What a run learns from and what it is measured on, kept apart by text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ..data.errors import DetenteError
from ..data.schema import LabelledSentence
from ..data.sources import LabelledSet, read_set
from .examples import only_fold, share_of


@dataclass(frozen=True, slots=True)
class Learned:
    """A set that is learned from, so many times in each pass."""

    data: LabelledSet
    times: int = 1


@dataclass(frozen=True, slots=True)
class Material:
    """The sets of a run; no text of ``dev`` or of a set that is kept out is in ``learned``.

    ``banned`` holds those texts (see ``normal``), ``kept_out`` counts the sentences that were left out for them.
    """

    learned: tuple[Learned, ...]
    dev: LabelledSet
    banned: frozenset[str]
    kept_out: int

    def sentences(self) -> list[LabelledSentence]:
        """All that is learned from in one pass."""
        return [sentence for one in self.learned for sentence in one.data.sentences * one.times]


def gather(
    data: Sequence[str],
    *,
    hold_out: Sequence[str] = (),
    dev: str | None = None,
    keep_out: Sequence[str] = (),
    labels: tuple[str, ...],
    also_unlabelled: bool = False,
) -> Material:
    """Read the sets of a run.

    Args:
        data: sets to learn from, each ``SET``, ``SET:TIMES``, or, below 1, ``SET:SHARE``, by a hash of the text.
        hold_out: the same, but a fifth of each, by a hash of the text, is kept out of the whole run.
        dev: the set that decides when to stop and how to calibrate; else a fifth of ``data``.
        keep_out: sets of which no text may be learned, as they are to be scored afterwards.
        also_unlabelled: a teacher will label other sentences, so that there need be none to learn from here.

    Raises:
        DetenteError: there is no set, or one cannot be read or holds a label that is none of ``labels``.
    """
    whole = [_learned(spec, labels) for spec in data]
    parted = [_learned(spec, labels) for spec in hold_out]
    if not whole and not parted and not (also_unlabelled and dev):
        remedy = "Name it with --data, or one to measure on with --dev." if also_unlabelled else "Name it with --data."
        raise DetenteError("at least one labelled set", found="none", remedy=remedy)
    if dev is not None:
        dev_set = _checked(read_set(dev, labels=labels), labels)
    else:
        sides = [only_fold(one.data, 1, held_out=True) for one in whole or parted]
        dev_set = replace(
            sides[0], name="held-out-fifth", sentences=tuple(sentence for side in sides for sentence in side.sentences)
        )
    if not any(True for sentence in dev_set.sentences for _ in sentence.pairs(labels)):
        raise DetenteError(
            "at least one labelled pair to measure on", found="none", remedy="Name a labelled set with --dev."
        )
    # The fifth of the whole set, also where only a share of it is learned.
    held = [only_fold(read_set(_parsed(spec)[0], labels=labels), 0, held_out=True) for spec in hold_out]
    banned = texts_of([dev_set, *held, *(read_set(spec, labels=labels) for spec in keep_out)])
    learned, kept_out = [], 0
    for one in (*whole, *parted):
        left = without(one.data, banned)
        kept_out += len(one.data.sentences) - len(left.sentences)
        learned.append(replace(one, data=left))
    return Material(tuple(learned), dev_set, banned, kept_out)


def texts_of(sets: Iterable[LabelledSet]) -> frozenset[str]:
    """The texts of sets that are measured on, see ``normal``."""
    return frozenset(normal(sentence.text) for one in sets for sentence in one.sentences)


def without(data: LabelledSet, banned: frozenset[str]) -> LabelledSet:
    """A set without the texts that are measured on: public sets share texts with one another."""
    return replace(data, sentences=tuple(one for one in data.sentences if normal(one.text) not in banned))


def _learned(spec: str, labels: tuple[str, ...]) -> Learned:
    name, times = _parsed(spec)
    data = _checked(read_set(name, labels=labels), labels)
    if times >= 1:
        return Learned(data, int(times))
    return Learned(replace(data, sentences=share_of(data.sentences, times)))


def _parsed(spec: str) -> tuple[str, float]:
    """The set of ``SET``, ``SET:TIMES`` or ``SET:SHARE``, and how much of it."""
    counted = re.fullmatch(r"(.+):(\d+|0?\.\d+)", spec)
    if counted is None:
        return spec, 1.0
    if float(counted[2]) <= 0:
        raise DetenteError("a number above 0 behind a set", found=spec, remedy="Leave the set out.")
    return counted[1], float(counted[2])


def _checked(data: LabelledSet, labels: tuple[str, ...]) -> LabelledSet:
    unknown = sorted(_labels(data.sentences) - set(labels))
    if unknown:
        raise DetenteError(
            f"the labels {', '.join(labels)}",
            found=", ".join(unknown),
            remedy="List your labels under `labels` in the configuration.",
            where=str(data.path),
        )
    return data


def _labels(sentences: Iterable[LabelledSentence]) -> set[str]:
    return {label for sentence in sentences for label in sentence.stances.values()}


def normal(text: str) -> str:
    """Texts that differ in white space or case alone are one."""
    return " ".join(text.split()).casefold()
