"""Elementwise functions beside PyTorch's: values, dtypes, broadcasting, corners, both derivatives."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import autocnn as ac
from autocnn import ops
from autocnn.errors import ArgumentError, DTypeError, OperandError, ShapeError
from tests.ops.oracle import agree, alike

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

NAN, INF = float("nan"), float("inf")
SHAPES = [((), ()), ((3,), ()), ((2, 3), (3,)), ((2, 1, 4), (3, 1)), ((0, 3), (1, 3)), ((1, 1), (2, 3))]
EVERYWHERE = [
    "neg", "abs", "sign", "square", "exp", "exp2", "expm1", "sin", "cos", "tan", "atan", "sinh", "cosh", "tanh",
    "asinh", "sigmoid", "erf", "erfc", "floor", "ceil", "trunc", "round", "frac", "positive", "nan_to_num",
]  # fmt: skip
ABOVE_ZERO = ["sqrt", "rsqrt", "log", "log2", "log10", "log1p", "reciprocal"]
WITHIN_ONE = ["asin", "acos", "atanh"]
COMPARISONS = ["eq", "ne", "lt", "le", "gt", "ge", "logical_and", "logical_or", "logical_xor"]
BINARY = [
    "add", "sub", "mul", "div", "true_divide", "remainder", "fmod", "maximum", "minimum", "fmax", "fmin",
    "hypot", "logaddexp", "atan2",
]  # fmt: skip


def domain(name, x):
    """Numbers that a function is defined for, made of any."""
    if name in ABOVE_ZERO:
        return np.abs(x) + 0.1
    return np.tanh(x) if name in WITHIN_ONE else np.abs(x) + 1.1 if name == "acosh" else x


# One operand -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EVERYWHERE + ABOVE_ZERO + WITHIN_ONE + ["acosh"])
def test_functions(rng, name):
    for shape in [(), (5,), (2, 3, 4), (0, 3)]:
        alike(name, [domain(name, rng.standard_normal(shape))])
    alike(name, [domain(name, rng.standard_normal((6, 4)).T[::2, ::-1])])


@pytest.mark.parametrize("name", EVERYWHERE + ABOVE_ZERO + WITHIN_ONE + ["acosh"])
def test_far_out(name):
    x = np.array([-INF, -800.0, -30.0, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 1.5, 30.0, 800.0, INF, NAN])
    a, t = ac.tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    z, tz = getattr(ops, name)(a), getattr(torch, name)(t)
    np.testing.assert_allclose(z.array, tz.detach().numpy(), rtol=1e-12)
    z.sum().backward()
    tz.sum().backward()
    np.testing.assert_allclose(a.grad.array, t.grad.numpy(), rtol=1e-10)


@pytest.mark.parametrize("name", ["exp", "sqrt", "sin", "log1p", "sigmoid", "erf", "reciprocal", "rsqrt", "expm1"])
def test_integers_become_the_default_float(name):
    for values in ([1, 2, 3], [True, True, False]):
        if name in ("reciprocal", "rsqrt") and values[2] is False:
            continue
        z = getattr(ops, name)(ac.tensor(values))
        expected = getattr(torch, name)(torch.tensor(values))
        assert z.dtype == np.float32
        np.testing.assert_allclose(z.array, expected.numpy(), rtol=1e-6)


@pytest.mark.parametrize("name", ["neg", "abs", "sign", "square", "floor", "ceil", "trunc", "round", "positive"])
def test_integers_stay(name):
    alike(name, [np.array([-2, 0, 3])])


def test_error_function_to_the_last_digits():
    special = pytest.importorskip("scipy.special")
    x = np.concatenate([np.linspace(-7, 7, 5001), np.array([0.46875, 4.0, 1e-300, -1e-20])])
    np.testing.assert_allclose(ops.erf(ac.tensor(x)).array, special.erf(x), rtol=8e-16)
    np.testing.assert_allclose(ops.erfc(ac.tensor(x)).array, special.erfc(x), rtol=5e-14)
    y = np.concatenate([np.linspace(-1, 1, 5001), 1 - np.logspace(-16, -1, 50), np.logspace(-300, -1, 50)])
    np.testing.assert_allclose(ops.erfinv(ac.tensor(y)).array, special.erfinv(y), rtol=2e-14)
    assert ops.erfinv(ac.tensor([2.0, np.nan])).isnan().all()
    single = x.astype(np.float32)
    np.testing.assert_allclose(ops.erf(ac.tensor(single)).array, special.erf(single.astype(float)), rtol=4e-7)


def test_decimals(rng):
    x = 100 * rng.standard_normal(7)
    for decimals in (0, 1, -1):
        alike("round", [x], decimals=decimals)
    assert round(ac.tensor([2.5])).tolist() == [2.0]


# Two operands ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("shapes", SHAPES)
def test_broadcast(rng, name, shapes):
    alike(name, [rng.standard_normal(s) for s in shapes])
    alike(name, [rng.standard_normal(s) for s in shapes[::-1]])


@pytest.mark.parametrize("name", ["maximum", "minimum", "fmax", "fmin"])
def test_ties_and_nan(name):
    alike(name, [np.array([1.0, 2.0, 3.0]), np.array([1.0, 3.0, 2.0])])
    x, y = [1.0, NAN, 2.0, NAN], [NAN, 1.0, 2.0, NAN]
    a, b = ac.tensor(x, requires_grad=True), ac.tensor(y, requires_grad=True)
    s, t = torch.tensor(x, requires_grad=True), torch.tensor(y, requires_grad=True)
    z, tz = getattr(ops, name)(a, b), getattr(torch, name)(s, t)
    np.testing.assert_array_equal(z.array, tz.detach().numpy())
    z.sum().backward()
    tz.sum().backward()
    np.testing.assert_array_equal(a.grad.array, s.grad.numpy())
    np.testing.assert_array_equal(b.grad.array, t.grad.numpy())


@pytest.mark.parametrize("name", COMPARISONS)
def test_comparisons(name):
    x, y = np.array([1.0, 2.0, NAN, 0.0]), np.array([1.0, 3.0, NAN, -1.0])
    alike(name, [x, y])
    alike(name, [np.array([1, 2, 0]), np.array(2)])
    alike(name, [np.array([True, False])[:, None], np.array([True, False])])


@pytest.mark.parametrize("mode", ["floor", "trunc"])
def test_rounded_division(mode):
    x, y = np.array([7.5, -7.5, 7.5, -7.5, 0.0]), np.array([2.0, 2.0, -2.0, -2.0, 3.0])
    alike("div", [x, y], rounding_mode=mode)
    alike("div", [x.astype(int), y.astype(int)], rounding_mode=mode)


def test_division_of_integers():
    x, y = np.array([7, -7, 6]), np.array([2, 2, -4])
    for name in ("div", "floor_divide", "remainder", "fmod", "true_divide"):
        alike(name, [x, y])
        alike(name, [x, np.array(3)])
    for name in ("floor_divide", "remainder", "fmod"):
        with pytest.raises(ArgumentError, match=rf"^{name}: the integer divisor is 0; integers have no infinity"):
            getattr(ops, name)(ac.tensor(x), 0)
    with pytest.raises(ArgumentError, match=r"^div: rounding_mode is 'up'; it must be None, 'floor' or 'trunc'$"):
        ops.div(ac.tensor(x), 2, rounding_mode="up")


def test_scaled_forms(rng):
    x, y, w = rng.standard_normal((3, 2, 3))
    for name in ("add", "sub", "rsub"):
        alike(name, [x, y], alpha=2.5)
    for name in ("addcmul", "addcdiv"):
        alike(name, [x, y, w], value=0.5)
    alike("lerp", [x, y, w])
    alike("lerp", [x, y], 0.25)
    alike("xlogy", [x, np.abs(y)])
    alike("xlogy", [np.array([0.0, 2.0]), np.array([1.0, 3.0])])


@pytest.mark.parametrize("name", [*BINARY, "pow", "xlogy"])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_numbers_do_not_widen(rng, name, dtype):
    """A Python number beside a tensor: values, first and second derivatives keep the tensor's dtype."""
    op = getattr(ops, name)
    for shape in [(), (3,)]:
        x = ac.tensor(rng.uniform(0.1, 0.9, shape), dtype=dtype, requires_grad=True)
        for z in (op(x, 0.5), op(0.5, x)):
            (g,) = ac.autograd.grad(z, x, ac.ones_like(z), create_graph=True)
            assert z.dtype == g.dtype == dtype
            if g.requires_grad:
                (h,) = ac.autograd.grad(g, x, ac.ones_like(g), allow_unused=True)
                assert h is None or h.dtype == dtype


