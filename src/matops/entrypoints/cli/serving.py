"""Commands that answer requests."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from matops.entrypoints.cli.options import Files, Json, Package
from matops.entrypoints.cli.output import print_json, print_refusals, screen


def serve(
    package: Annotated[Path, typer.Argument(help="Directory of a model package")],
    port: Annotated[int, typer.Option(help="HTTP port")] = 8080,
    grpc_port: Annotated[int | None, typer.Option(help="gRPC port; none by default")] = None,
) -> None:
    """Serve a package with KServe: V1 and Open Inference (V2) protocols, until interrupted.

    The package's golden requests are re-run before the server answers anything.
    """
    from matops.adapters.kserve_model import serve as start
    from matops.artifacts.package import load_checked

    start(load_checked(package), port, grpc_port)


def predict(package: Package, files: Files, as_json: Json = False) -> None:
    """Predict properties of samples in files, with intervals and domain of applicability.

    A file that can't be used is named with its reason; the others are answered, and the exit
    status is 2.
    """
    from matops.entrypoints.asking import Asker, prediction_table

    answers, refused = Asker(package).ask(files)
    print_refusals(refused)
    if as_json:
        print_json({str(path): asdict(prediction) for path, prediction in answers.items()})
    elif answers:
        screen.print(prediction_table(answers))
        one = next(iter(answers.values()))
        print(f"intervals cover {one.coverage:.0%}; model {one.model_version}", file=sys.stderr)
    if refused:
        raise typer.Exit(2)


COMMANDS = (serve, predict)
