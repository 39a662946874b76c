"""`autocnn info`: what this installation computes with, and what is missing."""

from __future__ import annotations

import click


@click.command()
def command() -> None:
    """Say which versions and libraries are used, and why one is not."""
    import platform

    import numpy

    from autocnn.backend import onednn

    click.echo(f"Python {platform.python_version()}, NumPy {numpy.__version__}")
    library = onednn.serving()
    if library is None:
        click.echo(f"oneDNN: not used, NumPy computes everything: {onednn.why_not()}")
    else:
        number = ".".join(map(str, library.version))
        click.echo(f"oneDNN {number}: computes in float32 on the CPU, threads: {onednn.get_num_threads()}")
        click.echo(f"  {library.path}")
