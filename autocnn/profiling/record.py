"""What ran during a ``with`` block: kernels added up by op, pass and module, and one by one for a time line."""

from __future__ import annotations

import os
import threading
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter_ns

from autocnn.engine.taps import Call, listening
from autocnn.errors import ArgumentError, AutocnnError
from autocnn.graph.analysis import work
from autocnn.graph.store import write_whole
from autocnn.profiling import chrome, report
from autocnn.profiling.rows import Row, merged


def profile(*, events: int = 200_000) -> Profile:
    """Time, bytes and floating-point operations of every kernel that runs during a ``with`` block.

    Of all threads, forward and backward told apart, by op and by module. Training is what it is without: the same
    kernels run, on the same values. `events` kernels are kept one by one for `to_chrome_trace` (some 500 bytes
    each); the sums have no limit.

    >>> import autocnn as ac
    >>> x = ac.ones(64, 64, requires_grad=True)
    >>> with ac.profile() as p:
    ...     (x @ x).sum().backward()
    >>> sorted((row.op, row.phase, row.calls, row.flops) for row in p.by("op") if row.flops)
    [('matmul', 'backward', 2, 1048576), ('matmul', 'forward', 1, 524288)]
    """
    if isinstance(events, bool) or not isinstance(events, int) or events < 0:
        raise ArgumentError(f"profile: events is {events!r}; it must be a whole number of at least 0")
    return Profile(events)


class Profile:
    """What `profile` makes: entered, it listens; `print` it, or ask for a table, JSON or a Chrome trace.

    It may be entered again after it was left, and goes on adding.
    """

    def __init__(self, events: int) -> None:
        self.events: list[Call] = []
        """The first kernels, one by one, in the order in which they ended."""
        self.left_out = 0
        """How many more there were than `events` has."""
        self.threads: dict[int, str] = {}
        """Names of the threads on which kernels ran, by their identifiers."""
        self._most = events
        self._sums: dict[tuple[str, str, str], list[int]] = {}
        self._lock = threading.Lock()
        self._stack: ExitStack | None = None
        self._began = 0
        self._elapsed = 0

    def __enter__(self) -> Profile:
        if self._stack is not None:
            raise AutocnnError("profile: this one is open already; make another, they may be nested")
        self._stack = ExitStack()
        self._stack.enter_context(listening(self))
        self._began = perf_counter_ns()
        return self

    def __exit__(self, *error: object) -> None:
        stack, self._stack = self._stack, None
        if stack is not None:
            self._elapsed += perf_counter_ns() - self._began
            stack.close()

    def ran(self, call: Call) -> None:
        """Take one kernel down."""
        flops = 2 * work(call.op, call.shape, call.sources)
        with self._lock:
            sums = self._sums.setdefault((call.op, call.phase, call.scope), [0, 0, 0, 0])
            sums[0] += 1
            sums[1] += call.stop - call.start
            sums[2] += call.bytes
            sums[3] += flops
            if call.thread not in self.threads:
                self.threads[call.thread] = threading.current_thread().name
            if len(self.events) < self._most:
                self.events.append(call)
            else:
                self.left_out += 1

    # Questions ----------------------------------------------------------------------------------------------

    @property
    def seconds(self) -> float:
        """From the beginning of the block to its end, or until now."""
        running = perf_counter_ns() - self._began if self._stack is not None else 0
        return (self._elapsed + running) / 1e9

    @property
    def rows(self) -> tuple[Row, ...]:
        """Everything that ran, by op, pass and module; the slowest first."""
        with self._lock:
            sums = [(key, list(values)) for key, values in self._sums.items()]
        rows = [Row(*key, n, time / 1e9, size, flops) for key, (n, time, size, flops) in sums]
        return tuple(sorted(rows, key=lambda row: -row.seconds))

    def by(self, what: str, depth: int | None = None) -> tuple[Row, ...]:
        """The rows added up by ``"op"`` and pass, or by ``"module"`` and pass, of paths of at most `depth` names.

        The slowest first. Raises ArgumentError for anything else.
        """
        if what not in ("op", "module"):
            raise ArgumentError(f"profile: by is {what!r}; it must be 'op' or 'module'")
        return merged(self.rows, what, depth)

    # Answers ------------------------------------------------------------------------------------------------

    def table(
        self, by: str = "op", limit: int | None = 20, *, depth: int | None = None, width: int | None = None
    ) -> str:
        """A table in plain text that fits the screen: the `limit` slowest by op, or by module, and the sum.

        `depth` cuts module paths: 1 adds up all of ``layer1``. `width` is in characters; that of the screen else.
        """
        return report.table(self.by(by, depth), by, limit, width, self.seconds, len(self.threads))

    def __str__(self) -> str:
        return self.table()

    def to_json(self) -> str:
        """All rows, by op, pass and module, as JSON text."""
        return report.to_json(self.rows, self.seconds)

    def to_chrome_trace(self, path: str | os.PathLike[str]) -> Path:
        """Write every kernel, within the modules that it ran for, as a time line for chrome://tracing or Perfetto.

        The file is written whole or not at all.
        """
        with self._lock:
            events, threads = list(self.events), dict(self.threads)
        return write_whole(path, chrome.trace(events, threads, self.left_out).encode())


__all__ = ["Profile", "Row", "profile"]