# Powers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 4, -1, -2, 0.5, -0.5, 2.5, 0.0, 2.0])
def test_powers_by_a_number(rng, exponent):
    alike("pow", [np.abs(rng.standard_normal((2, 3))) + 0.1], exponent)


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 0.5, 1.5, -1])
def test_powers_of_zero_have_pytorchs_slope(exponent):
    a, t = ac.tensor([0.0, -0.0, 2.0], requires_grad=True), torch.tensor([0.0, -0.0, 2.0], requires_grad=True)
    (a**exponent).sum().backward()
    (t**exponent).sum().backward()
    np.testing.assert_allclose(a.grad.array, t.grad.numpy(), rtol=1e-6)


def test_powers_by_a_tensor(rng):
    for shapes in SHAPES:
        alike("pow", [np.abs(rng.standard_normal(shapes[0])) + 0.1, rng.standard_normal(shapes[1])])
    alike("pow", [np.array([0.0, 0.0, 0.0, -2.0]), np.array([0.0, 1.0, 2.0, 3.0])], order=1)
    agree(lambda y: 2.0**y, lambda y: 2.0**y, [rng.standard_normal(4)])
    agree(lambda y: 0.0**y, lambda y: 0.0**y, [np.array([0.0, 1.0, 2.0])], order=1)
    alike("float_power", [np.array([1, 2, 3])], 0.5)


