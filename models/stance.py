"""The network: one encoder, an actor tagging head and a pair head."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, PreTrainedModel

from ..data.errors import DetenteError
from .batch import SentenceBatch
from .config import TAGS, StanceConfig


@dataclass(frozen=True, slots=True)
class StanceOutput:
    """Logits of a batch: ``pair_logits`` (P, stances), ``tag_logits`` (B, T, tags); names as in ``SentenceBatch``."""

    pair_logits: Tensor
    tag_logits: Tensor


class PairHead(nn.Module):
    """Stance logits of ordered pairs from the vectors of their actors and of their sentence.

    Reads ``[source; target; source * target; sentence]``, so that direction is in the order of the blocks.
    """

    def __init__(self, *, width: int, hidden: int, stances: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.hidden = nn.Linear(4 * width, hidden)
        self.activation = nn.GELU()
        self.out = nn.Linear(hidden, stances)

    def forward(self, source: Tensor, target: Tensor, sentence: Tensor) -> Tensor:
        """Map three (P, width) tensors to logits (P, stances)."""
        features = torch.cat([source, target, source * target, sentence], dim=-1)
        hidden = self.activation(self.hidden(self.dropout(features)))
        logits: Tensor = self.out(self.dropout(hidden))
        return logits


class StanceModel(PreTrainedModel):
    """Stances between all actor pairs of a sentence from one encoder pass.

    An actor's vector is the mean of the hidden states of the word pieces of its mentions, the sentence's vector is
    the first hidden state. Ten pairs in a sentence cost one encoding.
    """

    config_class = StanceConfig
    base_model_prefix = "stance"

    def __init__(self, config: StanceConfig) -> None:
        super().__init__(config)
        # The library sets the default dtype while it loads; the dtype in the encoder's own configuration would win.
        self.encoder = AutoModel.from_config(AutoConfig.for_model(**config.encoder), dtype=torch.get_default_dtype())
        # The pooler is a layer over the first piece that we never read: without it the checkpoint is smaller.
        if getattr(self.encoder, "pooler", None) is not None:
            self.encoder.pooler = None
        width = self.encoder.config.hidden_size
        self.tag_head = nn.Linear(width, len(TAGS))
        self.pair_head = PairHead(
            width=width, hidden=config.pair_hidden, stances=len(config.stances), dropout=config.pair_dropout
        )
        self.post_init()  # type: ignore[no-untyped-call]

    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=0.02)
            if module.bias is not None:
                nn.init.zeros_(module.bias)

    def forward(self, batch: SentenceBatch) -> StanceOutput:
        """Encode each sentence once and score its pairs."""
        states = self.encode(batch.input_ids, batch.attention_mask)
        return StanceOutput(pair_logits=self.score_pairs(states, batch), tag_logits=self.tag_head(states))

    def encode(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Hidden states (B, T, width) of word pieces (B, T)."""
        states: Tensor = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        return states

    def score_pairs(self, states: Tensor, batch: SentenceBatch) -> Tensor:
        """Logits (P, stances) of the pairs of a batch whose sentences have been encoded."""
        actors = _mean_by_actor(states.flatten(0, 1)[batch.piece_index], batch.piece_actor, len(batch.actor_sentence))
        sentences = states[batch.actor_sentence[batch.pair_source], 0]
        logits: Tensor = self.pair_head(actors[batch.pair_source], actors[batch.pair_target], sentences)
        return logits

    def fit_labels(self, labels: tuple[str, ...]) -> None:
        """Give the pair head new labels: its last layer starts anew, all else is kept."""
        self.pair_head.out = nn.Linear(self.pair_head.out.in_features, len(labels))
        self._init_weights(self.pair_head.out)
        self.config.stances = list(labels)

    def freeze(self, layers: int) -> None:
        """Let only what lies above the lowest ``layers`` of the encoder learn.

        Raises:
            DetenteError: the encoder has no such stack of layers, or would have none left to learn.
        """
        depth = int(self.encoder.config.num_hidden_layers)
        stack = next((m for m in self.encoder.modules() if isinstance(m, nn.ModuleList) and len(m) == depth), None)
        if stack is None or layers >= depth:
            found = f"{layers} to freeze of {depth}" if stack is not None else "an encoder without a stack of layers"
            raise DetenteError("layers that can be frozen", found=found, remedy="Set frozen_layers to a lower number.")
        self.encoder.requires_grad_(False)
        stack[layers:].requires_grad_(True)

    @classmethod
    def from_encoder(cls, path: str | Path, config: StanceConfig | None = None) -> Self:
        """A stance model over a pretrained encoder, with new heads.

        Args:
            path: a folder or hub name that ``AutoModel`` can load.
            config: settings of the heads; its ``encoder`` is replaced by that of the pretrained one.
        """
        encoder = AutoModel.from_pretrained(path, dtype=torch.float32)
        config = config or StanceConfig()
        # Where the encoder lay on this machine is nobody's business.
        config.encoder = {key: value for key, value in encoder.config.to_dict().items() if key != "_name_or_path"}
        model = cls(config)
        if getattr(encoder, "pooler", None) is not None:
            encoder.pooler = None
        model.encoder = encoder
        return model

    @classmethod
    def from_pretrained(  # type: ignore[override]
        cls, path: str | Path, *args: Any, **kwargs: Any
    ) -> Self:
        """Load a saved stance model; unlike the library's own method, be strict.

        Raises:
            DetenteError: there is no such folder, or a weight is missing, unexpected or of another shape.
        """
        folder = Path(path)
        if not (folder / "config.json").is_file():
            raise DetenteError(
                "a folder with config.json and model.safetensors",
                found=f"{folder} without config.json" if folder.is_dir() else f"no folder {folder}",
                remedy="Give the folder that save_pretrained wrote.",
            )
        kwargs.setdefault("dtype", torch.float32)
        # Mismatches are let through to be named below: the library's own error says nothing of the weight.
        loaded: Any = super().from_pretrained(
            folder, *args, output_loading_info=True, ignore_mismatched_sizes=True, **kwargs
        )
        model: Self = loaded[0]
        wrong = {kind: sorted(map(str, keys)) for kind, keys in loaded[1].items() if keys and kind != "error_msgs"}
        if wrong:
            kind, keys = next(iter(wrong.items()))
            raise DetenteError(
                "weights that fit the model exactly",
                found=f"{kind.replace('_', ' ')}: {', '.join(keys[:5])}" + (" ..." if len(keys) > 5 else ""),
                remedy="The checkpoint is damaged or of another kind of model: save it again with save_pretrained.",
                where=str(folder),
            )
        return model


def _mean_by_actor(pieces: Tensor, actor: Tensor, actors: int) -> Tensor:
    """Mean of (M, width) word-piece states over the actor of each; (actors, width).

    Summed in fp32: a long mention in bf16 loses digits, and index_add over bf16 is slow on the CPU.
    """
    sums = torch.zeros(actors, pieces.shape[-1], dtype=torch.float32, device=pieces.device)
    sums = sums.index_add(0, actor, pieces.float())
    counts = torch.bincount(actor, minlength=actors).clamp(min=1).unsqueeze(-1)
    return (sums / counts).to(pieces.dtype)


AutoConfig.register(StanceConfig.model_type, StanceConfig)
