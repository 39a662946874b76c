"""The study of gradient flow as one self-contained page: what a newcomer reads in ten seconds, then the rest."""

from __future__ import annotations

import html as markup
import os
from collections.abc import Mapping, Sequence
from typing import Any

from autocnn.errors import GraphError
from autocnn.graph.store import write_whole
from autocnn.viz.offline import filled, part, policy
from autocnn.viz.page.data import as_script
from autocnn.viz.report.first import drawn, footer, marked, spoken_headline, study
from autocnn.viz.report.sections import contents, sections
from autocnn.viz.report.theme import rules, variables
from autocnn.viz.report.words import headline, sentence

__all__ = ["FORMAT", "VERSION", "check", "report", "sentence", "side_by_side"]

FORMAT, VERSION = "autocnn.study", 1
SCRIPTS = ("drawing.js", "strips.js", "learning.js", "report.js")
"""The page's program, in the order in which its parts build on each other."""


def report(document: Mapping[str, Any], path: str | os.PathLike[str] | None = None) -> str:
    """The page of one study, written to `path` if one is given, and returned.

    `document` is what `autocnn study` keeps as study.json: `runs` (of each network and seed the gradient's size by
    step and block, and the accuracy by step), `about`, `cures`, `sections`, `facts`, `command` and `files`.
    Raises GraphError if it is not a study.

    >>> runs = [
    ...     {"network": name, "seed": 0, "steps": [1], "gradient": [[1e-6, 1e-3]], "accuracy": [[1, 0.1]]}
    ...     for name in ("plain", "skip")
    ... ]
    >>> report({"format": "autocnn.study", "version": 1, "runs": runs, "about": {"chance": 0.1}})[:15]
    '<!doctype html>'
    """
    check(document, "report")
    top = f"<h1>{spoken_headline(headline(document))}</h1>"
    foot = f"{contents(document)}{footer(document)}"
    return _page([document], "", top, [study(document)], foot, sections(document), path)


def side_by_side(documents: Mapping[str, Mapping[str, Any]], path: str | os.PathLike[str] | None = None) -> str:
    """Two studies, by name, on one page: on one scale, moved by one slider, with what differs between them.

    Raises GraphError if they are not two, or one is not a study.
    """
    from autocnn.viz.report.compare import differences

    if len(documents) != 2:
        raise GraphError(f"side_by_side: documents are {len(documents)}; two studies are set side by side")
    for name, document in documents.items():
        check(document, f"side_by_side: {name}")
    words, table = differences(documents)
    bodies = [study(document, name) for name, document in documents.items()]
    foot = "<br>".join(
        f"{marked(name)}: {footer({**document, 'files': {}})}" for name, document in documents.items()
    )  # the files lie beside their own pages
    top = f"<h1>{marked(words)}</h1>"
    return _page(list(documents.values()), "compare", top, bodies, foot, table, path)


def check(document: Any, who: str) -> None:
    """Refuse what is not a study.

    >>> check({"format": "autocnn.graph"}, "report")
    Traceback (most recent call last):
    ...
    autocnn.errors.GraphError: report: document is no study; its format is 'autocnn.graph', not 'autocnn.study'
    """
    found = document.get("format") if isinstance(document, Mapping) else type(document).__name__
    if found != FORMAT:
        raise GraphError(f"{who}: document is no study; its format is {found!r}, not {FORMAT!r}")
    if document.get("version") != VERSION:
        raise GraphError(f"{who}: version is {document.get('version')!r}; this one reads {VERSION}")


def _page(
    documents: Sequence[Mapping[str, Any]], kind: str, top: str, bodies: Sequence[str], foot: str, below: str,
    path: str | os.PathLike[str] | None,
) -> str:  # fmt: skip
    script = "\n".join(part(__package__, name) for name in SCRIPTS)
    style = variables() + part(__package__, "report.css") + "\n" + rules()
    page = filled(
        part(__package__, "report.html"),
        policy=policy(script, style, images="data:"),
        title=markup.escape(sentence(documents[0]) if not kind else "Two studies of gradient flow"),
        style=style,
        script=script,
        headline=top,
        studies="\n".join(bodies),
        footer=foot,
        sections=below,
        data=as_script([drawn(document) for document in documents]),
        **{"class": kind},
    )
    if path is not None:
        write_whole(path, page.encode())
    return page
