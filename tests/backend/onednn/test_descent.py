"""The passes of optimisers through oneDNN against NumPy's: the same up to the rounding of a product."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn.backend import onednn
from autocnn.backend.kernels import descent as kernels
from autocnn.backend.onednn import descent, execute

SHAPES = {"odd": (70001,), "C order": (7, 5, 53, 41), "channels-last": (7, 53, 5, 41)}
STRANGE = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-42, 3e38, 1.0, 1e-25], np.float32)
EPSILON = np.finfo(np.float32).eps


@pytest.fixture(params=SHAPES.values(), ids=SHAPES)
def arrays(request, draw):
    """Four large arrays of one layout."""
    return [draw(*request.param) for _ in range(4)]


@pytest.fixture
def served(monkeypatch):
    """Fail where a pass of oneDNN says that it was not done."""

    def must(name):
        fast = getattr(descent, name)

        def run(*arguments):
            done = fast(*arguments)
            assert done or onednn.serving() is None, f"{name}: oneDNN did not serve"
            return done

        monkeypatch.setattr(descent, name, run)

    for name in ("scale", "blend", "blend_square", "scaled_step"):
        must(name)


def slow(kernel, *arguments):
    with onednn.disabled():
        return kernel(np, *arguments)


def close(mine, expected, *terms):
    """Equal up to the rounding of the terms."""
    assert mine.strides == expected.strides
    assert np.all(np.abs(mine - expected) <= EPSILON * sum(map(np.abs, terms)))


@pytest.mark.parametrize("b", [1, -1, 0.7, -1e-3])
@pytest.mark.parametrize("a", [1, 0.9, 0.0])
@pytest.mark.usefixtures("served")
def test_blend(a, b, arrays):
    x, y, out, room = arrays
    expected = slow(kernels.blend, x, y, a, b, np.empty_like(x), room)
    assert kernels.blend(np, x, y, a, b, out, room) is out
    close(out, expected, a * x, b * y)
    assert kernels.blend(np, x, y, a, b, x, room) is x
    np.testing.assert_array_equal(x, out)


@pytest.mark.usefixtures("served")
def test_scale_and_blend_square(arrays):
    x, g, v, room = arrays
    expected = slow(kernels.blend_square, v.copy("K"), g, 0.999, room)
    terms = 0.999 * v, 0.001 * g * g
    close(kernels.blend_square(np, v, g, 0.999, room), expected, *terms)
    expected = slow(kernels.scale, x.copy("K"), 0.3)
    np.testing.assert_array_equal(kernels.scale(np, x, 0.3), expected)


@pytest.mark.usefixtures("served")
def test_scaled_step(arrays):
    p, m, v, room = arrays
    v *= v
    step = 0.01 * m / (np.sqrt(v) + np.float32(1e-3))
    expected = slow(kernels.scaled_step, p.copy("K"), m, v, 0.01, 1e-3, room)
    other = p.copy("K")
    close(kernels.scaled_step(np, p, m, v, 0.01, 1e-3, room), expected, p, 4 * step)
    np.testing.assert_array_equal(kernels.scaled_step(np, other, m, v, 0.01, 1e-3, v), p)  # v is the room


@pytest.mark.usefixtures("served")
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_every_strange_value_meets_every_other():
    x, y = (np.ascontiguousarray(np.resize(part, 81 * 900)) for part in np.meshgrid(STRANGE, STRANGE))
    room = np.empty_like(x)
    for a, b in [(0.9, 1), (1, -0.1), (0.0, 0.3), (1e-3, -1)]:
        expected = slow(kernels.blend, x, y, a, b, np.empty_like(x), room)
        np.testing.assert_array_equal(kernels.blend(np, x, y, a, b, np.empty_like(x), room), expected)
    for beta in (0.999, 0.5):
        expected = slow(kernels.blend_square, x.copy(), y, beta, room)
        np.testing.assert_allclose(kernels.blend_square(np, x.copy(), y, beta, room), expected, 2 * EPSILON)
    np.testing.assert_array_equal(kernels.scale(np, x.copy(), 0.5), slow(kernels.scale, x.copy(), 0.5))
    for eps in (1e-8, 0.0):
        expected = slow(kernels.scaled_step, x.copy(), x, y, 0.1, eps, room)
        np.testing.assert_allclose(kernels.scaled_step(np, x.copy(), x, y, 0.1, eps, room), expected, 3 * EPSILON)


def test_what_is_not_served(draw):
    x, y = draw(300, 300), draw(300, 300)
    assert descent.blend(x, y, 1, 1, x)
    assert not descent.blend(x.astype(np.float64), y.astype(np.float64), 1, 1, x)
    assert not descent.blend(x, y.T, 1, 1, x), "another layout"
    assert not descent.blend(x[:, ::2], y[:, ::2], 1, 1, x[:, ::2])
    assert not descent.blend(x, y[0], 1, 1, x), "broadcast"
    assert not descent.blend_square(np.full_like(x, np.nan), y, 0.0), "0 times NaN"
    assert not descent.scale(x[:0], 2.0)
    assert not slow(lambda xp: descent.scaled_step(x, y, x, 1.0, 0.0, y))


def test_a_rate_that_changes_makes_no_plan(draw):
    x, y = draw(300, 300), draw(300, 300)
    y.flags.writeable = False
    descent.blend(x, y, 1, -0.5, x)
    before = {threads: len(shelf) for threads, shelf in execute._here.shelves.items()}
    for step in range(5):
        assert descent.blend(x, y, 1 - 0.1 * step, -0.5 / (step + 1), x)
    assert {threads: len(shelf) for threads, shelf in execute._here.shelves.items()} == before
