"""The kernels through oneDNN: its C API, version 3, called on CPU arrays of 32-bit floats where they lie.

Each function gives what the NumPy kernel of its name gives, or None where oneDNN does not serve: the library is
not there, or the arrays are not of the kind that the function's module says it `applies` to, or the library has no
fast implementation. What it declined once it is not asked again.
"""

from autocnn.backend.onednn.execute import forget
from autocnn.backend.onednn.library import (
    disabled,
    get_num_threads,
    serving,
    set_num_threads,
    why_not,
)

__all__ = ["disabled", "forget", "get_num_threads", "serving", "set_num_threads", "why_not"]
