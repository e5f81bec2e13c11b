"""The network: what a pair's logits depend on, and strict saving and loading."""

from __future__ import annotations

import shutil
from itertools import permutations
from pathlib import Path

import pytest
import torch
from detente.data.errors import DetenteError
from detente.data.schema import Span
from detente.models.batch import EncodedSentence, collate, encode
from detente.models.loading import LoadedModel, find_model, load_model
from detente.models.stance import StanceModel, StanceOutput
from safetensors.torch import load_file, save_file

SHORT = ("Oz struck Ev.", [[Span(0, 2)], [Span(10, 12)]])
LONG = ("Far to the north, Oz and Ib signed a treaty with Ev.", [[Span(18, 20)], [Span(25, 27)], [Span(49, 51)]])


def encoded(loaded: LoadedModel, text: str, actors: list[list[Span]]) -> EncodedSentence:
    pairs = list(permutations(range(len(actors)), 2))
    return encode(loaded.tokenizer.encode(text), actors, pairs)


def logits(loaded: LoadedModel, *sentences: EncodedSentence) -> torch.Tensor:
    with torch.inference_mode():
        output: StanceOutput = loaded.model(collate(sentences, pad_id=loaded.pad_id))
    return output.pair_logits


def test_a_batch_says_of_each_pair_what_the_sentence_alone_says(tiny: LoadedModel) -> None:
    short, long = encoded(tiny, *SHORT), encoded(tiny, *LONG)
    together = logits(tiny, short, long)
    apart = torch.cat([logits(tiny, short), logits(tiny, long)])
    assert together.shape == (2 + 6, 4)
    torch.testing.assert_close(together, apart, atol=1e-5, rtol=1e-4)


def test_the_two_directions_of_a_pair_are_told_apart(tiny: LoadedModel) -> None:
    forth, back = logits(tiny, encoded(tiny, *SHORT))
    assert not torch.allclose(forth, back, atol=1e-3)


def test_all_mentions_of_an_actor_count(tiny: LoadedModel) -> None:
    text = "Oz said that Oz met Ev."
    one = encoded(tiny, text, [[Span(0, 2)], [Span(20, 22)]])
    both = encoded(tiny, text, [[Span(0, 2), Span(13, 15)], [Span(20, 22)]])
    assert not torch.allclose(logits(tiny, one), logits(tiny, both), atol=1e-4)


def test_word_pieces_of_a_mention_are_those_it_covers(tiny: LoadedModel) -> None:
    encoding = tiny.tokenizer.encode("Oz struck Ev.")
    sentence = encode(encoding, [[Span(0, 2)], [Span(10, 12)]], [])
    pieces = [[encoding.tokens[place] for place in places] for places in sentence.actors]
    assert pieces == [["o", "##z"], ["e", "##v"]]


def test_a_pair_without_word_pieces_is_refused() -> None:
    sentence = EncodedSentence(ids=(2, 5, 3), actors=((1,), ()), pairs=((0, 1),))
    with pytest.raises(ValueError, match="expected word pieces for both actors of a pair"):
        collate([sentence], pad_id=0)


def test_saved_and_loaded_again_is_the_same(tiny: LoadedModel, tmp_path: Path) -> None:
    tiny.model.save_pretrained(tmp_path)
    again = StanceModel.from_pretrained(tmp_path)
    for name, weight in tiny.model.state_dict().items():
        assert torch.equal(weight, again.state_dict()[name]), name


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda weights: weights.pop("pair_head.out.bias"), "missing keys: pair_head.out.bias"),
        (lambda weights: weights.update(extra=torch.zeros(2)), "unexpected keys: extra"),
        (
            lambda weights: weights.update({"pair_head.out.bias": torch.zeros(7)}),
            "mismatched keys: .*pair_head.out.bias",
        ),
    ],
)
def test_a_weight_that_does_not_fit_is_an_error(tiny_folder: Path, tmp_path: Path, change, message: str) -> None:  # type: ignore[no-untyped-def]
    folder = tmp_path / "model"
    shutil.copytree(tiny_folder, folder)
    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(DetenteError, match=message):
        load_model(str(folder))


def test_no_such_model(tmp_path: Path) -> None:
    with pytest.raises(DetenteError, match=r"expected a model: small or a folder.*found no folder"):
        find_model(str(tmp_path / "nowhere"))
    with pytest.raises(DetenteError, match=r"without config\.json"):
        find_model(str(tmp_path))


def test_equal_weights_have_equal_versions(tiny_folder: Path, tiny: LoadedModel) -> None:
    assert load_model(str(tiny_folder)).version == tiny.version
    assert tiny.version.startswith(tiny_folder.name)
