"""An operation of one's own: a pure function on arrays, one rule for its derivative, and a proof of the rule."""

from __future__ import annotations

from typing import Any

import numpy as np

import autocnn as ac
from autocnn.autograd import primitive
from autocnn.testing import GradcheckError, gradcheck, gradgradcheck


@primitive(saves=("x",))
def snake(xp: Any, x: Any, *, a: float) -> Any:
    """x + sin(a x)^2 / a, an activation for what repeats itself (Ziyin, Hartwig, Ueda 2020)."""
    return x + xp.sin(a * x) ** 2 / a


# g is the gradient that arrives, z the output. In a plain backward pass the rule gets arrays; when a derivative is
# to be differentiated again, it gets Tensors, and whatever it does is recorded.
snake.vjp(lambda g, z, x, *, a: g * (1 + np.sin(2 * a * x)))


@primitive(saves=("x",))
def wrong(xp: Any, x: Any) -> Any:
    """x^3, with a rule that forgets the 3."""
    return x * x * x


wrong.vjp(lambda g, z, x: g * x * x)


def main(seed: int = 0) -> str:
    """Prove the good rule to second order, and see the bad one refused; returns what was said of it."""
    x = ac.tensor([-1.0, 0.0, 0.5], requires_grad=True)
    z = snake(x, a=2.0)
    print(z)
    z.sum().backward()
    print("slopes", [round(float(v), 6) for v in x.grad])

    values = ac.tensor(np.random.default_rng(seed).standard_normal((3, 4)))
    assert gradcheck(lambda x: snake(x, a=2.0), [values])
    assert gradgradcheck(lambda x: snake(x, a=2.0), [values])
    print("first and second derivatives agree with finite differences")

    try:
        gradcheck(wrong, [values])
    except GradcheckError as error:
        print("refused:", error)
        return str(error)
    raise SystemExit("the wrong rule was not caught")


if __name__ == "__main__":
    main()
