"""Detection: a network that finds objects, what it learns from, and how well it does."""

from autocnn.models.detector.boxes import box_iou, nms
from autocnn.models.detector.network import Detector, decode, detection_loss, encode
from autocnn.models.detector.precision import Objects, average_precision

__all__ = ["Detector", "Objects", "average_precision", "box_iou", "decode", "detection_loss", "encode", "nms"]
