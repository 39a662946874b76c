"""The further questions of a study: each a function from the study to a section of the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autocnn.cli.study.questions import branches, changes, inputs, methods, picture, theory
from autocnn.errors import AutocnnError

if TYPE_CHECKING:
    from autocnn.cli.study.document import Study

QUESTIONS = {
    "toy": theory.toy,
    "graph": picture.graph,
    "ledger": branches.ledger,
    "paths": branches.paths,
    "theory": theory.cures,
    "depth": theory.depths,
    "shattered": inputs.shattered,
    "lesion": changes.lesion,
    "spectra": inputs.spectra,
    "sizes": branches.sizes,
    "verdicts": changes.verdicts,
    "methods": methods.methods,
}


def answer(study: Study) -> None:
    """Answer every question as far as this study can; what it cannot is named, with the reason."""
    for name, ask in QUESTIONS.items():
        study.left_out = []
        try:
            section: dict[str, Any] | None = ask(study)
        except AutocnnError as error:
            study.missing[name] = str(error)
            continue
        if section is not None:
            study.sections.append({"id": name, **section, "note": _noted(section, study.left_out)})


def _noted(section: dict[str, Any], left_out: list[str]) -> str:
    """A section's note, with the networks that it leaves out by name."""
    note = section.get("note", "")
    said = "; ".join(dict.fromkeys(left_out))
    return f"{note} Left out, because numbers are not finite: {said}.".strip() if said else note
