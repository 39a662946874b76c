"""The formulas on the page, read as arithmetic and compared with the gradients that the engine computes."""

from __future__ import annotations

import re

import numpy as np
import pytest

from autocnn import autograd
from autocnn.engine import Tensor
from autocnn.engine.primitive import primitives
from autocnn.viz.page.formulas import FORMULAS

SAFE = {
    name: getattr(np, name)
    for name in ("sin", "cos", "sinh", "cosh", "tanh", "sqrt", "log", "sign", "abs", "e", "pi")
}
SAFE["sigma"] = lambda x: 1 / (1 + np.exp(-x))
READ = [
    ("·", "*"), ("−", "-"), ("²", "**2"), ("³", "**3"), ("½", "0.5"), ("√π", "sqrt(pi)"), ("e^", "e**"),
    ("√", "sqrt"), ("σ", "sigma"), (r"\|(\w)\|", r"abs(\1)"), (r"\bln (\w+)", r"log(\1)"),
    (r"\b(sinh?|cosh?|tanh)(\*\*2)? ([a-z])\b", r"\1(\3)\2"), (r"(\d)([a-z(])", r"\1*\2"),
    (r"(?<=[\w)]) +(?=[\w(])", "*"),
]  # fmt: skip
UNARY = (
    *(
        "abs",
        "acos",
        "asin",
        "asinh",
        "atan",
        "atanh",
        "cbrt",
        "cos",
        "cosh",
        "erf",
        "erfc",
        "exp",
        "exp2",
        "expm1",
    ),
    *("log", "log10", "log1p", "log2", "neg", "reciprocal", "rsqrt", "sigmoid", "silu", "sin", "sinh", "softsign"),
    *("sqrt", "square", "tan", "tanh", "tanhshrink"),
)
BINARY = (
    *("add", "atan2", "div", "hypot", "logaddexp", "mul", "sub", "sigmoid_backward", "tanh_backward", "xlogy"),
)


def value(formula: str, names: dict[str, np.ndarray]) -> np.ndarray:
    """What stands behind "dx =", computed."""
    text = formula.split(" = ", 1)[1]
    for pattern, meaning in READ:
        text = re.sub(pattern if len(pattern) > 2 else re.escape(pattern), meaning, text)
    return eval(text, {"__builtins__": {}}, {**SAFE, **names})


@pytest.mark.parametrize("name", [*UNARY, *BINARY])
def test_the_formula_is_the_gradient(name):
    rng = np.random.default_rng(0)
    arrays = [rng.uniform(0.1, 0.9, 7) for _ in range(1 + (name in BINARY))]
    leaves = [Tensor(array).requires_grad_() for array in arrays]
    z = primitives()[name](*leaves)
    g = rng.standard_normal(7)
    found = autograd.grad(z, leaves, Tensor(g))
    names = {**dict(zip("xy", arrays, strict=False)), "z": z.detach().numpy(), "g": g}
    formulas = [formula for formula in FORMULAS[name] if re.match(r"d[xy] = ", formula)]
    assert len(formulas) == len(leaves)
    for formula, gradient in zip(formulas, found, strict=True):
        np.testing.assert_allclose(gradient.numpy(), value(formula, names), rtol=1e-6, err_msg=formula)


def test_a_wrong_formula_would_be_seen():
    assert value("dx = g · sin x", {"g": np.ones(1), "x": np.ones(1)})[0] == pytest.approx(np.sin(1))
    assert value("dx = 2 g · x / (1 + x²)", {"g": 3.0, "x": 2.0}) == pytest.approx(12 / 5)
