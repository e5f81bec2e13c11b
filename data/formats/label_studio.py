"""Label Studio: labelled sentences as tasks to correct, and its JSON export as labelled sentences.

A mention is a region of the text with the actor's id in a text field of its own; mentions with one id are one actor.
A stance is a relation from a region of the source to one of the target, labelled with the stance; ``unsure`` on a
relation says that competent readers differ on the pair. Everything else of a sentence travels in the task's data.

Label Studio counts UTF-16 code units, as browsers do; spans here count characters.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from ..errors import DetenteError
from ..schema import STANCES, LabelledSentence, Span
from .base import RefusalError, Refused

#: Label of a relation between two actors on whose stance competent readers differ.
UNSURE = "unsure"

_TEXT, _MENTION, _ACTOR = "text", "mention", "actor"
_COLOURS = {"cooperative": "#2e7d32", "hostile": "#c62828", "mediating": "#1565c0", "neutral": "#757575"}


def labelling_config() -> str:
    """The XML of a Label Studio project for our tasks."""
    view = ElementTree.Element("View")
    relations = ElementTree.SubElement(view, "Relations", choice="multiple")
    for label in STANCES:
        ElementTree.SubElement(relations, "Relation", value=label, background=_COLOURS[label])
    ElementTree.SubElement(relations, "Relation", value=UNSURE)
    labels = ElementTree.SubElement(view, "Labels", name=_MENTION, toName=_TEXT)
    ElementTree.SubElement(labels, "Label", value="Actor", background="#6a1b9a")
    ElementTree.SubElement(view, "Text", name=_TEXT, value="$text")
    ElementTree.SubElement(
        view,
        "TextArea",
        name=_ACTOR,
        toName=_TEXT,
        perRegion="true",
        required="true",
        requiredMessage="Which actor is it? Give its id, such as TUR or igo:nato",
        maxSubmissions="1",
        editable="true",
        displayMode="region-list",
        placeholder="Actor id, such as TUR or igo:nato",
    )
    ElementTree.indent(view)
    return ElementTree.tostring(view, encoding="unicode") + "\n"


def write(path: Path, sentences: Iterable[LabelledSentence]) -> int:
    """Write sentences as tasks with pre-annotations, a JSON list for Label Studio's import; returns how many."""
    tasks = [task_of(sentence) for sentence in sentences]
    path.write_text(json.dumps(tasks, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return len(tasks)


def task_of(sentence: LabelledSentence) -> dict[str, Any]:
    """One sentence as a task; its labels are a prediction, which the annotator starts from."""
    units = _Utf16(sentence.text)
    result: list[dict[str, Any]] = []
    first_region: dict[str, str] = {}
    for actor in sentence.actors:
        for mention in actor.mentions:
            region = f"m{len(result) // 2}"
            first_region.setdefault(actor.id, region)
            place = {"start": units.offset(mention.start), "end": units.offset(mention.end)}
            words = sentence.text[mention.start : mention.end]
            common = {"id": region, "to_name": _TEXT}
            result.append(
                common
                | {"from_name": _MENTION, "type": "labels", "value": place | {"text": words, "labels": ["Actor"]}}
            )
            result.append(common | {"from_name": _ACTOR, "type": "textarea", "value": place | {"text": [actor.id]}})
    for dyad in (*sentence.stances, *sorted(sentence.unsure - sentence.stances.keys())):
        labels = [sentence.stances[dyad]] if dyad in sentence.stances else []
        result.append(
            {
                "type": "relation",
                "from_id": first_region[dyad.source],
                "to_id": first_region[dyad.target],
                "direction": "right",
                "labels": [*labels, *([UNSURE] if dyad in sentence.unsure else [])],
            }
        )
    data = {
        "id": sentence.id,
        "text": sentence.text,
        "partial": sentence.partial,
        "split": sentence.split,
        "round": sentence.round,
        "tags": list(sentence.tags),
    }
    return {"data": data, "predictions": [{"model_version": "detente", "result": result}]}


def read(path: Path) -> Iterator[LabelledSentence | Refused]:
    """Read tasks from Label Studio's JSON export (not JSON-MIN), or as ``write`` wrote them.

    Of a task with several annotations the one marked as ground truth counts. A task without any is read from its
    prediction, which is what it was exported with. Skipped tasks are refused.

    Raises:
        DetenteError: no such file, or it is not a JSON list of tasks.
    """
    if not path.is_file():
        raise DetenteError("a file", found=f"no file {path}", remedy="Check the path.")
    try:
        tasks = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DetenteError(
            "a JSON list of Label Studio tasks",
            found=f"no JSON: {error}",
            remedy="Export the project as JSON.",
            where=str(path),
        ) from error
    if not isinstance(tasks, list) or not all(isinstance(task, dict) and "data" in task for task in tasks):
        raise DetenteError(
            "a JSON list of Label Studio tasks",
            found="objects without 'data'" if isinstance(tasks, list) else f"a JSON {type(tasks).__name__}",
            remedy="Export the project as JSON, not as JSON-MIN.",
            where=str(path),
        )
    for number, task in enumerate(tasks, 1):
        place = f"{path}: task {task.get('id', number)}"
        try:
            yield sentence_of(task, number=number)
        except RefusalError as refusal:
            yield Refused(place, str(refusal), json.dumps(task, ensure_ascii=False))


def sentence_of(task: Mapping[str, Any], *, number: int = 1) -> LabelledSentence:
    """One task as a sentence.

    Raises:
        RefusalError: the task was skipped, has several annotations, a region without an actor, or breaks the schema.
    """
    data = task["data"]
    if not isinstance(data.get("text"), str):
        raise RefusalError("the task has no text")
    result = _result(task)
    actor_of = _actors(result, data["text"])
    mentions: dict[str, list[list[int]]] = {}
    for actor, span in actor_of.values():
        mentions.setdefault(actor, []).append(list(span))
    stances, unsure = _pairs(result, {region: actor for region, (actor, _) in actor_of.items()})
    record = {
        "id": str(data.get("id") or f"label-studio:{task.get('id', number)}"),
        "text": data["text"],
        "actors": mentions,
        "stances": stances,
        "ignore": unsure,
        **{key: data[key] for key in ("partial", "split", "round", "tags") if key in data},
    }
    try:
        return LabelledSentence.from_json(record)
    except DetenteError as error:
        raise RefusalError(str(error)) from error


def _result(task: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The regions and relations that count."""
    given = task.get("annotations") or []
    kept = [annotation for annotation in given if not annotation.get("was_cancelled")]
    if given and not kept:
        raise RefusalError("the task was skipped")
    if len(kept) > 1:
        total = len(kept)
        kept = [annotation for annotation in kept if annotation.get("ground_truth")]
        if len(kept) != 1:
            raise RefusalError(f"{total} annotations, of which {len(kept)} are marked as ground truth; mark one")
    if not kept:
        kept = (task.get("predictions") or [])[:1]
    if not kept:
        raise RefusalError("nobody has annotated the task")
    result: list[Mapping[str, Any]] = kept[0].get("result") or []
    return result


def _actors(result: Iterable[Mapping[str, Any]], text: str) -> dict[str, tuple[str, Span]]:
    """Region id -> actor id and span, in the order of the regions."""
    units = _Utf16(text)
    spans: dict[str, Span] = {}
    actors: dict[str, str] = {}
    for item in result:
        if item.get("from_name") == _MENTION:
            spans[item["id"]] = units.span(item["value"])
        elif item.get("from_name") == _ACTOR:
            words = item["value"]["text"]
            actors[item["id"]] = (words if isinstance(words, str) else "\n".join(words)).strip()
    for region, span in spans.items():
        if not actors.get(region):
            raise RefusalError(f"the mention {text[span.start : span.end]!r} has no actor id")
    return {region: (actors[region], span) for region, span in spans.items()}


def _pairs(result: Iterable[Mapping[str, Any]], actor_of: Mapping[str, str]) -> tuple[list[list[str]], list[list[str]]]:
    """The stances and the unsure pairs that the relations give."""
    stances: dict[tuple[str, str], str] = {}
    unsure: dict[tuple[str, str], None] = {}
    for item in result:
        if item.get("type") != "relation":
            continue
        if not {item["from_id"], item["to_id"]} <= actor_of.keys():
            raise RefusalError("a relation leads to no mention")
        source, target = actor_of[item["from_id"]], actor_of[item["to_id"]]
        labels = item.get("labels") or []
        if not labels:
            raise RefusalError(f"the relation from {source} to {target} has no label")
        given = [label for label in labels if label != UNSURE]
        ways = {"left": [(target, source)], "bi": [(source, target), (target, source)]}
        for dyad in ways.get(item.get("direction") or "right", [(source, target)]):
            for label in given:
                if stances.setdefault(dyad, label) != label:
                    raise RefusalError(f"{dyad[0]} to {dyad[1]} is both {stances[dyad]} and {label}")
            if UNSURE in labels:
                unsure[dyad] = None
    return [[*dyad, label] for dyad, label in stances.items()], [list(dyad) for dyad in unsure]


class _Utf16:
    """Offsets in characters and in UTF-16 code units, in which browsers count."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._offsets = [0]
        for character in text:
            self._offsets.append(self._offsets[-1] + (2 if ord(character) > 0xFFFF else 1))
        self._characters = {offset: at for at, offset in enumerate(self._offsets)}

    def offset(self, at: int) -> int:
        """Code units before character ``at``."""
        return self._offsets[at]

    def span(self, value: Mapping[str, Any]) -> Span:
        """The span of a region, less the spaces at its edges that a hasty selection takes along."""
        if value["start"] not in self._characters or value["end"] not in self._characters:
            raise RefusalError(f"a mention at {value['start']} to {value['end']} lies outside the text")
        start, end = self._characters[value["start"]], self._characters[value["end"]]
        return Span(start, end)
