"""The command `autocnn`: its commands, each loaded when it is called, and what a mistake looks like."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Sequence

import click

from autocnn.errors import AutocnnError

COMMANDS = {
    "train": "Train a model on a data set.",
    "graph": "Draw the compute graph of a model.",
    "study": "Show how much gradient reaches each block, without and with skip connections.",
    "compare": "Set two studies side by side on one page.",
    "summary": "List a model's layers: shapes, parameters, work and memory.",
    "info": "Say what AutoCNN runs on and with, and which optional parts serve.",
}
"""Each command is `autocnn.cli.NAME.command`."""


class _Commands(click.Group):
    """Commands that are imported when they are called, so that `autocnn --help` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"autocnn.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Names and one line each, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="autocnn", message="%(version)s")
def autocnn() -> None:
    """Train convolutional networks, see the graph that training runs, study how gradients flow through it.

    A mistake is one sentence; --debug, anywhere on the line, shows where it came from.
    """


def run(arguments: Sequence[str] | None) -> int:
    """Run a command line and return its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    words = [argument for argument in given if argument != "--debug"] or ["--help"]
    try:
        answer = autocnn.main(words, prog_name="autocnn", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, `head` say, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (KeyboardInterrupt, click.Abort):
        click.echo("autocnn: interrupted", err=True)
        return 130
    except Exception as error:
        if debug:
            traceback.print_exc()
        else:
            click.echo(f"autocnn: {_sentence(error)}", err=True)
        return 2 if isinstance(error, _MISTAKES) else 1
    return answer if isinstance(answer, int) else 0


_MISTAKES = (AutocnnError, click.ClickException, OSError, MemoryError)


def _sentence(error: Exception) -> str:
    """What went wrong, on one line."""
    if isinstance(error, click.UsageError):
        place = error.ctx.command_path if error.ctx is not None else "autocnn"
        text = f"{error.format_message().rstrip('.')}; see {place} --help"
    elif isinstance(error, click.ClickException):
        text = error.format_message()
    elif isinstance(error, AutocnnError):
        text = str(error)
    elif isinstance(error, OSError):
        reason = error.strerror or str(error)
        text = f"{os.fsdecode(error.filename)}: {reason}" if error.filename else reason
    elif isinstance(error, MemoryError):
        text = f"not enough memory ({error}); choose smaller sizes" if str(error) else "not enough memory"
    else:
        text = f"{type(error).__name__}: {error}; this is a fault in autocnn, --debug shows where"
    return " ".join(text.split())
