"""What differs between two studies, in a sentence and in a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autocnn.viz.report.outcomes import reached
from autocnn.viz.report.sections import table
from autocnn.viz.report.summary import NAMES, Network, network
from autocnn.viz.report.words import cures_sentence, size_words

_UNSAID = ("seconds", "images", "tested", "classes", "chance")
_WORDS = {"plain": "without skips", "skip": "with skips"}


def differences(documents: Mapping[str, Mapping[str, Any]]) -> tuple[str, str]:
    """A sentence that says which settings differ, and a table of settings and outcomes, a row each.

    >>> run = {"network": "plain", "steps": [1], "gradient": [[1e-9, 1.0]], "accuracy": [[1, 0.1]]}
    >>> make = lambda depth: {"about": {"depth": depth, "rate": 0.1}, "runs": [run, {**run, "network": "skip"}]}
    >>> differences({"a": make(20), "b": make(56)})[0]
    'Two runs, of which only depth differs: 20 and 56.'
    """
    abouts = [document.get("about", {}) for document in documents.values()]
    keys = [key for key in dict.fromkeys([*abouts[0], *abouts[1]]) if key not in _UNSAID]
    unlike = [key for key in keys if abouts[0].get(key) != abouts[1].get(key)]
    rows = [
        {"": key, **{name: _said(about.get(key)) for name, about in zip(documents, abouts, strict=True)}}
        for key in unlike
    ]
    return _sentence(unlike, abouts), _whole(rows + _outcomes(documents))


def _sentence(unlike: list[str], abouts: list[Mapping[str, Any]]) -> str:
    if not unlike:
        return "Two runs with the same settings."
    if len(unlike) == 1:
        first, second = (_said(about.get(unlike[0])) for about in abouts)
        return f"Two runs, of which only {unlike[0]} differs: {first} and {second}."
    names = f"{', '.join(unlike[:-1])} and {unlike[-1]}"
    return f"Two runs that differ in {names}."


def _outcomes(documents: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    rows = []
    for kind in NAMES:
        found = {name: network(document, kind) for name, document in documents.items()}
        rows.append(
            {
                "": f"signal at the first block, {_WORDS[kind]}",
                **{name: size_words(each.arrives, each.rounded) for name, each in found.items()},
            }
        )
        rows.append(
            {
                "": f"test accuracy, {_WORDS[kind]}",
                **{name: reached(_ends(each), _chance(documents[name])) for name, each in found.items()},
            }
        )
    cures = {name: cures_sentence(document.get("cures") or []) for name, document in documents.items()}
    return [*rows, {"": "is a skip the only cure?", **cures}]


def _ends(found: Network) -> list[float]:
    return [outcome.accuracy for outcome in found.outcomes]


def _chance(document: Mapping[str, Any]) -> float:
    return float(document.get("about", {}).get("chance", 0))


def _whole(rows: list[dict[str, Any]]) -> str:
    return f'<section id="differences"><h2>What differs, and what came out?</h2>{table(rows)}</section>'


def _said(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    return "–" if value is None else str(value)
