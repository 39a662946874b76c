"""Primitives as users write them: rules, what is saved, several outputs, residuals; and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autocnn as ac
from autocnn.autograd import grad
from autocnn.engine import Tensor, primitive, primitives
from autocnn.errors import AutocnnError, DeviceError
from autocnn.testing import gradcheck, gradgradcheck
from autocnn.testing.standin import asarray

_mul = primitives()["mul"]
_add = primitives()["add"]
_neg = primitives()["neg"]


@primitive(saves=("x",))
def _tested_cube(xp: Any, x: Any) -> Any:
    return xp.multiply(xp.multiply(x, x), x)


_tested_cube.vjp(lambda g, z, x: _mul(g, _mul(_mul(x, x), 3.0)))


@primitive(saves=(("y",), ("x",)))
def _tested_product(xp: Any, x: Any, y: Any) -> Any:
    return xp.multiply(x, y)


_tested_product.vjp(lambda g, z, x, y: _mul(g, y), lambda g, z, x, y: _mul(g, x))


@primitive()
def _tested_scale(xp: Any, x: Any, *, factor: float) -> Any:
    return xp.multiply(x, factor)


_tested_scale.vjp(lambda g, z, x, factor: _tested_scale(g, factor=factor))


@primitive(outputs=True, saves=("x", "y"))
def _tested_pair(xp: Any, x: Any, y: Any) -> Any:
    return xp.multiply(x, y), xp.add(x, y)


_tested_pair.vjp(
    lambda g, z, x, y: _add(_mul(g[0], y), g[1]),
    lambda g, z, x, y: _add(_mul(g[0], x), g[1]),
)


@primitive(saves=("signs",), residuals=("signs",))
def _tested_size(xp: Any, x: Any) -> Any:
    signs = xp.sign(x).astype("int8")
    return xp.absolute(x), (signs,)


@primitive(saves=("signs",))
def _tested_signed(xp: Any, g: Any, signs: Any) -> Any:
    return xp.multiply(g, signs.astype(g.dtype))


_tested_size.vjp(lambda g, z, x, signs: _tested_signed(g, signs))
_tested_signed.vjp(lambda h, z, g, signs: _tested_signed(h, signs), None)


@primitive()
def _tested_sum(xp: Any, *xs: Any, weight: float) -> Any:
    return weight * sum(xs)


_tested_sum.vjp_each(lambda i, g, z, *xs, weight: _tested_scale(g, factor=weight))


@primitive(differentiable=False)
def _tested_rank(xp: Any, x: Any) -> Any:
    return xp.argsort(xp.argsort(x))


X, Y = np.array([0.5, -1.0, 2.0]), np.array([1.5, 2.0, -0.5])


@pytest.mark.parametrize(
    ("fn", "inputs"),
    [
        (_tested_cube, [X]),
        (_tested_product, [X, Y]),
        (lambda x: _tested_scale(x, factor=2.5), [X]),
        (_tested_pair, [X, Y]),
        (lambda x, y: _tested_pair(x, y)[0], [X, Y]),
        (lambda x, y: _tested_pair(x, y)[1], [X, Y]),
        (_tested_size, [X]),
        (lambda x, y: _tested_sum(x, y, x, weight=0.5), [X, Y]),
    ],
    ids=["cube", "product", "parameter", "two outputs", "first", "second", "residual", "variadic"],
)
def test_of_any_form(fn: Any, inputs: list[Any]) -> None:
    assert gradcheck(fn, inputs)
    assert gradgradcheck(fn, inputs)


def test_arrays_in_arrays_out() -> None:
    assert type(_tested_cube(X)) is np.ndarray
    assert type(_tested_cube(np.array(2.0))) is np.ndarray, "0-d too"
    assert [type(z) for z in _tested_pair(X, Y)] == [np.ndarray, np.ndarray]
    assert type(_tested_cube(asarray(X))) is type(asarray(X))
    assert type(_tested_size(X)) is np.ndarray, "residuals are nobody's business"


def test_tensors_in_tensors_out() -> None:
    z = _tested_product(Tensor(X), Y)
    assert type(z) is Tensor
    assert not z.requires_grad
    assert z.tolist() == (X * Y).tolist()


def test_numbers_are_operands_too() -> None:
    x = Tensor(X.astype(np.float32)).requires_grad_()
    z = _tested_product(x, 2.0)
    assert z.dtype == np.float32
    assert grad(z, x, Tensor(np.ones(3, np.float32)))[0].tolist() == [2.0, 2.0, 2.0]


def test_only_what_is_needed_is_saved() -> None:
    x, y = Tensor(X).requires_grad_(), Tensor(Y)
    assert [s is not None for s in _tested_product(x, y).grad_fn.saved] == [False, True, False]
    assert [s is not None for s in _tested_product(y, x).grad_fn.saved] == [True, False, False]
    assert _tested_scale(x, factor=2.0).grad_fn.saved == ()


def test_touching_what_was_not_saved_fails_at_once() -> None:
    @primitive()
    def _tested_forgetful(xp: Any, x: Any) -> Any:
        return xp.square(x)

    _tested_forgetful.vjp(lambda g, z, x: _mul(g, x))
    x = Tensor(X).requires_grad_()
    for how in (False, True):
        with pytest.raises(TypeError, match=r"an input of shape \(3,\) was not saved; declare it in `saves`"):
            grad(_tested_forgetful(x), x, Tensor(X), create_graph=how)

    _tested_forgetful.vjp(lambda g, z, x: g * x)
    with pytest.raises(TypeError):
        grad(_tested_forgetful(x), x, Tensor(X))


def test_the_shape_of_what_was_not_saved_is_known() -> None:
    seen: list[Any] = []

    @primitive()
    def _tested_shapes(xp: Any, x: Any) -> Any:
        return xp.sum(x, axis=0)

    def rule(g: Any, z: Any, x: Any) -> Any:
        seen.append((x.shape, x.ndim, x.size, str(x.dtype), x.device, z.shape))
        return primitives()["broadcast_to"](g, shape=x.shape)

    _tested_shapes.vjp(rule)
    x = Tensor(np.ones((2, 3))).requires_grad_()
    grad(_tested_shapes(x), x, Tensor(np.ones(3)))
    assert seen == [((2, 3), 2, 6, "float64", "cpu", (3,))]


def test_integer_outputs_have_no_gradient() -> None:
    assert not _tested_rank(Tensor(X).requires_grad_()).requires_grad
    assert _tested_rank(Tensor(X)).tolist() == [1, 0, 2]


def test_outputs_that_nobody_uses_count_as_zero() -> None:
    x, y = Tensor(X).requires_grad_(), Tensor(Y).requires_grad_()
    product, _ = _tested_pair(x, y)
    gx, gy = grad(product, [x, y], Tensor(np.ones(3)))
    assert gx.tolist() == Y.tolist()
    assert gy.tolist() == X.tolist()


def test_a_float_residual_is_no_constant() -> None:
    """Under create_graph a residual that depends on the inputs is not handed out: its derivative would be lost."""

    @primitive(saves=("slope",), residuals=("slope",))
    def _tested_exp(xp: Any, x: Any) -> Any:
        z = xp.exp(x)
        return z, (z,)

    _tested_exp.vjp(lambda g, z, x, slope: _mul(g, slope))
    x = Tensor(X).requires_grad_()
    assert gradcheck_plain(_tested_exp)
    with pytest.raises(TypeError, match="slope"):
        grad(_tested_exp(x), x, Tensor(X), create_graph=True)


def gradcheck_plain(p: Any) -> bool:
    x = Tensor(X).requires_grad_()
    (g,) = grad(p(x), x, Tensor(np.ones(3)))
    return np.allclose(g.array, np.exp(X))


# Refusals -------------------------------------------------------------------------------------------------------


def test_a_rule_for_each_input() -> None:
    with pytest.raises(TypeError, match=r"^tested_product: 1 rules for 2 inputs"):
        _tested_product.vjp(lambda g, z, x, y: g)


def test_a_name_is_taken_once() -> None:
    with pytest.raises(AutocnnError) as caught:

        @primitive()
        def _mul(xp: Any, x: Any, y: Any) -> Any:
            return xp.multiply(x, y)

    assert str(caught.value) == (
        "primitive: name is 'mul', which autocnn.ops.elementwise.arithmetic has taken; "
        "graphs are stored by these names. Choose another"
    )


def test_a_definition_may_be_repeated() -> None:
    for _ in range(2):

        @primitive()
        def _tested_again(xp: Any, x: Any) -> Any:
            return xp.negative(x)

    assert primitives()["tested_again"] is _tested_again


def test_devices_must_agree() -> None:
    with pytest.raises(DeviceError) as caught:
        _tested_product(Tensor(X), Tensor(asarray(Y)))
    assert (
        str(caught.value) == "arrays are on different devices: cpu (3,), standin:0 (3,); move them with to(device)"
    )


def test_what_is_no_array() -> None:
    with pytest.raises(TypeError, match="str"):
        _tested_product(X, "abc")


def test_it_says_what_it_is() -> None:
    assert repr(_tested_cube) == "<primitive tested_cube>"
    y = _tested_cube(Tensor(X).requires_grad_())
    assert repr(y.grad_fn).startswith("<tested_cube ")
    assert "float64[3]" in repr(y.grad_fn)


def test_it_traces_and_prints_like_ours() -> None:
    y = _tested_cube(Tensor(X).requires_grad_())
    assert "grad_fn=<tested_cube>" in str(y)
    assert ac.autograd.primitive is primitive
