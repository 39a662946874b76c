"""Debug mode: the first NaN or infinity, forward and backward, and writes behind the library's back."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from autocnn import func
from autocnn.autograd import checkpoint, debug, grad
from autocnn.engine import Tensor, scope
from autocnn.errors import GradientError, InPlaceError, NonFiniteError, ShapeError

HERE = Path(__file__).name


def leaf(*values: float) -> Tensor:
    return Tensor(np.array(values)).requires_grad_()


def line_of(text: str) -> int:
    """The number of this file's line that has a text at its end."""
    lines = Path(__file__).read_text().splitlines()
    return next(n for n, line in enumerate(lines, start=1) if line.endswith(text))


def test_a_forward_nan_is_named() -> None:
    with pytest.raises(NonFiniteError) as caught, debug(), scope("net"), scope("head"):
        leaf(1.0, -1.0, 3.0).log()  # here it happens
    assert re.fullmatch(
        r"log: made 1 NaN in float64 \(3,\); input 0 float64 \(3,\) in \[-1, 3\] in net/head at "
        rf".*{HERE}:{line_of('# here it happens')}",
        str(caught.value),
    )


def test_a_backward_infinity_is_named_with_its_forward_line() -> None:
    with debug():
        with scope("net"):
            y = leaf(0.0, 4.0).sqrt()  # here the root is drawn
        z = y.sum()
        with pytest.raises(NonFiniteError) as caught:
            z.backward()
    assert re.fullmatch(
        r"div: made 1 infinity in float64 \(2,\); input 0 float64 \(2,\) in \[1, 1\]; "
        r"input 1 float64 \(2,\) in \[0, 4\] in the backward pass in net at "
        rf".*{HERE}:{line_of('# here the root is drawn')}",
        str(caught.value),
    )


def test_counts_both_kinds() -> None:
    x = Tensor(np.array([0.0, 1.0, -1.0]))
    with pytest.raises(NonFiniteError, match=r"^div: made 1 NaN and 2 infinity in float64 \(3,\)"), debug():
        x / 0.0


def test_inside_transforms_and_checkpoints() -> None:
    with pytest.raises(NonFiniteError, match=r"^exp: made 1 infinity"), debug():
        func.grad(lambda v: v.exp().sum())(Tensor(np.array([800.0, 1.0])))
    with pytest.raises(NonFiniteError, match=r"^exp: made 1 infinity"), debug():
        checkpoint(lambda v: v.exp(), leaf(800.0))


def test_changes_no_number() -> None:
    x = leaf(0.3, 1.7)
    expected = grad((x.exp() * x.log()).sum(), x)[0].tolist()
    with debug():
        assert grad((x.exp() * x.log()).sum(), x)[0].tolist() == expected


def test_ends_with_its_block() -> None:
    with debug():
        pass
    assert np.isnan(leaf(-1.0).log().item())
    with pytest.raises(NonFiniteError), debug():
        leaf(-1.0).log()
    assert np.isnan(leaf(-1.0).log().item())


def test_integers_are_never_infinite() -> None:
    with debug():
        assert (Tensor(np.array([1, 2])) + 1).tolist() == [2, 3]


def test_a_write_through_numpy_is_found() -> None:
    with debug():
        y = leaf(1.0, 2.0).exp()  # here it is saved
        z = y.sum()
        y.array[0] = 7.0
        with pytest.raises(InPlaceError) as caught:
            z.backward()
    assert re.fullmatch(
        r"backward: exp saved an array that was overwritten since without the library's knowledge at "
        rf".*{HERE}:{line_of('# here it is saved')}; write to a copy",
        str(caught.value),
    )


def test_nodes_know_the_users_line() -> None:
    with debug():
        y = leaf(1.0) * 2.0  # made on this line
    assert y.grad_fn.place.line.endswith(f"{HERE}:{line_of('# made on this line')}")
    assert (leaf(1.0) * 2.0).grad_fn.place.line is None


# Arrays handed out ----------------------------------------------------------------------------------------------


def test_arrays_handed_out_are_read_only_while_there_is_a_graph() -> None:
    x = leaf(1.0, 2.0)
    y = x * 2.0
    for tensor in (x, y):
        view = np.asarray(tensor)
        assert np.shares_memory(view, tensor.array)
        with pytest.raises(ValueError, match="read-only"):
            view[0] = 5.0
    plain = Tensor(np.array([1.0, 2.0]))
    np.asarray(plain)[0] = 5.0
    plain.numpy()[1] = 6.0
    assert plain.tolist() == [5.0, 6.0]


def test_a_copy_is_the_takers_own() -> None:
    y = leaf(1.0, 2.0) * 2.0
    taken = np.array(y)
    taken[0] = 5.0
    assert y.tolist() == [2.0, 4.0]
    assert np.asarray(y, dtype=np.float32).dtype == np.float32


def test_what_has_a_graph_is_not_handed_out_unasked() -> None:
    y = leaf(1.0, 2.0) * 2.0
    with pytest.raises(GradientError, match=r"^numpy: the tensor requires a gradient; use detach\(\)\.numpy\(\)"):
        y.numpy()
    with pytest.raises(GradientError, match=r"^dlpack: the tensor requires a gradient; use detach\(\)"):
        y.__dlpack__()
    assert y.detach().numpy().tolist() == [2.0, 4.0]


def test_numbers_of_axes_and_truth() -> None:
    number, pair = Tensor(np.array(2.0)), Tensor(np.array([1.0, 0.0]))
    assert (float(number), int(number), bool(number), len(pair), [x.item() for x in pair]) == (
        2.0,
        2,
        True,
        2,
        [1.0, 0.0],
    )
    for refused, text in (
        (lambda: bool(pair), r"bool: shape is \(2,\); the truth of many is ambiguous"),
        (lambda: pair.item(), r"item: shape is \(2,\); only one element is a number"),
    ):
        with pytest.raises(ShapeError, match=text):
            refused()
    with pytest.raises(TypeError, match=r"^len: a 0-d tensor has no length"):
        len(number)
    with pytest.raises(TypeError, match=r"^iter: a 0-d tensor cannot be iterated over"):
        iter(number)
    assert not np.iterable(number)
    assert 1.0 in pair
    assert 3.0 not in pair
    assert round(Tensor(np.array([0.26])), 1).tolist() == [0.3]
    with pytest.raises(TypeError, match=r"^index: dtype is float64; only integers can be an index"):
        [1, 2, 3][number]
    assert [1, 2, 3][Tensor(np.array(2))] == 3
    assert len({number, pair, number}) == 2
