"""Average the weights of models of one origin: often better than each (Wortsman et al., ICML 2022, "Model soups").

python -m detente.training.average MODEL MODEL --out MODEL --calibrate dev.jsonl
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch

from ..data.errors import DetenteError
from ..data.labelled import read_labelled
from ..inference.scorer import StanceScorer
from ..models.loading import LoadedModel, load_model, quiet_transformers
from .calibration import fit_temperature
from .labelling import ModelLabeller, label_pairs


def average(models: list[LoadedModel]) -> LoadedModel:
    """The first model with the mean of all weights.

    Raises:
        DetenteError: the models are not of one shape.
    """
    states = [loaded.model.state_dict() for loaded in models]
    shapes = [{name: weight.shape for name, weight in state.items()} for state in states]
    if any(shape != shapes[0] for shape in shapes):
        raise DetenteError(
            "models with weights of the same names and shapes", found="others", remedy="Average models of one origin."
        )
    mean = {name: torch.stack([state[name].float() for state in states]).mean(dim=0) for name in states[0]}
    models[0].model.load_state_dict(mean)
    return models[0]


def main() -> None:
    """Read the arguments, average, fit the temperature, and save in half precision."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", help="folders of models")
    parser.add_argument("--out", required=True, type=Path, help="folder of the new model")
    parser.add_argument("--calibrate", required=True, type=Path, help="labelled sentences to fit the temperature on")
    args = parser.parse_args()
    loaded = average([load_model(name, dtype=torch.float32) for name in args.models])
    loaded.model.config.calibration_temperature = 1.0
    labelled = label_pairs(ModelLabeller(StanceScorer(loaded)), list(read_labelled(args.calibrate)))
    loaded.model.config.calibration_temperature = fit_temperature(labelled)
    with quiet_transformers():
        loaded.model.to(torch.float16).save_pretrained(args.out)  # type: ignore[arg-type]
        loaded.tokenizer.save(str(args.out / "tokenizer.json"))
    versions = {f"average of {number}": Path(name).name for number, name in enumerate(args.models, 1)}
    (args.out / "training.json").write_text(json.dumps(versions, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
