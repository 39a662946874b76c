"""A graph as versioned JSON, and files written whole or not at all."""

from __future__ import annotations

import errno
import json
import math
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autocnn.errors import GraphError
from autocnn.graph.data import Edge, Graph, Vertex

FORMAT = "autocnn.graph"
VERSION = 1

_FIELDS: dict[str, tuple[type, ...]] = {
    "id": (int,),
    "op": (str,),
    "kind": (str,),
    "params": (dict,),
    "shape": (list,),
    "dtype": (str,),
    "device": (str,),
    "scope": (str,),
    "phase": (str,),
    "twin": (int, type(None)),
    "name": (str, type(None)),
    "saved": (list,),
    "saved_sizes": (list,),
    "line": (str, type(None)),
}
_NUMBERS = ("shape", "saved", "saved_sizes")
"""Fields that are lists of whole numbers."""


def to_json(graph: Graph) -> str:
    """The graph as JSON text, one vertex or edge a line; equal graphs give equal text.

    Raises GraphError if an op's parameter is not a plain value.

    >>> from_json(to_json(Graph((), ())))
    Graph(0 vertices, 0 edges)
    """
    vertices = ",\n  ".join(_dump(_row(vertex)) for vertex in graph.vertices)
    edges = ",\n  ".join(_dump([edge.source, edge.target, edge.position]) for edge in graph.edges)
    ends = f'"inputs": {_dump(list(graph.inputs))},\n "outputs": {_dump(list(graph.outputs))}'
    head = f'"format": "{FORMAT}", "version": {VERSION}'
    return f'{{{head},\n "vertices": [\n  {vertices}],\n "edges": [\n  {edges}],\n {ends}}}\n'


def from_json(text: str) -> Graph:
    """The graph that `to_json` wrote, checked.

    Raises GraphError that says what is missing or wrong, and where.
    """
    try:
        document = json.loads(text, parse_constant=_no_constant)
    except (json.JSONDecodeError, RecursionError) as error:
        raise GraphError(f"from_json: the text is not JSON ({error})") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise GraphError(f"from_json: the text is no graph; its format is not {FORMAT!r}")
    if document.get("version") != VERSION:
        raise GraphError(f"from_json: version is {document.get('version')!r}; this one reads {VERSION}")
    vertices = tuple(_vertex(place, row) for place, row in enumerate(_list(document, "vertices")))
    edges = tuple(Edge(*_ints(f"edges[{place}]", row, 3)) for place, row in enumerate(_list(document, "edges")))
    inputs, outputs = (tuple(_ints(name, _list(document, name))) for name in ("inputs", "outputs"))
    return Graph(vertices, edges, inputs=inputs, outputs=outputs).check()


def save(graph: Graph, path: str | os.PathLike[str]) -> Path:
    """Write the graph's JSON, whole or not at all."""
    return write_whole(path, to_json(graph).encode())


def load(path: str | os.PathLike[str]) -> Graph:
    """Read a graph written by `save`.

    Raises GraphError if the file is damaged, FileNotFoundError if it is not there.
    """
    try:
        return from_json(Path(path).read_text("utf-8"))
    except UnicodeDecodeError as error:
        raise GraphError(f"load: {os.fspath(path)} is not text in UTF-8") from error


def write_whole(path: str | os.PathLike[str], content: bytes) -> Path:
    """Write a file so that others see the old one or the new one, never a part.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_whole(folder + "/a.txt", b"whole").read_bytes()
    b'whole'
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "the folder is not there", str(path.parent))
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with open(part, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())  # or a power cut may leave the name without the content
        os.replace(part, path)
    except OSError as error:  # it would name the part, which nobody knows
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error
    finally:
        part.unlink(missing_ok=True)
    return path


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True)


def _row(vertex: Vertex) -> dict[str, object]:
    row: dict[str, object] = {name: getattr(vertex, name) for name in _FIELDS}
    where = f"to_json: %{vertex.id} {vertex.op}"
    row["params"] = {key: _encoded(f"{where}: {key}", value) for key, value in vertex.params.items()}
    return row | {name: list(getattr(vertex, name)) for name in _NUMBERS}


def _encoded(where: str, value: object) -> object:
    """A parameter in JSON's own types; what JSON lacks becomes a mapping with one key."""
    if value is None or type(value) in (bool, int, str):
        return value
    if type(value) is float:
        return value if math.isfinite(value) else {"float": str(value)}
    if type(value) in (tuple, list):
        kind = type(value).__name__
        return {kind: [_encoded(where, part) for part in value]}  # type: ignore[attr-defined]
    if isinstance(value, slice):
        return {"slice": [_encoded(where, part) for part in (value.start, value.stop, value.step)]}
    if value is Ellipsis:
        return {"ellipsis": []}
    raise GraphError(f"{where} is a {type(value).__name__}; only plain values can be written")


def _decoded(where: str, value: object) -> object:
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((kind, inside),) = value.items()
        if kind == "float" and inside in ("inf", "-inf", "nan"):
            return float(inside)
        if isinstance(inside, list):
            parts = [_decoded(where, part) for part in inside]
            if kind in ("tuple", "list"):
                return tuple(parts) if kind == "tuple" else parts
            if kind == "slice" and len(parts) == 3:
                return slice(*parts)
            if kind == "ellipsis":
                return Ellipsis
    raise GraphError(f"from_json: {where} is {_short(value)}; it is not a parameter that to_json writes")


def _vertex(place: int, row: object) -> Vertex:
    where = f"vertices[{place}]"
    if not isinstance(row, dict) or row.keys() != _FIELDS.keys():
        given = sorted(row) if isinstance(row, dict) else _short(row)
        raise GraphError(f"from_json: {where} has {given}; it needs {', '.join(_FIELDS)}")
    for name, kinds in _FIELDS.items():
        if type(row[name]) not in kinds:
            raise GraphError(f"from_json: {where}.{name} is {_short(row[name])}; expected {kinds[0].__name__}")
    params = {key: _decoded(f"{where}.params.{key}", value) for key, value in row["params"].items()}
    numbers = {name: tuple(_ints(f"{where}.{name}", row[name])) for name in _NUMBERS}
    return Vertex(**{**row, "params": params, **numbers})


def _list(document: Mapping[str, Any], name: str) -> list[Any]:
    value = document.get(name)
    if not isinstance(value, list):
        raise GraphError(f"from_json: {name} is {_short(value)}; expected a list")
    return value


def _ints(where: str, row: object, count: int | None = None) -> list[int]:
    right = isinstance(row, list) and all(type(part) is int for part in row)
    if not right or (count is not None and len(row) != count):  # type: ignore[arg-type]
        wanted = "whole numbers" if count is None else f"{count} whole numbers"
        raise GraphError(f"from_json: {where} is {_short(row)}; expected {wanted}")
    return list(row)  # type: ignore[call-overload, no-any-return]


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _no_constant(name: str) -> float:
    raise GraphError(f"from_json: the text holds {name}, which is not JSON")
