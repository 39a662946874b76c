"""The commands, as one types them: thin, they call the library."""

from __future__ import annotations

from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; returns the exit code: 0 done, 2 a mistake of the caller's, 1 a mistake of ours."""
    from autocnn.cli.app import run

    return run(arguments)
