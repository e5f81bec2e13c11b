"""The model as MLflow serves it: texts in, stances out. Logged as code, so that nothing of it is a pickle."""

from __future__ import annotations

import json
from typing import Any

import mlflow
import pandas as pd
from detente.data.errors import DetenteError
from detente.data.schema import Actor, LabelledSentence
from detente.inference.gazetteer import load_gazetteer
from detente.inference.scorer import StanceScorer
from detente.inference.texts import score_texts
from detente.models.loading import load_model
from mlflow.models import ModelSignature
from mlflow.pyfunc.model import PythonModel
from mlflow.types import ColSpec, DataType, Schema

#: ``actors`` is optional: a JSON object from actor id to mentions [[start, end], ...] in characters of the text.
SIGNATURE = ModelSignature(
    inputs=Schema(
        [ColSpec(DataType.string, "text"), ColSpec(DataType.string, "actors", required=False)],
    ),
    outputs=Schema([ColSpec(DataType.string, "stances")]),
)
EXAMPLE = pd.DataFrame(
    {
        "text": ["Oman carried messages between Iran and the United States.", "Kenya rejected it, said Somalia."],
        "actors": ["", json.dumps({"KEN": [[0, 5]], "SOM": [[24, 31]]})],
    }
)


class StancePyfunc(PythonModel):
    """A row of texts in, a row with the JSON list of its stances out, so that rows stay rows in Spark too."""

    def load_context(self, context: Any) -> None:
        self._scorer = StanceScorer(load_model(context.artifacts["model"]))
        self._gazetteer = load_gazetteer()

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> pd.DataFrame:  # noqa: ARG002
        texts = [str(text) for text in model_input["text"]]
        given: list[tuple[Actor, ...] | None] = [None] * len(texts)
        if "actors" in model_input:
            given = [_actors(text, cell) for text, cell in zip(texts, model_input["actors"], strict=True)]
        rows = score_texts(texts, scorer=self._scorer, gazetteer=self._gazetteer, actors=given)
        return pd.DataFrame({"stances": [json.dumps([stance.to_json() for stance in row]) for row in rows]})


def _actors(text: str, cell: object) -> tuple[Actor, ...] | None:
    """Actors as the caller gives them; None where the cell is empty, so that they are looked for."""
    if not isinstance(cell, str) or not cell.strip():
        return None
    try:
        mentions = json.loads(cell)
    except json.JSONDecodeError as error:
        raise DetenteError(
            "a JSON object from actor id to mentions", found=str(error), remedy='Write {"TUR": [[0, 6]]}.'
        ) from error
    record = {"id": "row", "text": text, "actors": mentions, "stances": []}
    return LabelledSentence.from_json(record).actors


mlflow.models.set_model(StancePyfunc())
