from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from detente.data.check import check_files, distinct_four_grams, has_unrelated_actors, opening
from detente.data.duplicates import Likeness, Placed, find_alike, masked, normal
from detente.data.errors import DetenteError
from detente.data.schema import LabelledSentence

Record = dict[str, Any]
Write = Callable[..., Path]


def record(sentence_id: str, text: str, *, names: dict[str, str] | None = None, **fields: Any) -> Record:
    """A record whose actors are marked at the first place of their name."""
    actors = {actor: [[text.index(name), text.index(name) + len(name)]] for actor, name in (names or {}).items()}
    return {"id": sentence_id, "text": text, "actors": actors, "stances": []} | fields


def placed(file: str, *args: Any, **fields: Any) -> Placed:
    return Placed(file, LabelledSentence.from_json(record(*args, **fields)))


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def writer(name: str, *records: Record) -> Path:
        path = tmp_path / name
        path.write_text("".join(json.dumps(one) + "\n" for one in records), encoding="utf-8")
        return path

    return writer


VARIED = [
    "The harbour strike in Valparaiso ended before dawn.",
    "Nobody in the ministry would say who had ordered the raid.",
    "Grain ships queue off Odesa while insurers argue about the fee.",
    "After nine hours the two delegations agreed on a map.",
]


def test_counts_by_file_and_split(write: Write) -> None:
    both = {"MLT": "Malta", "TUN": "Tunis", "LBY": "Libya"}
    path = write(
        "a.jsonl",
        record("1", "Malta hosted Tunis and Libya.", names=both, split="train",
               stances=[["MLT", "TUN", "mediating"], ["MLT", "LBY", "mediating"]], ignore=[["TUN", "LBY"]]),
        record("2", "A strike on Malta.", names={"MLT": "Malta"}, split="dev"),
    )  # fmt: skip

    train, dev = check_files([path]).counts

    assert (train.file, train.split, train.sentences, train.actors, train.pairs) == (str(path), "train", 1, 3, 5)
    assert train.labels == {"mediating": 2, "neutral": 3}
    assert (train.unsure, train.with_mediation, train.without_stance) == (1, 1, 0)
    assert (dev.split, dev.sentences, dev.pairs, dev.with_mediation) == ("dev", 1, 0, 0)


def test_actors_and_openings_are_ranked(write: Write) -> None:
    path = write(
        "a.jsonl",
        record("1", "The army of Malta paused.", names={"MLT": "Malta"}),
        record("2", "The ARMY, said Malta's envoy, went home at noon.", names={"MLT": "Malta"}),
        record("3", "Tunis voted again on Sunday.", names={"TUN": "Tunis"}),
    )

    report = check_files([path], top=1)

    assert report.distinct_actors == 2
    assert [(share.name, share.count) for share in report.actors] == [("MLT", 2)]
    assert [(share.name, share.count, round(share.share, 2)) for share in report.openings] == [("the army", 2, 0.67)]


def test_varied_sentences_are_clean(write: Write) -> None:
    path = write("a.jsonl", *(record(str(at), text) for at, text in enumerate(VARIED)))

    assert check_files([path]).problems() == []


def test_an_opening_too_common_is_a_problem_where_there_are_enough_sentences(write: Write) -> None:
    words = [f"{chr(97 + at // 26)}{chr(97 + at % 26)}{at * 7919}" for at in range(100)]
    records = [record(word, f"{word} {word[::-1]} went by.") for word in words]
    for at in range(3):
        records[at]["text"] = f"The army {records[at]['text']}"

    problems = check_files([write("a.jsonl", *records)]).problems()

    assert problems == ["opening: 3.0% of the sentences begin with 'the army', more than 2%"]
    assert check_files([write("b.jsonl", *records[:10])]).problems() == []


def test_the_same_text_in_two_splits_is_a_leak() -> None:
    (pair,) = find_alike([
        placed("a", "1", "Malta, alone, waits!", split="train"),
        placed("a", "2", "malta alone waits", split="dev"),
    ])  # fmt: skip

    assert (pair.likeness, pair.leak, pair.cosine) == (Likeness.TEXT, True, 1.0)
    assert (pair.first.place, pair.second.place) == ("a:1", "a:2")


def test_the_same_skeleton_with_other_names_is_found() -> None:
    (pair,) = find_alike([
        placed("a", "1", "Malta shelled the port of Tunis.", names={"M": "Malta", "T": "Tunis"}),
        placed("a", "2", "Ivory Coast shelled the port of Arica.", names={"B": "Ivory Coast", "C": "Arica"}),
    ])  # fmt: skip

    assert (pair.likeness, pair.leak) == (Likeness.SKELETON, False)


def test_a_text_with_one_letter_changed_is_a_near_duplicate() -> None:
    text = "The two governments resumed the talks on the disputed river in the capital on Monday evening"

    (pair,) = find_alike([placed("a", "1", text), placed("b", "2", f"{text}s"), placed("b", "3", VARIED[0])])

    assert (pair.likeness, pair.leak) == (Likeness.NEAR, True)
    assert 0.9 <= pair.cosine < 1


