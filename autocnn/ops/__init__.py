"""Every primitive: promise, computation, derivative, together."""

from autocnn.ops.broadcast import broadcast_to
from autocnn.ops.elementwise import add, mul

__all__ = ["add", "broadcast_to", "mul"]
