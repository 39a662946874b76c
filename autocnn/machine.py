"""What the library runs on, and with: versions, processor, memory, and which of the optional parts serve."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib import metadata, util
from pathlib import Path
from typing import Any

import numpy as np

import autocnn
from autocnn.backend import gpu, threads
from autocnn.backend import onednn as library_of_onednn
from autocnn.errors import AutocnnError


@dataclass(frozen=True, repr=False)
class Info:
    """Versions, the machine, and what serves; each optional part as (whether it serves, a sentence)."""

    autocnn: str
    python: str
    numpy: str
    blas: str
    threads: int | None
    system: str
    processor: str
    instructions: tuple[str, ...]
    cores: int
    usable_cores: int
    memory: int | None
    available_memory: int | None
    onednn: tuple[bool, str]
    graphviz: tuple[bool, str]
    gpu: tuple[bool, str]

    def __repr__(self) -> str:
        cores = (
            f"{self.cores}" if self.usable_cores == self.cores else f"{self.usable_cores} of {self.cores} usable"
        )
        rows = {
            "AutoCNN": self.autocnn,
            "Python": self.python,
            "NumPy": self.numpy,
            "BLAS": self.blas + (f", {_threads(self.threads)}" if self.threads else ""),
            "system": self.system,
            "processor": self.processor,
            "instructions": ", ".join(self.instructions) or "unknown",
            "cores": cores,
            "memory": _memory(self.memory, self.available_memory),
            "oneDNN": _served(self.onednn),
            "Graphviz": _served(self.graphviz),
            "GPU": _served(self.gpu),
        }
        return "\n".join(f"{name:<13} {value}" for name, value in rows.items())

    def to_json(self) -> str:
        """Everything as JSON text."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False)


def info() -> Info:
    """What the library runs on, and with; printed, it is a line for each.

    >>> str(info()).splitlines()[0].split()[0]
    'AutoCNN'
    """
    total, available = _installed_memory()
    return Info(
        autocnn=autocnn.__version__,
        python=f"{platform.python_version()} ({platform.python_implementation()})",
        numpy=np.__version__,
        blas=_blas(),
        threads=_blas_threads(),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        processor=_processor(),
        instructions=_instructions(),
        cores=os.cpu_count() or 1,
        usable_cores=threads.usable_cores(),
        memory=total,
        available_memory=available,
        onednn=onednn(),
        graphviz=graphviz(),
        gpu=gpu.status(),
    )


# What serves, and why not -------------------------------------------------------------------------------------


def onednn() -> tuple[bool, str]:
    """Whether oneDNN serves, and a sentence that says which, or why not.

    >>> isinstance(onednn()[0], bool)
    True
    """
    library = library_of_onednn.serving()
    if library is None:
        return False, f"NumPy computes everything; {library_of_onednn.why_not()}"
    version = ".".join(map(str, library.version))
    count = _threads(library_of_onednn.get_num_threads())
    return True, f"{version}, {count}, for float32 on the CPU, at {library.path}"


def graphviz() -> tuple[bool, str]:
    """Whether pictures of graphs can be drawn, and a sentence that says with what, or what to install.

    >>> isinstance(graphviz()[0], bool)
    True
    """
    program = shutil.which("dot")
    if program is not None:
        done = subprocess.run([program, "-V"], capture_output=True, text=True, timeout=20, check=False)
        return True, f"{(done.stderr or done.stdout).strip() or 'dot'}, at {program}"
    if util.find_spec("pygraphviz") is not None:
        return True, f"the one inside pygraphviz {metadata.version('pygraphviz')}"
    return False, "not installed; install the program dot, or pip install pygraphviz"


# The machine --------------------------------------------------------------------------------------------------


def _blas() -> str:
    """The BLAS that NumPy calls; what is loaded tells more than what it was built with."""
    built: Mapping[str, Any] = _config("Build Dependencies").get("blas", {})
    text = " ".join(str(built[key]) for key in ("name", "version") if built.get(key))
    pool = _pool()
    if pool is not None:
        text = f"{pool['internal_api']} {pool['version'] or ''}".strip()
        if pool.get("architecture"):
            text += f" for {pool['architecture']}"
    return text or "unknown"


def _blas_threads() -> int | None:
    pool = _pool()
    return None if pool is None else int(pool["num_threads"])


def _pool() -> dict[str, Any] | None:
    """The thread pool of NumPy's BLAS, where it can be asked; SciPy brings another one."""
    try:
        found = [pool for pool in threads.pools() if pool["user_api"] == "blas"]
    except AutocnnError:  # threadpoolctl is not there
        return None
    return next((pool for pool in found if "numpy" in pool["filepath"]), found[0] if found else None)


def _instructions() -> tuple[str, ...]:
    """The instruction sets that NumPy found on this processor."""
    return tuple(_config("SIMD Extensions").get("found", ()))


def _config(part: str) -> Mapping[str, Any]:
    shown: Callable[..., Any] = np.show_config
    found: Mapping[str, Any] = shown(mode="dicts").get(part, {})
    return found


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text("utf-8", "replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() in ("model name", "Model", "Hardware"):
                return value.strip()
    return platform.processor() or platform.machine() or "unknown"


def _installed_memory() -> tuple[int | None, int | None]:
    """Bytes of memory in all, and those that can still be had, where the system says."""
    meminfo = Path("/proc/meminfo")
    if meminfo.is_file():
        rows = dict(line.partition(":")[::2] for line in meminfo.read_text("ascii", "replace").splitlines())
        sizes = [rows.get(name, "").split() for name in ("MemTotal", "MemAvailable")]
        total, available = (int(size[0]) * 1024 if size else None for size in sizes)
        return total, available
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), None
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        return None, None


# Words --------------------------------------------------------------------------------------------------------


def _served(part: tuple[bool, str]) -> str:
    return part[1] if part[0] else f"no: {part[1]}"


def _threads(count: int) -> str:
    return f"{count} thread" if count == 1 else f"{count} threads"


def _memory(total: int | None, available: int | None) -> str:
    if total is None:
        return "unknown"
    text = f"{total / 2**30:.1f} GiB"
    return text if available is None else f"{text}, {available / 2**30:.1f} GiB available"
