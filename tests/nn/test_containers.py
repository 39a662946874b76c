"""Chains, lists, dictionaries, and the skip around a module."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np
import pytest

from autocnn import nn
from autocnn.engine import Tensor
from autocnn.errors import ArgumentError, OperandError


class Times(nn.Module):
    """x times a number."""

    def __init__(self, factor: float) -> None:
        self.factor = factor

    def forward(self, x: Tensor) -> Any:
        return x * self.factor

    def extra_repr(self) -> str:
        return str(self.factor)


def factors(modules: Any) -> list[float]:
    return [m.factor for m in modules]


def test_sequential_runs_its_modules_in_turn() -> None:
    chain = nn.Sequential(Times(2), Times(3))
    assert chain(Tensor([1.0])).tolist() == [6.0]
    assert len(chain) == 2
    assert chain[-1].factor == 3
    assert factors(chain.append(Times(4)).extend([Times(5)]).insert(0, Times(1))) == [1, 2, 3, 4, 5]
    assert list(chain._modules) == ["0", "1", "2", "3", "4"]
    assert factors(chain[1:3]) == [2, 3]
    assert chain[1:3][0] is chain[1]
    del chain[0]
    assert list(chain._modules) == ["0", "1", "2", "3"]
    del chain[1:3]
    assert factors(chain) == [2, 5]
    chain[0] = Times(9)
    assert factors(chain + nn.Sequential(Times(7))) == [9, 5, 7]
    assert chain.pop().factor == 5
    assert len(chain) == 1


def test_sequential_takes_names() -> None:
    chain = nn.Sequential(OrderedDict(first=Times(2), second=Times(3)))
    assert chain.second.factor == 3
    assert chain[0] is chain.first
    assert list(chain[1:]._modules) == ["second"]
    assert repr(chain) == "Sequential(\n  (first): Times(2)\n  (second): Times(3)\n)"
    del chain[0]
    assert list(chain._modules) == ["0"]  # as PyTorch does


def test_equal_neighbours_share_a_line() -> None:
    assert repr(nn.Sequential(Times(1), Times(1), Times(2), Times(1))) == (
        "Sequential(\n  (0-1): 2 x Times(1)\n  (2): Times(2)\n  (3): Times(1)\n)"
    )


def test_module_list_and_dict() -> None:
    listed = nn.ModuleList([Times(1), Times(2)])
    listed += [Times(3)]
    assert factors(listed) == [1, 2, 3]
    assert factors(listed[:2]) == [1, 2]
    assert isinstance(listed[:2], nn.ModuleList)
    assert factors(listed + nn.ModuleList([Times(4)])) == [1, 2, 3, 4]
    named = nn.ModuleDict([("a", Times(1)), ("b", Times(2))])
    named["c"] = Times(3)
    named.update({"a": Times(7)})
    assert "a" in named
    assert len(named) == 3
    assert list(named) == list(named.keys()) == ["a", "b", "c"]
    assert factors(named.values()) == [7, 2, 3]
    assert named.pop("b").factor == 2
    del named["c"]
    assert [name for name, _ in named.items()] == ["a"]
    named.clear()
    assert len(named) == 0


def test_parameter_list_and_dict() -> None:
    listed = nn.ParameterList([Tensor([1.0]), nn.Parameter([2.0])])
    listed[0] = Tensor([5.0])
    assert [p.tolist() for p in listed] == [[5.0], [2.0]]
    assert listed[-1].requires_grad
    assert [name for name, _ in listed.named_parameters()] == ["0", "1"]
    with pytest.raises(IndexError, match="ParameterList: index is 2; it has 2 parameters"):
        listed[2]
    named = nn.ParameterDict({"a": Tensor([1.0])})
    named["b"] = Tensor([2.0])
    assert "b" in named
    assert len(named) == 2
    del named["a"]
    assert list(named) == list(named.keys()) == ["b"]
    assert [p.tolist() for p in named.values()] == [[2.0]]
    assert list(dict(named.items())) == list(named.state_dict()) == ["b"]


def test_residual_adds_what_goes_around() -> None:
    x = Tensor(np.array([1.0, 2.0])).requires_grad_()
    y = nn.Residual(Times(3), Times(2), Times(10))(x)
    assert y.tolist() == [50.0, 100.0]
    y.backward(Tensor(np.array([1.0, 1.0])))
    assert x.grad is not None
    assert x.grad.tolist() == [50.0, 50.0]


def test_residual_refuses_a_sum_that_broadcasts() -> None:
    class Fewer(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return Tensor([1.0])

    with pytest.raises(ArgumentError) as caught:
        nn.Residual(Fewer())(Tensor([1.0, 2.0]))
    assert str(caught.value) == (
        "Residual: body gives (1,), the shortcut (2,); they are added element by element. "
        "Give a shortcut that changes the shape as the body does"
    )


def test_a_dictionary_of_parameters_is_changed_as_a_dict() -> None:
    parameters = nn.ParameterDict({"a": Tensor([1.0]), "b": Tensor([2.0])})
    parameters.update({"b": Tensor([3.0]), "c": Tensor([4.0])})
    assert list(parameters) == ["a", "b", "c"]
    assert parameters.pop("b").tolist() == [3.0]
    assert parameters.get("b", 5) == 5
    parameters.clear()
    assert len(parameters) == 0


def test_chains_grow_in_place() -> None:
    chain = whole = nn.Sequential(Times(2))
    chain += nn.Sequential(Times(3))
    assert chain is whole
    assert factors(chain.extend(sequential=nn.Sequential(Times(4)))) == [2, 3, 4]
    assert chain.pop(key=0).factor == 2


def test_a_chain_is_repeated() -> None:
    chain = nn.Sequential(Times(2), Times(3))
    assert factors(chain * 2) == factors(2 * chain) == [2, 3, 2, 3]
    assert (chain * 2)[0] is chain[0]
    chain *= 2
    assert factors(chain) == [2, 3, 2, 3]
    with pytest.raises(ArgumentError, match=r"Sequential: \* 0; a chain is repeated at least once"):
        chain * 0
    with pytest.raises(OperandError, match=r"Sequential: \* takes a whole number, not a float"):
        chain * 1.5
    with pytest.raises(IndexError, match="Sequential: index is 9; it has 4 modules"):
        chain.insert(9, Times(1))


def test_dictionaries_are_made_from_dictionaries() -> None:
    modules = nn.ModuleDict({"b": Times(2), "a": Times(3)})
    assert list(nn.ModuleDict(modules)) == ["b", "a"]
    assert list(nn.ParameterDict({"b": Tensor([1.0]), "a": Tensor([2.0])})) == ["a", "b"]
    parameters = nn.ParameterDict({"b": Tensor([1.0])})
    assert parameters.copy()["b"] is parameters["b"]
    assert parameters.setdefault("b", Tensor([5.0])).tolist() == [1.0]
    assert parameters.setdefault("c", Tensor([5.0])).tolist() == [5.0]
    assert list(parameters | nn.ParameterDict({"d": Tensor([1.0])})) == ["b", "c", "d"]
    parameters |= nn.ParameterDict({"e": Tensor([1.0])})
    assert list(parameters) == ["b", "c", "e"]


def test_lists_of_parameters_are_sliced_and_extended() -> None:
    parameters = nn.ParameterList([Tensor([float(i)]) for i in range(3)])
    assert [p.item() for p in parameters[1:]] == [1.0, 2.0]
    assert parameters[1:][0] is parameters[1]
    parameters += [Tensor([7.0])]
    assert [p.item() for p in parameters] == [0.0, 1.0, 2.0, 7.0]
