from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from detente.data.agreement import agreement
from detente.data.errors import DetenteError

TEXT = "Malta met Tunis."


def write(path: Path, *stances: list[list[str]], **fields: Any) -> Path:
    """One sentence for each list of stances."""
    actors = {"M": [[0, 5]], "T": [[10, 15]]}
    records = [{"id": str(at), "text": TEXT, "actors": actors, "stances": rows} for at, rows in enumerate(stances)]
    path.write_text("".join(json.dumps(record | fields) + "\n" for record in records), encoding="utf-8")
    return path


HOSTILE = [["M", "T", "hostile"], ["T", "M", "hostile"]]
MIXED = [["M", "T", "hostile"]]


def test_equal_files_agree_wholly(tmp_path: Path) -> None:
    result = agreement(write(tmp_path / "a", HOSTILE, []), write(tmp_path / "b", HOSTILE, []))

    assert (result.sentences, result.compared, result.one_sided) == (2, 4, 0)
    assert (result.share, result.kappa) == (1.0, 1.0)


def test_kappa_is_less_than_the_share_that_agrees(tmp_path: Path) -> None:
    # Of 4 pairs 3 agree; by chance 2/4 x 1/4 + 2/4 x 3/4 = 1/2 would.
    result = agreement(write(tmp_path / "a", HOSTILE, []), write(tmp_path / "b", MIXED, []))

    assert result.share == 0.75
    assert result.kappa == pytest.approx((0.75 - 0.5) / (1 - 0.5))
    assert result.confusion == {("hostile", "hostile"): 1, ("hostile", "neutral"): 1, ("neutral", "neutral"): 2}
    by_label = {label.label: label for label in result.labels}
    hostile = by_label["hostile"]
    assert (hostile.gold, hostile.second, hostile.both) == (2, 1, 1)
    assert hostile.kappa == pytest.approx(0.5)
    assert math.isnan(by_label["mediating"].kappa)


def test_pairs_that_one_side_does_not_know_are_left_out_and_counted(tmp_path: Path) -> None:
    gold = write(tmp_path / "a", HOSTILE)
    second = write(tmp_path / "b", HOSTILE, ignore=[["T", "M"]])

    result = agreement(gold, second)

    assert (result.compared, result.one_sided) == (1, 1)


def test_files_of_other_sentences_are_an_error(tmp_path: Path) -> None:
    gold = write(tmp_path / "a", HOSTILE, [])

    with pytest.raises(DetenteError, match="expected the same ids in both files, found 1 in one alone, such as '1'"):
        agreement(gold, write(tmp_path / "b", HOSTILE))
    with pytest.raises(DetenteError, match="expected the same text under the same id, found another one"):
        agreement(gold, write(tmp_path / "b", HOSTILE, [], text="Malta left Tunis."))
    with pytest.raises(DetenteError, match="expected pairs that both files label, found none"):
        agreement(gold, write(tmp_path / "b", [], [], actors={"MLT": [[0, 5]]}))
