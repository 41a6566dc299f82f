"""Commands that answer requests."""

import sys
from contextlib import closing
from dataclasses import asdict
from functools import partial
from typing import Annotated

import typer

from matops.entrypoints.cli.checks import field_values, free_port
from matops.entrypoints.cli.options import AnyPackage, Files, Json, Package
from matops.entrypoints.cli.output import print_json, print_refusals, print_table


def serve(
    package: AnyPackage,
    port: Annotated[int, typer.Option(help="HTTP port", callback=free_port)] = 8080,
    grpc_port: Annotated[
        int | None, typer.Option(help="gRPC port; none by default", callback=free_port)
    ] = None,
    variant: Annotated[
        str, typer.Option(help="Name of this copy in the metrics, as an arm of a release has one")
    ] = "local",
    processes: Annotated[
        int, typer.Option(min=1, help="Processes that compute, beside the one that listens")
    ] = 1,
    keep_requests: Annotated[
        int, typer.Option(min=0, help="Recent requests to keep, for comparisons in a release")
    ] = 0,
    limit: Annotated[
        list[str],
        typer.Option(
            help="Change a limit, as in --limit samples=64; repeatable", callback=field_values
        ),
    ] = [],  # noqa: B006
) -> None:
    """Serve a package with KServe: V1 and Open Inference (V2) protocols, until told to end.

    The package's golden requests are re-run before the server answers anything. On SIGTERM it
    stops being ready, finishes what it has accepted and ends with 0. See docs/serving.md.
    """
    from matops.adapters.serving.limits import Limits
    from matops.artifacts.configuration import change_fields
    from matops.entrypoints.configuration import parse_changes

    limits = change_fields(Limits(), parse_changes(limit), "limits")
    from matops.adapters.serving.batches.computing import Computing
    from matops.adapters.serving.served import Served
    from matops.artifacts.model.package import load_checked, read_card
    from matops.entrypoints.packages import check_trusted
    from matops.entrypoints.settings import read_settings

    served = Served.of(read_card(check_trusted(package)), variant)
    with closing(Computing(partial(load_checked, package), limits, processes)) as computing:
        from matops.adapters.serving.server import Ports, Running
        from matops.adapters.serving.server import serve as start

        token = read_settings().comparison_token.get_secret_value()
        start(served, computing, Running(Ports(port, grpc_port), limits, keep_requests, token))


def predict(
    package: Package,
    files: Files,
    species: Annotated[
        str,
        typer.Option(help="Chemical symbol of each atom type in order, where files don't say it"),
    ] = "",
    as_json: Json = False,
) -> None:
    """Predict properties of samples in files, with intervals and domain of applicability.

    A file that can't be used is named with its reason; the others are answered, and the exit
    status is 2. Samples of a JSON list are numbered, as in samples.json[0].
    """
    from matops.entrypoints.serving.asking import ask_about_files

    answers, refused = ask_about_files(package, files, species.replace(",", " ").split())
    print_refusals(refused)
    if as_json:
        print_json({name: asdict(prediction) for name, prediction in answers.items()})
    elif answers:
        from matops.entrypoints.serving.answers_table import prediction_table

        print_table(prediction_table(answers))
        promised = {one.coverage for one in answers.values()}
        said = [f"intervals cover {c:.0%}" for c in promised if c is not None]
        said += ["nothing is promised out of domain"] if None in promised else []
        version = next(iter(answers.values())).model_version
        print(f"{'; '.join(said)}; model {version}", file=sys.stderr)
    if refused:
        raise typer.Exit(2)
