"""Window arithmetic, and the exact words of its refusals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autocnn.backend import geometry
from autocnn.errors import ArgumentError, ShapeError


@given(st.integers(1, 12), st.integers(1, 5), st.integers(1, 4), st.integers(0, 3), st.integers(1, 3))
def test_windows_counts_the_places_where_a_kernel_fits(n, k, s, p, d):
    reach = d * (k - 1) + 1
    starts = [i for i in range(0, n + 2 * p, s) if i + reach <= n + 2 * p]
    (count,) = geometry.windows((n,), (k,), (s,), ((p, p),), (d,))
    assert max(count, 0) == len(starts)


@given(st.integers(1, 9), st.integers(1, 5), st.integers(1, 4), st.integers(0, 3), st.integers(1, 3))
def test_transposed_is_the_smallest_input_with_as_many_windows(n, k, s, p, d):
    size = geometry.transposed((n,), (k,), (s,), ((p, p),), (d,))
    assert geometry.windows(size, (k,), (s,), ((p, p),), (d,)) == (n,)


@pytest.mark.parametrize(
    ("padding", "expected"),
    [
        (1, ((1, 1), (1, 1))),
        ((1, 2), ((1, 1), (2, 2))),
        (((1, 0), (2, 3)), ((1, 0), (2, 3))),
        ("valid", ((0, 0), (0, 0))),
        ("same", ((1, 1), (3, 3))),
        ("full", ((2, 2), (6, 6))),
        (np.int64(1), ((1, 1), (1, 1))),
    ],
)
def test_padding_in_all_its_spellings(padding, expected):
    assert geometry.pads("conv2d", padding, (3, 4), (1, 1), (1, 2)) == expected


@pytest.mark.parametrize(
    ("padding", "text"),
    [
        ("most", "conv2d: padding is 'most'; it must be numbers, 'same', 'valid' or 'full'"),
        (-1, "conv2d: padding is -1; every number must be at least 0"),
        (1.5, "conv2d: padding is 1.5; an integer is needed"),
        ((1, 2, 3), "conv2d: padding is (1, 2, 3); one integer or 2 of them are needed"),
        (((1, 2),), "conv2d: padding is ((1, 2),); one (before, after) pair for each of 2 axes is needed"),
        (((1, 2), (1, -2)), "conv2d: padding is ((1, 2), (1, -2)); every number must be at least 0"),
    ],
)
def test_a_bad_padding_is_named(padding, text):
    with pytest.raises(ArgumentError) as caught:
        geometry.pads("conv2d", padding, (3, 3), (1, 1), (1, 1))
    assert str(caught.value) == text


def test_same_needs_stride_one():
    with pytest.raises(ArgumentError) as caught:
        geometry.pads("conv2d", "same", (3, 3), (2, 1), (1, 1))
    assert str(caught.value) == "conv2d: padding is 'same' with stride 2x1; 'same' needs stride 1"


def test_a_kernel_that_does_not_fit_is_named():
    with pytest.raises(ShapeError) as caught:
        geometry.check_fit("conv2d", (2, 2), (3, 3), ((0, 0), (0, 0)), (1, 1), (0, 0))
    assert str(caught.value) == "conv2d: kernel 3x3 (dilation 1) does not fit in 2x2 padded by 0"
    with pytest.raises(ShapeError) as caught:
        geometry.check_fit("conv1d", (2,), (9,), ((0, 1),), (2,), (0,))
    assert str(caught.value) == "conv1d: kernel 9 (dilation 2) does not fit in 2 padded by (0, 1)"


@given(st.integers(0, 300), st.integers(0, 5000), st.integers(1, 100_000))
def test_blocks_are_as_large_as_the_budget_allows(images, size, budget):
    step = geometry.images_per_block(images, size, budget)
    assert 1 <= step <= max(1, images)
    assert step == 1 or step * size <= budget
