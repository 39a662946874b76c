"""The networks of the catalogue beside PyTorch's, from the same weights by the same names."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

import autocnn as ac
from autocnn import models, nn

torch = pytest.importorskip("torch")
from . import published  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("thin")]

CLASSES = 5
THIN = ((8, 6, 4), (6, 6, 8), (4, 6))


def residual(block: Any, counts: Any, widths: Any, stem: int = 16, large: bool = False, pre: bool = False) -> Any:
    return published.Residual(block, counts, widths, stem, CLASSES, large, pre)


def googlenet(aux: bool, original: bool) -> Any:
    from autocnn.models import googlenet as here

    return published.GoogLeNet(here.STEM, here.INCEPTIONS, here.AUXILIARY, CLASSES, aux, original)


def bottleneck(before: int, width: int, stride: int, widen: int = 1, v1: bool = False) -> Any:
    return published.Post(before, width, stride, "B", widen * width, v1)


CIFAR = (16, 32, 64)
NETWORKS: dict[str, tuple[Callable[[], nn.Module], Callable[[], Any], int]] = {
    "alexnet": (
        lambda: models.AlexNet(CLASSES, dropout=0.0), lambda: published.AlexNet((4, 8, 8, 8, 4), 16, CLASSES), 70,
    ),
    "alexnet2012": (
        lambda: models.AlexNet2012(CLASSES, dropout=0.0), lambda: published.AlexNet2012(CLASSES), 70,
    ),
    "lenet5": (lambda: models.LeNet5(CLASSES, 3), lambda: published.lenet5(CLASSES), 32),
    "detector": (lambda: models.Detector(CLASSES, 3), lambda: published.Detector(4, 4, 8, CLASSES), 24),
    "nin": (lambda: models.NiN(CLASSES, dropout=0.0), lambda: published.NiN(THIN, CLASSES), 32),
    **{
        f"squeezenet {version}": (
            partial(models.SqueezeNet, version, CLASSES, dropout=0.0),
            partial(published.SqueezeNet, version, 2, CLASSES),
            64,
        )
        for version in ("1.0", "1.1")
    },
    **{
        f"googlenet aux={aux} original={original}": (
            partial(
                models.GoogLeNet, CLASSES, aux_logits=aux, original=original, dropout=0.0, dropout_aux=0.0
            ),
            partial(googlenet, aux, original),
            75,
        )
        for aux in (False, True)
        for original in (False, True)
    },
    **{
        f"resnet20 {shortcut}": (
            partial(models.CifarResNet, 20, CLASSES, shortcut=shortcut),
            partial(residual, partial(published.Post, shortcut=shortcut), (3, 3, 3), CIFAR),
            16,
        )
        for shortcut in "ABC"
    },
    **{
        f"preresnet20 {shortcut}": (
            partial(models.CifarResNet, 20, CLASSES, shortcut=shortcut, pre_activation=True),
            partial(residual, partial(published.Pre, shortcut=shortcut), (3, 3, 3), CIFAR, pre=True),
            16,
        )
        for shortcut in "ABC"
    },
    "wrn16_2": (
        lambda: models.WideResNet(16, 2, CLASSES),
        lambda: residual(partial(published.Pre, shortcut="B"), (2, 2, 2), (4, 8, 16), stem=2, pre=True),
        16,
    ),
    **{
        f"resnet50 v1={v1} widen={widen}": (
            partial(models.ResNet, 50, CLASSES, v1=v1, widen=widen),
            partial(
                residual, partial(bottleneck, widen=widen, v1=v1), (3, 4, 6, 3), (4, 8, 16, 32), stem=4, large=True
            ),
            40,
        )
        for v1, widen in ((True, 1), (False, 2))
    },
}  # fmt: skip


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", NETWORKS)
def test_scores_gradients_and_statistics_are_pytorchs(name: str, training: bool) -> None:
    make, twin, side = NETWORKS[name]
    model, theirs = make().double().train(training), twin().double().train(training)
    theirs.load_state_dict({key: torch.from_numpy(v.numpy().copy()) for key, v in model.state_dict().items()})
    x = np.random.default_rng(0).normal(size=(3, 3, side, side))
    given, also = ac.tensor(x).requires_grad_(), torch.from_numpy(x).requires_grad_()
    ours, right = outputs(model(given)), outputs(theirs(also))
    assert len(ours) == len(right)
    for a, b in zip(ours, right, strict=True):
        near(a.detach().numpy(), b.detach().numpy(), "scores")
    sum((y * y).sum() for y in ours).backward()
    sum((y * y).sum() for y in right).backward()
    near(given.grad.numpy(), also.grad.numpy(), "input")
    parameters = dict(theirs.named_parameters())
    for key, p in model.named_parameters():
        if parameters[key].grad is None:  # an auxiliary head that does not take part
            assert p.grad is None
        else:
            near(p.grad.numpy(), parameters[key].grad.numpy(), key)
    state = theirs.state_dict()
    for key, value in model.state_dict().items():
        near(value.numpy(), state[key].numpy(), key)


def outputs(result: Any) -> list[Any]:
    return list(result) if isinstance(result, tuple) else [result]


def near(found: Any, right: Any, what: str) -> None:
    np.testing.assert_allclose(found, right, rtol=1e-6, atol=1e-9 * max(1.0, abs(right).max()), err_msg=what)


def test_lenet_of_1998_is_the_papers() -> None:
    model = models.LeNet1998().double()
    state = {key: torch.from_numpy(value.detach().numpy().copy()) for key, value in model.state_dict().items()}
    for key, _ in model.named_parameters():
        state[key].requires_grad_()
    x = np.random.default_rng(0).normal(size=(2, 1, 32, 32))
    ours, right = model(ac.tensor(x)), published.LeNet1998(state)(torch.from_numpy(x))
    near(ours.detach().numpy(), right.detach().numpy(), "scores")
    nn.functional.cross_entropy(ours, ac.tensor([3, 8])).backward()
    torch.nn.functional.cross_entropy(right, torch.tensor([3, 8])).backward()
    for key, p in model.named_parameters():
        near(p.grad.numpy(), state[key].grad.numpy(), key)
