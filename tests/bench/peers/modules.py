"""Every case in PyTorch's words: serves PyTorch and AutoCNN alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..cases import MOMENTUM, RATE, Case
from ..nets import network
from ..weights import Numbers, cotangent, images, labels, matrices, normal, state
from .peer import Peer, Ready


class Modules(Peer):
    """A library with PyTorch's interface, which is handed in; a mode overrides `placed`, `made` or `inferring`."""

    imports = "import torch"
    activations = True

    def __init__(self, torch: Any) -> None:
        self.torch = torch

    def placed(self, thing: Any) -> Any:
        """A module or an input, in the memory layout of this mode."""
        return thing

    def made(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """What computes the output or the loss, as this mode runs it."""
        return function

    def inferring(self, net: Any, x: Any) -> Any:
        """A network in evaluation mode, as this library would have it for inference of such images."""
        return net

    def network(self, case: Case) -> Any:
        """The case's network with the weights that everybody has."""
        net = network(case.network).define(self.torch, *case.arguments)
        weights = {name: self.torch.from_numpy(numbers) for name, numbers in state(case).items()}
        wrong = net.load_state_dict(weights, strict=False)
        left = [name for name in wrong.missing_keys if not name.endswith("num_batches_tracked")]
        if left or wrong.unexpected_keys:
            raise ValueError(f"{case.name}: {left} are not given, {wrong.unexpected_keys} are not known")
        return self.placed(net)

    def input(self, case: Case) -> Any:
        """The images."""
        return self.placed(self.torch.from_numpy(images(case)))

    def train(self, case: Case) -> Ready:
        net, x, y = self.network(case), self.input(case), self.torch.from_numpy(labels(case))
        optimizer = self.torch.optim.SGD(net.parameters(), lr=RATE, momentum=MOMENTUM)
        cross_entropy = self.torch.nn.functional.cross_entropy
        loss_of = self.made(lambda x, y: cross_entropy(net(x), y))

        def step() -> Any:
            optimizer.zero_grad()
            loss = loss_of(x, y)
            loss.backward()
            optimizer.step()
            return loss

        return Ready(step, lambda loss: [numbers(loss)])

    def penalty(self, case: Case) -> Ready:
        net, y = self.network(case), self.torch.from_numpy(labels(case))
        x = self.input(case).requires_grad_()
        optimizer = self.torch.optim.SGD(net.parameters(), lr=RATE, momentum=MOMENTUM)
        cross_entropy, grad = self.torch.nn.functional.cross_entropy, self.torch.autograd.grad

        def step() -> Any:
            optimizer.zero_grad()
            x.grad = None
            loss = cross_entropy(net(x), y)
            (slope,) = grad(loss, x, create_graph=True)
            total = loss + len(x) * (slope * slope).sum()  # of a mean: the slope of one image is len(x) slope
            total.backward()
            optimizer.step()
            return total

        return Ready(step, lambda total: [numbers(total)])

    def infer(self, case: Case) -> Ready:
        x = self.input(case)
        forward = self.made(self.inferring(self.network(case).eval(), x))

        def step() -> Any:
            with self.torch.inference_mode():
                return forward(x)

        return Ready(step, lambda z: [numbers(z)])

    def layer(self, case: Case) -> Ready:
        net, x = self.network(case), self.input(case).requires_grad_()
        g = self.placed(self.torch.from_numpy(cotangent(case)))
        leaves, forward = [x, *net.parameters()], self.made(net)

        def step() -> Any:
            for leaf in leaves:
                leaf.grad = None
            z = forward(x)
            z.backward(g)
            return z

        return Ready(step, lambda z: [numbers(z), *(numbers(leaf.grad) for leaf in leaves)])

    def chain(self, case: Case) -> Ready:
        tensor = self.torch.from_numpy
        x = tensor(normal("start", (1,))).requires_grad_()
        factor, term = tensor(1 + normal("factor", (1,)) / case.shape[0]), tensor(normal("term", (1,)))

        def step() -> Any:
            x.grad = None
            z = x
            for _ in range(case.shape[0] // 2):
                z = z * factor
                z = z + term
            z.backward()
            return z

        return Ready(step, lambda z: [numbers(z), numbers(x.grad)])

    def product(self, case: Case) -> Ready:
        a, b = map(self.torch.from_numpy, matrices(case))
        return Ready(lambda: a @ b, lambda c: [numbers(c)])


def numbers(tensor: Any) -> Numbers:
    """A tensor as an array."""
    array: Numbers = tensor.detach().numpy()
    return array
