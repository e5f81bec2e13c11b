from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from detente.data.errors import DetenteError
from detente.data.formats import Refused, label_studio
from detente.data.schema import STANCES, Actor, Dyad, LabelledSentence, Span
from hypothesis import given
from hypothesis import strategies as st

TEXT = "\U0001f54a Moss of Malta wrote to Tunis, and Tunis thanked Malta."


def the_sentence(**changes: Any) -> LabelledSentence:
    record: dict[str, Any] = {
        "id": "toy-1",
        "text": TEXT,
        "actors": {"MLT": [[2, 15], [50, 55]], "TUN": [[25, 30], [36, 41]]},
        "stances": [["MLT", "TUN", "hostile"], ["TUN", "MLT", "cooperative"]],
        "ignore": [["MLT", "TUN"]],
        "split": "dev",
        "round": "b",
        "tags": ["x", "pair:y"],
    }
    return LabelledSentence.from_json(record | changes)


def annotated(sentence: LabelledSentence, **changes: Any) -> dict[str, Any]:
    """A task as Label Studio exports it once its annotation was submitted unchanged."""
    task = label_studio.task_of(sentence)
    annotation = {"id": 3, "was_cancelled": False, "ground_truth": False, "result": task["predictions"][0]["result"]}
    return {"id": 17, "data": task["data"], "annotations": [annotation | changes]}


def read(tmp_path: Path, *tasks: dict[str, Any]) -> list[LabelledSentence | Refused]:
    path = tmp_path / "export.json"
    path.write_text(json.dumps(tasks), encoding="utf-8")
    return list(label_studio.read(path))


@st.composite
def sentences(draw: st.DrawFn) -> LabelledSentence:
    text = draw(st.text(st.characters(exclude_categories=["Cs"]), min_size=4, max_size=60).filter(str.strip))
    ids = draw(st.lists(st.from_regex(r"[a-zA-Z]{1,4}(:[a-z-]{1,8})?", fullmatch=True), max_size=4, unique=True))
    span = st.integers(0, len(text) - 1).flatmap(
        lambda start: st.integers(start + 1, len(text)).map(lambda end: Span(start, end))
    )
    actors = tuple(
        Actor(actor, tuple(sorted(draw(st.lists(span, min_size=1, max_size=3, unique=True))))) for actor in ids
    )
    dyads = [Dyad(*pair) for pair in permutations(ids, 2)]
    some = st.lists(st.sampled_from(dyads), unique=True) if dyads else st.just([])
    return LabelledSentence(
        id=draw(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)),
        text=text,
        actors=actors,
        stances={dyad: draw(st.sampled_from(STANCES)) for dyad in draw(some)},
        unsure=frozenset(draw(some)),
        partial=draw(st.booleans()),
        split=draw(st.sampled_from(["", "train", "dev"])),
        round=draw(st.sampled_from(["", "plv"])),
        tags=tuple(draw(st.lists(st.sampled_from(["a", "pair:b", "c d"]), max_size=3))),
    )


@given(sentences())
def test_a_round_trip_loses_nothing(sentence: LabelledSentence) -> None:
    task = json.loads(json.dumps(label_studio.task_of(sentence)))

    assert label_studio.sentence_of(task) == sentence


def test_a_file_goes_out_and_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "tasks.json"

    assert label_studio.write(path, [the_sentence(), the_sentence(id="toy-2")]) == 2
    assert list(label_studio.read(path)) == [the_sentence(), the_sentence(id="toy-2")]


def test_an_annotated_task_counts_rather_than_its_prediction(tmp_path: Path) -> None:
    task = annotated(the_sentence(stances=[["MLT", "TUN", "mediating"]]))
    task["predictions"] = label_studio.task_of(the_sentence())["predictions"]

    (sentence,) = read(tmp_path, task)

    assert isinstance(sentence, LabelledSentence)
    assert dict(sentence.stances) == {("MLT", "TUN"): "mediating"}


def test_offsets_count_utf_16_code_units() -> None:
    regions = label_studio.task_of(the_sentence())["predictions"][0]["result"]

    assert regions[0]["value"] == {"start": 3, "end": 16, "text": "Moss of Malta", "labels": ["Actor"]}


@pytest.mark.parametrize(
    ("direction", "stances"),
    [
        ("right", {("MLT", "TUN"): "hostile"}),
        (None, {("MLT", "TUN"): "hostile"}),
        ("left", {("TUN", "MLT"): "hostile"}),
        ("bi", {("MLT", "TUN"): "hostile", ("TUN", "MLT"): "hostile"}),
    ],
)
def test_a_relation_counts_in_its_direction(
    tmp_path: Path, direction: str | None, stances: dict[tuple[str, str], str]
) -> None:
    task = annotated(the_sentence(stances=[["MLT", "TUN", "hostile"]], ignore=[]))
    task["annotations"][0]["result"][-1]["direction"] = direction

    (sentence,) = read(tmp_path, task)

    assert isinstance(sentence, LabelledSentence)
    assert dict(sentence.stances) == stances


