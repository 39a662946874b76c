"""`autocnn info`: what the library runs on, and with."""

from __future__ import annotations

import click


@click.command("info")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(as_json: bool) -> None:
    """Say what AutoCNN runs on and with: versions, processor, memory, and which optional parts serve."""
    from autocnn.machine import info

    found = info()
    click.echo(found.to_json() if as_json else str(found))
