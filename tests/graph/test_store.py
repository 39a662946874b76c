import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as some

from autocnn.errors import GraphError
from autocnn.graph import Graph, Vertex, from_json, load, save, to_json
from autocnn.graph.store import write_whole
from tests.graph import made

ATOMS = some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False) | some.text()
VALUES = some.recursive(
    ATOMS | some.just(...),
    lambda inner: some.lists(inner, max_size=3).map(tuple) | some.lists(inner, max_size=3),
)


def holding(value: object) -> Graph:
    return Graph((Vertex(0, "op", "op", {"value": value}, (2,), "float32"),), ())


@pytest.mark.parametrize(
    "graph", [made.block(), made.block(order=1), made.lenet(), made.doubling(60), Graph((), ())]
)
def test_graphs_come_back_equal(graph):
    text = to_json(graph)
    assert from_json(text) == graph
    assert to_json(from_json(text)) == text


@given(VALUES)
def test_parameters_come_back_equal_and_of_their_type(value):
    back = from_json(to_json(holding(value))).vertices[0].params["value"]
    assert back == value
    assert type(back) is type(value)


def test_slices_and_numbers_that_json_lacks_come_back():
    back = from_json(to_json(holding((slice(1, None, 2), math.inf, math.nan)))).vertices[0].params["value"]
    assert back[:2] == (slice(1, None, 2), math.inf)
    assert math.isnan(back[2])


def test_what_is_no_plain_value_is_named():
    with pytest.raises(GraphError) as caught:
        to_json(holding(object()))
    assert str(caught.value) == "to_json: %0 op: value is a object; only plain values can be written"


def changed(change) -> str:
    document = json.loads(to_json(made.block()))
    change(document)
    return json.dumps(document)


FAULTS = [
    (
        lambda d: d.update(format="other"),
        "from_json: the text is no graph; its format is not 'autocnn.graph'",
    ),
    (lambda d: d.update(version=2), "from_json: version is 2; this one reads 1"),
    (lambda d: d.pop("edges"), "from_json: edges is None; expected a list"),
    (lambda d: d["edges"].append([0, 1]), "from_json: edges[9] is [0, 1]; expected 3 whole numbers"),
    (
        lambda d: d["edges"].append([0, 1.5, 0]),
        "from_json: edges[9] is [0, 1.5, 0]; expected 3 whole numbers",
    ),
    (lambda d: d["vertices"][2].update(op=7), "from_json: vertices[2].op is 7; expected str"),
    (
        lambda d: d["vertices"][2].update(shape=["2"]),
        "from_json: vertices[2].shape is ['2']; expected whole numbers",
    ),
    (
        lambda d: d["vertices"][2].update(params={"stride": {"set": [1]}}),
        "from_json: vertices[2].params.stride is {'set': [1]}; it is not a parameter that to_json writes",
    ),
    (lambda d: d["vertices"][2].update(id=9), "graph: the vertex at place 2 has id 9; ids are places"),
    (
        lambda d: d["vertices"].__setitem__(1, {"id": 1}),
        "from_json: vertices[1] has ['id']; it needs id, op, kind, params, shape, dtype, device, scope, "
        "phase, twin, name, saved, saved_sizes, line",
    ),
]


@pytest.mark.parametrize(("change", "text"), FAULTS, ids=[text[:40] for _, text in FAULTS])
def test_damage_is_named(change, text):
    with pytest.raises(GraphError) as caught:
        from_json(changed(change))
    assert str(caught.value) == text


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, '{"a": NaN}', "[1]", "null"])
def test_what_is_no_graph_is_refused(text):
    with pytest.raises(GraphError, match=r"^from_json: the text"):
        from_json(text)


def test_files(tmp_path):
    graph = made.block(order=1)
    assert load(save(graph, tmp_path / "graph.json")) == graph
    (tmp_path / "bad.json").write_bytes(b"\xff\xfe")
    with pytest.raises(GraphError, match=r"bad\.json is not text in UTF-8"):
        load(tmp_path / "bad.json")


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"the folder is not there: '.*missing'"):
        write_whole(tmp_path / "missing" / "a", b"")


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = write_whole(tmp_path / "a", b"old")
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full") as caught:
        write_whole(path, b"new")
    assert caught.value.filename == str(path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
