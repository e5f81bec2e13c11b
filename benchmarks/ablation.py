"""What each augmentation adds: one model for each, from the same start, beside the one that has none.

    python benchmarks/ablation.py --start encoder:PATH [--epochs 2] [--out build/ablation]

They learn from the training side of the corpus and are compared on its dev side, which also decides which state of each
run is kept. Every run stays in the MLflow store.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import yaml
from detente.training.config import read_config

_CORPUS = Path(__file__).parents[1] / "data" / "corpus"
_SHIPPED = read_config("small")
_ALL: dict[str, float] = _SHIPPED.augmentation.model_dump()
_KINDS = {"none": {}, **{kind: {kind: share} for kind, share in _ALL.items()}, "all": _ALL}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--start", default="encoder:sentence-transformers/all-MiniLM-L6-v2")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("build", "ablation"), help="folder for the models")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    dev = str(_CORPUS / "dev.jsonl")
    for kind, augmentation in _KINDS.items():
        config = options.out / f"{kind}.yaml"
        settings = {
            "epochs": options.epochs,
            "evaluations": 2,
            "learning_rate": _SHIPPED.learning_rate,
            "augmentation": augmentation,
        }
        config.write_text(yaml.safe_dump(settings), encoding="utf-8")
        detente(
            "train", "--config", str(config), "--start", options.start, "--data", str(_CORPUS / "train.jsonl"),
            "--dev", dev, "--name", f"ablation: {kind}", "--out", str(options.out / kind), "--overwrite",
        )  # fmt: skip
    detente(
        "compare", *(str(options.out / kind) for kind in _KINDS), "--data", dev,
        "--page", str(options.out / "comparison.html"),
    )  # fmt: skip


def detente(*arguments: str) -> None:
    """Run a command of the package."""
    subprocess.run([sys.executable, "-m", "detente", *arguments], check=True)


if __name__ == "__main__":
    main()
