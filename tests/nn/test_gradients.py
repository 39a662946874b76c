"""Parameters as one vector."""

from __future__ import annotations

import pytest

from autocnn import nn
from autocnn.engine import Tensor
from autocnn.errors import ShapeError


def test_parameters_as_a_vector_and_back() -> None:
    parameters = [nn.Parameter([[1.0, 2.0]]), nn.Parameter([3.0])]
    vector = nn.utils.parameters_to_vector(parameters)
    vector.backward(Tensor([5.0, 6.0, 7.0]))
    assert parameters[0].grad is not None
    assert parameters[0].grad.tolist() == [[5.0, 6.0]]
    nn.utils.vector_to_parameters(Tensor([7.0, 8.0, 9.0]), parameters)
    assert parameters[0].tolist() == [[7.0, 8.0]]
    assert parameters[1].tolist() == [9.0]
    with pytest.raises(ShapeError) as caught:
        nn.utils.vector_to_parameters(Tensor([7.0]), parameters)
    assert str(caught.value) == "vector_to_parameters: vec has shape (1,); the parameters need (3,)"
