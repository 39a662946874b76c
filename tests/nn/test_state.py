"""States as PyTorch gives them out and takes them in: versions, extra state, hooks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autocnn import nn
from autocnn.engine import Tensor
from autocnn.errors import StateError


def both(write: Any) -> tuple[Any, Any]:
    """What a function of `torch.nn`, and of ours, gives."""
    torch = pytest.importorskip("torch")
    return write(torch.nn, torch.tensor), write(nn, Tensor)


def renamed(nn: Any, tensor: Any) -> Any:
    """A layer whose old states have another key, one that carries a count, and what was seen on the way."""
    seen: list[Any] = []

    class Renamed(nn.Linear):
        _version = 3

        def _load_from_state_dict(self, state_dict, prefix, local_metadata, *rest):
            seen.append((prefix, local_metadata.get("version")))
            if local_metadata.get("version", 1) < 3 and f"{prefix}w" in state_dict:
                state_dict[f"{prefix}weight"] = state_dict.pop(f"{prefix}w")
            super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)

    class Counted(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = Renamed(1, 1, bias=False)
            self.count = 7

        def get_extra_state(self):
            return tensor([float(self.count)])

        def set_extra_state(self, state):
            self.count = int(state[0])

    net = nn.Sequential(Counted(), nn.BatchNorm1d(1))
    state = net.state_dict()
    keys, versions = list(state), {k: v["version"] for k, v in state._metadata.items()}
    state["0._extra_state"] = tensor([9.0])
    net.load_state_dict(state)
    old = {"0.inner.w": tensor([[5.0]]), "0._extra_state": tensor([3.0])}
    old |= {k: v for k, v in state.items() if k.startswith("1.") and "tracked" not in k}
    net.load_state_dict(old)
    return keys, versions, seen, net[0].count, net[0].inner.weight.tolist()


@pytest.mark.torch
def test_modules_with_ways_of_their_own_load_old_states() -> None:
    theirs, ours = both(renamed)
    assert ours == theirs
    assert ours[3:] == (3, [[5.0]])


def hooked(nn: Any, tensor: Any) -> Any:
    """What hooks are called with, and what they change."""
    seen: list[Any] = []
    net = nn.Sequential(nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False))

    def rename(module, state, prefix, metadata, strict, missing, unexpected, errors):
        seen.append(("before", prefix, strict))
        for key in [key for key in state if key.endswith("old")]:
            state[key.replace("old", "weight")] = state.pop(key)

    def forgive(module, mismatch):
        seen.append(("after", list(mismatch.missing_keys), list(mismatch.unexpected_keys)))
        mismatch.missing_keys.clear()

    def shown(module, state, prefix, metadata):
        seen.append(("shown", prefix, list(state)))

    handles = [
        net[0].register_load_state_dict_pre_hook(rename),
        net[1].register_load_state_dict_post_hook(forgive),
        net[1].register_state_dict_post_hook(shown),
        net[1].register_state_dict_pre_hook(lambda module, prefix, keep: seen.append(("asked", prefix, keep))),
    ]
    net[1]._register_load_state_dict_pre_hook(lambda *args: seen.append(args[1:3]))
    net.state_dict()
    net.load_state_dict({"0.old": tensor([[4.0]])})
    values = net[0].weight.tolist()
    for handle in handles:
        handle.remove()
    with pytest.raises(RuntimeError):
        net.load_state_dict({"0.old": tensor([[4.0]])})
    return seen, values


@pytest.mark.torch
def test_hooks_see_and_change_states_as_pytorchs_do() -> None:
    theirs, ours = both(hooked)
    assert ours == theirs
    assert ours[1] == [[4.0]]


def test_a_state_that_does_not_fit_changes_nothing_of_modules_with_ways_of_their_own() -> None:
    class Loud(nn.Linear):
        def _load_from_state_dict(self, state_dict, *rest):
            super()._load_from_state_dict(state_dict, *rest)

    net = nn.Sequential(Loud(1, 1, bias=False), nn.Linear(1, 1, bias=False))
    before = net[0].weight.tolist()
    with pytest.raises(StateError, match=r"1\.weight is \(1, 1\) here and \(2,\) there"):
        net.load_state_dict({"0.weight": Tensor([[8.0]]), "1.weight": Tensor([0.0, 0.0])})
    assert net[0].weight.tolist() == before


def test_a_plain_dict_in_place_of_a_state_is_taken_in_at_once() -> None:
    class Own(nn.Linear):
        def _load_from_state_dict(self, state_dict, *rest):
            super()._load_from_state_dict({**state_dict, "weight": Tensor([[6.0]])}, *rest)

    layer = Own(1, 1, bias=False)
    layer.load_state_dict({}, strict=False)
    np.testing.assert_array_equal(layer.weight.detach().numpy(), [[6.0]])


def test_extra_state_is_asked_for_where_it_is() -> None:
    with pytest.raises(StateError, match=r"^Linear: it has no extra state; define get_extra_state\(self\)$"):
        nn.Linear(1, 1).get_extra_state()
    with pytest.raises(StateError, match=r"^Linear: it has no extra state; define set_extra_state"):
        nn.Linear(1, 1).set_extra_state(None)
    destination: dict[str, Any] = {}
    assert nn.Linear(1, 1).state_dict(destination, "a.", True) is destination
    assert list(destination) == ["a.weight", "a.bias"]
    assert all(value.requires_grad for value in destination.values())
