"""The command line: ``matops``.

Commands import what they need when they run, so that ``--help`` answers at once.
"""

import sys
from typing import Annotated, NoReturn

import typer

from matops.core.errors import BadInput
from matops.entrypoints.cli.data import versions
from matops.entrypoints.cli.data.ingest import families, ingest
from matops.entrypoints.cli.data.lineage import lineage
from matops.entrypoints.cli.exploring.screening import screen
from matops.entrypoints.cli.exploring.studies import study
from matops.entrypoints.cli.exploring.tuning import tune
from matops.entrypoints.cli.extras import missing_extra
from matops.entrypoints.cli.learning.models import evaluate, run, train
from matops.entrypoints.cli.output import plain
from matops.entrypoints.cli.pipelines import platform
from matops.entrypoints.cli.pipelines.demo import demo
from matops.entrypoints.cli.release import releases
from matops.entrypoints.cli.release.export import export
from matops.entrypoints.cli.release.monitor import monitor
from matops.entrypoints.cli.release.serving import predict, serve

app = typer.Typer(
    name="matops", no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False
)
MAKING = (families, ingest, run, train, evaluate, lineage, study, tune, screen)
USING = (serve, predict, monitor, export, demo)
for command in (*MAKING, *USING):
    app.command()(command)
for group in (versions.app, releases.app, platform.app):
    app.add_typer(group)


def _print_version(is_asked: bool) -> None:
    if is_asked:
        from matops import __version__

        print(f"matops {__version__}")
        raise typer.Exit


@app.callback()
def about_matops(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version", callback=_print_version, is_eager=True),
    ] = False,
) -> None:
    """From simulations and databases to served models of material properties."""


def main() -> None:
    """Run a command; bad input is one line on standard error and exit status 2.

    So is what the system refuses, as on a full disk or in a directory that is another's.
    """
    try:
        app()
    except BadInput as error:
        _give_up(str(error))
    except ModuleNotFoundError as error:
        _give_up(missing_extra(error))
    except BrokenPipeError:
        raise
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _give_up(f"{where}{error.strerror or error}")


def _give_up(reason: str) -> NoReturn:
    print(f"matops: {plain(reason)}", file=sys.stderr)
    sys.exit(2)


__all__ = ["app", "main"]
