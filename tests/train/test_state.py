"""States on disk: equal to the bit, whole or not at all, and no file that is damaged is taken for a state."""

from __future__ import annotations

import json
import math
import os
import stat
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import array_shapes, arrays
from safetensors.numpy import load_file, save_file

from autocnn.engine import Tensor
from autocnn.errors import DataError, DataNotFoundError, StateError
from autocnn.nn import Module, Parameter
from autocnn.train import load_state, load_weights, save_state, save_weights

STATE: dict[str, Any] = {
    "model": {"conv.weight": Tensor(np.arange(6, dtype=np.float32).reshape(2, 3).T), "scale": Tensor(2.0)},
    "optimizer": {"state": {0: {"step": 3, "m": np.array([-0.0, 1e-45, 3e38], np.float32)}, 1: {}}},
    "betas": (0.9, 0.999),
    "best": math.inf,
    "key": (2**64 - 1, 17),
    "nothing": None,
    "flags": [True, False, {"deep": np.zeros((0, 2), np.int64)}],
    "seconds": np.float64(0.1),
    "name": "ünïcode $array",
}


def same(a: Any, b: Any) -> bool:
    """Whether a value came back as it went, arrays as Tensors."""
    if isinstance(b, (Tensor, np.ndarray)):
        b = b.array if isinstance(b, Tensor) else b
        equal = a.array.tobytes() == np.ascontiguousarray(b).tobytes()
        return equal and a.shape == b.shape and a.dtype == b.dtype
    if isinstance(b, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in b)
    if isinstance(b, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b.item() if isinstance(b, np.generic) else b) and (a == b)


def test_state_comes_back_to_the_bit(tmp_path: Path) -> None:
    path = save_state(STATE, tmp_path / "new" / "a.safetensors")
    assert same(load_state(path), STATE)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
        | arrays(st.sampled_from([np.float32, np.int64, np.bool_]), array_shapes(min_dims=0, min_side=0)),
        lambda inside: st.lists(inside, max_size=3) | st.lists(inside, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=5) | st.integers(), inside, max_size=3),
        max_leaves=8,
    )
)  # fmt: skip
def test_any_state_comes_back(tmp_path_factory: pytest.TempPathFactory, value: Any) -> None:
    path = tmp_path_factory.getbasetemp() / "any.safetensors"
    save_state({"value": value}, path)
    assert same(load_state(path), {"value": value})


def test_paths_that_look_the_same_stay_apart(tmp_path: Path) -> None:
    state = {"a.b": np.ones(2), "a": {"b": np.zeros(3)}, "": {"": np.ones(1)}}
    assert same(load_state(save_state(state, tmp_path / "a.safetensors")), state)


def test_equal_states_give_equal_files(tmp_path: Path) -> None:
    files = [save_state(STATE, tmp_path / f"{i}.safetensors").read_bytes() for i in range(8)]
    assert len(set(files)) == 1


def test_file_is_plain_safetensors(tmp_path: Path) -> None:
    path = save_state(STATE, tmp_path / "a.safetensors")
    assert load_file(path)["model.conv.weight"].tolist() == [[0, 3], [1, 4], [2, 5]]
    assert int.from_bytes(path.read_bytes()[:8], "little") % 8 == 0


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"a": {"b": object()}}, "save_state: a.b is a object; only arrays, numbers and text are saved"),
        ({"a": [b"x"]}, "save_state: a.0 is a bytes; only arrays, numbers and text are saved"),
        ({"a": {(1, 2): 3}}, "save_state: a has the key (1, 2); keys are text or integers"),
    ],
)
def test_what_cannot_be_saved_is_named(tmp_path: Path, value: Any, said: str) -> None:
    path = tmp_path / "a.safetensors"
    with pytest.raises(DataError) as caught:
        save_state(value, path)
    assert str(caught.value) == said
    assert not path.exists()


