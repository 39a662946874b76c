"""Long short-term memory through oneDNN is what the NumPy kernel gives, there and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autocnn.backend import onednn
from autocnn.backend.kernels import recurrent as slow
from autocnn.backend.onednn import recurrent as fast

pytestmark = pytest.mark.skipif(onednn.serving() is None, reason="oneDNN is not installed")
RNG = np.random.default_rng(0)


def operands(steps: int, n: int, inputs: int, width: int) -> list[Any]:
    """x, h, c, w, v, b."""
    rows = 4 * width
    shapes = [(steps, n, inputs), (n, width), (n, width), (rows, inputs), (rows, width), (rows,)]
    return [(RNG.standard_normal(shape) * 0.3).astype(np.float32) for shape in shapes]


def assert_close(found: Any, expected: Any) -> None:
    for a, b in zip(found, expected, strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5 * float(abs(b).max()))


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("sizes", [(1, 1, 1, 1), (5, 2, 3, 4), (7, 3, 17, 33), (4, 9, 64, 32)])
def test_both_ways_are_numpys(sizes, reverse):
    given = operands(*sizes)
    cotangents = [RNG.standard_normal((*sizes[:2], sizes[3])).astype("f"), given[2] + 1]
    outputs, kept = fast.lstm(*given, reverse=reverse)
    expected, known = slow.lstm(np, *given, reverse=reverse)
    assert_close(outputs, expected)
    back = slow.lstm_backward(np, *cotangents, *given, *known, reverse=reverse)
    assert_close(fast.lstm_backward(*cotangents, *given, *kept, reverse=reverse), back)
    assert_close(slow.lstm_backward(np, *cotangents, *given, *kept, reverse=reverse), back)
    assert fast.lstm_backward(*cotangents, *given, *known, reverse=reverse) is None


def test_arrays_may_lie_anyhow():
    given = operands(5, 2, 3, 4)
    moved = [np.asfortranarray(a) for a in given]
    (one, kept), (other, same) = fast.lstm(*given, reverse=False), fast.lstm(*moved, reverse=False)
    assert_close(one, other)
    cotangents = [np.ones((5, 2, 4), np.float32), given[2]]
    strided = [np.repeat(g, 2, axis=-1)[..., ::2] for g in cotangents]
    expected = fast.lstm_backward(*cotangents, *given, *kept, reverse=False)
    assert_close(fast.lstm_backward(*strided, *moved, *same, reverse=False), expected)


def test_the_way_back_may_have_another_number_of_threads():
    given, count = operands(6, 4, 5, 8), onednn.get_num_threads()
    cotangents = [np.ones((6, 4, 8), np.float32), given[2]]
    (_, kept), (_, known) = fast.lstm(*given, reverse=False), slow.lstm(np, *given, reverse=False)
    expected = slow.lstm_backward(np, *cotangents, *given, *known, reverse=False)
    try:
        for threads in (1, 2):
            onednn.set_num_threads(threads)
            found = fast.lstm_backward(*cotangents, *given, *kept, reverse=False)
            assert found is not None
            assert_close(found, expected)
    finally:
        onednn.set_num_threads(count)


@pytest.mark.parametrize("width", [1, 8, 33])
def test_what_is_not_a_number_stays_so(width):
    """In the image that has it, and in no other."""
    given = operands(3, 4, 2, width)
    given[0][1, 2] = np.nan
    given[0][0, 1] = np.inf, 1e30
    given[3][:] = abs(given[3])
    (y, c), _ = fast.lstm(*given, reverse=False)
    expected, _ = slow.lstm(np, *given, reverse=False)
    assert np.array_equal(np.isnan(y), np.isnan(expected[0]))
    assert np.isnan(y[1:, 2]).all()
    assert np.isnan(c[2]).all()
    assert not np.isnan(y[:, [0, 1, 3]]).any()


def test_what_it_does_not_take():
    given = operands(5, 2, 3, 4)
    assert fast.lstm(*[a.astype(np.float64) for a in given], reverse=False) is None
    assert fast.lstm(given[0][:0], *given[1:], reverse=False) is None
    with onednn.disabled():
        assert fast.lstm(*given, reverse=False) is None
