"""The machine in a few words, and the environment in which a library uses so many threads."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

POOLS = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NPROC",  # XLA's pool
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "NUMBA_NUM_THREADS",
    "NUM_CPU_THREADS",  # tinygrad's
)


def environment(threads: int) -> dict[str, str]:
    """The surroundings of a worker: everybody's pool of threads has the same size, no GPU, no chatter."""
    said = dict.fromkeys(POOLS, str(threads))
    quiet = {"CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu", "DEV": "CPU", "TF_CPP_MIN_LOG_LEVEL": "3"}
    ours = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**ours, **said, **quiet, "PYTHONUNBUFFERED": "1"}  # imports find what the first one compiled


def described() -> dict[str, str]:
    """What a reader of figures wants to know of the machine."""
    return {
        "processor": _processor(),
        "cores": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
        "system": f"{platform.system()} {platform.release()}",
        "python": sys.version.split()[0],
    }


def _processor() -> str:
    file = Path("/proc/cpuinfo")
    if not file.exists():
        return platform.processor() or platform.machine()
    fields = dict(line.split(":", 1) for line in file.read_text(encoding="utf-8").splitlines() if ":" in line)
    facts = {name.strip(): value.strip() for name, value in fields.items()}
    vectors = [word for word in ("avx2", "avx512f") if word in facts.get("flags", "").split()]
    return ", ".join([facts.get("model name", platform.machine()), *(f"with {word}" for word in vectors[-1:])])