def test_truncated_file_is_no_state(tmp_path: Path) -> None:
    whole = save_state(STATE, tmp_path / "a.safetensors").read_bytes()
    cut = tmp_path / "cut.safetensors"
    for length in range(0, len(whole), 37):
        cut.write_bytes(whole[:length])
        with pytest.raises(DataError, match=r"load_state: .*cut.safetensors is no whole safetensors file"):
            load_state(cut)


def test_no_changed_byte_goes_unseen(tmp_path: Path) -> None:
    whole = save_state({"a": np.arange(5.0), "n": 12}, tmp_path / "a.safetensors").read_bytes()
    bad = tmp_path / "bad.safetensors"
    for place in range(8, len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 1
        bad.write_bytes(changed)
        try:
            state = load_state(bad)
        except DataError as error:
            assert str(bad) in str(error)  # noqa: PT017
        else:  # a change that means nothing: a space of the header's end
            assert same(state, {"a": np.arange(5.0), "n": 12})


def test_other_files_are_told_apart(tmp_path: Path) -> None:
    foreign, weights = tmp_path / "foreign.safetensors", tmp_path / "w.safetensors"
    save_file({"a": np.ones(2)}, foreign)
    with pytest.raises(DataError, match="holds no training state; weights alone are read by load_weights"):
        load_state(foreign)
    save_weights(Two(), weights)
    with pytest.raises(DataError, match="holds no training state"):
        load_state(weights)
    with pytest.raises(DataError, match="holds a whole training state; its weights are"):
        load_weights(Two(), save_state(STATE, tmp_path / "s.safetensors"))
    with pytest.raises(DataNotFoundError, match=r"load_state: .*none.safetensors is no file; check the name"):
        load_state(tmp_path / "none.safetensors")
    with pytest.raises(DataNotFoundError, match="is no file"):
        load_state(tmp_path)
    with pytest.raises(
        DataError, match=r"load_weights: model.pth is a pickle, which can run any code; convert it"
    ):
        load_weights(Two(), "model.pth")


def test_arrays_that_numpy_lacks_are_named(tmp_path: Path) -> None:
    header = json.dumps({"a": {"dtype": "F8_E4M3", "shape": [8], "data_offsets": [0, 8]}}).encode()
    header += b" " * (-len(header) % 8)
    path = tmp_path / "eight.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(8))
    with pytest.raises(DataError, match=r"has arrays that NumPy lacks .*Convert to float32"):
        load_state(path)


class Two(Module):
    """Two parameters, one of them 0-d."""

    def __init__(self) -> None:
        self.w = Parameter(np.arange(6, dtype=np.float32).reshape(3, 2))
        self.s = Parameter(np.array(2.5))


def test_weights_go_and_come_back(tmp_path: Path) -> None:
    model, other = Two(), Two()
    path = save_weights(model, tmp_path / "w.safetensors")
    other.w.data = np.zeros((3, 2), np.float32)
    load_weights(other, path)
    assert other.w.tolist() == model.w.tolist()
    assert path.read_bytes() == save_weights(other, tmp_path / "v.safetensors").read_bytes()
    assert load_file(path).keys() == {"w", "s"}


def test_weights_of_another_model_say_what_differs(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_file({"w": np.ones((2, 2), np.float32), "extra": np.ones(1)}, path)
    with pytest.raises(StateError, match=r"missing s; unexpected extra; w is \(3, 2\) here and \(2, 2\) there"):
        load_weights(Two(), path)


def test_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save_state({"n": 1}, tmp_path / "a.safetensors")

    def fail(*_: object) -> None:
        raise OSError("no space")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="no space"):
        save_state({"n": 2}, path)
    monkeypatch.undo()
    assert load_state(path) == {"n": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["a.safetensors"]


def test_file_has_the_usual_rights(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_bytes(b"")
    rights = [stat.S_IMODE(path.stat().st_mode) for path in (plain, save_state({}, tmp_path / "a.safetensors"))]
    assert rights[0] == rights[1]
