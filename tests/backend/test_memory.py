"""Memory that is used again: a steady training step asks the system for nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import autocnn as ac
from autocnn import nn
from autocnn.backend import aligned, memory, onednn
from autocnn.backend.arrays import owner

ROOT = Path(__file__).parents[2]

STEPS = """
import resource
import autocnn as ac
from autocnn import nn, optim
net = nn.Sequential(nn.Conv2d(3, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2), nn.Tanh())
x = ac.rand(48, 3, 64, 64)
optimizer = optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
def step():
    optimizer.zero_grad()
    net(x).sum().backward()
    optimizer.step()
for _ in range(4):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(3):
    step()
print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / 3)
ac.empty_cache()
"""


def faults(**environment: str) -> float:
    """Page faults of one training step, whose largest array has 50 MB, in a process of its own."""
    there = {k: v for k, v in os.environ.items() if not k.startswith("MALLOC_") and k != "GLIBC_TUNABLES"}
    there |= {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"} | environment
    done = subprocess.run([sys.executable, "-c", STEPS], capture_output=True, text=True, check=True, env=there)
    return float(done.stdout)


@pytest.mark.skipif(not memory.keep(), reason="needs a C library that can be told to keep memory")
def test_a_steady_step_asks_for_no_memory():
    assert faults() < 100
    assert faults(MALLOC_TRIM_THRESHOLD_="131072") > 100  # the count does see what it is to see


def test_the_environment_is_heeded(monkeypatch):
    monkeypatch.setenv("MALLOC_TOP_PAD_", "0")
    assert not memory.keep()
    monkeypatch.delenv("MALLOC_TOP_PAD_")
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.arena_max=1")
    assert not memory.keep()


def test_another_c_library(monkeypatch):
    monkeypatch.setattr(memory.sys, "platform", "win32")
    assert not memory.keep()
    memory.empty_cache()


SERVED = pytest.mark.skipif(onednn.serving() is None, reason="needs oneDNN")


@SERVED
def test_large_results_begin_where_their_kernels_want_them():
    """Depthwise convolutions at a line of the cache; batch norms off it, or they would be written past it."""
    x = ac.randn(8, 64, 32, 32).to(memory_format="channels_last").requires_grad_()
    z = nn.functional.conv2d(x, ac.randn(64, 1, 3, 3), padding=1, groups=64)
    (gx,) = ac.autograd.grad(z, [x], z.detach())
    assert [t.array.ctypes.data % aligned.LINE for t in (x, z, gx)] == [0, 0, 0]
    y = nn.functional.batch_norm(x, None, None, training=True)
    (gx,) = ac.autograd.grad(y, [x], z.detach())
    assert [t.array.ctypes.data % aligned.LINE for t in (y, gx)] == [16, 16]


@SERVED
def test_room_to_place_an_array_does_not_have_its_gradient_copied():
    """A gradient with room before and behind it is the leaf's own; one that is spread out is copied."""
    x, w = ac.randn(8, 64, 32, 32).requires_grad_(), ac.randn(64, 1, 1, 1)
    nn.functional.conv2d(x, w, groups=64).backward(ac.ones(8, 64, 32, 32))
    gradient = x.grad.array
    assert owner(gradient).nbytes > gradient.nbytes
    assert aligned.is_whole(gradient, owner(gradient))
    x.grad = None
    x.sum().backward()
    assert owner(x.grad.array).nbytes == gradient.nbytes
