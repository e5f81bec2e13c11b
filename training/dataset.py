"""Training examples as a data set: variants of each sentence, batches of like lengths, tensors."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pyarrow.compute as pc
import torch
from datasets import Dataset, Features, List, Value
from torch import Tensor
from torch.utils.data import Sampler

from ..data.errors import DetenteError
from ..models.batch import EncodedSentence, SentenceBatch, collate
from ..models.config import TAGS
from .config import Augmentation
from .examples import IGNORED, Example

_INTS = List(Value("int32"))
FEATURES = Features(
    {
        "group": Value("int32"),
        "form": Value("string"),
        "ids": _INTS,
        "actors": List(_INTS),
        "pairs": List(_INTS),
        "pair_labels": _INTS,
        "tags": _INTS,
        "pair_targets": List(List(Value("float32"))),
        "tag_targets": List(List(Value("float32"))),
    }
)


class Form(StrEnum):
    """How a sentence is shown."""

    PLAIN = "plain"
    SWAPPED = "swapped"
    EXCHANGED = "exchanged"


@dataclass(frozen=True, slots=True)
class Variants:
    """The forms of a sentence: as it is written, with states swapped for others, with two states exchanged."""

    plain: Example
    swapped: tuple[Example, ...] = ()
    exchanged: tuple[Example, ...] = ()

    def forms(self) -> Iterator[tuple[Form, Example]]:
        """Every form, the plain one first."""
        yield Form.PLAIN, self.plain
        yield from ((Form.SWAPPED, one) for one in self.swapped)
        yield from ((Form.EXCHANGED, one) for one in self.exchanged)


def make_dataset(variants: Sequence[Variants]) -> Dataset:
    """One row for each form of each sentence; the forms of a sentence are of one ``group``."""
    rows = [
        {
            "group": group,
            "form": form.value,
            "ids": example.encoded.ids,
            "actors": example.encoded.actors,
            "pairs": example.encoded.pairs,
            "pair_labels": example.pair_labels,
            "tags": example.tags,
            "pair_targets": example.targets.pairs if example.targets else [],
            "tag_targets": example.targets.tags if example.targets else [],
        }
        for group, one in enumerate(variants)
        for form, example in one.forms()
    ]
    return Dataset.from_list(rows, features=FEATURES)


class VariantBatches(Sampler[list[int]]):
    """Batches of rows of like lengths within a budget of word pieces; one form of each sentence in each pass.

    A pass depends on the seed and its number alone, so that a run that was killed goes on with the batches that it
    would have had.
    """

    def __init__(self, data: Dataset, *, augmentation: Augmentation, batch_tokens: int, seed: int) -> None:
        self.epoch = 0
        self._rows: list[dict[Form, list[int]]] = []
        self._lengths: list[int] = []
        lengths = pc.list_value_length(data.data.column("ids")).to_pylist()
        for row, (group, form, length) in enumerate(zip(data["group"], data["form"], lengths, strict=True)):
            if group == len(self._rows):
                self._rows.append({kind: [] for kind in Form})
                self._lengths.append(0)
            self._rows[group][Form(form)].append(row)
            # The longest form counts, whichever is drawn: so all passes have as many batches.
            self._lengths[group] = max(self._lengths[group], length)
        self._augmentation, self._budget, self._seed = augmentation, batch_tokens, seed
        self._number = len(self._grouped(range(len(self._lengths))))

    def set_epoch(self, epoch: int) -> None:
        """Say which pass is next."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self._number

    def __iter__(self) -> Iterator[list[int]]:
        chosen = random.Random(f"{self._seed}:{self.epoch}")
        order = list(range(len(self._lengths)))
        chosen.shuffle(order)
        groups = self._grouped(order)
        chosen.shuffle(groups)
        yield from ([self._draw(sentence, chosen) for sentence in group] for group in groups)

    def _grouped(self, order: Sequence[int]) -> list[list[int]]:
        groups: list[list[int]] = []
        for sentence in sorted(order, key=self._lengths.__getitem__):
            if not groups or (len(groups[-1]) + 1) * self._lengths[sentence] > self._budget:
                groups.append([])
            groups[-1].append(sentence)
        return groups

    def _draw(self, sentence: int, chosen: random.Random) -> int:
        rows, lot = self._rows[sentence], chosen.random()
        if rows[Form.SWAPPED] and lot < self._augmentation.swap:
            return chosen.choice(rows[Form.SWAPPED])
        if (
            rows[Form.EXCHANGED]
            and self._augmentation.swap <= lot < self._augmentation.swap + self._augmentation.exchange
        ):
            return chosen.choice(rows[Form.EXCHANGED])
        return rows[Form.PLAIN][0]


