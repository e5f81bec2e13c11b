"""What a teacher says of sentences, in the word pieces of its student."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from tokenizers import Tokenizer
from torch import Tensor

from ..data.errors import DetenteError
from ..data.schema import LabelledSentence
from ..inference.scorer import Candidate, StanceScorer
from ..models.batch import collate
from ..models.config import TAGS
from .examples import Example, Targets

_OUTSIDE, _BEGIN, _INSIDE = (TAGS.index(tag) for tag in ("O", "B", "I"))


class Teacher:
    """One stance model, or several of which the mean of the logits counts."""

    def __init__(self, scorers: Sequence[StanceScorer], *, labels: tuple[str, ...]) -> None:
        """Raises: DetenteError: a model has other labels than ``labels``."""
        for scorer in scorers:
            if scorer.labels != labels:
                raise DetenteError(
                    f"a teacher with the labels {', '.join(labels)}",
                    found=f"{scorer.loaded.version} with {', '.join(scorer.labels)}",
                    remedy="Train it with the same labels, in the same order.",
                )
        self._scorers = scorers

    def teach(
        self,
        sentences: Sequence[LabelledSentence],
        examples: Sequence[Example],
        tokenizer: Tokenizer,
        *,
        on_progress: Callable[[int], None] = lambda _done: None,
    ) -> list[Targets | None]:
        """Logits for the pairs and word pieces of each example; None where the teacher cannot see all of its pairs.

        Args:
            examples: the sentences in the student's word pieces, with every pair.
            tokenizer: the student's.
            on_progress: called now and then with the number of sentences done; each teacher does all of them.
        """
        offsets = [encoding.offsets for encoding in tokenizer.encode_batch([sentence.text for sentence in sentences])]
        said = [
            self._logits(scorer, sentences, on_progress, before=number * len(sentences))
            for number, scorer in enumerate(self._scorers)
        ]
        taught: list[Targets | None] = []
        for row, example in enumerate(examples):
            seen = [one[row] for one in said]
            if any(pair not in pairs for _, _, pairs in seen for pair in example.encoded.pairs):
                taught.append(None)
                continue
            pairs = (
                torch.stack(
                    [torch.stack([pairs[pair] for pair in example.encoded.pairs]) for _, _, pairs in seen]
                ).mean(dim=0)
                if example.encoded.pairs
                else torch.zeros(0)
            )
            tags = torch.stack([_aligned(tags, places, offsets[row]) for tags, places, _ in seen]).mean(dim=0)
            taught.append(Targets(tuple(map(tuple, pairs.tolist())), tuple(map(tuple, tags.tolist()))))
        return taught

    @torch.inference_mode()
    def _logits(
        self,
        scorer: StanceScorer,
        sentences: Sequence[LabelledSentence],
        on_progress: Callable[[int], None],
        *,
        before: int,
    ) -> list[tuple[Tensor, list[tuple[int, int]], dict[tuple[int, int], Tensor]]]:
        """For each sentence: tag logits (pieces, tags), the places of the pieces, logits of the pairs by actors."""
        loaded = scorer.loaded
        encoded = scorer.prepare([Candidate(sentence.text, sentence.actors) for sentence in sentences])
        encodings = loaded.tokenizer.encode_batch([sentence.text for sentence in sentences])
        answers: dict[int, tuple[Tensor, dict[tuple[int, int], Tensor]]] = {}
        for group in scorer.group([len(one) for one in encoded]):
            batch = collate([encoded[i] for i in group], pad_id=loaded.pad_id).to(loaded.model.device)
            output = loaded.model(batch)
            logits = iter(output.pair_logits.float().cpu())
            tags = output.tag_logits.float().cpu()
            for line, i in enumerate(group):
                answers[i] = (tags[line, : len(encoded[i])].clone(), {pair: next(logits) for pair in encoded[i].pairs})
            on_progress(before + len(answers))
        return [(answers[i][0], encodings[i].offsets, answers[i][1]) for i in range(len(sentences))]


def _aligned(tags: Tensor, places: Sequence[tuple[int, int]], wanted: Sequence[tuple[int, int]]) -> Tensor:
    """Tag logits of the teacher's pieces for the student's, by their places in the text; NaN for special pieces.

    A piece that starts inside one of the teacher's pieces cannot begin a mention: what spoke for B speaks for I.
    """
    found = torch.full((len(wanted), len(TAGS)), torch.nan)
    theirs = 0
    for ours, (start, end) in enumerate(wanted):
        if start == end:
            continue
        while theirs < len(places) and places[theirs][1] <= start:
            theirs += 1
        if theirs == len(places) or places[theirs][0] > start:
            continue
        found[ours] = tags[theirs]
        if places[theirs][0] < start:
            found[ours, _INSIDE] = torch.logaddexp(tags[theirs, _BEGIN], tags[theirs, _INSIDE])
            found[ours, _BEGIN] = tags[theirs, _OUTSIDE] - 10.0
    return found
