"""Fixtures of all tests: a tiny stance model of random weights, made for the purpose."""

from __future__ import annotations

import string
from pathlib import Path

import pytest
import torch
from detente.models.config import StanceConfig
from detente.models.loading import LoadedModel, load_model
from detente.models.stance import StanceModel
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import BertProcessing


def make_tokenizer(*words: str) -> Tokenizer:
    """A word-piece tokenizer of single characters and some words: any text can be encoded, every piece has a place."""
    specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    chars = string.ascii_lowercase + string.digits + string.punctuation
    pieces = [*specials, *chars, *(f"##{char}" for char in chars), "[MASK]", *words]
    vocabulary = {piece: i for i, piece in enumerate(pieces)}
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=10_000))
    tokenizer.normalizer = BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.post_processor = BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return tokenizer


def make_config(*, max_pieces: int = 256) -> StanceConfig:
    """The configuration of a model of two layers of 32."""
    encoder = {
        "model_type": "bert",
        "vocab_size": 200,
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "max_position_embeddings": 512,
        "pad_token_id": 0,
    }
    return StanceConfig(encoder=encoder, pair_hidden=16, max_pieces=max_pieces)


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a saved tiny model."""
    folder = tmp_path_factory.mktemp("tiny")
    torch.manual_seed(0)
    model = StanceModel(make_config())
    # Fresh weights say almost the same of every pair: larger ones make the answers differ.
    for name, weight in model.named_parameters():
        if weight.dim() == 2:
            torch.nn.init.normal_(weight, std=1.0 if "embeddings" in name else 0.4)
    model.save_pretrained(folder)
    make_tokenizer().save(str(folder / "tokenizer.json"))
    return folder


@pytest.fixture(scope="session")
def tiny(tiny_folder: Path) -> LoadedModel:
    """A loaded tiny model in fp32 on the processor."""
    return load_model(str(tiny_folder), device="cpu", dtype=torch.float32)


@pytest.fixture(scope="session")
def decided(tiny_folder: Path) -> LoadedModel:
    """The tiny model, made never to say neutral, so that every pair has a stance."""
    loaded = load_model(str(tiny_folder), device="cpu", dtype=torch.float32)
    with torch.no_grad():
        loaded.model.pair_head.out.bias[loaded.model.config.stances.index("neutral")] = -100.0
    return loaded
