"""References whose actors stand in the sentences before: "the two countries", "both sides", "he"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..data.schema import Article, Span


@dataclass(frozen=True, slots=True)
class Mention:
    """A mention with its actor; the span counts characters of the article."""

    span: Span
    actor: str
    is_person: bool = False


@dataclass(frozen=True, slots=True)
class Reference:
    """A span that refers to actors named before, and the rule that says so; offsets as in ``Mention``."""

    rule: str
    sentence: int
    span: Span
    actors: tuple[str, ...]


def find_references(
    article: Article, sentences: Sequence[Span], mentions: Sequence[Sequence[Mention]]
) -> list[Reference]:
    """The references of an article, in text order, apart from each other and from the mentions."""
    return []