def test_powers_of_integers():
    alike("pow", [np.array([-2, 0, 3])], 3)
    alike("pow", [np.array([2, 3])], 0.5)
    alike("pow", [np.array([2, 3]), np.array([3, 0])])
    assert (2 ** ac.tensor([1, 2])).tolist() == [2, 4]
    with pytest.raises(ArgumentError, match=r"^pow: exponent is -1 and x is int64; its result is no integer$"):
        ac.tensor([2]) ** -1
    x, y = [2, 1, -1, -1, 0, 2], [-1, -3, -3, -4, -2, -(2**63)]
    assert (ac.tensor(x) ** ac.tensor(y)).tolist() == [0, 1, -1, 1, 0, 0]  # as PyTorch has it
    with pytest.raises(ArgumentError, match=r"^pow: exponent is 300; int8 goes from -128 to 127$"):
        ac.tensor([2], dtype="int8") ** 300


# Choosing, limiting ----------------------------------------------------------------------------------------------


def test_where(rng):
    x, y = rng.standard_normal((2, 3, 4))
    agree(lambda x, y: ops.where(x > y, x, y), lambda x, y: torch.where(x > y, x, y), [x, y])
    agree(lambda x: ops.where(x > 0, x, 1.5), lambda x: torch.where(x > 0, x, 1.5), [x])
    agree(lambda x, y: x.where(x > 0, y), lambda x, y: x.where(x > 0, y), [x, y[0]])
    assert [i.tolist() for i in ac.where(ac.tensor([[0, 1], [1, 0]]))] == [[0, 1], [1, 0]]
    with pytest.raises(DTypeError, match=r"^where: condition is float32; it must be bool. Compare with 0 first$"):
        ops.where(ac.ones(2), 1.0, 2.0)
    with pytest.raises(ArgumentError, match=r"^where: one of input and other is missing; give both"):
        ops.where(ac.ones(2) > 0, 1.0)
    agree(lambda x: x.masked_fill(x > 0, -1), lambda x: x.masked_fill(x > 0, -1), [x])


