"""Images of another size through oneDNN against the NumPy kernels: values and adjoints."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn.backend.onednn import resampling

from . import reference as kernels

# shape, new lengths of space
WHOLE = {
    "doubled": ((2, 32, 32, 32), (64, 64)),
    "odd": ((4, 16, 16, 24), (48, 120)),
    "one axis": ((4, 48, 32, 32), (96, 32)),
    "of one row": ((2, 16, 1, 64), (8, 512)),
    "line": ((8, 16, 300), (600,)),
    "volume": ((2, 16, 8, 9, 10), (16, 18, 40)),
}
BETWEEN = {
    "larger": ((16, 16, 16, 24), (40, 36)),
    "smaller": ((8, 16, 40, 60), (30, 45)),
    "halves": ((16, 16, 64, 64), (32, 32)),
    "uneven": ((2, 16, 64, 64), (43, 101)),
}


def both(shape, lengths):
    """What the forward and the adjoint are told: the axes that change, and their lengths there and here."""
    axes = tuple(i for i, n in enumerate(lengths, 2) if shape[i] != n)
    how = {"axes": axes, "steps": (0.0,) * len(axes), "corners": False, "smooth": False}
    there = {**how, "lengths": tuple(lengths[i - 2] for i in axes)}
    return there, {**how, "lengths": tuple(shape[i] for i in axes)}


def agree(shape, lengths, mode, last, draw, forward=True, atol=2e-6):
    there, back = both(shape, lengths)
    x, g = draw(*shape, last=last), draw(*shape[:2], *lengths, last=last)
    if forward:
        z = resampling.resize(x, mode=mode, **there)
        np.testing.assert_allclose(z, kernels.resize(np, x, mode=mode, **there), atol=atol)
    gx, expected = resampling.unresize(g, mode=mode, **back), kernels.unresize(np, g, mode=mode, **back)
    np.testing.assert_allclose(gx, expected, atol=atol * np.abs(expected).max())
    assert gx.transpose(0, *range(2, gx.ndim), 1).flags.c_contiguous


@pytest.mark.parametrize("case", WHOLE.values(), ids=WHOLE)
@pytest.mark.parametrize("mode", ["nearest", "nearest-exact"])
@pytest.mark.parametrize("last", [True, False], ids=["channels_last", "c_order"])
def test_elements_repeated(case, mode, last, draw):
    agree(*case, mode, last, draw)


@pytest.mark.parametrize("case", WHOLE)
@pytest.mark.parametrize("last", [True, False], ids=["channels_last", "c_order"])
def test_linear_by_whole_factors(case, last, draw):
    agree(*WHOLE[case], "linear", last, draw, forward=case not in ("odd", "one axis"))


@pytest.mark.parametrize("case", BETWEEN.values(), ids=BETWEEN)
def test_linear_by_other_ratios(case, draw):
    agree(*case, "linear", True, draw, atol=2e-5)  # positions are in single precision, as PyTorch's


@pytest.mark.parametrize("mode", ["nearest", "linear"])
def test_what_is_not_finite_stays_where_it_is(mode, draw):
    x, (there, back) = draw(1, 16, 32, 32), both((1, 16, 32, 32), (64, 64))
    x[0, 3, 7, 8], x[0, 4, 0, 0], x[0, 5, -1, -1] = np.nan, np.inf, -np.inf
    z = resampling.resize(x, mode=mode, **there)
    np.testing.assert_allclose(z, kernels.resize(np, x, mode=mode, **there), atol=1e-6)
    gx = resampling.unresize(z, mode=mode, **back)
    np.testing.assert_allclose(gx, kernels.unresize(np, z, mode=mode, **back), rtol=1e-5, atol=1e-5)


def test_what_it_leaves_to_numpy(draw):
    x = draw(2, 16, 32, 32)
    there, back = both(x.shape, (64, 64))

    def made(x, mode="linear", **other):
        return resampling.resize(x, mode=mode, **{**there, **other})

    assert made(x) is not None
    assert made(x.astype(np.float64)) is None
    assert made(x[:, :15]) is None  # channels that fill no register
    assert made(x[:1, :, :4, :4], lengths=(8, 8)) is None  # few elements
    assert made(x, corners=True) is None
    assert made(x, smooth=True) is None
    assert made(x, "cubic") is None
    assert made(x, steps=(0.5, 0.4)) is None  # another ratio than that of the lengths
    assert made(x, lengths=(96, 96)) is None  # nothing times infinity is NaN
    assert made(x, "nearest", lengths=(48, 48)) is None
    line, (there, _) = draw(1, 16, 5000), both((1, 16, 5000), (20000,))
    assert made(line) is None  # places beyond what single precision holds
    assert resampling.unresize(draw(2, 16, 64, 64), mode="cubic", **back) is None
