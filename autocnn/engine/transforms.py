"""Functions of functions: gradients, products with Jacobians, Jacobians, Hessians; they nest to any order."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import autocnn.engine.backward as reverse
from autocnn.engine import slots
from autocnn.engine.modes import enable_grad
from autocnn.engine.primitive import primitive
from autocnn.engine.tape import local
from autocnn.engine.tensor import Tensor, as_tensor
from autocnn.errors import GradientError, OperandError, ShapeError

Function = Callable[..., Any]


@primitive(view=True)
def _alias(xp: Any, x: Any) -> Any:
    return x.view()


_alias.vjp(lambda g, z, x: g)


def grad(function: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Function:
    """The function that returns the gradient of a scalar function, with respect to one argument or several.

    The gradient has the shape of its argument. Raises ShapeError unless the function returns a scalar.

    >>> import autocnn as ac
    >>> float(grad(grad(lambda x: x * x * x))(ac.tensor(2.0)))
    12.0
    """

    @functools.wraps(function)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        found, value = value_and_grad(function, argnums, has_aux, _name="grad")(*args, **kwargs)[::-1]
        return (found, value[1]) if has_aux else found

    return gradient


def value_and_grad(
    function: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False, *, _name: str = "value_and_grad"
) -> Function:
    """The function that returns both the value () of a scalar function and its gradient, in the argument's shape.

    Raises ShapeError unless the function returns a scalar.

    >>> import autocnn as ac
    >>> value, slope = value_and_grad(lambda x: x * x)(ac.tensor(3.0))
    >>> float(value), float(slope)
    (9.0, 6.0)
    """
    numbers = (argnums,) if isinstance(argnums, int) else tuple(argnums)

    @functools.wraps(function)
    def both(*args: Any, **kwargs: Any) -> Any:
        with _Level(), enable_grad():
            fresh, sources = _fresh(args, numbers)
            answer = function(*fresh, **kwargs)
            y, aux = answer if has_aux else (answer, None)
            if not isinstance(y, Tensor) or y._array.size != 1 or y.ndim:
                shape = y.shape if isinstance(y, Tensor) else type(y).__name__
                raise ShapeError(f"{_name}: the function returned {shape}; only a scalar has a gradient")
            again = _differentiated_again(y, [args[i] for i in numbers], sources)
            found = _gradients([y], sources, None, again)
        value = y if again else y.detach()
        result = found[0] if isinstance(argnums, int) else found
        return ((value, aux) if has_aux else value), result

    return both


def vjp(function: Function, *primals: Any) -> tuple[Any, Function]:
    """The value of a function, and the function from a cotangent of it to cotangents of its arguments.

    A cotangent has the shape of what it belongs to. Raises ShapeError if there are not as many as outputs.

    >>> import autocnn as ac
    >>> y, back = vjp(lambda x: x * x, ac.tensor([1.0, 2.0]))
    >>> back(ac.tensor([1.0, 10.0]))[0].tolist()
    [2.0, 40.0]
    """
    with _Level(), enable_grad():
        fresh, sources = _fresh(primals, range(len(primals)))
        y = function(*fresh)
        outputs = _several(y)
        again = _differentiated_again(outputs[0], primals, sources)

    def back(*cotangents: Any) -> tuple[Tensor, ...]:
        together = len(cotangents) == 1 and not isinstance(y, Tensor) and isinstance(cotangents[0], (tuple, list))
        given = list(cotangents[0] if together else cotangents)
        if len(given) != len(outputs):
            raise ShapeError(f"vjp: cotangents are {len(given)}; the outputs are {len(outputs)}, one for each")
        nested = again or any(isinstance(c, Tensor) and c.requires_grad for c in given)
        with _Level(), enable_grad():
            return _gradients(outputs, sources, given, nested, retain=True)

    value = y if again else _map(y, Tensor.detach)
    return value, back


def jvp(function: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """The value of a function, and its derivative along tangents, in the value's shape: the vjp of a vjp.

    Raises OperandError unless primals and tangents are tuples, ShapeError if a tangent has not its primal's shape.

    >>> import autocnn as ac
    >>> y, dy = jvp(lambda x: x * x, (ac.tensor(3.0),), (ac.tensor(1.0),))
    >>> float(y), float(dy)
    (9.0, 6.0)
    """
    _check_tuples("jvp", primals, tangents)
    for x, t in zip(primals, tangents, strict=True):
        if as_tensor(x).shape != as_tensor(t).shape:
            raise ShapeError(f"jvp: a tangent has shape {as_tensor(t).shape}, its primal {as_tensor(x).shape}")
    again = local.level > 0 or any(isinstance(x, Tensor) and x.requires_grad for x in (*primals, *tangents))
    with _Level(), enable_grad():
        fresh, sources = _fresh(primals, range(len(primals)))
        y = function(*fresh)
        outputs = _several(y)
        pushed = _pushed(outputs, sources, tangents, again)
    value = y if again else _map(y, Tensor.detach)
    return value, pushed[0] if isinstance(y, Tensor) else type(y)(pushed)


def _pushed(outputs: list[Tensor], sources: list[Tensor], tangents: Sequence[Any], again: bool) -> list[Tensor]:
    """Derivatives of outputs along tangents of their sources; zeros where nothing depends on them."""
    pushed = [_zeros_like(y) for y in outputs]
    live = [i for i, y in enumerate(outputs) if y.requires_grad]
    if not live:
        return pushed
    # cotangents are variables too: the vjp is linear in them, and its transpose is the jvp
    seeds = [slots.ones_like(outputs[i].detach()).requires_grad_() for i in live]
    pulled = reverse.grad([outputs[i] for i in live], sources, seeds, create_graph=True, allow_unused=True)
    pairs = [(p, as_tensor(t)) for p, t in zip(pulled, tangents, strict=True) if p is not None and p.requires_grad]
    if pairs:
        roots, weights = zip(*pairs, strict=True)
        found = reverse.grad(list(roots), seeds, list(weights), create_graph=again, allow_unused=True)
        for i, t in zip(live, found, strict=True):
            pushed[i] = pushed[i] if t is None else t
    return pushed


def jacobian(function: Function, argnums: int | Sequence[int] = 0) -> Function:
    """The function that returns dy/dx, of shape (*y.shape, *x.shape), a row of y at a time.

    Raises OperandError unless the function returns one tensor.

    >>> import autocnn as ac
    >>> jacobian(lambda x: x * x)(ac.tensor([1.0, 2.0])).tolist()
    [[2.0, 0.0], [0.0, 4.0]]
    """
    numbers = (argnums,) if isinstance(argnums, int) else tuple(argnums)

    @functools.wraps(function)
    def rows(*args: Any, **kwargs: Any) -> Any:
        with _Level(), enable_grad():
            fresh, sources = _fresh(args, numbers)
            y = function(*fresh, **kwargs)
            if not isinstance(y, Tensor):
                raise OperandError(f"jacobian: the function returned {type(y).__name__}; it must be one tensor")
            again = _differentiated_again(y, [args[i] for i in numbers], sources)
            units = np.eye(max(y._array.size, 1), dtype=y.dtype)[: y._array.size]
            seeds = [as_tensor(unit.reshape(y.shape), like=y) for unit in units]
            found = [_gradients([y], sources, [seed], again, retain=True) for seed in seeds]
            blocks = tuple(slots.stack_rows([row[k] for row in found], y, x) for k, x in enumerate(sources))
        return blocks[0] if isinstance(argnums, int) else blocks

    return rows


def hessian(function: Function, argnums: int = 0) -> Function:
    """The function that returns the second derivatives d2y/dx2, of shape (*y.shape, *x.shape, *x.shape).

    >>> import autocnn as ac
    >>> hessian(lambda x: (x * x * x).sum())(ac.tensor([1.0, 2.0])).tolist()
    [[6.0, 0.0], [0.0, 12.0]]
    """
    return jacobian(jacobian(function, argnums), argnums)


def hvp(function: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """The gradient of a scalar function and the product of its Hessian with tangents, without the Hessian.

    >>> import autocnn as ac
    >>> _, product = hvp(lambda x: (x * x * x).sum(), (ac.tensor([1.0, 2.0]),), (ac.tensor([1.0, 0.0]),))
    >>> product.tolist()
    [6.0, 0.0]
    """
    _check_tuples("hvp", primals, tangents)
    several = tuple(range(len(primals)))
    found, product = jvp(grad(function, several), primals, tangents)
    return (found[0], product[0]) if len(several) == 1 else (found, product)


def _check_tuples(name: str, primals: Any, tangents: Any) -> None:
    for what, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, (tuple, list)):
            raise OperandError(
                f"{name}: {what} is a {type(given).__name__}; it must be a tuple, a tensor for each argument"
            )


# How levels keep apart ----------------------------------------------------------------------------------------


class _Level:
    """Inside a transform: results stay differentiable, because an outer transform may ask."""

    def __enter__(self) -> None:
        local.level += 1

    def __exit__(self, *error: object) -> None:
        local.level -= 1


def _fresh(args: Sequence[Any], numbers: Sequence[int]) -> tuple[list[Any], list[Tensor]]:
    """The arguments, those of `numbers` as new variables that stay tied to the caller's."""
    fresh = list(args)
    sources = []
    for i in numbers:
        if i >= len(args):
            raise GradientError(f"argnums: {i} is not among the {len(args)} arguments")
        x = as_tensor(args[i])
        source = _alias(x) if x.requires_grad else x.detach().requires_grad_()
        fresh[i] = source
        sources.append(source)
    return fresh, sources


