"""`autocnn summary MODEL`: a table of layers."""

from __future__ import annotations

import click

from autocnn.cli.model import blaming, images, model_of, shape_of


@click.command()
@click.argument("model")
@click.option("--input", "size", metavar="N,C,H,W", help="Size of the input; each model has its own.")
@click.option(
    "--format", "form", type=click.Choice(["text", "markdown", "html"]), default="text", show_default=True
)
@click.option("--formulas", is_flag=True, help="Work out each layer's numbers by the formulas, beside the counts.")
def command(model: str, size: str | None, form: str, formulas: bool) -> None:
    """List the layers of MODEL: shapes, windows, parameters, multiply-adds, memory, receptive fields.

    MODEL is a name, such as lenet5 or resnet20, or file.py:factory, where factory makes a module or a function.
    Memory is what stays for the backward pass, each value counted once, and gradients.
    """
    from autocnn.inspect import summary

    network = model_of(model)
    shape = shape_of("summary", network, size)
    with blaming(model):
        found = summary(network, images(shape))
    write = {"text": found.text, "markdown": found.markdown, "html": found.html}[form]
    click.echo(write(formulas=formulas).rstrip("\n"))
