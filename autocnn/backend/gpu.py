"""Whether a GPU can be used, and why not."""

from __future__ import annotations

from autocnn.backend.arrays import device_namespace
from autocnn.errors import DeviceError


def status() -> tuple[bool, str]:
    """Whether arrays can live on a GPU, and a sentence that says on which, or why not.

    >>> served, sentence = status()
    >>> isinstance(sentence, str)
    True
    """
    try:
        xp = device_namespace("cuda")
    except DeviceError as error:
        return False, str(error).removeprefix("device: ")
    name = f"CuPy {xp.__version__}"
    try:
        count = xp.cuda.runtime.getDeviceCount()
        if not count:
            return False, f"{name}, but no GPU"
        names = [xp.cuda.runtime.getDeviceProperties(i)["name"] for i in range(count)]
    except Exception as error:  # CuPy has its own, for a driver that is missing or too old
        return False, f"{name}, but no GPU: {str(error).strip()}"
    return True, f"{name}: " + ", ".join(n.decode() if isinstance(n, bytes) else str(n) for n in names)
