"""Where arrays live, and how the heavy work is done on them."""

from autocnn.backend import memory

memory.keep()
