"""Forward graphs as ONNX models, which other programs show and run."""

from autocnn.graph.onnx import layers, pointwise, recurrent, reduce, shapes  # noqa: F401 (each fills the table of rules)
from autocnn.graph.onnx.export import OPSET, to_onnx

__all__ = ["OPSET", "to_onnx"]
