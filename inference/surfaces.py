"""What a mention says by itself: the listed names in it, its head noun, its role, its person."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from .gazetteer import Gazetteer, Match, load_list

#: How the ids of actors begin that no list holds; such an id is one within its article alone.
UNLISTED = "unlisted:"


class Organ(StrEnum):
    """The part of a state that a mention names; most stand for the state itself."""

    LEADER = "leader"
    GOVERNMENT = "government"
    PARLIAMENT = "parliament"
    COURT = "court"
    ARMY = "army"


class Group(StrEnum):
    """Who a mention is that is no organ of a state: whoever bears arms, a party or an opposition, other people."""

    ARMED = "armed"
    POLITICAL = "political"
    CIVIL = "civil"


@dataclass(frozen=True, slots=True)
class Surface:
    """A mention, read without its context.

    Attributes:
        text: the mention without a leading article and a closing possessive.
        actor: the listed actor that it names or that owns what it names, if there is one.
        key: the name under which the same actor comes again in an article; the slug of its id where it is on no list.
        organ: the part of a state, or None.
        role: the office or organ as written, in lower case ("prime minister", "regime"), or empty.
        group: who it is where it is no organ of ``actor``, or None.
        noun: the plural of the noun that says so ("rebels"), or empty; also in the name of a listed actor.
        person: the name of a person that it ends in, without titles, or empty.
        is_bare: nothing in it tells one such organ or group from another ("the rebels", "government troops").
        is_listed: ``actor`` is the actor itself, rather than the state whose group it is.
        by_person: a person's name says which actor it is.
    """

    text: str
    actor: str | None
    key: str
    organ: Organ | None
    role: str
    group: Group | None
    noun: str
    person: str
    is_bare: bool
    is_listed: bool
    by_person: bool

    @property
    def surname(self) -> str:
        """The last word of the person's name."""
        return self.person.rsplit(" ", 1)[-1]


def is_state(actor: str) -> bool:
    """Whether an id is that of a state: three capitals."""
    return len(actor) == 3 and actor.isascii() and actor.isalpha() and actor.isupper()


def _is_people(actor: str, group: Group | None) -> bool:
    """Whether a group is of a people, as others are of a state: "Hutu rebels"."""
    return actor.startswith("ppl:") and group is Group.ARMED


def slug(text: str) -> str:
    """Lower-case words of letters and digits, joined by hyphens; letters of any script stay."""
    folded = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return "-".join(re.findall(r"[^\W_]+", folded.lower().replace("'", "").replace("\u2019", "").replace(".", "")))


def read_surface(text: str, gazetteer: Gazetteer, *, year: int | None) -> Surface:
    """Read a mention by itself; one in capitals throughout ("BRITISH ENVOYS") as if it had small letters."""
    text = _ARTICLE.sub("", _POSSESSIVE.sub("", text.strip(_QUOTES)))
    if text.isupper() and not gazetteer.find(text, year=year) and gazetteer.find(text.title(), year=year):
        text = text.title()
    matches = [match for match in gazetteer.find(text, year=year) if _counts(text, match)]
    cut = _cut(text, matches)
    owner, is_listed = _owner(text, matches, cut)
    words = _words(text[:cut], [match for match in matches if match.span.start < cut])
    lower = [word.lower() for word in words]
    person = _person(text[:cut], [match for match in matches if match.span.start < cut])
    group, noun = _group(lower)
    proper = _proper_group(text, matches) if owner is None or is_state(owner.actor) else None
    if proper is not None and group is None:
        group, noun = Group.POLITICAL, slug(proper[0])
    if owner is not None and not (is_state(owner.actor) or _is_people(owner.actor, group)):
        group, noun = None, _group([word.lower() for word in _words(text, [])])[1]
    role = _role(text[:cut]) or next((word for word in reversed(lower) if word in _nouns().organs), "")
    organ = None if group else _organ(lower, role, is_person=bool(person))
    known = owner.actor if owner is not None else None
    key = _key(text, cut, owner=owner, person=person, noun=noun if group else "", is_proper=proper is not None)
    return Surface(
        text=text,
        actor=known,
        key=key,
        organ=organ,
        role=role,
        group=group,
        noun=noun,
        person=person,
        is_bare=not matches and not person and proper is None and all(word in _nouns().plain for word in lower),
        by_person=owner is not None and owner.person,
        is_listed=is_listed and group is None and not (role and _FORMER.search(text, 0, cut)),
    )


_QUOTES = " \t\r\n\"'\u201c\u201d\u2018\u2019"
_ARTICLE = re.compile(r"^(?:the|a|an|its|their|his|her|both|some|this|that|these|those)\s+(?=\S)", re.IGNORECASE)
_POSSESSIVE = re.compile(r"['\u2019]s?$")
_WORD = re.compile(r"[^\W\d_][\w'\u2019.-]*")

