"""`autocnn study`: why gradients vanish, and what a skip connection changes, on real images, as one page."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click


@click.command("study")
@click.argument("model", required=False)
@click.option("--quick", is_flag=True, help="scikit-learn's digits, 120 steps: under two minutes on two cores.")
@click.option("--data", default="digits", show_default=True, help="digits, mnist, fashion-mnist, cifar10 ...")
@click.option("--data-dir", metavar="DIR", help="Folder with its files; else AUTOCNN_DATA, else the cache.")
@click.option("--download", is_flag=True, help="Fetch its files first, where they are not there.")
@click.option(
    "--depth", "depths", default="56", show_default=True, metavar="N[,N...]",
    help="Weight layers, an even number; of several the last is trained, the others measured once.",
)  # fmt: skip
@click.option("--width", default=16, show_default=True, help="Channels of every convolution.")
@click.option("--activation", default="tanh", show_default=True, help="tanh, relu, gelu, sigmoid ...")
@click.option("--init", default="default", show_default=True, help="default, he, lecun, orthogonal ...")
@click.option("--norm", default="none", show_default=True, help="none, batch or layer.")
@click.option("--seeds", type=int, help="How many pairs of twins are trained. [default: 3]")
@click.option("--seed", default=0, show_default=True, help="The first seed: of weights and order of the images.")
@click.option("--steps", type=int, help="Training steps of each network. [default: 120 with --quick, else 600]")
@click.option("--rate", default=0.02, show_default=True, help="Learning rate of SGD with momentum 0.9.")
@click.option("--batch-size", default=64, show_default=True, help="Images in a step.")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("study"), show_default=True, help="Folder to write."
)
@click.pass_context
def command(ctx: click.Context, /, **given: Any) -> int:
    """Train a network without and with skip connections, and show how much gradient reaches each block.

    MODEL is file.py:factory, where factory makes a network with skips; its twin without them is made from its
    graph. Without MODEL a deep network is built as the options say. Both start from the same weights and see the
    same images in the same order. Writes report.html, and the numbers and figures that it shows. Ctrl-C ends the
    training, and writes what has been measured; the exit code is 130 then.
    """
    from rich.console import Console

    from autocnn.cli.study.document import Study
    from autocnn.cli.study.files import make_folder, write
    from autocnn.cli.study.interrupting import stopping
    from autocnn.cli.study.settings import settled
    from autocnn.viz.report import sentence

    settings = settled(ctx, **given)
    console = Console()
    started = time.perf_counter()
    study = Study(settings)
    make_folder(settings.out)
    with stopping() as stop:
        study.measure(console)
        stop.writing = True
        if study.partial:
            console.print("interrupted: writing the report of what has been measured", highlight=False)
        document = study.document(time.perf_counter() - started)
        with console.status("drawing"):
            complaints = write(settings.out, document, study)
    console.print(sentence(document), style="bold", highlight=False)
    for complaint in complaints:
        click.echo(f"autocnn: {complaint}", err=True)
    page = settings.out / "report.html"
    partial = " (partial)" if document["partial"] else ""
    console.print(f"{time.perf_counter() - started:.0f} s; open {page}{partial}", highlight=False)
    return 130 if study.partial else 0
