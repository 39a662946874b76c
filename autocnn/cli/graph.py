"""`autocnn graph MODEL`: the compute graph, as a picture, as data or as text."""

from __future__ import annotations

from pathlib import Path

import click

from autocnn.cli.model import images, model_of, shape_of, training_loss
from autocnn.errors import UsageError

SUFFIXES = (".svg", ".png", ".pdf", ".dot", ".json", ".onnx")
PASSES = ("forward", "forward and backward", "forward, backward and second order")


@click.command()
@click.argument("model")
@click.option(
    "--order",
    type=click.IntRange(0, 2),
    default=0,
    help="0: the forward pass; 1: the backward pass too; 2: that of the gradients' squared norm too.",
)
@click.option("--input", "size", metavar="N,C,H,W", help="Size of the input; each model has its own.")
@click.option("--depth", type=click.IntRange(1), metavar="N", help="Show modules N deep as single boxes.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="svg, png, pdf, dot, json or onnx; else a listing."
)
def command(model: str, order: int, size: str | None, depth: int | None, output: Path | None) -> None:
    """Draw the compute graph of MODEL, such as lenet5, as training runs it."""
    from autocnn.graph import listing, to_onnx, trace
    from autocnn.graph.transform import collapse
    from autocnn.viz import draw

    suffix = _suffix(output)
    if suffix == ".onnx" and (order or depth is not None):
        raise UsageError("graph: an .onnx file holds the whole forward pass; leave --order and --depth out")
    network = model_of(model)
    if suffix == ".onnx":
        network.eval()
    x = images(shape_of("graph", network, size))
    graph = trace(network, x, order=order, loss=training_loss if order else None)
    if output is None:
        click.echo(listing(graph if depth is None else collapse(graph, depth)))
        return
    if suffix == ".onnx":
        to_onnx(graph, output)
    else:
        draw(graph, title=f"{type(network).__name__}: {PASSES[order]}", depth=depth).save(output)
    click.echo(f"{output}: {len(graph.vertices):,} vertices, {len(graph.edges):,} edges")


def _suffix(output: Path | None) -> str | None:
    """The kind of file to write, known and with a folder to go to."""
    if output is None:
        return None
    if output.suffix.lower() not in SUFFIXES:
        raise UsageError(f"graph: --output is {str(output)!r}; its name must end in {', '.join(SUFFIXES)}")
    if not output.parent.is_dir():
        raise UsageError(f"graph: --output is {str(output)!r}; the folder {output.parent} is not there")
    return output.suffix.lower()
