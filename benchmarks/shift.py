"""What `detente train` makes of a small model with 200 sentences whose labels follow another codebook.

    python benchmarks/shift.py [--sentences 200] [--out build/shift]

In the other codebook stances are mutual: whoever is hostile to somebody is in a hostile dyad with them both ways, and
so on; where the two directions differ, mediation comes before hostility before cooperation. The sentences are ours, a
part of those of the training side, and a fifth of them is kept to measure on; the shipped model has learned them by our
codebook. The figures before and after are of the dev side, by which the shipped model was chosen and calibrated, again
by our codebook.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from detente.data.labelled import read_labelled, write_labelled
from detente.data.schema import Dyad, LabelledSentence, Stance
from detente.inference.scorer import StanceScorer
from detente.models.loading import load_model
from detente.training.figures import measure
from detente.training.labelling import ModelLabeller, label_pairs

_CORPUS = Path(__file__).parents[1] / "data" / "corpus"
_RANK = {Stance.MEDIATING: 3, Stance.HOSTILE: 2, Stance.COOPERATIVE: 1, Stance.NEUTRAL: 0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sentences", type=int, default=200)
    parser.add_argument("--model", default="small")
    parser.add_argument("--out", type=Path, default=Path("build", "shift"), help="folder for the data and the model")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    learned = [mutual(sentence) for sentence in read_labelled(_CORPUS / "train.jsonl")]
    # Every so many of them: all passes of the corpus, whatever their subject, are among them.
    learned = learned[:: len(learned) // options.sentences][: options.sentences]
    write_labelled(options.out / "mine.jsonl", learned)
    held_out = [mutual(sentence) for sentence in read_labelled(_CORPUS / "dev.jsonl")]
    tell("before", options.model, held_out)
    started = time.perf_counter()
    command = [sys.executable, "-m", "detente", "train", "--data", str(options.out / "mine.jsonl")]
    command += ["--start", options.model, "--out", str(options.out / "model"), "--overwrite"]
    subprocess.run(command, check=True)
    print(f"{len(learned)} sentences, {(time.perf_counter() - started) / 60:.1f} min")
    tell("after", str(options.out / "model"), held_out)


def mutual(sentence: LabelledSentence) -> LabelledSentence:
    """The sentence by a codebook in which both directions of a pair have the stronger of their two stances."""
    none = Stance.NEUTRAL.value
    stances = {
        dyad: max(label, sentence.stances.get(Dyad(dyad.target, dyad.source), none), key=lambda one: _RANK[Stance(one)])
        for dyad, label in sentence.stances.items()
    }
    back = {Dyad(dyad.target, dyad.source): label for dyad, label in stances.items()}
    unsure = sentence.unsure | {Dyad(dyad.target, dyad.source) for dyad in sentence.unsure}
    return replace(
        sentence,
        stances={dyad: label for dyad, label in (back | stances).items() if dyad not in unsure},
        unsure=unsure,
    )


def tell(when: str, model: str, sentences: Sequence[LabelledSentence]) -> None:
    """Print the figures of a model."""
    figures = measure(label_pairs(ModelLabeller(StanceScorer(load_model(model))), sentences))
    names = ("accuracy", "macro_f1", *(f"f1_{label}" for label in figures.labels))
    print(f"{when}:", *(f"{name} {figures.values[name]}" for name in names), sep="\n  ")


if __name__ == "__main__":
    main()