@pytest.mark.parametrize("limits", [(-0.5, 0.5), (None, 0.3), (0.1, None), (0.5, -0.5), (0, 0)])
def test_clamp(rng, limits):
    x = rng.standard_normal((3, 4))
    x[0, :2] = [limit for limit in limits if limit is not None][:1]
    alike("clamp", [x], *limits)
    alike("clip", [x], *limits)


def test_clamp_by_tensors(rng):
    x, low, high = rng.standard_normal((3, 2, 4))
    alike("clamp", [x, np.minimum(low, high), np.maximum(low, high)])
    agree(lambda x, b: x.clamp(min=b), lambda x, b: x.clamp(min=b), [x, low[0]])
    agree(lambda x, b: x.clamp(max=b), lambda x, b: x.clamp(max=b), [x, low[0]])
    alike("clamp_min", [x, low])
    alike("clamp_max", [x], 0.25)
    assert ops.clamp(ac.tensor([1, 2]), 1.5).dtype == np.float32
    with pytest.raises(ArgumentError, match=r"^clamp: min and max are None; give at least one$"):
        ops.clamp(ac.ones(2))


def test_nan_to_num():
    x = np.array([NAN, INF, -INF, 1.0])
    alike("nan_to_num", [x], 2.0, 7.0, -7.0)
    alike("nan_to_num", [x])


# Questions -------------------------------------------------------------------------------------------------------


def test_questions():
    x = np.array([NAN, INF, -INF, 0.0, 1.0])
    for name in ("isnan", "isinf", "isfinite", "logical_not"):
        alike(name, [x])
    y = np.array([NAN, INF, INF, 1e-9, 1.0 + 1e-7])
    for equal_nan in (False, True):
        alike("isclose", [x, y], 1e-5, 1e-8, equal_nan)
    assert ac.allclose(ac.ones(2), ac.ones(2) + 1e-7)
    assert not ac.allclose(ac.ones(2), ac.ones(2) + 1e-3)
    assert ac.equal(ac.ones(2), ac.ones(2))
    assert not ac.equal(ac.ones(2), ac.ones(1, 2))


def test_bits():
    x, y = np.array([6, 5, -1]), np.array([3, 1, 2])
    for name in ("bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_left_shift", "bitwise_right_shift"):
        alike(name, [x, y])
    alike("bitwise_not", [x])
    alike("bitwise_and", [np.array([True, False]), np.array([True, True])])
    alike("bitwise_not", [np.array([True, False])])
    assert (ac.tensor([6]) & 3 | 8).tolist() == [10]
    assert (~ac.tensor([True])).tolist() == [False]
    assert (1 << ac.tensor([3])).tolist() == [8]
    with pytest.raises(DTypeError, match=r"^bitwise_and: dtype is float32; only integers and bools have bits$"):
        ac.ones(2) & 1
    with pytest.raises(DTypeError, match=r"^bitwise_not: dtype is float32; only integers and bools have bits$"):
        ~ac.ones(2)


# Operators -------------------------------------------------------------------------------------------------------

OPERATORS = {
    "+": lambda x, y: x + y, "-": lambda x, y: x - y, "*": lambda x, y: x * y, "/": lambda x, y: x / y,
    "//": lambda x, y: x // y, "%": lambda x, y: x % y, "**": lambda x, y: x**y, "<": lambda x, y: x < y,
    "<=": lambda x, y: x <= y, ">": lambda x, y: x > y, ">=": lambda x, y: x >= y, "==": lambda x, y: x == y,
    "!=": lambda x, y: x != y,
}  # fmt: skip
KINDS = ["float32", "float64", "int64", "int32", "uint8"]


