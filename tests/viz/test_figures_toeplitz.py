"""The picture of a convolution's matrix: its lines, its numbers, its words."""

from __future__ import annotations

import pytest

from autocnn import nn
from autocnn.errors import GraphError
from autocnn.inspect import toeplitz as matrix_of
from autocnn.viz import toeplitz


def test_blocks_numbers_and_words():
    matrix = matrix_of(nn.Conv2d(2, 2, 2, bias=False), (2, 3, 3))
    figure = toeplitz(matrix, (2, 3, 3), (2, 2, 2), title="a matrix")
    (axis,) = figure.figure.axes
    assert axis.get_title() == "8×18, 56% zeros, 16 distinct weights"
    assert axis.get_xlabel() == "input: C H W = 2×3×3"
    (key,) = figure.figure.legends
    most = f"{abs(matrix).max():.2g}"
    assert [text.get_text() for text in key.get_texts()] == [f"-{most}", "0", most]
    assert len(axis.texts) == 8 * 8  # two channels of four weights in each of eight rows
    assert len(axis.lines) == (1 + 5) + (1 + 3)
    assert b"<svg" in figure.bytes("svg")


def test_what_is_refused():
    with pytest.raises(GraphError, match=r"toeplitz: shape is \(2, 2\); the matrix \(2, 3\) has 3 of them"):
        toeplitz([[1, 2, 0], [0, 1, 2]], (2, 2))
    with pytest.raises(GraphError, match="must have rows and columns"):
        toeplitz([1, 2])
