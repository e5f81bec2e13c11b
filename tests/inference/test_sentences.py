"""Sentences: exact places, nothing lost, and the cuts that news needs."""

from __future__ import annotations

import json

import pytest
from detente.data.samples import SAMPLES
from detente.inference.sentences import MAX_CHARS, split_sentences
from hypothesis import given
from hypothesis import strategies as st


def sentences(text: str) -> list[str]:
    return [text[span.start : span.end] for span in split_sentences(text)]


def check_places(text: str) -> None:
    """Spans in order, apart, without white space at their ends, and nothing but white space between them."""
    behind = 0
    for span in split_sentences(text):
        assert behind <= span.start < span.end <= len(text)
        assert not text[behind : span.start].strip()
        sentence = text[span.start : span.end]
        assert sentence == sentence.strip()
        assert len(sentence) <= MAX_CHARS
        behind = span.end
    assert not text[behind:].strip()


odd_text = st.text(st.characters(blacklist_categories=["Cs"]), max_size=400)
words = ["The U.S. envoy", " met", " Gen. Abdel", "...", "\n\n", "\r\n", "- ", " Feb. 3", " 2.5", " a.m.", "e\u0301"]
news_bits = st.lists(
    st.sampled_from([*words, *'.?!\n“”"() ;,é😀中。\u2028\u00a0\u200b']),
    max_size=80,
).map("".join)


@given(odd_text | news_bits)
def test_places_are_exact_and_nothing_is_lost(text: str) -> None:
    check_places(text)


@given(st.text(st.sampled_from("ab ,;\n"), min_size=2_000, max_size=5_000))
def test_long_text_without_stops_is_cut(text: str) -> None:
    check_places(text)


def test_places_over_the_samples() -> None:
    lines = SAMPLES.read_text(encoding="utf-8").splitlines()
    for line in lines:
        check_places(json.loads(line)["text"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The U.S. left. It came back.", ["The U.S. left.", "It came back."]),
        ("He met Gen. Abdel on Feb. 3. Both left.", ["He met Gen. Abdel on Feb. 3.", "Both left."]),
        ("BOGO, Oz — Talks opened. They failed.", ["BOGO, Oz — Talks opened.", "They failed."]),
        ("“We came. We saw,” he said. She left.", ["“We came. We saw,” he said.", "She left."]),
        (
            "Three points:\n- a truce\n- talks in St. Ives\n\nOz agreed.",
            ["Three points:", "- a truce", "- talks in St. Ives", "Oz agreed."],
        ),
        ("Troops move in\n\nOz sent troops.", ["Troops move in", "Oz sent troops."]),
        ("It sent 3.5 million\nrations to the camp.", ["It sent 3.5 million\nrations to the camp."]),
    ],
)
def test_news_is_cut_where_a_reader_would(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected
