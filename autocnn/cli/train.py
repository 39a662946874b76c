"""`autocnn train MODEL --data SET --out RUN`: train, and leave a folder that says everything about it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from autocnn.cli.words import check_folder, words_of
from autocnn.errors import UsageError

if TYPE_CHECKING:
    from autocnn.train.prepare import Parts
    from autocnn.train.recipes import Settings
    from autocnn.train.run import Run


@click.command()
@click.argument("model", required=False)
@click.option("--data", metavar="NAME", help="digits, mnist, fashion-mnist, cifar10, or another data set.")
@click.option("--data-dir", metavar="DIR", help="Folder with its files; else AUTOCNN_DATA, else the cache.")
@click.option("--download", is_flag=True, help="Fetch its files first, where they are not there.")
@click.option("--out", metavar="RUN", type=click.Path(path_type=Path), help="Folder for all that is made.")
@click.option("--epochs", type=int, metavar="N", help="Passes over the training images.")
@click.option("--seed", type=int, metavar="S", help="Weights, order and augmentation follow from it; else 0.")
@click.option("--batch-size", type=int, metavar="N", help="Images in a step.")
@click.option("--optimizer", metavar="sgd|adam", help="How weights move; else sgd, with momentum.")
@click.option("--lr", type=float, metavar="RATE", help="The highest learning rate of the cycle.")
@click.option("--device", metavar="cpu|cuda", help="Where to train; else cpu.")
@click.option("--resume", metavar="RUN", type=click.Path(path_type=Path), help="Go on with a run.")
@click.option("--force", is_flag=True, help="Replace the run that the folder holds.")
def command(resume: Path | None, out: Path | None, force: bool, download: bool, **given: Any) -> int:
    """Train MODEL, such as lenet5, resnet20 or plain20, on a data set.

    What is not given is chosen to suit the data set. RUN then holds weights.safetensors, history.json,
    settings.json, curve.png, and forward.svg and backward.svg: the graphs of one step. Ctrl-C leaves a
    checkpoint, from which --resume RUN goes on, to weights that are the same to the bit.
    """
    from autocnn.train.run import check_vacant, create, reopen

    if resume is None:
        settings = _settings(**given)
        if out is None:
            raise UsageError("train: --out is missing; say in which folder the run is kept, or --resume one")
        check_folder("train", out)
        check_vacant(out, force=force)
        parts = _prepare(settings, download)
        return _train(create(out, settings, force=force), parts)
    run = reopen(resume)
    if out is not None and out.resolve() != resume.resolve():
        raise UsageError(f"train: --out is {out}, but {resume} is resumed; a run stays in its folder")
    _check_same(run, given)
    if run.finished:
        click.echo(_result(run))
        return 0
    settings = run.settings
    if given["data_dir"] is not None:
        settings = settings.with_data_in(given["data_dir"])
    return _train(run, _prepare(settings, download))


def _settings(model: str | None, data: str | None, data_dir: str | None, **chosen: Any) -> Settings:
    """The settings of a new run."""
    from autocnn.train.recipes import settings

    if model is None:
        raise UsageError(
            "train: the model is missing; name one, as in: autocnn train lenet5 --data digits --out run"
        )
    if ".py" in model:
        raise UsageError(
            f"train: MODEL is {model!r}; it is a name, such as lenet5. A network of your own is trained in "
            "Python, by train.Trainer"
        )
    if data is None:
        raise UsageError("train: --data is missing; name a data set, such as --data digits, or --resume a run")
    with words_of("train"):
        return settings(model, data, data_dir, **chosen)


def _check_same(run: Run, given: dict[str, Any]) -> None:
    """A run that goes on keeps its settings: what is said again must be the same."""
    from autocnn.train.recipes import settings

    said = {name: value for name, value in given.items() if value is not None and name != "data_dir"}
    begun = vars(run.settings)
    with words_of("train"):
        again = vars(settings(**{**begun, **said}))
    for name in said:
        if again[name] != begun[name]:
            raise UsageError(
                f"train: {_called(name)} is {said[name]}, but the run in {run.folder} was begun with "
                f"{begun[name]}; a resumed run keeps its settings. Leave it out, or begin another run with --out"
            )


def _called(name: str) -> str:
    return "MODEL" if name == "model" else f"--{name.replace('_', '-')}"


def _prepare(settings: Settings, download: bool) -> Parts:
    from autocnn.cli.fetching import shown
    from autocnn.train.prepare import prepare

    with words_of("train"), shown() as progress:
        return prepare(settings, download=download, progress=progress)


def _train(run: Run, parts: Parts) -> int:
    """Train, with a progress bar; returns the exit code."""
    from autocnn.train import Interrupted, ProgressBar
    from autocnn.train.run import CHECKPOINT

    click.echo(_introduction(run, parts), err=True)
    go_on = f"go on with: autocnn train --resume {run.folder}"
    try:
        run.train(parts, [ProgressBar(run.settings.epochs, checked="test")])
    except Interrupted:
        where = f"epoch {min(parts.trainer.epochs + 1, run.settings.epochs)}, step {parts.trainer.steps:,}"
        click.echo(f"autocnn: interrupted in {where}; {go_on}", err=True)
        return 130
    except KeyboardInterrupt:
        kept = "the last checkpoint is kept" if CHECKPOINT in run.files() else "there is no checkpoint yet"
        click.echo(f"autocnn: stopped at once, {kept}; {go_on}", err=True)
        return 130
    for complaint in run.lost:
        click.echo(f"autocnn: {complaint}", err=True)
    click.echo(_result(run))
    return 0


def _introduction(run: Run, parts: Parts) -> str:
    made, size = run.settings, sum(p.array.size for p in parts.trainer.model.parameters())
    return (
        f"{made.model} ({size:,} parameters) on {made.data}: {len(parts.images):,} training images, "
        f"{len(parts.test):,} for the test; {_some(made.epochs, 'epoch')} of {_some(len(parts.loader), 'step')}, "
        f"{made.optimizer}, highest learning rate {made.lr:g}, seed {made.seed}"
    )


def _result(run: Run) -> str:
    epochs = run.history().epochs
    share = epochs[-1].validation_accuracy if epochs else None
    score = "" if share is None else f"; test accuracy {share:.2%}"
    return f"{run.folder}: {_some(len(epochs), 'epoch')}{score}; {', '.join(run.files())}"


def _some(count: int, what: str) -> str:
    """A number of things.

    >>> _some(1, "epoch"), _some(1200, "step")
    ('1 epoch', '1,200 steps')
    """
    return f"{count:,} {what}{'s' * (count != 1)}"
