"""Importing the package needs NumPy and the standard library, and tries nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import sys

ALLOWED = ("numpy", "autocnn", "org")  # org: a Jython module that the standard library's copy tries

class Refuse:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in sys.stdlib_module_names and top not in ALLOWED:
            tried.append(name)
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

tried = []
sys.path.insert(0, sys.argv[1])
sys.meta_path.insert(0, Refuse())
import numpy
tried.clear()
import autocnn
print(*tried)
"""


def imports_alone(root: Path) -> list[str]:
    """`import autocnn` works, and looks for nothing, where only NumPy is installed."""
    done = subprocess.run([sys.executable, "-c", SCRIPT, str(root)], capture_output=True, text=True)
    if done.returncode:
        return ["import autocnn: " + done.stderr.strip().splitlines()[-1]]
    return [f"import autocnn tries to import {name}" for name in done.stdout.split()]