def test_minimal_pairs_are_alike_on_purpose() -> None:
    assert not find_alike([
        placed("a", "1", "Malta met Tunis.", tags=["pair:7"]),
        placed("a", "2", "Malta met Tunis.", tags=["negation", "pair:7"]),
    ])  # fmt: skip


def test_rows_of_one_sentence_in_a_partial_set_are_no_duplicates_but_may_leak() -> None:
    rows = [placed("a", name, "Malta met Tunis.", partial=True) for name in "12"]

    assert find_alike(rows) == []
    (pair,) = find_alike([rows[0], placed("b", "3", "Malta met Tunis.", partial=True)])
    assert pair.leak


def test_masking_joins_overlapping_mentions() -> None:
    text = "The army of Malta rests."
    sentence = LabelledSentence.from_json(
        {"id": "1", "text": text, "actors": {"A": [[0, 17]], "M": [[12, 17]]}, "stances": []}
    )

    assert masked(sentence) == "X rests."


def test_two_actors_without_a_stance() -> None:
    names = {"MLT": "Malta", "TUN": "Tunis"}

    def has(**fields: Any) -> bool:
        return has_unrelated_actors(LabelledSentence.from_json(record("1", "Malta, Tunis.", names=names, **fields)))

    assert has()
    assert not has(stances=[["MLT", "TUN", "hostile"]])
    assert not has(ignore=[["MLT", "TUN"]])
    assert not has(partial=True)
    assert has(partial=True, stances=[["MLT", "TUN", "neutral"], ["TUN", "MLT", "neutral"]])


def test_words_are_compared_without_case_and_punctuation() -> None:
    assert normal("  \u201cPeace\u201d,  at LAST! ") == "peace at last"
    assert opening("U.S. envoys") == "u s"
    assert opening("Peace") == "peace"


def test_distinct_four_grams() -> None:
    assert distinct_four_grams(["a b c d", "a b c d", "too short"]) == 0.5
    assert distinct_four_grams([]) == 1.0


def test_a_broken_or_empty_file_is_an_error(write: Write) -> None:
    with pytest.raises(DetenteError, match="expected at least one sentence, found none in"):
        check_files([write("empty.jsonl")])
    with pytest.raises(DetenteError, match=r"broken.jsonl:1: field 'actors'"):
        check_files([write("broken.jsonl", {"id": "1", "text": "a", "stances": []})])


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny sentence encoder of random weights over single characters."""
    import string

    import torch
    from tokenizers import Tokenizer
    from tokenizers.models import WordPiece
    from tokenizers.normalizers import BertNormalizer
    from tokenizers.pre_tokenizers import BertPreTokenizer
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("encoder")
    characters = string.ascii_lowercase + string.digits + string.punctuation
    pieces = ["[PAD]", "[UNK]", *characters, *(f"##{character}" for character in characters)]
    tokenizer = Tokenizer(WordPiece({piece: at for at, piece in enumerate(pieces)}, unk_token="[UNK]"))
    tokenizer.normalizer = BertNormalizer()
    tokenizer.pre_tokenizer = BertPreTokenizer()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]").save_pretrained(folder)
    torch.manual_seed(0)
    model = BertModel(
        BertConfig(
            vocab_size=len(pieces), hidden_size=64, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32
        )
    )
    torch.nn.init.normal_(model.embeddings.word_embeddings.weight, std=3.0)
    model.save_pretrained(folder)
    return folder


def test_neighbours_in_meaning_are_counted_over_masked_sentences(write: Write, encoder: Path) -> None:
    alike = [
        record("1", "Malta hums and hums.", names={"M": "Malta"}),
        record("2", "Tunis hums and hums.", names={"T": "Tunis"}),
    ]
    other = [record("3", "Xylophones jazzed: 4711!"), record("4", "(qwerty) 00000 vvvvv")]

    report = check_files([write("a.jsonl", *alike, *other)], encoder=encoder)

    assert report.neighbour_share == 0.5
    assert "skeletons: 50.0% have a neighbour above a cosine of 0.9, more than 2%" in report.problems()


def test_minimal_pairs_count_once_among_neighbours(write: Write, encoder: Path) -> None:
    pair = [record(str(at), "Malta hums and hums.", tags=["pair:1"]) for at in range(2)]

    report = check_files([write("a.jsonl", *pair, record("3", "Xylophones jazzed: 4711!"))], encoder=encoder)

    assert report.neighbour_share == 0.0


def test_a_folder_without_an_encoder_is_an_error(write: Write, tmp_path: Path) -> None:
    with pytest.raises(DetenteError, match=r"expected the folder of a Hugging Face encoder, with config.json"):
        check_files([write("a.jsonl", record("1", "Peace."))], encoder=tmp_path)
