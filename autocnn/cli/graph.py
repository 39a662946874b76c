"""`autocnn graph MODEL`: the compute graph, as a picture, as a page, as data or as text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from autocnn.cli.model import blaming, images, model_of, name_of, shape_of, training_loss
from autocnn.errors import UsageError

if TYPE_CHECKING:
    from autocnn.graph import Graph

FORMATS = ("svg", "png", "pdf", "html", "json", "dot", "onnx", "text")
BINARY = ("png", "pdf", "onnx")
SUFFIXES = {f".{name}": name for name in FORMATS if name != "text"} | {".txt": "text"}
IMAGES = 16
"""Images in the batch whose gradient is drawn, unless --input says how many."""
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
    "--fold", is_flag=True, help="Show repeats as one box; without --depth, in a readable number of boxes."
)
@click.option("--flow", is_flag=True, help="Draw how large the gradient is on its way back, on random images.")
@click.option("--beside", metavar="MODEL", help="With --flow: a second model, on the same images, beside it.")
@click.option("--blocks", type=click.IntRange(1), metavar="N", help="With --flow: fold all but N blocks in a row.")
@click.option(
    "--format", "kind", type=click.Choice(FORMATS), help="What to write; else what the file's name says."
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="The file; without one, a listing is printed."
)
def command(
    model: str, order: int, size: str | None, depth: int | None, fold: bool, flow: bool, beside: str | None,
    blocks: int | None, kind: str | None, output: Path | None,
) -> None:  # fmt: skip
    """Draw the compute graph of MODEL, as training runs it.

    MODEL is a name, such as lenet5 or resnet20, or file.py:factory, where factory makes a module or a function.
    """
    from autocnn.graph import trace

    kind = _kind(kind, output)
    if flow or beside is not None or blocks is not None:
        if order or fold or not flow or kind not in ("svg", "png", "pdf", "dot"):
            raise UsageError(
                "graph: --flow draws the forward pass as svg, png, pdf or dot; --beside and --blocks go with it, "
                "--order and --fold do not"
            )
        picture = _flow([model, *([beside] if beside else [])], size, depth, blocks)
        _out(getattr(picture, kind), kind, output, "gradient flow")
        return
    if kind == "onnx" and (order or depth is not None or fold):
        raise UsageError(
            "graph: an .onnx file holds the whole forward pass; leave --order, --depth and --fold out"
        )
    if kind == "html" and (depth is not None or fold):
        raise UsageError("graph: on a page modules open and close; leave --depth and --fold out")
    network = model_of(model)
    if kind == "onnx" and hasattr(network, "eval"):
        network.eval()
    x = images(shape_of("graph", network, size))
    with blaming(model):
        graph = trace(network, x, order=order, loss=training_loss if order else None)
    made = _made(graph, kind, f"{name_of(network)}: {PASSES[order]}", depth, fold)
    _out(made, kind, output, f"{len(graph.vertices):,} vertices, {len(graph.edges):,} edges")


def _out(made: Any, kind: str, output: Path | None, what: str) -> None:
    """Print it, or write the file and say so."""
    if output is None:
        click.echo(made, nl=kind == "text")
        return
    from autocnn.graph.store import write_whole

    write_whole(output, made.encode() if isinstance(made, str) else made)
    click.echo(f"{output}: {what}")


def _flow(names: list[str], size: str | None, depth: int | None, blocks: int | None) -> Any:
    """The picture of the gradient of a batch of noise, with labels drawn by chance, through new models."""
    from autocnn import manual_seed, ops
    from autocnn.inspect import draw_flow
    from autocnn.viz.flow.picture import BLOCKS

    manual_seed(0)
    shape = shape_of("graph", model_of(names[0]), size)
    x = ops.randn(shape if size else (IMAGES, *shape[1:]))
    networks = {}
    for name in names:
        manual_seed(1)  # twins begin with the same parameters
        networks[name] = model_of(name)
    with blaming(names[0]):
        scores = networks[names[0]](x).shape
        if len(scores) != 2:
            raise UsageError(f"graph: --flow needs scores (N, classes); {names[0]} gives {tuple(scores)}")
        y = ops.randint(scores[1], (x.shape[0],))
        title = f"The gradient of {x.shape[0]} random images"
        chosen = networks if len(names) > 1 else networks[names[0]]
        return draw_flow(chosen, x, y, title=title, depth=depth, blocks=blocks or BLOCKS)


def _made(graph: Graph, kind: str, title: str, depth: int | None, fold: bool) -> Any:
    """The content of the file."""
    from autocnn.graph import listing, to_json, to_onnx

    if kind == "onnx":
        return to_onnx(graph)
    if kind in ("json", "text"):
        shown = _collapsed(graph, depth, fold)
        return to_json(shown) if kind == "json" else listing(shown)
    from autocnn import viz

    if kind == "html":
        return viz.html(graph, title=title)
    if fold and depth is None:
        graph, fold = _collapsed(graph, depth, fold), False
    picture = viz.draw(graph, title=title, depth=depth, repeats=fold)
    return getattr(picture, kind)


def _collapsed(graph: Graph, depth: int | None, fold: bool) -> Graph:
    from autocnn.graph.transform import collapse, readable

    if depth is not None:
        return collapse(graph, depth, repeats=fold)
    return readable(graph) if fold else graph


def _kind(kind: str | None, output: Path | None) -> str:
    """What to write: as said, or as the file's name says; the file has a folder to go to."""
    if output is None:
        if kind in BINARY:
            raise UsageError(f"graph: --format is {kind}, which is not for a terminal; name a file with -o")
        return kind or "text"
    if kind is None and output.suffix.lower() not in SUFFIXES:
        raise UsageError(
            f"graph: --output is {str(output)!r}; its name must end in {', '.join(SUFFIXES)}, "
            "or --format say what it is"
        )
    if not output.parent.is_dir():
        raise UsageError(f"graph: --output is {str(output)!r}; the folder {output.parent} is not there")
    return kind or SUFFIXES[output.suffix.lower()]
