"""PLV: news sentences with one marked pair (Hu et al., ACL 2024, "Leveraging Codebook Knowledge with NLI and ChatGPT").

Tab-separated with a header; ``marked_sentence`` holds ``<s>source</s>`` and ``<t>target</t>``. The penta code gives the
stance of the source towards the target: verbal and material cooperation (1, 2) are cooperative, verbal and material
conflict (3, 4) hostile. What the target does to the source was not asked, so sentences are partial. The PLOVER root
and the penta code are kept as tags (``root:AGREE``, ``penta:1``).

PLOVER has no label for mediation: it hides in cooperation (consult, support, aid) and, as an appeal to settle, in
demands. ``mediation.is_mediation`` finds it by rule; such rows become mediating and carry the tag ``relabelled``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..schema import Dyad, LabelledSentence, Stance
from .base import RefusalError, Refused, Row, name_pair, read_rows, tab_rows, unmark
from .mediation import is_mediation

COLUMNS = ("sentence_id", "marked_sentence", "gold_penta", "gold_root")
PENTA = {
    "1": Stance.COOPERATIVE,
    "2": Stance.COOPERATIVE,
    "3": Stance.HOSTILE,
    "4": Stance.HOSTILE,
}

#: Roots among whose rows mediation is looked for. Sanctions and refusals ("ended its mediation") stay what they are.
ROOTS_WITH_MEDIATION = frozenset({"AGREE", "CONSULT", "SUPPORT", "COOPERATE", "AID", "YIELD", "REQUEST"})


def read(path: Path) -> Iterator[LabelledSentence | Refused]:
    """Read a PLV file, such as ``plv_train.tsv``.

    Raises:
        DetenteError: no such file, or the header lacks a column of the format.
    """
    return read_rows(tab_rows(path, COLUMNS, name="PLV"), _sentence)


def _sentence(row: Row) -> LabelledSentence:
    text, source_marks, target_marks = unmark(row.fields["marked_sentence"])
    source, target = name_pair(text, source_marks, target_marks)
    penta, root = row.fields["gold_penta"], row.fields["gold_root"]
    if penta not in PENTA:
        raise RefusalError(f"the penta code is {penta!r}, not 1, 2, 3 or 4")
    hidden = root in ROOTS_WITH_MEDIATION and is_mediation(text, source.mentions, target.mentions)
    label = Stance.MEDIATING if hidden else PENTA[penta]
    return LabelledSentence(
        id=f"plv:{row.fields['sentence_id'] or row.number}",
        text=text,
        actors=(source, target),
        stances={Dyad(source.id, target.id): label.value},
        partial=True,
        round="plv",
        tags=(f"root:{root}", f"penta:{penta}", *(["relabelled"] if hidden else [])),
    )
