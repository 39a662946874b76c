"""Derivatives of derivatives: a Hessian, products with it, and a penalty on a gradient that is itself trained."""

from __future__ import annotations

import autocnn as ac
from autocnn import nn, optim


def rosenbrock(x: ac.Tensor) -> ac.Tensor:
    """(1 - a)^2 + 100 (b - a^2)^2, a long bent valley with its lowest point at (1, 1)."""
    a, b = x[0], x[1]
    return (1 - a) ** 2 + 100 * (b - a**2) ** 2


def newton(steps: int) -> ac.Tensor:
    """Newton's method: each step solves H d = gradient, here for 2x2."""
    x = ac.tensor([-1.2, 1.0], dtype=ac.float64)
    for step in range(steps):
        g, h = ac.func.grad(rosenbrock)(x), ac.func.hessian(rosenbrock)(x)
        inverse = ac.stack([ac.stack([h[1, 1], -h[0, 1]]), ac.stack([-h[1, 0], h[0, 0]])])
        x = x - inverse @ g / (h[0, 0] * h[1, 1] - h[0, 1] * h[1, 0])
        print(f"  step {step + 1}: f = {rosenbrock(x).item():.3e} at {[round(v, 6) for v in x.tolist()]}")
    return x


def smoothed(penalty: float, steps: int, seed: int = 0) -> tuple[float, float]:
    """Train a small network while its slope in x is penalised; returns its loss and its mean squared slope."""
    ac.manual_seed(seed)
    net = nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 1))
    optimizer = optim.Adam(net.parameters(), lr=0.02)
    x = ac.linspace(-2, 2, 64).reshape(64, 1).requires_grad_()
    y = ac.sin(3 * x).detach()
    for _ in range(steps):
        z = net(x)
        (slope,) = ac.autograd.grad(z.sum(), x, create_graph=True)  # part of the graph, like everything else
        loss, steepness = ((z - y) ** 2).mean(), (slope**2).mean()
        optimizer.zero_grad()
        (loss + penalty * steepness).backward()
        optimizer.step()
    return loss.item(), steepness.item()


def main(steps: int = 300) -> tuple[list[float], float, float]:
    """Returns where Newton's method ends, and how steep the networks are without and with a penalty."""
    print("Newton's method on Rosenbrock's valley")
    lowest = newton(6)

    x, direction = ac.tensor([1.0, 1.0], dtype=ac.float64), ac.tensor([1.0, 0.0], dtype=ac.float64)
    _, product = ac.func.hvp(rosenbrock, (x,), (direction,))
    print("first column of the Hessian at (1, 1), without the Hessian:", product.tolist())

    print("a network fitted to sin(3x), its slope penalised")
    free, held = smoothed(0.0, steps), smoothed(0.1, steps)
    for name, (loss, steepness) in (("no penalty", free), ("penalty 0.1", held)):
        print(f"  {name:11}: loss {loss:.4f}, mean squared slope {steepness:.3f}")
    return lowest.tolist(), free[1], held[1]


if __name__ == "__main__":
    main()