def test_a_relation_may_lead_to_any_mention(tmp_path: Path) -> None:
    task = annotated(the_sentence(stances=[["MLT", "TUN", "hostile"]], ignore=[]))
    regions = [item["id"] for item in task["annotations"][0]["result"] if item["type"] == "labels"]
    task["annotations"][0]["result"][-1]["to_id"] = regions[-1]

    (sentence,) = read(tmp_path, task)

    assert isinstance(sentence, LabelledSentence)
    assert dict(sentence.stances) == {("MLT", "TUN"): "hostile"}


def test_a_task_of_one_s_own_needs_only_a_text(tmp_path: Path) -> None:
    region = {"id": "a", "to_name": "text"}
    result = [
        region | {"from_name": "mention", "type": "labels", "value": {"start": 0, "end": 5, "labels": ["Actor"]}},
        region | {"from_name": "actor", "type": "textarea", "value": {"text": ["MLT"]}},
    ]

    (sentence,) = read(tmp_path, {"id": 4, "data": {"text": "Malta slept."}, "annotations": [{"result": result}]})

    assert sentence == LabelledSentence("label-studio:4", "Malta slept.", (Actor("MLT", (Span(0, 5),)),), {})


def test_of_several_annotations_the_ground_truth_counts(tmp_path: Path) -> None:
    task = annotated(the_sentence(stances=[]))
    task["annotations"] += annotated(the_sentence(), ground_truth=True)["annotations"]

    assert read(tmp_path, task) == [the_sentence()]


def refusal(tmp_path: Path, task: dict[str, Any]) -> str:
    (row,) = read(tmp_path, task)
    assert isinstance(row, Refused)
    assert row.place == f"{tmp_path / 'export.json'}: task 17"
    return row.reason


def test_tasks_that_nobody_finished_are_refused(tmp_path: Path) -> None:
    task = annotated(the_sentence())

    assert refusal(tmp_path, task | {"annotations": []}) == "nobody has annotated the task"
    assert refusal(tmp_path, annotated(the_sentence(), was_cancelled=True)) == "the task was skipped"
    twice = task | {"annotations": task["annotations"] * 2}
    assert refusal(tmp_path, twice) == "2 annotations, of which 0 are marked as ground truth; mark one"
    assert refusal(tmp_path, task | {"data": {}}) == "the task has no text"


def test_annotations_that_say_too_little_or_too_much_are_refused(tmp_path: Path) -> None:
    task = annotated(the_sentence(ignore=[]))
    result = task["annotations"][0]["result"]

    def changed(*, drop: int = -1, **changes: Any) -> dict[str, Any]:
        items = [item | changes if item["type"] == "relation" else item for item in result]
        return task | {"annotations": [{"result": [item for at, item in enumerate(items) if at != drop]}]}

    assert refusal(tmp_path, changed(drop=1)) == "the mention 'Moss of Malta' has no actor id"
    assert refusal(tmp_path, changed(labels=[])) == "the relation from MLT to TUN has no label"
    assert refusal(tmp_path, changed(to_id="gone")) == "a relation leads to no mention"
    assert refusal(tmp_path, changed(labels=["hostile", "neutral"])) == "MLT to TUN is both hostile and neutral"
    assert "expected a label out of cooperative" in refusal(tmp_path, changed(labels=["angry"]))
    result[0]["value"]["end"] = 999
    assert refusal(tmp_path, task) == "a mention at 3 to 999 lies outside the text"


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("{", "found no JSON"),
        ('{"data": 1}', "found a JSON dict"),
        ('[{"text": "min"}]', "found objects without 'data'"),
    ],
)
def test_another_file_is_an_error(tmp_path: Path, content: str, found: str) -> None:
    path = tmp_path / "export.json"
    path.write_text(content)

    with pytest.raises(DetenteError, match=f"expected a JSON list of Label Studio tasks, {found}.*Export the project"):
        list(label_studio.read(path))
    with pytest.raises(DetenteError, match="found no file"):
        list(label_studio.read(tmp_path / "missing.json"))


def test_the_configuration_offers_every_stance() -> None:
    view = ElementTree.fromstring(label_studio.labelling_config())

    assert [relation.get("value") for relation in view.iter("Relation")] == [*STANCES, "unsure"]
    names = {element.get("name") for element in view.iter() if element.get("name")}
    assert names == {"mention", "text", "actor"}
    assert all(element.get("toName") in (None, "text") for element in view.iter())
