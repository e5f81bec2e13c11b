"""From the name of a model to a model that is ready to score."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers.utils import logging as transformers_logging

from ..data.errors import DetenteError
from .batch import cut_at
from .stance import StanceModel

SHIPPED = {"small": Path(__file__).parent / "small"}
_WEIGHTS = "model.safetensors"


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A stance model in evaluation mode with its tokenizer.

    ``version`` is the name with the beginning of the SHA-256 of the weights: equal weights, equal version.
    """

    model: StanceModel
    tokenizer: Tokenizer
    version: str

    @property
    def pad_id(self) -> int:
        """The word piece that fills up short sentences."""
        return int(self.model.encoder.config.pad_token_id or 0)


def find_model(name: str) -> Path:
    """The folder of a model: ``small``, which comes with the package, or a path.

    Raises:
        DetenteError: the name is neither, or the folder holds no stance model.
    """
    folder = SHIPPED.get(name, Path(name))
    for file in ("config.json", _WEIGHTS, "tokenizer.json"):
        if not (folder / file).is_file():
            raise DetenteError(
                f"a model: {', '.join(SHIPPED)} or a folder with config.json, {_WEIGHTS} and tokenizer.json",
                found=f"{folder} without {file}" if folder.is_dir() else f"no folder {folder}",
                remedy="Check the name.",
            )
    return folder


def load_model(name: str, *, device: str | None = None, dtype: torch.dtype | None = None) -> LoadedModel:
    """Load a model for scoring.

    Args:
        name: see ``find_model``.
        device: where to run; a GPU if there is one by default.
        dtype: of the weights; what is fast on the device by default (see ``fast_dtype``).

    Raises:
        DetenteError: there is no such model or device, or its weights do not fit.
    """
    folder = find_model(name)
    place = pick_device(device)
    with quiet_transformers():
        model = StanceModel.from_pretrained(folder, dtype=dtype or fast_dtype(place))
    tokenizer = cut_at(Tokenizer.from_file(str(folder / "tokenizer.json")), model.config.max_pieces)
    digest = hashlib.sha256((folder / _WEIGHTS).read_bytes()).hexdigest()
    model.to(place).eval()  # type: ignore[arg-type]  # the library's wrapper hides the signature
    return LoadedModel(model, tokenizer, f"{folder.name}-{digest[:12]}")


def pick_device(name: str | None) -> torch.device:
    """The named device, or the first GPU, or the processor."""
    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise DetenteError(
            "a device that torch can use, such as cpu or cuda:0", found=name, remedy="Leave --device out."
        ) from error
    return device


def fast_dtype(device: torch.device) -> torch.dtype:
    """bf16 on a GPU and on processors that multiply it in hardware, where it is about twice as fast; else fp32."""
    if device.type != "cpu":
        return torch.bfloat16
    capabilities = torch.cpu.get_capabilities()
    native = capabilities.get("amx_bf16") or capabilities.get("avx512_bf16")
    return torch.bfloat16 if native else torch.float32


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Keep the library's own progress bars off the terminal: ours would be torn by them."""
    shown = transformers_logging.is_progress_bar_enabled()
    transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            transformers_logging.enable_progress_bar()
