"""Watching a computation with the parts that no gradient is recorded for: where the record was cut, by what."""

from __future__ import annotations

from typing import Any

from autocnn.backend.arrays import owner
from autocnn.engine import Tensor
from autocnn.engine.tape import Leaf, Node, Watcher
from autocnn.types import Array


class Witness(Watcher):
    """Sees every op, also under `no_grad` and behind `detach`, and which leaf holds the memory of what."""

    def __init__(self) -> None:
        self.nodes: dict[int, Node] = {}
        self.origins: dict[int, int] = {}
        """For a leaf that shares memory with an earlier value, the serial number of that value's node."""
        self._memory: dict[int, tuple[Array, int]] = {}
        """By identity of memory: the array, kept alive, and who made it last."""

    def know(self, tensor: Tensor) -> None:
        """Take note of a tensor whose memory may turn up in leaves."""
        node = tensor.node()
        self.nodes[node.serial] = node
        self._memory.setdefault(id(owner(tensor.array)), (tensor.array, node.serial))

    def seen(self, node: Node, inputs: tuple[Any, ...], outputs: tuple[Array, ...]) -> None:
        """Write an op down, and where its operands come from."""
        for x in inputs:
            if isinstance(x, Tensor):
                self._origin(x)
        self.nodes[node.serial] = node
        for array in outputs:
            self._memory[id(owner(array))] = (array, node.serial)

    def _origin(self, x: Tensor) -> None:
        node = x.node()
        if node.serial in self.nodes or not isinstance(node, Leaf):
            return
        self.nodes[node.serial] = node
        entry = self._memory.get(id(owner(x.array)))
        if entry is not None and entry[1] != node.serial and not node.requires_grad:
            self.origins[node.serial] = entry[1]
        elif entry is None:
            self._memory[id(owner(x.array))] = (x.array, node.serial)

    def is_used(self, node: Node) -> bool:
        """Whether any op read a value."""
        return any(node in other.edges for other in self.nodes.values())

    def sources(self, node: Node) -> list[Node]:
        """The nodes that a value was made of, those before a cut among them."""
        origin = self.origins.get(node.serial)
        return list(node.edges) if origin is None else [self.nodes[origin]]

    def way(self, source: Node, target: Node) -> dict[int, Node]:
        """The nodes on ways from one value to another by what was computed, cut or not; empty if there is none."""
        before = {target.serial: target}
        todo = [target]
        while todo:
            for node in self.sources(todo.pop()):
                if node.serial not in before and (node.serial >= source.serial or node.serial in self.nodes):
                    before[node.serial] = node
                    todo.append(node)
        if source.serial not in before:
            return {}
        return self._after(source, before)

    def _after(self, source: Node, before: dict[int, Node]) -> dict[int, Node]:
        """Of nodes that lead to a value, those that a source leads to."""
        users: dict[int, list[Node]] = {}
        for node in before.values():
            for operand in self.sources(node):
                users.setdefault(operand.serial, []).append(node)
        found, todo = {source.serial: source}, [source]
        while todo:
            for node in users.get(todo.pop().serial, ()):
                if node.serial not in found:
                    found[node.serial] = node
                    todo.append(node)
        return found

    def cut(self, source: Node, target: Node) -> tuple[str, Node, Node | None] | None:
        """The first place, counting back from the target, where the record of a source's use was cut.

        What cut it, the value that goes on without a gradient, and the op that uses that; None where the target
        was not computed from the source.
        """
        way = self.way(source, target)
        if not way:
            return None
        deaf = [node for node in way.values() if not node.requires_grad and node.serial != source.serial]
        cuts = [
            node for node in deaf if any(s.requires_grad and s.serial in way for s in self.sources(node))
        ]  # fmt: skip
        if not cuts:
            return ("uncut", target, None)
        last = max(cuts, key=lambda node: self._used(node, way))
        kind = self._by(last)
        if kind == "no_grad":  # the last of what ran under it
            last = max(deaf, key=lambda node: self._used(node, way))
        return (kind, last, self._user(last, way))

    def _used(self, node: Node, way: dict[int, Node]) -> int:
        user = self._user(node, way)
        return user.serial if user is not None else node.serial

    def _user(self, node: Node, way: dict[int, Node]) -> Node | None:
        users = [n for n in way.values() if any(s.serial == node.serial for s in self.sources(n))]
        return min(users, key=lambda n: n.serial, default=None)

    def _by(self, node: Node) -> str:
        if node.serial in self.origins:
            return "detach"
        assert node.primitive is not None  # a leaf without an origin is made of nothing
        if not node.primitive.differentiable:
            return "no derivative"
        return "no_grad" if node.dtype.kind == "f" else "integer"
