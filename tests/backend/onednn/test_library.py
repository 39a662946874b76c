"""Finding the library, switching it off, threads, and forks."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from autocnn.backend import onednn
from autocnn.backend.onednn import convolution, execute, library, matmul
from autocnn.errors import ArgumentError

from . import reference as kernels

WINDOW = {"stride": (1, 1), "padding": ((1, 1), (1, 1)), "dilation": (1, 1), "groups": 1}


def said_by(program: str, **environment: str) -> str:
    """What a fresh process prints."""
    done = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, **environment}, capture_output=True, text=True,
        timeout=120, check=True,
    )  # fmt: skip
    return done.stdout.strip()


@pytest.mark.without_library
def test_a_named_file_that_is_not_there():
    program = "from autocnn.backend import onednn; print(onednn.serving(), onednn.why_not(), sep='|')"
    said = said_by(program, AUTOCNN_ONEDNN="/no/such/file")
    assert said == "None|AUTOCNN_ONEDNN is '/no/such/file'; there is no such file"


@pytest.mark.without_library
def test_a_named_file_that_is_no_library():
    said = said_by("from autocnn.backend import onednn; print(onednn.why_not())", AUTOCNN_ONEDNN=__file__)
    assert said.startswith(f"oneDNN at {__file__} does not open: ")


@pytest.mark.without_library
def test_the_openmp_runtime_may_be_missing():
    words = "libgomp.so.1: cannot open shared object file: No such file or directory"
    assert library._explained("/lib/libdnnl.so.3", words) == (
        "oneDNN at /lib/libdnnl.so.3 needs libgomp.so.1;"
        " install libgomp1 (Debian, Ubuntu) or libgomp (Fedora, Arch)"
    )


@pytest.mark.without_library
def test_importing_does_not_open_the_library():
    program = "import autocnn; from autocnn.backend.onednn import library; print(library._process.tried)"
    assert said_by(program) == "False"


def test_the_version():
    assert onednn.serving().version[0] == 3
    assert onednn.why_not() is None


def test_switching_off(draw):
    x, y = draw(5, 7), draw(7, 3)
    with onednn.disabled(), onednn.disabled():
        assert matmul.product(x, y) is None
        assert onednn.why_not() == "oneDNN is switched off by disabled()"
    assert matmul.product(x, y) is not None


def test_the_number_of_threads(draw):
    x, w = draw(2, 16, 8, 8), draw(16, 16, 3, 3)
    expected, before = kernels.conv(np, x, w, **WINDOW), onednn.get_num_threads()
    try:
        for count in (2, 1, 2):
            onednn.set_num_threads(count)
            assert onednn.get_num_threads() == count
            np.testing.assert_allclose(convolution.conv(x, w, **WINDOW), expected, rtol=1e-4, atol=1e-4)
    finally:
        onednn.set_num_threads(before)
    with pytest.raises(ArgumentError, match="count is 0; it must be at least 1"):
        onednn.set_num_threads(0)


def test_two_threads_at_once(draw):
    x, w = draw(4, 16, 12, 12), draw(16, 16, 3, 3)
    expected = [kernels.conv(np, x * k, w, **WINDOW) for k in range(2)]
    wrong = []

    def work(k: int) -> None:
        for _ in range(50):
            z = convolution.conv(x * k, w, **WINDOW)
            if z is None or not np.allclose(z, expected[k], rtol=1e-4, atol=1e-4):
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


FORK = """
import os, numpy as np
from autocnn.backend import onednn
from autocnn.backend.onednn import convolution
x, w = np.ones((2, 8, 8, 8), np.float32), np.ones((8, 8, 3, 3), np.float32)
how = dict(stride=(1, 1), padding=((1, 1), (1, 1)), dilation=(1, 1), groups=1)
assert convolution.conv(x, w, **how) is not None
child = os.fork()
if child == 0:
    assert convolution.conv(x, w, **how) is None
    print(onednn.why_not(), flush=True)
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
assert convolution.conv(x, w, **how) is not None
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_uses_numpy():
    said = said_by(FORK, OMP_NUM_THREADS="2")
    assert said == "this process was forked from one that had used oneDNN, whose threads it did not get"


def test_plans_are_kept_and_given_back(draw):
    onednn.forget()
    x, y = draw(5, 7), draw(7, 3)
    for _ in range(3):
        matmul.product(x, y)
    (shelf,) = execute._here.shelves.values()
    assert len(shelf) == 1
    onednn.forget()
    assert not execute._here.shelves


def test_the_oldest_plan_goes_first(draw, monkeypatch):
    onednn.forget()
    monkeypatch.setattr(execute, "CAPACITY", 2)
    for n in (1, 2, 3):
        matmul.product(draw(5, 7), draw(7, n))
    (shelf,) = execute._here.shelves.values()
    assert [key[3] for key in shelf] == [(7, 2), (7, 3)]


def test_what_was_declined_is_not_asked_again(draw, monkeypatch):
    onednn.forget()
    asked = []
    made = execute.create
    monkeypatch.setattr(execute, "create", lambda *arguments: asked.append(arguments) or made(*arguments))
    x = draw(2, 5, 7, last=False), draw(3, 7, 3, last=False)
    assert matmul.product(*x) is None
    first = len(asked)
    assert matmul.product(*x) is None
    assert first > 0
    assert len(asked) == first