def _differentiated_again(y: Any, given: Sequence[Any], sources: Sequence[Tensor]) -> bool:
    """Whether somebody outside can ask for a derivative of the result."""
    if local.level > 1 or any(isinstance(x, Tensor) and x.requires_grad for x in given):
        return True
    if not isinstance(y, Tensor) or not y.requires_grad:
        return False
    own = {x.node().serial for x in sources}
    todo, seen = [y.node()], set(own)
    while todo:
        node = todo.pop()
        if node.serial in seen or not node.requires_grad:
            continue
        if node.primitive is None:
            return True
        seen.add(node.serial)
        todo.extend(node.edges)
    return False


def _gradients(
    outputs: Sequence[Tensor], sources: Sequence[Tensor], given: Any, again: bool, retain: bool = False
) -> tuple[Tensor, ...]:  # fmt: skip
    live = [(y, None if given is None else given[i]) for i, y in enumerate(outputs) if y.requires_grad]
    if not live:
        return tuple([_zeros_like(x) for x in sources])
    roots = [y for y, _ in live]
    seeds = None if given is None else [as_tensor(s) for _, s in live]
    found = reverse.grad(roots, sources, seeds, again or retain, again, allow_unused=True)
    return tuple([_zeros_like(x) if g is None else g for g, x in zip(found, sources, strict=True)])


def _zeros_like(x: Tensor) -> Tensor:
    return Tensor(slots.zeros(x.shape, x.dtype, x.device))


def _several(y: Any) -> list[Tensor]:
    return [y] if isinstance(y, Tensor) else list(y)


def _map(y: Any, function: Callable[[Tensor], Tensor]) -> Any:
    return function(y) if isinstance(y, Tensor) else type(y)(map(function, y))
