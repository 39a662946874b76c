"""Module: registration, walking, state, text, copies, and the path that every op and error carries."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

from autocnn import nn
from autocnn.engine import Tensor, is_grad_enabled, scope, set_grad_enabled
from autocnn.engine.tape import local
from autocnn.errors import ArgumentError, AutocnnError, OperandError, StateError


class Scale(nn.Module):
    """x times a weight; remembers the scope that it ran in."""

    def __init__(self, value: float = 2.0) -> None:
        super().__init__()
        self.weight = nn.Parameter([value])
        self.register_buffer("seen", Tensor([0.0]))
        self.scope = ""

    def forward(self, x: Tensor) -> Any:
        self.scope = local.context.place.scope
        return x * self.weight


class Net(nn.Module):
    """A stem, blocks that are called past their list, a head."""

    def __init__(self) -> None:
        self.stem = Scale()
        self.blocks = nn.ModuleList([nn.Residual(Scale()), nn.Residual(Scale())])
        self.head = nn.Sequential(Scale(), Scale(3.0))

    def forward(self, x: Tensor) -> Any:
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        return self.head(x)


KEYS = [f"{path}.{name}" for path in ("stem", "blocks.0.body", "blocks.1.body", "head.0", "head.1")
        for name in ("weight", "seen")]  # fmt: skip


def test_attributes_are_registered_by_kind() -> None:
    net = Net()
    assert [name for name, _ in net.named_children()] == ["stem", "blocks", "head"]
    assert [name for name, _ in net.named_parameters()] == KEYS[::2]
    assert [name for name, _ in net.named_buffers()] == KEYS[1::2]
    assert [name for name, _ in net.named_modules()][:4] == ["", "stem", "blocks", "blocks.0"]
    assert [name for name, _ in net.named_parameters(prefix="net", recurse=False)] == []
    assert [name for name, _ in net.stem.named_parameters(prefix="stem", recurse=False)] == ["stem.weight"]
    assert net.get_submodule("blocks.1.body") is net.blocks[1].body
    assert net.get_parameter("head.1.weight") is net.head[1].weight
    assert net.get_buffer("stem.seen") is net.stem.seen
    assert {"stem", "head"} <= set(dir(net))


def test_what_is_shared_is_counted_once_and_named_by_each_key() -> None:
    part = Scale()
    net = nn.Sequential(part, part)
    assert [name for name, _ in net.named_parameters()] == ["0.weight"]
    assert [name for name, _ in net.named_parameters(remove_duplicate=False)] == ["0.weight", "1.weight"]
    assert len(list(net.modules())) == 2
    assert list(net.state_dict()) == ["0.weight", "0.seen", "1.weight", "1.seen"]


def test_a_new_meaning_replaces_the_old_one() -> None:
    module: Any = nn.Module()
    module.x = 3
    module.x = nn.Parameter([1.0])
    assert list(module._parameters) == ["x"]
    module.x = nn.Identity()
    assert list(module._parameters) == []
    assert list(module._modules) == ["x"]
    module.x = None
    assert module.x is None
    module.x = nn.Identity()
    del module.x
    assert not hasattr(module, "x")
    module.register_buffer("b", Tensor([1.0]))
    module.b = Tensor([2.0])
    assert module.b.tolist() == [2.0]


@pytest.mark.parametrize(
    ("act", "error", "text"),
    [
        (
            lambda m: setattr(m, "weight", Tensor([1.0])),
            OperandError,
            "Scale: weight is a Parameter, a Tensor cannot take its place. "
            "Set a Parameter or None, or delete the attribute first",
        ),
        (
            lambda m: setattr(m, "seen", 1.0),
            OperandError,
            "Scale: seen is a Tensor, a float cannot take its place. "
            "Set a Tensor or None, or delete the attribute first",
        ),
        (lambda m: m.missing, AttributeError, "Scale has no attribute 'missing'"),
        (
            lambda m: m.register_parameter("a.b", None),
            ArgumentError,
            "register_parameter: name is 'a.b'; it cannot be empty or contain a dot",
        ),
        (
            lambda m: m.register_parameter("p", Tensor([1.0])),
            OperandError,
            "register_parameter: p is a Tensor; wrap it in a Parameter",
        ),
        (
            lambda m: m.register_buffer("p", 1.0),
            OperandError,
            "register_buffer: p is a float; a Tensor or None is needed",
        ),
        (lambda m: m.add_module("p", 1), OperandError, "add_module: p is a int; a Module or None is needed"),
        (lambda m: m.add_module(1, nn.Identity()), OperandError, "add_module: name is 1; a string is needed"),
        (
            lambda m: m.add_module("forward", nn.Identity()),
            ArgumentError,
            "add_module: Scale has an attribute 'forward' already",
        ),
        (lambda m: m.train("yes"), OperandError, "train: mode is 'yes'; True or False is needed"),
        (lambda m: nn.Module()(1), AutocnnError, "Module: it has no forward; define forward(self, x)"),
        (lambda m: m.get_submodule("a.b"), AttributeError, "Scale has no module 'a'"),
        (lambda m: m.get_parameter("w"), AttributeError, "Scale has no parameter 'w'"),
        (lambda m: nn.ModuleList()[0], IndexError, "ModuleList: index is 0; it has 0 modules"),
        (lambda m: nn.Residual(3), OperandError, "Residual: body is a int; a Module is needed"),
    ],
)
def test_errors_say_what_is_wrong(act: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        act(Scale())
    assert str(caught.value) == text


# The path ------------------------------------------------------------------------------------------------------


def test_every_module_runs_under_the_name_that_its_caller_knows() -> None:
    net = Net()
    net(Tensor([1.0]))
    assert [m.scope for m in net.modules() if isinstance(m, Scale)] == [
        "stem", "blocks/0/body", "blocks/1/body", "head/0", "head/1",
    ]  # fmt: skip
    with scope("outer"):
        net(Tensor([1.0]))
    assert net.stem.scope == "outer/stem"
    assert local.context.place.scope == ""


def test_a_shared_module_runs_under_each_caller_s_name() -> None:
    part = Scale()
    left, right = nn.Sequential(part), nn.Residual(part)
    both = nn.ModuleDict({"left": left, "right": right})
    left(Tensor([1.0]))
    assert part.scope == "0"
    right(Tensor([1.0]))
    assert part.scope == "body"
    assert both["left"] is left


def test_paths_follow_changes() -> None:
    net = Net()
    net(Tensor([1.0]))
    net.head = nn.Sequential(nn.Sequential(Scale()))
    net(Tensor([1.0]))
    assert net.head[0][0].scope == "head/0/0"
    net.blocks.insert(0, Scale())
    net(Tensor([1.0]))
    assert net.blocks[0].scope == "blocks/0"
    assert net.blocks[1].body.scope == "blocks/1/body"


@pytest.mark.parametrize(
    "change",
    [
        lambda parts: parts.update(first=parts["0"]),
        lambda parts: parts.__setitem__("first", parts.pop("0")),
        lambda parts: (parts.__delitem__("1"), parts.__setitem__("first", parts["0"])),
    ],
)
def test_paths_follow_changes_behind_the_module_s_back(change: Any) -> None:
    part = Scale()
    net = nn.Sequential(part, Scale())
    net(Tensor([1.0]))
    change(net._modules)
    if "0" in net._modules:
        del net._modules["0"]
    net(Tensor([1.0]))
    assert part.scope == "first"
    net._modules.clear()
    assert net(Tensor([1.0])).tolist() == [1.0]


def test_a_part_is_replaced_by_its_path() -> None:
    net = Net()
    net.set_submodule("blocks.1.body", nn.Identity())
    assert isinstance(net.blocks[1].body, nn.Identity)
    with pytest.raises(AttributeError, match="ModuleList at 'blocks' has no module '7'"):
        net.set_submodule("blocks.7", nn.Identity(), strict=True)
    net.set_submodule("blocks.2", nn.Identity())
    assert isinstance(net.blocks[2], nn.Identity)


def test_an_error_notes_the_innermost_module_once() -> None:
    net = Net()
    net.blocks[1].body.weight = nn.Parameter([[1.0, 2.0]])
    with pytest.raises(ArgumentError) as caught:
        net(Tensor([1.0]))
    assert caught.value.__notes__ == ["in blocks/1"]
    net = Net()
    net.head[1].forward = lambda x: 1 / 0
    with pytest.raises(ZeroDivisionError) as other:
        net(Tensor([1.0]))
    assert other.value.__notes__ == ["in head/1"]
    assert local.context.place.scope == ""


def test_a_mode_that_forward_sets_for_good_stays() -> None:
    class Off(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            set_grad_enabled(False)
            return x

    try:
        nn.Sequential(Off())(Tensor([1.0]))
        assert not is_grad_enabled()
        assert local.context.place.scope == ""
    finally:
        set_grad_enabled(True)


# State ---------------------------------------------------------------------------------------------------------


def test_state_is_shared_memory_by_key_and_comes_back() -> None:
    net, other = Net(), Net()
    net.head[1].weight.data[...] = 7.0
    state = net.state_dict()
    assert list(state) == KEYS
    assert not any(value.requires_grad for value in state.values())
    assert np.shares_memory(state["stem.weight"].array, net.stem.weight.array)
    assert net.state_dict(keep_vars=True)["stem.weight"] is net.stem.weight
    assert other.load_state_dict({key: value.array for key, value in state.items()}) == ([], [])
    assert other.head[1].weight.tolist() == [7.0]
    assert list(net.stem.state_dict(prefix="stem.")) == KEYS[:2]


def test_a_buffer_that_does_not_last_is_no_state() -> None:
    module = Scale()
    module.register_buffer("passing", Tensor([1.0]), persistent=False)
    assert "passing" not in module.state_dict()
    assert "passing" in dict(module.named_buffers())


def test_a_wrong_state_is_refused_whole() -> None:
    module = nn.Sequential(Scale(), Scale())
    state = {"0.weight": Tensor([9.0]), "0.seen": Tensor([0.0]), "1.seen": Tensor([0.0]), "2.bias": Tensor([0.0])}
    with pytest.raises(StateError) as caught:
        module.load_state_dict(state)
    assert str(caught.value) == (
        "load_state_dict: the state is not one of Sequential: missing 1.weight; unexpected 2.bias. "
        "strict=False loads what fits"
    )
    assert module[0].weight.tolist() == [2.0]
    assert module.load_state_dict(state, strict=False) == (["1.weight"], ["2.bias"])
    assert module[0].weight.tolist() == [9.0]
    with pytest.raises(StateError) as caught:
        module.load_state_dict({"0.weight": Tensor([[9.0]])}, strict=False)
    assert str(caught.value) == (
        "load_state_dict: the state is not one of Sequential: 0.weight is (1,) here and (1, 1) there"
    )


def test_assigned_state_takes_the_place_of_the_parameters() -> None:
    module = Scale()
    value = Tensor(np.array([5.0]))
    module.load_state_dict({"weight": value, "seen": value}, assign=True)
    assert isinstance(module.weight, nn.Parameter)
    assert module.weight.dtype == np.float64
    assert module.weight.requires_grad
    assert module.seen is value


# All of it -----------------------------------------------------------------------------------------------------


def test_modes_reach_every_part() -> None:
    net = Net()
    assert net.eval() is net
    assert not any(m.training for m in net.modules())
    assert all(m.training for m in net.train().modules())
    names: list[str] = []
    net.apply(lambda m: names.append(type(m).__name__))
    assert names[0] == "Scale"
    assert names[-1] == "Net"


def test_gradients_are_waived_and_dropped() -> None:
    net = Net()
    net(Tensor([1.0])).backward()
    assert all(p.grad is not None for p in net.parameters())
    net.zero_grad(set_to_none=False)
    assert all(p.grad is not None and p.grad.tolist() == [0.0] for p in net.parameters())
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())
    net.requires_grad_(False)
    assert not net(Tensor([1.0])).requires_grad


def test_a_move_keeps_the_parameters_and_what_is_whole() -> None:
    module = Scale()
    module.register_buffer("count", Tensor(np.array(3)))
    weight = module.weight
    module(Tensor([1.0])).backward()
    assert module.double() is module
    assert module.weight is weight
    assert weight.dtype == np.float64
    assert weight.grad is not None
    assert weight.grad.dtype == np.float64
    assert module.count.dtype == np.int64
    assert module.type("float32").weight.dtype == np.float32
    module.to("cpu", "float16")
    assert weight.dtype == np.float16
    assert module.float().seen.dtype == np.float32


@pytest.mark.parametrize("twin", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m)), copy.copy])
def test_copies_have_parts_of_their_own_and_no_hooks(twin: Any) -> None:
    net = Net()
    net.tied = net.head[0].weight
    net.register_forward_hook(lambda *args: 1 / 0)
    net.stem.eval()
    other = twin(net)
    assert other(Tensor([1.0])).tolist() == [108.0]
    assert not other.stem.training
    assert other.tied is other.head[0].weight
    assert isinstance(other.tied, nn.Parameter)
    del other.tied
    assert "tied" in net._parameters
    other.stem = nn.Identity()
    other.head[0](Tensor([1.0]))
    assert isinstance(net.stem, Scale)


# Text ----------------------------------------------------------------------------------------------------------


def test_the_text_is_a_tree_with_shapes_and_counts() -> None:
    net = Net()
    net.head[1].weight = nn.Parameter(np.zeros((30, 40)))
    net.empty = None
    net._modules["nothing"] = None
    assert repr(net) == (
        "Net(  # 1,204 parameters\n"
        "  (stem): Scale()  # 1 parameter: weight (1,)\n"
        "  (blocks): ModuleList(  # 2 parameters\n"
        "    (0-1): 2 x Residual(  # 1 parameter\n"
        "      (body): Scale()  # 1 parameter: weight (1,)\n"
        "    )\n"
        "  )\n"
        "  (head): Sequential(  # 1,201 parameters\n"
        "    (0): Scale()  # 1 parameter: weight (1,)\n"
        "    (1): Scale()  # 1,200 parameters: weight (30, 40)\n"
        "  )\n"
        "  (nothing): None\n"
        ")"
    )


def test_what_loading_found_is_said_in_words() -> None:
    layer = nn.Linear(2, 1)
    assert repr(layer.load_state_dict(layer.state_dict())) == "<All keys matched successfully>"
    found = layer.load_state_dict({"other": Tensor([1.0])}, strict=False)
    assert repr(found) == "Mismatch(missing_keys=['weight', 'bias'], unexpected_keys=['other'])"


def test_a_number_is_loaded_from_a_single_element() -> None:
    batch_norm = nn.BatchNorm1d(1)
    batch_norm.load_state_dict({**batch_norm.state_dict(), "num_batches_tracked": Tensor([5])})
    assert batch_norm.num_batches_tracked.item() == 5


def test_a_convolution_with_weights_made_from_its_own() -> None:
    class Doubled(nn.Conv2d):
        def forward(self, input):
            return self._conv_forward(input, self.weight * 2, None)

    layer = Doubled(1, 1, 1)
    layer.load_state_dict({"weight": Tensor([[[[3.0]]]]), "bias": Tensor([1.0])})
    assert layer(Tensor([[[[1.0]]]])).item() == 6.0


def test_a_part_may_have_a_train_of_its_own() -> None:
    class Frozen(nn.Module):
        def train(self, mode: bool = True) -> nn.Module:
            seen.append(mode)
            return super().train(False)

    seen: list[bool] = []
    net = nn.Sequential(Frozen(), nn.Sequential(Frozen()), nn.Identity()).train()
    assert [m.training for m in net.modules()] == [True, False, True, False, True]
    net.eval()
    assert seen == [True, True, False, False]
