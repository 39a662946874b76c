"""The checker of derivatives: it passes what is right, catches every planted fault, and says what it found."""

from __future__ import annotations

import re

import numpy as np
import pytest

from autocnn.engine import Tensor, no_grad
from autocnn.ops import add, mul
from autocnn.testing import GradcheckError, gradcheck, gradgradcheck
from tests.testing.faults import FAULTS, X, Y, _missing_factor, _no_unbroadcast, _planted_exp


@pytest.mark.parametrize("name", FAULTS)
def test_every_planted_fault_is_caught(name: str) -> None:
    fault = FAULTS[name]
    options = fault.options or {}
    if fault.order == 1:
        with pytest.raises(GradcheckError):
            gradcheck(fault.fn, fault.inputs, **options)
    else:
        assert gradcheck(fault.fn, fault.inputs), "the first derivative is right; only the second is not"
        with pytest.raises(GradcheckError):
            gradgradcheck(fault.fn, fault.inputs)


@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if fault.options is None])
def test_random_directions_catch_them_too(name: str) -> None:
    fault = FAULTS[name]
    check = gradcheck if fault.order == 1 else gradgradcheck
    with pytest.raises(GradcheckError):
        check(fault.fn, fault.inputs, mode="fast")


@pytest.mark.parametrize("mode", ["full", "fast"])
@pytest.mark.parametrize(
    ("fn", "inputs"),
    [
        (lambda x, y: x * y, [X, Y]),
        (lambda x, y: x * y + x, [X, np.outer(X, Y)]),
        (_planted_exp, [X]),
        (lambda x: (_planted_exp(x) * x, x * x), [X]),
        (lambda x, n: x * n, [X, np.array([1, 2, 3])]),
        (lambda x: x * 3.0, [np.array(2.0)]),
        (lambda x: x * x, [np.zeros((0, 3))]),
        (lambda x: x.detach() * 2.0 * 0.0, [X]),
    ],
    ids=["product", "broadcast", "exp", "two outputs", "integers", "0-d", "empty", "constant"],
)
def test_what_is_right_passes(fn: object, inputs: list[object], mode: str) -> None:
    assert gradcheck(fn, inputs, mode=mode)
    assert gradgradcheck(fn, inputs, mode=mode)


def test_says_which_input_which_element_and_both_numbers() -> None:
    with pytest.raises(GradcheckError) as caught:
        gradcheck(lambda y, x: mul(y, _missing_factor(x)), [[1.0, 1.0, 1.0], [0.5, -40.0, 1.0]])
    text = str(caught.value)
    assert text.startswith("gradcheck: input 1 (3,): backward gives ")
    assert text.endswith("(at [1], the worst of 3 wrong in 3)")
    given, expected = map(float, re.findall(r"(?:gives|differences) (-?[\d.e-]+)", text))
    assert expected == pytest.approx(2 * given)


def test_says_it_of_big_inputs_too() -> None:
    with pytest.raises(
        GradcheckError, match=r"input 0 \(1000,\): .* \(at \[999\], the worst of 1 wrong in 1000\)"
    ):
        gradcheck(FAULTS["one element in a thousand dropped"].fn, [np.linspace(-1.0, 1.0, 1000)])


def test_says_what_was_overwritten() -> None:
    with pytest.raises(GradcheckError, match=r"^gradcheck: the cotangent of output 0 \(3,\) was overwritten"):
        gradcheck(FAULTS["the cotangent written to"].fn, [X])
    with pytest.raises(GradcheckError, match=r"^gradcheck: input 0 \(3,\) was overwritten"):
        gradcheck(FAULTS["a saved input written to"].fn, [X])


def test_says_when_a_gradient_has_another_shape() -> None:
    with pytest.raises(GradcheckError, match=r"input 0 is \(3,\), backward gives it a gradient \(3, 3\)"):
        gradcheck(_no_unbroadcast, [X, np.outer(X, Y)])


def test_names_the_cotangent_in_the_second_order() -> None:
    with pytest.raises(GradcheckError, match=r"cotangent of output 0 \(3,\): second backward gives 0, "):
        gradgradcheck(FAULTS["a gradient without a graph"].fn, [X])


def test_a_lost_graph_is_a_claim_of_zero() -> None:
    def lost(x: Tensor) -> Tensor:
        with no_grad():
            return x * x

    with pytest.raises(GradcheckError, match="backward gives 0, finite differences"):
        gradcheck(lost, [X])


def test_single_precision_is_raised_to_double() -> None:
    seen = []
    gradcheck(lambda x: (seen.append(x.dtype), x * x)[1], [Tensor([1.0, 2.0])])
    assert set(seen) == {np.dtype(np.float64)}


def test_layout_is_kept() -> None:
    seen = []
    x = np.random.default_rng(0).standard_normal((2, 3, 4)).transpose(0, 2, 1)
    gradcheck(lambda x: (seen.append(x.array.strides), x * x)[1], [x])
    assert seen[0] == x.strides


def test_works_inside_no_grad() -> None:
    with no_grad():
        assert gradcheck(lambda x: add(x, x), [X])
