"""The command `mechgap`: finds the command, and turns errors into messages and exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import typer

from ..errors import MechgapError
from . import (
    certify,
    compare,
    compile,
    diff,
    explain,
    export,
    lineup,
    list,
    measure,
    parity,
    robustness,
    run,
    selftest,
    show,
    stock,
    study,
    trace,
    train,
    verify,
)
from .data import data
from .output import tell_interruption, tell_mistake, tell_usage
from .zoo import zoo

FAILED, MISUSED, INTERRUPTED = 1, 2, 130

app = typer.Typer(
    name="mechgap",
    help="Write a graph algorithm, compile it into exact network weights, train the same network, "
    "and measure the gap. Programs are named (bfs) or given as path/to/file.py:name.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("list")(list.list_tasks)
app.command("show")(show.show)
app.command("trace")(trace.trace)
app.command("compile")(compile.compile)
app.command("certify")(certify.certify)
app.command("verify")(verify.verify)
app.command("robustness")(robustness.robustness)
app.command("explain")(explain.explain)
app.command("diff")(diff.diff)
app.command("parity")(parity.parity)
app.command("train")(train.train)
app.command("measure")(measure.measure)
app.command("selftest")(selftest.selftest)
app.command("lineup")(lineup.lineup)
app.command("run")(run.run)
app.command("study")(study.study)
app.command("compare")(compare.compare)
app.command("export")(export.export)
app.command("stock")(stock.stock)
app.add_typer(data, name="data")
app.add_typer(zoo, name="zoo")


@app.callback(invoke_without_command=True)
def version(
    show_version: bool = typer.Option(False, "--version", help="Print the version and stop."),
) -> None:
    """Options of all commands."""
    if show_version:
        from .. import __version__

        print(f"mechgap {__version__}")
        raise typer.Exit


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and leave the process: 0 well, 1 a fault or a difference, 2 misuse, 130 Ctrl-C."""
    # Most tensors are small: a second thread that waits on a busy machine costs far more than it saves.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    given = sys.argv[1:] if arguments is None else [*arguments]
    sys.exit(_run(given))


def _run(given: Sequence[str]) -> int:
    as_json = "--json" in given
    try:
        code = app([*given], prog_name="mechgap", standalone_mode=False)
        sys.stdout.flush()
    except MechgapError as error:
        tell_mistake(error, as_json)
        return FAILED
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except BrokenPipeError:
        # The reader has gone; what is still in the buffer must not raise again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        tell_usage(error, as_json)
        return MISUSED
    if code == INTERRUPTED:  # what typer makes of Ctrl-C
        tell_interruption(as_json)
    return code if isinstance(code, int) else 0