# "Pro-Russian separatists" and "US-backed rebels" name no side of the state; "Saudi-led" does.
_PREFIX = re.compile(r"\b(?:pro|anti|inter|pan|trans|counter|non)-$", re.IGNORECASE)
_SUFFIX = re.compile(
    r"-(?:backed|armed|trained|funded|financed|sponsored|supported|equipped|allied|aligned|friendly|occupied|held|based"
    r"|controlled|born|language|speaking|made|brokered|chaired|mediated|linked|educated|run|affiliated)\s+\w"
)
_PREPOSITION = re.compile(
    r"\s(?:of|to|for|in|on|with|against|from|at|near|over|under|by|who|that|between|and|or|inside|around)\s|,|\s\(|;"
)
#: What "in" may not place: envoys and soldiers abroad are not their hosts'.
_ABROAD = re.compile(
    r"\b(?:ambassador|envoy|troops|soldiers|forces|peacekeepers|mission|embassy|allies|base|bases)\b", re.IGNORECASE
)
#: Who has left office speaks for himself, and so does who was thrown out.
_FORMER = re.compile(r"\b(?:former|ex-\w+|ousted|deposed|exiled)\b", re.IGNORECASE)


def _counts(text: str, match: Match) -> bool:
    start, end = match.span
    return not _PREFIX.search(text, 0, start) and not _SUFFIX.match(text, end)


def _cut(text: str, matches: list[Match]) -> int:
    """Where the head of a mention ends and what hangs on it begins: at the first preposition outside names."""
    for found in _PREPOSITION.finditer(text):
        if not any(match.span.start < found.end() and found.start() < match.span.end for match in matches):
            return found.start()
    return len(text)


def _owner(text: str, matches: list[Match], cut: int) -> tuple[Match | None, bool]:
    """The name that owns the mention, and whether it may be the actor itself."""
    inside = [match for match in matches if match.span.start < cut]
    if inside:
        first = inside[0]
        if is_state(first.actor) and not first.person:
            # "Palestinian Hamas fighters", "Irish UN troops": the state's name only qualifies the other.
            for later in inside[1:]:
                if not is_state(later.actor) and (later.actor[:4] != "igo:" or _ARMY.search(text, later.span.end)):
                    return later, True
        return first, True
    preposition = text[cut:].split(None, 1)[0] if text[cut:].strip() else ""
    after = next((match for match in matches if match.span.start >= cut), None)
    if after is None or not (
        preposition == "of" or (preposition in {"in", "from"} and not _ABROAD.search(text, 0, cut))
    ):
        return None, False
    return after, True


def _words(text: str, matches: list[Match]) -> list[str]:
    return [
        word[0]
        for word in _WORD.finditer(text)
        if not any(match.span.start < word.end() and word.start() < match.span.end for match in matches)
    ]


#: A group's proper name, which may hold the name of a state: "Sudan Liberation Army".
_PROPER_GROUP = re.compile(
    r"\b[A-Z][\w'\u2019-]*(?:\s+(?:[A-Z][\w'\u2019-]*|of|for|the|and|in))*?\s+"
    r"(?:Liberation|Resistance|Front|Party|Movement|League|Alliance|Union|Brigades?|Volunteers|Association|Observatory"
    r"|Network|Federation|National Congress|Tigers|Martyrs|Church)\b(?:\s+(?:[A-Z][\w'\u2019-]*|of|for|the|and))*"
)


def _proper_group(text: str, matches: list[Match]) -> re.Match[str] | None:
    found = _PROPER_GROUP.search(text)
    if found is None or any(match.span.start <= found.start() and found.end() <= match.span.end for match in matches):
        return None
    return found


def _group(words: list[str]) -> tuple[Group | None, str]:
    nouns = _nouns()
    if not nouns.state_heads.isdisjoint(words):
        return None, ""
    return next((nouns.groups[word] for word in words if word in nouns.groups), (None, ""))


_ROLE = re.compile(
    r"\b(?:(?:vice[- ]|deputy )?(?:prime minister|premier|president|chancellor)"
    r"|(?:deputy )?(?:\w+ )?(?:minister|secretary)(?: of \w+)?|secretary[- ]general"
    r"|king|queen|emir|sultan|shah|pope|crown prince|prince|spokes(?:man|woman|person)"
    r"|ambassador|(?:special )?envoy|(?:army |military )?chief|(?:attorney[- ])?general|commander|commissioner"
    r"|leader|ruler|dictator|chairman|chief of staff|foreign secretary|governor|mediator|negotiator)\b",
    re.IGNORECASE,
)
_LEADERS = re.compile(
    r"^(?:prime minister|premier|president|chancellor|king|queen|emir|sultan|shah|crown prince|leader|ruler|dictator)$"
)
_ARMY = re.compile(r"\b(?:troops|soldiers|forces|peacekeepers|battalion|contingent|observers|monitors|brigade)\b")


