from __future__ import annotations

import pytest
from detente.data.schema import STANCES, LabelledSentence
from detente.inference.scorer import StanceScorer
from detente.models.loading import LoadedModel
from detente.training.examples import make_examples
from detente.training.teacher import Teacher

LEADS = ("Kenya met Peru.", "Yesterday Kenya shelled Peru, at dawn.", "Kenya thanked Peru.")


def test_the_answers_of_several_teachers_are_averaged_and_each_is_told_of(
    tiny: LoadedModel, decided: LoadedModel
) -> None:
    sentences = [
        LabelledSentence.from_json(
            {
                "id": str(number),
                "text": text,
                "actors": {name: [[text.index(name), text.index(name) + len(name)]] for name in ("Kenya", "Peru")},
                "stances": [],
            }
        )
        for number, text in enumerate(LEADS)
    ]
    examples = make_examples(sentences, tiny.tokenizer, labels=STANCES, every_pair=True)
    told: list[int] = []

    def taught(*teachers: LoadedModel) -> list[tuple[float, ...]]:
        told.clear()
        teacher = Teacher([StanceScorer(one) for one in teachers], labels=STANCES)
        found = teacher.teach(sentences, examples, tiny.tokenizer, on_progress=told.append)
        return [logits for one in found if one is not None for logits in one.pairs]

    one, other = taught(tiny), taught(decided)
    both = taught(tiny, decided)
    assert len(one) == len(other) == len(both) == 2 * len(LEADS)
    for mean, first, second in zip(both, one, other, strict=True):
        assert mean == pytest.approx([(a + b) / 2 for a, b in zip(first, second, strict=True)], abs=1e-5)
    assert told == sorted(told)
    assert told[-1] == 2 * len(LEADS)
