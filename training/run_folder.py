"""The folder of a training run: what is trained there, its checkpoints, and the model in the end."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from transformers.trainer_utils import get_last_checkpoint

from ..data.errors import DetenteError
from ..models.loading import LoadedModel, quiet_transformers


class RunFolder:
    """The folder of a run: the model at the end, and until then ``checkpoints/`` and ``run.json``, what is trained."""

    def __init__(self, folder: Path, record: Mapping[str, Any], *, overwrite: bool = False) -> None:
        """Take a new folder, or one of a run of the same record that did not end.

        Raises:
            DetenteError: the folder holds a model, another run, or files that are not ours, and ``overwrite`` is not
                set; files that are not ours are never touched.
        """
        self.folder = folder
        self.checkpoints = folder / "checkpoints"
        self._record = folder / "run.json"
        names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
        if folder.exists() and (not folder.is_dir() or (names and not names & {"run.json", "training.json"})):
            raise DetenteError(
                "a new folder, or one of a training run", found=str(folder), remedy="Give another --out."
            )
        if overwrite:
            for name in ("run.json", "checkpoints", "model.safetensors", "training.json"):
                path = folder / name
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        elif "run.json" in names:
            self._refuse_other(json.loads(self._record.read_text(encoding="utf-8")), record)
        elif names:
            raise DetenteError(
                "a folder without a trained model",
                found=str(folder / "training.json"),
                remedy="Give another --out, or --overwrite to train anew.",
            )
        self.checkpoints.mkdir(parents=True, exist_ok=True)
        if not self._record.is_file():
            self._record.write_text(json.dumps({"record": record}, indent=2) + "\n", encoding="utf-8")

    def _refuse_other(self, before: Mapping[str, Any], record: Mapping[str, Any]) -> None:
        old = before["record"]
        differences = [
            f"{key}: {old.get(key)} before, {record.get(key)} now"
            for key in sorted(old.keys() | record.keys())
            if old.get(key) != record.get(key)
        ]
        if differences:
            raise DetenteError(
                "the run that was begun here",
                found="; ".join(differences),
                remedy="Give another --out, or --overwrite to train anew.",
                where=str(self._record),
            )

    @property
    def run_id(self) -> str | None:
        """The MLflow run of the run that was begun here."""
        found: str | None = json.loads(self._record.read_text(encoding="utf-8")).get("run_id")
        return found

    def last_checkpoint(self) -> str | None:
        """The newest whole checkpoint; what a kill left half written goes."""
        for path in self.checkpoints.glob("checkpoint-*"):
            # The library writes the state of the trainer last.
            if not (path / "trainer_state.json").is_file():
                shutil.rmtree(path)
        last: str | None = get_last_checkpoint(str(self.checkpoints))
        return last

    def begin(self, run_id: str) -> None:
        """Keep the id of the MLflow run, for a resumed run to go on with."""
        content = json.loads(self._record.read_text(encoding="utf-8"))
        self._record.write_text(json.dumps({**content, "run_id": run_id}, indent=2) + "\n", encoding="utf-8")

    def finish(self, loaded: LoadedModel, record: Mapping[str, Any]) -> None:
        """Save the model in half precision with the record of its training; the checkpoints go."""
        with quiet_transformers():
            loaded.model.to(torch.float16).save_pretrained(self.folder)  # type: ignore[arg-type]
        loaded.tokenizer.save(str(self.folder / "tokenizer.json"))
        (self.folder / "training.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
        # The record first: with the model in place and no record, the run counts as finished.
        self._record.unlink()
        shutil.rmtree(self.checkpoints)
