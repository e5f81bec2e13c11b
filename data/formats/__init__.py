"""Readers and writers of labelled formats that are not our own, one file per format."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path

from ..schema import LabelledSentence
from . import aw, cameo, dse, newsmtsc, plv
from .base import Refused

Reader = Callable[[Path], Iterator[LabelledSentence | Refused]]


class PublicSet(StrEnum):
    """A public data set whose files can be read."""

    PLV = "plv"
    AW = "aw"
    CAMEO = "cameo"
    DSE = "dse"
    NEWSMTSC = "newsmtsc"


READERS: Mapping[PublicSet, Reader] = {
    PublicSet.PLV: plv.read,
    PublicSet.AW: aw.read,
    PublicSet.CAMEO: cameo.read,
    PublicSet.DSE: dse.read,
    PublicSet.NEWSMTSC: newsmtsc.read,
}

__all__ = ["READERS", "PublicSet", "Reader", "Refused"]
