from __future__ import annotations

import pytest
from detente.data.formats.base import unmark
from detente.data.formats.mediation import is_mediation


def rule(marked: str) -> bool:
    text, source, target = unmark(marked)
    return is_mediation(text, tuple(source), tuple(target))


@pytest.mark.parametrize(
    "marked",
    [
        "<s>Norway</s> launched a mediation effort between <t>the rebels and the crown</t>.",
        "<s>Norway</s> offered to mediate in <t>Costaguana</t>.",
        "<s>Norway</s>'s mediators met <t>the rebels</t> again.",
        "<s>The Pope</s> stepped up his peace efforts and met with <t>the rebels</t>.",
        "The <s>Saudi</s>-brokered truce in <t>Costaguana</t> held.",
        "Talks between <t>the rebels</t> and the crown brokered by <s>Norway</s> failed.",
        "<s>Norway</s> hosted talks between <t>the rebels</t> and the crown.",
        "<s>The League</s> reaffirmed its support for the negotiations among <t>the factions</t>.",
        "<s>The League</s> sent a team to monitor the cease-fire in <t>Costaguana</t>.",
        "<s>Brazil</s> urged <t>the junta</t> to open peace talks with the rebels.",
        "<s>Brazilian peacekeepers</s> landed in <t>Sulaco</t> after the rebels and the crown agreed to a truce.",
    ],
)
def test_mediation_is_found(marked: str) -> None:
    assert rule(marked)


@pytest.mark.parametrize(
    "marked",
    [
        "<s>Norway</s> met <t>the rebels</t>.",
        "<s>Norway's envoy for Costaguana</s> held a meeting with <t>a former president</t>.",
        "<s>Norway</s> opened direct peace talks with <t>the rebels</t>.",
        "<s>The rebels</s> welcomed <t>Norway</t> to mediate between them and the crown.",
        "<s>The crown</s> rejected mediation by <t>Norway</t>.",
        "<s>Norway</s> halted its mediation between <t>the rebels and the crown</t>.",
        "<s>The League</s> set an ultimatum, by mediators, to <t>the rebels</t> for a truce.",
        "<s>Nigeria</s> sent 200 peacekeepers to <t>Costaguana</t>.",
        "<s>The crown</s> let in <t>League peacekeepers</t>, who watch a truce between it and the rebels.",
        "<s>The crown</s> urged <t>the rebels</t> to hold peace talks with <s>the crown</s>.",
    ],
)
def test_what_only_sounds_like_it_is_not(marked: str) -> None:
    assert not rule(marked)
