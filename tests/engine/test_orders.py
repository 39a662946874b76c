"""Derivatives of high order against closed forms, transforms of functions, and the modes of the backward pass."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autocnn as ac
from autocnn import func
from autocnn.autograd import grad
from autocnn.engine import Tensor, tape
from autocnn.errors import GradientError, OperandError, ShapeError

AT = 0.7
FUNCTIONS: dict[str, tuple[Callable[[Any], Any], list[float]]] = {
    "sin": (lambda x: x.sin(), [math.cos(AT), -math.sin(AT), -math.cos(AT), math.sin(AT)]),
    "x**5": (lambda x: x**5, [5 * AT**4, 20 * AT**3, 60 * AT**2, 120 * AT]),
    "exp": (lambda x: x.exp(), [math.exp(AT)] * 4),
    "1/x": (lambda x: 1 / x, [-(AT**-2), 2 * AT**-3, -6 * AT**-4, 24 * AT**-5]),
    "log": (lambda x: x.log(), [1 / AT, -(AT**-2), 2 * AT**-3, -6 * AT**-4]),
    "x*x*x*x": (lambda x: x * x * x * x, [4 * AT**3, 12 * AT**2, 24 * AT, 24.0]),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_fourth_order(name: str) -> None:
    fn, derivatives = FUNCTIONS[name]
    x = Tensor(np.array(AT)).requires_grad_()
    y = fn(x)
    for expected in derivatives:
        (y,) = grad(y, x, create_graph=True)
        assert y.item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_nested_transforms(name: str) -> None:
    fn, derivatives = FUNCTIONS[name]
    for expected in derivatives:
        fn = func.grad(fn)
        assert fn(Tensor(np.array(AT))).item() == pytest.approx(expected, rel=1e-12)


def test_mixed_derivatives_of_x_x_y() -> None:
    x, y = (Tensor(np.array(v)).requires_grad_() for v in (1.5, -0.5))
    z = x * x * y
    gx, gy = grad(z, [x, y], create_graph=True)
    assert (gx.item(), gy.item()) == (-1.5, 2.25)
    gxx, gxy = grad(gx, [x, y], create_graph=True)
    assert (gxx.item(), gxy.item()) == (-1.0, 3.0)
    assert grad(gy, [x, y], allow_unused=True) == (pytest.approx(3.0), None)
    assert [g and g.item() for g in grad(gxy, [x, y], create_graph=True, allow_unused=True)] == [2.0, None]
    (gxxy,) = grad(gxx, y)
    assert gxxy.item() == 2.0


def test_order_of_differentiation_does_not_matter() -> None:
    x, y = (Tensor(np.array(v)).requires_grad_() for v in (1.5, -0.5))
    z = (x * y).sin() * x.exp()
    gx, gy = grad(z, [x, y], create_graph=True)
    (gxy,) = grad(gx, y, retain_graph=True)
    assert gxy.item() == pytest.approx(grad(gy, x)[0].item(), rel=1e-12)


def test_second_order_by_backward() -> None:
    x = Tensor(np.array([2.0, 3.0])).requires_grad_()
    (x * x * x).sum().backward(create_graph=True)
    first = x.grad
    assert first.requires_grad
    x.grad = None
    first.sum().backward()
    assert x.grad.tolist() == [12.0, 18.0]


def test_gradients_with_graphs_accumulate_with_theirs() -> None:
    x = Tensor(np.array(2.0)).requires_grad_()
    (x * x).backward(create_graph=True)
    (x * x * x).backward(create_graph=True)
    total, x.grad = x.grad, None
    assert total.item() == 16.0
    total.backward()
    assert x.grad.item() == 14.0


def test_a_penalty_on_the_gradient() -> None:
    x = Tensor(np.array([0.3, -0.2])).requires_grad_()
    (g,) = grad(x.exp().sum(), x, create_graph=True)
    (g * g).sum().backward()
    np.testing.assert_allclose(x.grad.array, 2 * np.exp(2 * x.array))


def network(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    """A little of everything, with values used more than once."""
    h = ac.ops.conv2d(x, w, b, padding=1).relu()
    h = h + ac.ops.avg_pool2d(h, 3, 1, 1)
    a, c = h.split(1, 1)
    pooled = ac.ops.max_pool2d(a * c.sigmoid() + a, 2)
    return ac.ops.cross_entropy(pooled.flatten(1), Tensor(np.array([1, 0])))


def parameters() -> list[Tensor]:
    random = np.random.default_rng(0)
    shapes = [(2, 1, 4, 4), (2, 1, 3, 3), (2,)]
    return [Tensor(random.standard_normal(s).astype(np.float32)).requires_grad_() for s in shapes]


def test_record_mode_is_plain_mode_to_the_bit_and_create_graph_to_rounding() -> None:
    leaves = parameters()
    plain = grad(network(*leaves), leaves)
    with tape.context(watch=tape.Watcher()):
        recorded = grad(network(*leaves), leaves)
    definitions = grad(network(*leaves), leaves, create_graph=True)
    for p, r, d in zip(plain, recorded, definitions, strict=True):
        np.testing.assert_array_equal(p.array, r.array)
        np.testing.assert_allclose(p.array, d.array, rtol=1e-5, atol=1e-6)
        assert not p.requires_grad
        assert not r.requires_grad
        assert d.requires_grad


@pytest.mark.parametrize("length", [10, 6000])
def test_repeated_positions_add_up_alike_in_every_mode(length: int) -> None:
    random = np.random.default_rng(1)
    x = Tensor(random.random(length).astype(np.float32)).requires_grad_()
    places = [random.integers(0, 5, 50) for _ in range(2)]
    weights = [Tensor(random.random(50).astype(np.float32)) for _ in range(3)]

    def together() -> Tensor:
        return sum((x[places[k % 2]] * w).sum() for k, w in enumerate(weights))

    (plain,) = grad(together(), x)
    with tape.context(watch=tape.Watcher()):
        (recorded,) = grad(together(), x)
    np.testing.assert_array_equal(plain.array, recorded.array)


# Transforms -----------------------------------------------------------------------------------------------------


def test_value_and_grad() -> None:
    value, (gx, gy) = func.value_and_grad(lambda x, y: (x * x * y).sum(), argnums=(0, 1))(
        Tensor(np.array([1.0, 2.0])), Tensor(np.array([3.0, 4.0]))
    )
    assert value.item() == 19.0
    assert gx.tolist() == [6.0, 16.0]
    assert gy.tolist() == [1.0, 4.0]


def test_grad_of_what_is_no_scalar() -> None:
    with pytest.raises(ShapeError, match=r"^grad: the function returned \(2,\); only a scalar has a gradient"):
        func.grad(lambda x: x * x)(Tensor(np.ones(2)))


def test_products_with_jacobians() -> None:
    m = Tensor(np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]))
    x, u, v = (Tensor(np.array(a)) for a in ([1.0, -1.0], [0.5, 2.0], [1.0, 0.0, -1.0]))
    value, back = func.vjp(lambda x: m @ (x * x), x)
    assert value.tolist() == [3.0, 7.0, 11.0]
    (g,) = back(v)
    np.testing.assert_allclose(g.array, (v.array @ m.array) * 2 * x.array)
    value, tangent = func.jvp(lambda x: m @ (x * x), (x,), (u,))
    np.testing.assert_allclose(tangent.array, m.array @ (2 * x.array * u.array))


def test_jacobian_and_hessian() -> None:
    x = Tensor(np.array([1.0, 2.0]))
    jacobian = func.jacobian(lambda x: ac.stack([x[0] * x[1], x[0].exp(), x[1]]))(x)
    np.testing.assert_allclose(jacobian.array, [[2.0, 1.0], [math.e, 0.0], [0.0, 1.0]])
    hessian = func.hessian(lambda x: x[0] * x[0] * x[1])(x)
    np.testing.assert_allclose(hessian.array, [[4.0, 2.0], [2.0, 0.0]])


def test_the_hessian_of_several_outputs_has_a_block_for_each() -> None:
    hessian = func.hessian(lambda x: x * x * x)(Tensor(np.array([1.0, 2.0])))
    np.testing.assert_allclose(hessian.array, [[[6.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 12.0]]])


def test_hessian_vector_product() -> None:
    x, v = Tensor(np.array([1.0, 2.0])), Tensor(np.array([1.0, -1.0]))
    gradient, product = func.hvp(lambda x: (x * x * x).sum(), (x,), (v,))
    np.testing.assert_allclose(gradient.array, [3.0, 12.0])
    np.testing.assert_allclose(product.array, [6.0, -12.0])


def test_cotangents_are_as_many_as_outputs() -> None:
    _, back = func.vjp(lambda x: (x, x * 2.0), Tensor(np.ones(2)))
    with pytest.raises(ShapeError) as caught:
        back(Tensor(np.ones(2)))
    assert str(caught.value) == "vjp: cotangents are 1; the outputs are 2, one for each"


def test_cotangents_may_be_arrays_and_come_together() -> None:
    ones = np.ones(2)
    _, back = func.vjp(lambda x: x * 3.0, Tensor(ones))
    assert back(ones)[0].tolist() == [3.0, 3.0]
    _, back = func.vjp(lambda x: (x, x * 2.0), Tensor(ones))
    assert back(ones, ones)[0].tolist() == back((ones, ones))[0].tolist() == [3.0, 3.0]


def test_a_jacobian_is_of_one_tensor() -> None:
    with pytest.raises(OperandError) as caught:
        func.jacobian(lambda x: (x, x))(Tensor(np.ones(2)))
    assert str(caught.value) == "jacobian: the function returned tuple; it must be one tensor"


@pytest.mark.parametrize("name", ["jvp", "hvp"])
def test_primals_and_tangents_are_tuples(name: str) -> None:
    x = Tensor(np.ones(2))
    for given, what in (((x, (x,)), "primals"), (((x,), x), "tangents")):
        with pytest.raises(OperandError) as caught:
            getattr(func, name)(lambda x: x.sum(), *given)
        assert str(caught.value) == f"{name}: {what} is a Tensor; it must be a tuple, a tensor for each argument"


def test_inner_derivatives_do_not_confuse_outer_ones() -> None:
    """d/dx (x d/dy (x y)) = 2 x: the perturbations are kept apart."""
    outer = func.grad(lambda x: x * func.grad(lambda y: x * y)(Tensor(np.array(5.0))))
    assert outer(Tensor(np.array(3.0))).item() == 6.0


def test_what_does_not_depend_has_the_derivative_zero() -> None:
    x, u = Tensor(np.ones(2)), Tensor(np.ones(2))
    constant = Tensor(np.array([3.0, 4.0]))
    value, tangent = func.jvp(lambda x: constant * 1.0, (x,), (u,))
    assert (value.tolist(), tangent.tolist()) == ([3.0, 4.0], [0.0, 0.0])
    assert func.grad(lambda x: constant.sum())(x).tolist() == [0.0, 0.0]
    assert func.jacobian(lambda x: constant * 1.0)(x).tolist() == [[0.0, 0.0]] * 2
    assert func.hessian(lambda x: (x * constant).sum())(x).tolist() == [[0.0, 0.0]] * 2


def test_what_the_transforms_refuse() -> None:
    x = Tensor(np.ones(2))
    with pytest.raises(ShapeError, match=r"^jvp: a tangent has shape \(3,\), its primal \(2,\)"):
        func.jvp(lambda x: x, (x,), (Tensor(np.ones(3)),))
    with pytest.raises(GradientError, match=r"^argnums: 1 is not among the 1 arguments"):
        func.grad(lambda x: x.sum(), argnums=1)(x)
