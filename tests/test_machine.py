"""What `autocnn info` says, where parts are there and where they are missing."""

from __future__ import annotations

import builtins
import json
import os
import sys
import types

import pytest

import autocnn as ac
from autocnn import machine
from autocnn.backend import arrays, gpu, threads
from autocnn.cli import main
from autocnn.errors import ArgumentError, AutocnnError


def test_info_has_a_line_for_everything(capsys):
    assert main(["info"]) == 0
    lines = capsys.readouterr().out.splitlines()
    heads = [line.split()[0] for line in lines]
    assert heads == [
        "AutoCNN", "Python", "NumPy", "BLAS", "system", "processor", "instructions", "cores", "memory", "oneDNN",
        "Graphviz", "GPU",
    ]  # fmt: skip
    assert lines[0].split() == ["AutoCNN", ac.__version__]
    assert all(len(line.split(maxsplit=1)) == 2 for line in lines)
    found = ac.info()
    assert repr(found) == str(found)


def test_info_as_json(capsys):
    assert main(["info", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["autocnn"] == ac.__version__
    assert 1 <= found["usable_cores"] <= found["cores"]
    assert all(isinstance(found[part][0], bool) and found[part][1] for part in ("onednn", "graphviz", "gpu"))


def without(monkeypatch, name: str) -> None:
    """Make a package look as if it were not installed."""
    real = builtins.__import__

    def refuse(asked, *args, **kwargs):
        if asked.partition(".")[0] == name:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(asked, *args, **kwargs)

    monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(builtins, "__import__", refuse)


def test_without_threadpoolctl_info_works_and_threads_say_what_to_install(monkeypatch):
    without(monkeypatch, "threadpoolctl")
    found = machine.info()
    assert found.threads is None
    assert found.blas
    with pytest.raises(AutocnnError, match="threads: threadpoolctl is not installed; pip install threadpoolctl"):
        ac.set_num_threads(1)


def test_threads_are_set_and_told():
    before = ac.get_num_threads()
    try:
        ac.set_num_threads(1)
        assert ac.get_num_threads() == machine.info().threads == 1
    finally:
        ac.set_num_threads(before)
    for wrong in (0, -1, 1.5, True, "2"):
        with pytest.raises(
            ArgumentError, match=r"set_num_threads: n is .*; it must be a whole number of at least 1"
        ):
            ac.set_num_threads(wrong)


def test_a_containers_share_of_the_cores_counts(monkeypatch, tmp_path):
    monkeypatch.setattr(threads.os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)
    for text, cores in (("250000 100000\n", 3), ("max 100000\n", 8), ("20000 100000\n", 1), ("", 8)):
        (tmp_path / "cpu.max").write_text(text)
        monkeypatch.setattr(threads, "_QUOTA", tmp_path / "cpu.max")
        assert threads.usable_cores() == cores
    monkeypatch.setattr(threads, "_QUOTA", tmp_path / "none")
    assert threads.usable_cores() == 8


def test_the_blas_is_numpys_where_another_library_brings_one(monkeypatch):
    def pool(path: str, count: int) -> dict[str, object]:
        return {
            "user_api": "blas",
            "internal_api": "openblas",
            "version": "1",
            "num_threads": count,
            "filepath": path,
        }

    monkeypatch.setattr(threads, "pools", lambda: [pool("scipy.libs/a.so", 1), pool("numpy.libs/b.so", 2)])
    assert machine.info().threads == 2


def test_graphviz_by_program_by_package_and_not_at_all(monkeypatch, tmp_path):
    program = tmp_path / "dot"
    program.write_text("#!/bin/sh\necho 'dot - graphviz version 9.9' >&2\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/bin{os.pathsep}/usr/bin")
    assert machine.graphviz() == (True, f"dot - graphviz version 9.9, at {program}")
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.setattr(machine.util, "find_spec", lambda name: None)
    served, sentence = machine.graphviz()
    assert not served
    assert "install the program dot" in sentence


def a_gpu(count: int, error: Exception | None = None):
    def counted() -> int:
        if error is not None:
            raise error
        return count

    runtime = types.SimpleNamespace(getDeviceCount=counted, getDeviceProperties=lambda i: {"name": b"A Chip"})
    return types.SimpleNamespace(__version__="14.0", cuda=types.SimpleNamespace(runtime=runtime))


@pytest.mark.parametrize(
    ("xp", "said"),
    [
        (a_gpu(2), (True, "CuPy 14.0: A Chip, A Chip")),
        (a_gpu(0), (False, "CuPy 14.0, but no GPU")),
        (a_gpu(0, RuntimeError("driver too old")), (False, "CuPy 14.0, but no GPU: driver too old")),
    ],
    ids=["two", "none", "driver"],
)
def test_a_gpu_is_named_or_what_is_missing(monkeypatch, xp, said):
    monkeypatch.setattr(gpu, "device_namespace", lambda device: xp)
    assert gpu.status() == said


def test_without_its_library_a_gpu_is_a_sentence(monkeypatch):
    without(monkeypatch, "cupy")
    monkeypatch.setitem(arrays._OPENERS, "cuda", arrays._cupy)
    assert gpu.status() == (False, "'cuda' needs CuPy; pip install 'autocnn[gpu]'")


def test_waiting_for_a_device_asks_its_stream():
    waited = []
    stream = types.SimpleNamespace(synchronize=lambda: waited.append(True))
    arrays.finish(types.SimpleNamespace(cuda=types.SimpleNamespace(get_current_stream=lambda: stream)))
    assert waited == [True]