@dataclass(frozen=True, slots=True)
class _Nouns:
    """data/gazetteer/nouns.yaml by word."""

    groups: Mapping[str, tuple[Group, str]]
    organs: Mapping[str, Organ]
    state_heads: frozenset[str]
    speakers: frozenset[str]
    plain: frozenset[str]


@lru_cache(maxsize=1)
def _nouns() -> _Nouns:
    content = load_list("nouns.yaml")
    groups = {word: (kind, plural) for kind in Group for plural, words in content[kind.value].items() for word in words}
    organs = {word: Organ(organ) for organ, words in content["organs"].items() for word in words}
    speakers = frozenset(content["speakers"])
    return _Nouns(
        groups, organs, frozenset(content["state_heads"]), speakers, speakers | {*content["plain"], *groups, *organs}
    )


def _role(text: str) -> str:
    found = _ROLE.search(text)
    return found[0].lower().replace("-", " ") if found else ""


def _organ(words: list[str], role: str, *, is_person: bool) -> Organ | None:
    organs = _nouns().organs
    for word in words:
        if word in organs:
            return organs[word]
    if _LEADERS.match(role) or (is_person and not role):
        return Organ.LEADER
    return Organ.GOVERNMENT if role else None


_TITLE = re.compile(
    r"^(?:(?:emperor|commodore|senators|mzee|mr|mrs|ms|dr|sir|lord|lady|president|premier|chancellor|king|queen|prince|emir|sheikh|ayatollah|imam|pope"
    r"|general|gen|colonel|col|lt|lieutenant|major|maj|captain|capt|admiral|adm|marshal|field|secretary|minister|prime"
    r"|foreign|defen[cs]e|vice|senator|sen|rep|ambassador|envoy|special|chief|cardinal|archbishop|bishop|justice|judge"
    r"|secretary-general|spokesman|spokeswoman|deputy|crown|chairman|governor|mullah|commander|leader|former|interior"
    r"|finance|home|state|of|trade|speaker|herr|comrade|brigadier|sultan|acting|opposition|attorney-general)\.?\s+)+",
    re.IGNORECASE,
)
_PERSON = re.compile(
    r"(?:(?<=\s)|^)((?:[^\W\d_a-z][\w'\u2019-]*\.?\s+)?(?:(?:[^\W\d_a-z][\w'\u2019.-]*|al-\w+|bin|ibn|van|von|de|der|da|dos|el|al"
    r"|y|Al)\s+)*[^\W\d_a-z][\w'\u2019-]*[^\W\d_A-Z][\w'\u2019-]*)$"
)


def untitled(name: str) -> str:
    """A person's name without titles ahead of it."""
    return _TITLE.sub("", name)


def _person(text: str, matches: list[Match]) -> str:
    """The person's name at the end of a head: what a list says is one, or capitals behind a title."""
    if matches and matches[-1].person and matches[-1].span.end == len(text):
        # With the given name before a listed surname: "Walter Karzai" is not the president.
        found = _PERSON.search(text[matches[-2].span.end if len(matches) > 1 else 0 :])
        name = text[matches[-1].span.start :]
        return untitled(found[1] if found and " " not in name else name)
    behind = matches[-1].span.end if matches else 0
    rest = text[behind:].lstrip("'\u2019s ") if behind else text
    found = _PERSON.search(rest)
    if found is None:
        return ""
    name = _TITLE.sub("", found[1] + " ").strip()
    titled = rest[: found.start(1)].strip() or name != found[1]
    # Capitals alone are a person only after a title; without one they may be a place or a body.
    return name if name and titled and _ROLE_OR_TITLE.search(rest) else ""


_ROLE_OR_TITLE = re.compile(
    _ROLE.pattern + r"|\b(?:Mr|Mrs|Ms|Dr|Sir|Lord|Gen|Col|Sen|Sheikh|Ayatollah|Colonel|Senator|Imam)\b", re.IGNORECASE
)


def _key(text: str, cut: int, *, owner: Match | None, person: str, noun: str, is_proper: bool) -> str:
    if noun and owner is not None and not is_proper:
        return f"{slug(owner.actor.removeprefix('ppl:'))}-{noun}"
    if noun and is_proper and owner is not None:
        # "Kenya's Orange Democratic Movement" and "Orange Democratic Movement" are one name.
        after = text[owner.span.end :]
        return slug(after[2:]) if after.startswith(("'s", "\u2019s")) else slug(text)
    if person:
        return slug(person)
    if noun:
        nouns = _nouns()
        words = slug(text[:cut]).split("-")
        return "-".join(
            nouns.groups[word][1] if word in nouns.groups else word for word in words if word not in nouns.speakers
        )
    return slug(text)
