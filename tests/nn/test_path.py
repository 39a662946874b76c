"""Remembered contexts: right in every thread and mode, and no watcher outlives its block."""

from __future__ import annotations

import gc
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from autocnn import nn
from autocnn.engine import Tensor, no_grad
from autocnn.engine.tape import Watcher, local, scope, watching


class Where(nn.Module):
    """x twice, and where that was computed."""

    def __init__(self) -> None:
        self.weight = nn.Parameter([2.0])

    def forward(self, x: Any) -> Any:
        return x * self.weight, local.context.place.scope, local.context.recording


def test_threads_with_different_modes_share_a_network() -> None:
    net = nn.ModuleDict({"part": Where()})

    class Caller(nn.Module):
        def __init__(self) -> None:
            self.net = net

        def forward(self, x: Any) -> Any:
            return self.net["part"](x)

    caller = Caller()

    def recorded(number: int) -> set[Any]:
        with scope(f"thread{number}"):
            return {(y.requires_grad, where, mode) for y, where, mode in map(caller, [Tensor([1.0])] * 300)}

    def bare(number: int) -> set[Any]:
        with no_grad():
            return recorded(number)

    with ThreadPoolExecutor(4) as pool:
        found = [pool.submit(recorded if i % 2 else bare, i) for i in range(8)]
    for i, result in enumerate(found):
        assert result.result() == {(bool(i % 2), f"thread{i}/net/part", bool(i % 2))}


def test_a_watcher_is_let_go() -> None:
    net = nn.Sequential(nn.Sequential(Where()))
    net(Tensor([1.0]))
    watcher = Watcher()
    gone = weakref.ref(watcher)
    with watching(watcher):
        assert net(Tensor([1.0]))[1] == "0/0"
    del watcher
    gc.collect()
    assert gone() is None
