"""Memory that is used again: a steady training step asks the system for nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from autocnn.backend import memory

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