@pytest.mark.parametrize("symbol", OPERATORS)
def test_promotion(symbol):
    """Every pair of dtypes, of tensors with axes and without, and Python numbers on either side."""
    op = OPERATORS[symbol]
    for left in KINDS:
        x = np.array([3, 5]).astype(left)
        for right in KINDS:
            for y in (np.array([2, 3]).astype(right), np.array(2).astype(right)):
                assert_alike(op, x, y)
                assert_alike(op, y, x)
        for number in (2, 2.0) if symbol == "-" else (2, 2.0, True):
            assert_alike(op, x, number)
            assert_alike(op, number, x)


def assert_alike(op, x, y):
    """The same dtype and values as PyTorch's, tensors made of arrays alone."""
    ours = op(*[ac.tensor(v) if isinstance(v, np.ndarray) else v for v in (x, y)])
    theirs = op(*[torch.tensor(v) if isinstance(v, np.ndarray) else v for v in (x, y)])
    assert str(ours.dtype) == str(theirs.dtype).removeprefix("torch."), (op, x.dtype, y)
    np.testing.assert_allclose(ours.array, theirs.numpy(), rtol=1e-6)


@pytest.mark.parametrize("symbol", ["+", "-", "*", "/", "**"])
def test_operators_have_derivatives(rng, symbol):
    op = OPERATORS[symbol]
    x, y = np.abs(rng.standard_normal((2, 3))) + 0.1
    agree(op, op, [x, y])
    agree(lambda x: op(x, 2), lambda x: op(x, 2), [x])
    agree(lambda x: op(2.5, x), lambda x: op(2.5, x), [x])


def test_equality_with_other_things():
    x = ac.ones(2)
    assert (x == None) is False  # noqa: E711 (the operator is what is tested)
    assert (x != "one") is True
    assert len({x, ac.ones(2)}) == 2
    with pytest.raises(OperandError):
        x + "one"


def test_shapes_that_do_not_broadcast():
    for op in ("add", "mul", "div", "maximum", "eq", "pow"):
        with pytest.raises(ShapeError, match=rf"^{op}: shapes \(2, 3\) and \(4,\) do not broadcast$"):
            getattr(ops, op)(ac.ones(2, 3), ac.ones(4))


def test_numbers_wrap_around_in_small_integers():
    for number in (300, -1):
        assert_alike(lambda x, y: x * y, np.array([1, 200], np.uint8), number)
        assert_alike(lambda x, y: x + y, np.array([1, 200], np.uint8), number)


def test_numbers_that_fill_or_limit_fit_their_dtype():
    x = ac.tensor([1, 200], dtype="uint8")
    assert x.clamp(max=-1).tolist() == [1, 200]  # -1 is 255 there, as in PyTorch
    assert x.masked_fill(x > 5, -1).tolist() == [1, 255]
    assert (x * 1).fill_(2.7).tolist() == ac.full((2,), 2.7, dtype="uint8").tolist() == [2, 2]
    for op, name, write in (
        ("clamp", "max", lambda n: x.clamp(0, n)),
        ("masked_fill", "value", lambda n: x.masked_fill(x > 5, n)),
        ("fill_", "value", lambda n: x.fill_(n)),
        ("setitem", "value", lambda n: x.__setitem__(0, n)),
        ("full", "fill_value", lambda n: ac.full((2,), n, dtype="uint8")),
        ("hardtanh", "max_val", lambda n: ac.nn.functional.hardtanh(x, 0, n)),
        ("threshold", "value", lambda n: ac.threshold(x, 1, n)),
    ):
        with pytest.raises(ArgumentError, match=rf"^{op}: {name} is 300; uint8 goes from 0 to 255$"):
            write(300)
    with pytest.raises(ArgumentError, match=r"^fill_: value is nan; uint8 goes from 0 to 255$"):
        x.fill_(float("nan"))
    mixed = [
        ac.tensor([1, 5]).clamp(0.5, ac.tensor(3.0, dtype="float16")),
        ac.tensor([1, 5]).clamp(0, ac.tensor(3)),
    ]
    assert [z.dtype for z in mixed] == ["float32", "int64"]  # a 0-d tensor beside a number counts as one


