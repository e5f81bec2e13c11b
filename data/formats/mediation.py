"""Mediation in sets whose labels do not know it: a rule over the words of a sentence."""

from __future__ import annotations

import re

from ..schema import Span

_TRUCE = r"(?:cease-?fires?|truces?|armistices?|halts? (?:to )?(?:the )?fighting|end (?:of|to) hostilities)"
_TALKS = r"(?:peace (?:talks|process|negotiations)|negotiations|dialogue|talks|mediation)"

#: Over the sentence with its marks replaced by the words SOURCE and TARGET.
_MEDIATION = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # SOURCE launched a mediation effort between TARGET and ...; SOURCE mediates between ... and TARGET
        r"SOURCE\b(?:(?!TARGET|SOURCE).)*\bmediat(?:e[sd]?|ing|ion|ors?)\b.*TARGET",
        # SOURCE stepped up its peace efforts and met TARGET
        r"SOURCE\b.*\b(?:peace|mediation|reconciliation) (?:efforts?|mission|initiative|bid)\b"
        r".*\b(?:with|to|between)\b.*TARGET",
        # SOURCE-brokered truce in TARGET; talks between TARGET and ... brokered by SOURCE
        r"SOURCE\W{0,3}(?:has |had )?(?:brokered|mediated)\b.*TARGET",
        r"TARGET\b.*\b(?:brokered|mediated|facilitated) by\b.{1,60}SOURCE",
        # SOURCE hosts talks between TARGET and ...
        rf"SOURCE\b(?:(?!TARGET).)*\b(?:host|chair|facilitat|broker)\w*\b.*\b{_TALKS} (?:between|among)\b.*TARGET",
        # SOURCE supports the negotiations among TARGET
        rf"SOURCE\b(?:(?!TARGET).)*\bsupport\w*\b(?:(?!TARGET).)*\b{_TALKS} (?:between|among)\b.*TARGET",
        # SOURCE monitors a truce in TARGET
        rf"SOURCE\b(?:(?!TARGET).)*\b(?:monitor|observe|supervise|oversee)\w*\b.{{0,40}}\b{_TRUCE}\b.*TARGET",
        # SOURCE urges TARGET to talk to, settle with or cease fire with somebody else
        r"SOURCE\b(?:(?!TARGET).)*\b(?:urg|call|appeal|push|press|ask)\w*\b(?:(?!TARGET).){0,25}TARGET\b"
        rf".{{0,60}}\b(?:{_TRUCE}|{_TALKS}|peace|settle\w*|reconcil\w*)\b.{{0,20}}\b(?:with|between)\b(?!.*SOURCE)",
    )
)
_KEEPS_PEACE = re.compile(r"\bpeace-?keep(?:ers?|ing)\b", re.IGNORECASE)
_PARTIES = re.compile(rf"\bbetween\b.+\band\b|\bagreed to (?:a |an )?{_TRUCE}", re.IGNORECASE)

#: Mediation given up or turned away, deadlines, dealings with the peacekeepers, and a mediator sought are none.
_NOT = re.compile(
    r"SOURCE\b.{0,30}\b(?:reject|refus|spurn|dismiss|halt|ended|suspended)\w*\b"
    r"|\bultimatum\b"
    r"|TARGET (?:\S+ ){0,3}peace-?keepers"
    r"|TARGET\b.{0,20}\b(?:to|must|should|can|could|will) mediate",
    re.IGNORECASE,
)


def is_mediation(text: str, source: tuple[Span, ...], target: tuple[Span, ...]) -> bool:
    """Whether the source stands between the target and another party (CODEBOOK.md, ``mediating``).

    The rule asks for words of mediation in a place where they belong to the source and reach the target: an effort
    to mediate, a brokered or monitored truce, talks hosted between others, an appeal to settle with somebody else,
    or peacekeepers where the sentence names the parties or their truce. A meeting with an envoy and peacekeepers in
    a country whose parties are not named are left cooperative.

    How good it is on the 1,026 training rows of PLV: it fires on 12, of which 11 are mediating by reading and one is
    doubtful (support for the talks of others, which may be cooperation). All 239 rows of AGREE, CONSULT and SUPPORT
    and 57 of other roots that speak of peace, truces, talks or peacekeepers were read: one mediating row is missed (a
    general who gathers the factions of a country), and 14 with peacekeepers and no named party are a matter of
    opinion. The rule was written with these rows in view, so the figures flatter it: on 200 pairs in news leads from
    elsewhere it found two of seven mediating pairs, with one false alarm. It cleans this set; it is no classifier.
    """
    shown = _with_roles(text, source, target)
    if _NOT.search(shown):
        return False
    if any(pattern.search(shown) for pattern in _MEDIATION):
        return True
    return bool(_KEEPS_PEACE.search(shown) and _PARTIES.search(shown))


def _with_roles(text: str, source: tuple[Span, ...], target: tuple[Span, ...]) -> str:
    """The sentence with SOURCE behind each mention of the source and TARGET before each of the target.

    Their own words stay: "Russian peacekeepers" or "the corridor between A and B" tell what the actor does there.
    """
    marks = [*((span.end, " SOURCE") for span in source), *((span.start, "TARGET ") for span in target)]
    for place, role in sorted(marks, reverse=True):
        text = f"{text[:place]}{role}{text[place:]}"
    return text
