"""LeNet-5 layer by layer, the twins of the gradient study, and the register of names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autocnn import models, nn, ops
from autocnn.errors import ArgumentError, UsageError
from autocnn.models.lenet1998 import TABLE, TableConv2d


def sizes(model: nn.Module) -> dict[str, int]:
    return {name: sum(p.array.size for p in part.parameters()) for name, part in model.named_children()}


def test_lenet5_has_the_parameters_of_its_modern_form() -> None:
    model = models.LeNet5()
    learned = {name: n for name, n in sizes(model).items() if n}
    assert learned == {"c1": 156, "c3": 2_416, "c5": 48_120, "f6": 10_164, "output": 850}
    assert sum(learned.values()) == 61_706
    assert repr(model).startswith("LeNet5(  # 61,706 parameters\n")


def test_lenet_of_1998_has_the_connections_of_the_paper() -> None:
    model = models.LeNet1998()
    connections: dict[str, int] = {}

    def count(name: str, part: nn.Module, each: int) -> None:
        def hook(module: nn.Module, args: object, y: Any) -> None:
            connections[name] = connections.get(name, 0) + each * y.array[0].size

        part.register_forward_hook(hook)

    for name, part in model.named_children():
        if isinstance(part, nn.Conv2d | nn.Linear):
            count(name, part, part.weight.array[0].size + 1)
        elif name in ("s2", "s4"):
            count(name, part, 4 + 1)
    for part in model.c3.children():
        count("c3", part, part.weight.array[0].size + 1)
    count("output", model.output, 84)
    assert model(ops.zeros(1, 1, 32, 32)).shape == (1, 10)
    assert connections == {
        "c1": 122_304, "s2": 5_880, "c3": 151_600, "s4": 2_000, "c5": 48_120, "f6": 10_164, "output": 840,
    }  # fmt: skip
    assert sum(connections.values()) == 340_908
    learned = {name: n for name, n in sizes(model).items() if n}
    assert learned == {"c1": 156, "s2": 12, "c3": 1_516, "s4": 32, "c5": 48_120, "f6": 10_164}


def test_lenet_of_1998_sees_maps_by_the_table_and_digits_by_their_drawing() -> None:
    model = models.LeNet1998()
    for place, seen in enumerate(TABLE):
        x = ops.zeros(1, 6, 14, 14).requires_grad_()
        model.c3(x)[0, place].sum().backward()
        assert [k for k in range(6) if np.abs(x.grad.array[0, k]).sum() > 0] == list(seen)
    codes = model.output.codes
    assert (model.output(codes).array.argmax(1) == np.arange(10)).all()
    assert len({tuple(row) for row in codes.tolist()}) == 10
    assert set(codes.array.ravel()) == {-1.0, 1.0}
    with pytest.raises(ArgumentError) as caught:
        TableConv2d(((0, 1), (0,), (1, 2)), 3)
    assert str(caught.value) == "TableConv2d: table has rows of [2, 1, 2]; put those of one length together"


def test_lenet5_has_the_shapes_of_the_figure() -> None:
    shapes: dict[str, tuple[int, ...]] = {}
    model = models.LeNet5()
    for name, part in model.named_children():
        part.register_forward_hook(lambda m, args, y, name=name: shapes.__setitem__(name, y.shape[1:]))
    assert model(ops.zeros(2, 1, 32, 32)).shape == (2, 10)
    assert [shapes[name] for name in ("c1", "s2", "c3", "s4", "c5", "f6", "output")] == [
        (6, 28, 28), (6, 14, 14), (16, 10, 10), (16, 5, 5), (120, 1, 1), (84,), (10,),
    ]  # fmt: skip
    assert models.LeNet5(num_classes=3, in_channels=2)(ops.zeros(1, 2, 32, 32)).shape == (1, 3)


def test_the_twins_start_equal_and_differ_by_the_skips() -> None:
    ops.manual_seed(5)
    plain = models.plain(10, width=3)
    ops.manual_seed(5)
    residual = models.residual(10, width=3)
    ours, theirs = plain.state_dict(), residual.state_dict()
    assert list(ours) == list(theirs)
    assert all(np.array_equal(ours[key].array, theirs[key].array) for key in ours)
    assert "blocks.3.conv2.weight" in ours
    x = ops.randn(2, 1, 8, 8)
    assert plain(x).shape == residual(x).shape == (2, 10)
    stem, block = plain.stem(x), plain.blocks[0]
    branch = block.conv2(block.conv1(stem).tanh())
    np.testing.assert_allclose(residual.blocks[0](stem).array, (stem + branch).tanh().array, rtol=1e-6)
    np.testing.assert_allclose(block(stem).array, branch.tanh().array, rtol=1e-6)


def test_skips_keep_the_gradient_of_a_deep_network() -> None:
    def ratio(make: object) -> float:
        ops.manual_seed(0)
        model = make(40, width=8)  # type: ignore[operator]
        nn.CrossEntropyLoss()(model(ops.randn(8, 1, 8, 8)), ops.tensor([0, 1, 2, 3, 4, 5, 6, 7])).backward()
        first, last = (model.blocks[i].conv1.weight.grad.array for i in (0, -1))
        return float(np.linalg.norm(first) / np.linalg.norm(last))

    assert ratio(models.plain) < 1e-4
    assert 0.03 < ratio(models.residual) < 30


def test_a_part_of_lenet_is_a_chain() -> None:
    part = models.LeNet5()[:3]
    assert type(part) is nn.Sequential
    assert part(ops.zeros(1, 1, 32, 32)).shape == (1, 6, 14, 14)


def test_names_lead_to_models() -> None:
    known = models.names()
    assert known[:4] == ["lenet5", "plain", "residual", "resnet20"]
    assert models.get("LeNet-5") is models.LeNet5
    assert models.get("VGG-19_bn") is models.vgg19_bn
    for name in known:
        made = models.get(name)
        assert made is getattr(models, name, None) or made.__name__.lower() == name
    with pytest.raises(UsageError) as caught:
        models.get("lenet")
    assert str(caught.value) == (
        f"model: 'lenet' is not known. Did you mean 'lenet5'? There are {models._listed(known)}"
    )
    with pytest.raises(UsageError) as caught:
        models.get("transformer")
    assert str(caught.value) == f"model: 'transformer' is not known. There are {models._listed(known)}"
    assert models._listed(
        ["lenet5", "plain", "plain20", "plain32", "alexnet", "alexnet2012", "wrn1_4", "wrn1_8"]
    ) == ("lenet5, plain, plain20, 32, alexnet, alexnet2012, wrn1_4, wrn1_8")
    with pytest.raises(ArgumentError) as wrong:
        models.residual(5)
    assert str(wrong.value) == (
        "DeepNet: depth is 5; stem, head and blocks of two layers make an even number, 4 or more"
    )
