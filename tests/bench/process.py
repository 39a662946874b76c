"""The conductor's end of a worker: a process, its commands and its answers, its clock."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from . import noise
from .machine import environment

ROOT = Path(__file__).parents[2]


class WorkerError(Exception):
    """A worker could not do what it was told."""


class Process:
    """A worker that is running; leaving it ends the process."""

    def __init__(self, peer: str, threads: int, python: str = sys.executable, patience: float = 600.0) -> None:
        self.peer, self.patience = peer, patience
        self._said = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        self._process = subprocess.Popen(
            [python, "-m", f"{__package__}.worker", peer, str(threads)],
            cwd=ROOT,
            env=environment(threads),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            encoding="utf-8",
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self._process.kill()
        self._process.communicate()
        self._said.close()

    def ask(self, do: str, **command: Any) -> dict[str, Any]:
        """Give a command and wait for its answer.

        Raises WorkerError where the worker says what went wrong, dies, or does not answer in time.
        """
        watch = threading.Timer(self.patience, self._process.kill)
        watch.start()
        try:
            line = self._exchange(json.dumps({"do": do, **command}))
        finally:
            in_time = watch.is_alive()
            watch.cancel()
        if not line:
            raise WorkerError(self._last_words() if in_time else f"no answer in {self.patience:g} s")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise WorkerError(answer["error"])
        return answer

    def reading(self) -> noise.Reading | None:
        """What the kernel has counted for it so far, and for everybody."""
        return noise.take(self._process.pid)

    def _exchange(self, line: str) -> str:
        """The answer to a line; empty if there is nobody to answer."""
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise WorkerError("no pipe")
        try:
            stdin.write(line + "\n")
            stdin.flush()
        except BrokenPipeError:
            pass  # it may have said why before it went
        return stdout.readline()

    def _last_words(self) -> str:
        self._said.seek(0)
        words = self._said.read().strip().splitlines() or ["without a word"]
        return f"the worker died: {words[-1]}"