class Collator:
    """Rows to tensors, some actors hidden behind the mask piece.

    The tensors are those of ``SentenceBatch``, with P pairs, B sentences of at most T pieces: ``pair_labels`` (P,),
    ``tags`` (B, T), ``pair_targets`` (P, labels) and ``tag_targets`` (B, T, tags), NaN where no teacher spoke.
    """

    def __init__(
        self,
        *,
        pad_id: int,
        mask_id: int | None,
        mask: float,
        labels: int,
        lot: Callable[[int], str] = str,
    ) -> None:
        """Args: lot, the seed by which the actors of a sentence (its ``group``) are hidden; another in each pass.

        Raises: DetenteError: actors are to be hidden and there is no piece to hide them behind.
        """
        if mask and mask_id is None:
            raise DetenteError(
                "a tokenizer with [MASK] or <mask> to hide actors behind",
                found="none",
                remedy="Set augmentation.mask to 0.",
            )
        self._pad_id, self._mask_id, self._mask, self._labels = pad_id, mask_id, mask, labels
        self._lot = lot

    def __call__(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, Tensor]:
        hidden = [self._hidden(row) for row in rows]
        sentences = [
            EncodedSentence(
                ids=tuple(self._mask_id or 0 if piece in out else i for piece, i in enumerate(row["ids"])),
                actors=tuple(map(tuple, row["actors"])),
                pairs=tuple((source, target) for source, target in row["pairs"]),
            )
            for row, out in zip(rows, hidden, strict=True)
        ]
        inputs = collate(sentences, pad_id=self._pad_id)
        tags = torch.full(inputs.input_ids.shape, IGNORED)
        tag_targets = torch.full((*inputs.input_ids.shape, len(TAGS)), torch.nan)
        for number, (row, out) in enumerate(zip(rows, hidden, strict=True)):
            known = [IGNORED if piece in out else tag for piece, tag in enumerate(row["tags"])]
            tags[number, : len(known)] = torch.tensor(known)
            if row["tag_targets"]:
                tag_targets[number, : len(known)] = torch.tensor(row["tag_targets"])
                tag_targets[number, sorted(out)] = torch.nan
        nothing = [[torch.nan] * self._labels]
        targets = [target for row in rows for target in (row["pair_targets"] or nothing * len(row["pairs"]))]
        return {
            **{name: getattr(inputs, name) for name in SentenceBatch.__slots__},
            "pair_labels": torch.tensor([label for row in rows for label in row["pair_labels"]], dtype=torch.long),
            "tags": tags,
            "pair_targets": torch.tensor(targets).reshape(-1, self._labels),
            "tag_targets": tag_targets,
        }

    def _hidden(self, row: Mapping[str, Any]) -> frozenset[int]:
        if self._mask_id is None or not self._mask:
            return frozenset()
        chosen = random.Random(self._lot(row["group"]))
        lots = [chosen.random() for _ in row["actors"]]
        return frozenset(
            piece for actor, lot in zip(row["actors"], lots, strict=True) if lot < self._mask for piece in actor
        )


def to_batch(tensors: Mapping[str, Tensor]) -> SentenceBatch:
    """The model's input out of a collated batch."""
    return SentenceBatch(**{name: tensors[name] for name in SentenceBatch.__slots__})
