"""What a library must offer: for each kind of case that it serves, a method of that name."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..cases import Case
from ..weights import Numbers


@dataclass(frozen=True)
class Ready:
    """A case that waits to be run.

    step   does it once, completely: what it returns has been computed
    read   the arrays by which the libraries are compared, in PyTorch's layout, from what a step returned
    """

    step: Callable[[], Any]
    read: Callable[[Any], list[Numbers]]


class Peer:
    """One library; a kind of case that is no method of it is not served."""

    imports = ""
    """The statement that imports it."""
    groups = True
    """Whether its convolutions have them."""
    activations = False
    """Whether it has PyTorch's activations, by their names."""

    def refuses(self, case: Case) -> str:
        """Why this case is not for this library; empty if it is."""
        if not self.groups and case.network == "conv" and case.arguments[-1] > 1:
            return "no groups"
        if not self.activations and case.network in ("activation", "mobilenet_v2"):
            return "not every activation"
        return "" if hasattr(self, case.kind) else f"no {case.kind}"

    def version(self, release: str) -> str:
        """Its release, and what else decides how fast it is."""
        return release

    def prepare(self, case: Case) -> Ready:
        """The case, ready to be run."""
        ready: Ready = getattr(self, case.kind)(case)
        return ready

    def importing(self, case: Case) -> Ready:
        """A fresh interpreter that imports the library and ends."""
        command = [sys.executable, "-W", "ignore", "-c", self.imports]
        return Ready(lambda: subprocess.run(command, check=True), lambda _: [])