def test_alpha_does_not_change_the_dtype():
    x, yes = np.array([1, 2], np.int16), np.array([True, False])
    for op in ("add", "sub"):
        for other in (np.array([3, 4], np.int16), 3):
            assert_alike(lambda x, y: getattr(x, op)(y, alpha=2), x, other)  # noqa: B023
        with pytest.raises(
            DTypeError, match=rf"^{op}: alpha is 0.5, the result int16; alpha must be an integer. Cas"
        ):
            getattr(ac, op)(ac.tensor(x), 1, alpha=0.5)
    assert ac.add(ac.tensor(yes), ac.tensor(yes), alpha=2).dtype == "bool"
    assert ac.square(ac.tensor(yes)).dtype == "int64"
    assert ac.addcmul(ac.tensor(x), ac.tensor(x), ac.tensor(x), value=2.5).tolist() == [3, 10]
    assert ac.addcdiv(ac.tensor(x), ac.tensor(x), ac.tensor(x), value=0.5).tolist() == [1.5, 2.5]
    with pytest.raises(ArgumentError, match=r"^addcmul: value is nan; int64 goes from"):
        ac.addcmul(ac.tensor(x), ac.tensor(x), ac.tensor(x), value=float("nan"))


def test_activations_refuse_limits_that_mean_nothing():
    with pytest.raises(ArgumentError, match=r"^hardtanh: min_val is 2; it must not be above max_val 1$"):
        ac.nn.functional.hardtanh(ac.ones(2), 2, 1)
    with pytest.raises(ArgumentError, match=r"^celu: alpha is 0; it divides input and must not be$"):
        ac.celu(ac.ones(2), 0)


def test_overflow_is_no_warning():
    """Infinities and NaN are values, as in PyTorch; what NumPy says to its own users stays as it is."""
    make = "import autocnn as ac; x = ac.tensor([1e38, float('inf')])"
    lines = f"{make}; x * x; x - x; x * 0; x + x; x / 0; x.square(); x.exp(); (x ** 9).sum()"
    for flags in ([], ["-W", "error"]):
        run = [sys.executable, *flags, "-c", lines]
        assert subprocess.run(run, capture_output=True, text=True, check=True).stderr == ""
    with pytest.warns(RuntimeWarning, match="overflow"):
        np.float32(1e38) * np.float32(10)


def test_bools_have_no_difference():
    with pytest.raises(DTypeError, match=r"^sub: dtype is bool; it is not defined for that$"):
        ac.tensor([True]) - ac.tensor([False])


# Casts -----------------------------------------------------------------------------------------------------------


def test_casts():
    x = ac.tensor([1.7, -2.3, 0.0], requires_grad=True)
    for name, dtype in (
        ("double", "float64"),
        ("half", "float16"),
        ("int", "int32"),
        ("long", "int64"),
        ("bool", "bool"),
    ):
        assert getattr(x, name)().dtype == dtype
        assert x.to(dtype).dtype == x.type(dtype).dtype == dtype
    assert x.float() is x
    assert x.to("cpu") is x
    assert x.to("cpu", "float64").dtype == np.float64
    assert x.to(ac.tensor([1])).tolist() == [1, -2, 0]
    assert x.type_as(ac.tensor([1])).dtype == np.int64
    assert x.to(x.dtype, copy=True) is not x
    assert x.type() == "torch.FloatTensor"
    assert x.type("torch.DoubleTensor").type() == "torch.DoubleTensor"
    assert x.type(ac.tensor([1]).type()).dtype == x.to("torch.int64").dtype == np.int64
    x.double().sum().backward()
    assert x.grad.dtype == np.float32
    with pytest.raises(Exception, match=r"^device: 'float33' is not known; choose 'cpu' or 'cuda'$"):
        x.to("float33")
