from __future__ import annotations

import re
from typing import Any

import pytest
import torch
from detente.data.schema import LabelledSentence
from detente.training.rewording import near_words, reworded
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.pre_tokenizers import Whitespace

NAMES = ("Kenya", "Peru", "the king")
VOCABULARY = ("accused", "blamed", "praised", "king", "with", "met", "on", "sunday")


def sentence(text: str, **fields: Any) -> LabelledSentence:
    """A sentence in which the names are actors, and the first is hostile to the second."""
    actors = {name: [[*found.span()] for found in re.finditer(name, text)] for name in NAMES if name in text}
    stances = [[*list(actors)[:2], "hostile"]] if len(actors) > 1 else []
    return LabelledSentence.from_json({"id": "s1", "text": text, "actors": actors, "stances": stances} | fields)


def spoken(of: LabelledSentence) -> list[list[str]]:
    return [[of.text[span.start : span.end] for span in actor.mentions] for actor in of.actors]


words = st.sampled_from([*NAMES, "accused", "praised", "met", "with", "king's", "Accused", "on,"])


texts = st.lists(words, min_size=1, max_size=13).map(lambda found: " ".join(["Kenya", *found, "Peru"]))


@given(texts, st.integers())
def test_only_words_outside_the_mentions_change_and_no_label_is_kept(text: str, seed: int) -> None:
    near = {"accused": ("blamed",), "praised": ("lauded",), "king": ("queen",), "met": ("encountered",)}
    original = sentence(text)
    copies = list(reworded([original], near, seed=seed))
    assert copies == list(reworded([original], near, seed=seed))
    outside = [word for word in text.replace("the king", "THE KING").split() if word in near]
    assert len(copies) == bool(outside)
    for copy in copies:
        assert copy.partial
        assert not copy.stances
        assert spoken(copy) == spoken(original)
        changes = [(old, new) for old, new in zip(text.split(), copy.text.split(), strict=True) if old != new]
        assert 0 < len(changes) <= len(outside)
        assert all(new in near[old] for old, new in changes)


def test_sentences_with_unlisted_actors_are_left_alone() -> None:
    near = {"accused": ("blamed",)}
    assert not list(reworded([sentence("Kenya accused Peru.", partial=True)], near))


def test_near_words_are_the_nearest_of_those_that_occur() -> None:
    vocabulary = {word: number for number, word in enumerate(("[UNK]", *VOCABULARY))}
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    angles = torch.tensor([90.0, 0, 10, 25, 180, 181, 200, 270, 275])  # in the order of the vocabulary
    embeddings = torch.stack([angles.deg2rad().cos(), angles.deg2rad().sin()], dim=1) * torch.arange(1, 10).unsqueeze(1)

    near = near_words([sentence("Kenya accused Peru, blamed and praised the king.")], tokenizer, embeddings)

    # "king" stands in the text too, "and" is no piece of its own.
    assert near["accused"] == ("blamed", "praised", "king")
    assert near["praised"] == ("blamed", "accused", "king")
    assert set(near) == {"accused", "blamed", "praised", "king"}


@pytest.mark.parametrize("text", ["Kenya accused Peru.", "Kenya Peru."])
def test_too_few_words_have_none_near(text: str) -> None:
    tokenizer = Tokenizer(WordPiece({"[UNK]": 0, "accused": 1}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    assert near_words([sentence(text)], tokenizer, torch.eye(2)) == {}
