"""The card of a trained model: what it learned from, how good it is on dev, how to make it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment

from .config import TrainConfig, flat
from .material import Material

_SHOWN = ("accuracy", "macro_f1", "calibration_error", "brier")


def write_card(
    folder: Path,
    config: TrainConfig,
    material: Material,
    before: Mapping[str, float] | None,
    after: Mapping[str, float],
    *,
    teachers: Sequence[Path] = (),
    unlabelled: int = 0,
) -> None:
    """Write ``README.md`` into the folder of a model."""
    template = (files("detente.training") / "pages" / "card.md.j2").read_text(encoding="utf-8")
    shown = [name for name in after if name in _SHOWN or name.startswith(("f1_", "two_way"))]
    # Markdown for people, not a page: nothing to escape.
    page = Environment(trim_blocks=True, lstrip_blocks=True, autoescape=False).from_string(template)
    text = page.render(
        name=folder.name,
        config=config,
        settings=flat(config),
        learned=material.learned,
        dev=material.dev,
        kept_out=material.kept_out,
        teachers=[teacher.name for teacher in teachers],
        unlabelled=unlabelled,
        figures=[(key, (before or {}).get(key), after[key]) for key in shown],
    )
    (folder / "README.md").write_text(text, encoding="utf-8")
