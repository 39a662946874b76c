"""`autocnn summary MODEL`: a table of layers."""

from __future__ import annotations

import click

from autocnn.cli.model import blaming, images, model_of, name_of, shape_of


@click.command()
@click.argument("model")
@click.option("--input", "size", metavar="N,C,H,W", help="Size of the input; each model has its own.")
def command(model: str, size: str | None) -> None:
    """List the layers of MODEL: output shapes, parameters, multiply-adds, activation memory.

    MODEL is a name, such as lenet5 or resnet20, or file.py:factory, where factory makes a module or a function.
    Activation memory is what stays for the backward pass, each value counted once.
    """
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from autocnn.inspect import summary

    network = model_of(model)
    shape = shape_of("summary", network, size)
    with blaming(model):
        found = summary(network, images(shape))
    title = f"{name_of(network)} on {'×'.join(map(str, shape))}"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, show_footer=True, pad_edge=False)
    table.add_column("layer", "total", overflow="fold")
    table.add_column("ops", overflow="fold")
    table.add_column("output")
    for name, total in (
        ("parameters", f"{sum(layer.parameters for layer in found):,}"),
        ("multiply-adds", f"{sum(layer.multiply_adds for layer in found):,}"),
        ("activations", size_of(sum(layer.kept for layer in found))),
    ):
        table.add_column(name, total, justify="right", no_wrap=True)
    for layer in found:
        numbers = [f"{layer.parameters:,}", f"{layer.multiply_adds:,}"]
        output = "×".join(map(str, layer.shape)) or "scalar"
        table.add_row(
            escape(layer.path) or "-",
            ", ".join(layer.ops),
            output,
            *("" if number == "0" else number for number in numbers),
            size_of(layer.kept) if layer.kept else "",
        )
    console = Console()
    (console if console.is_terminal else Console(width=120)).print(table)


def size_of(count: int) -> str:
    """Bytes as people read them.

    >>> size_of(0), size_of(4704), size_of(3_000_000)
    ('0 B', '4.59 KiB', '2.86 MiB')
    """
    value, units = float(count), ["B", "KiB", "MiB", "GiB", "TiB"]
    while value >= 1000 and len(units) > 1:
        value, units = value / 1024, units[1:]
    return f"{value:.0f} {units[0]}" if units[0] == "B" else f"{value:.3g} {units[0]}"
