"""Commands on a cluster: ``matops platform``."""

from pathlib import Path
from typing import Annotated

import typer

from matops.entrypoints.cli.options import Json
from matops.entrypoints.cli.output import print_json, print_line
from matops.entrypoints.cli.pipelines import runs

app = typer.Typer(
    name="platform",
    help="matops on a cluster with Kubeflow Pipelines and KServe.",
    no_args_is_help=True,
)
for command in (runs.upload, runs.run, runs.retry, runs.schedule, runs.status):
    app.command()(command)


@app.command()
def check(
    manifests: Annotated[Path, typer.Argument(help="What kubectl kustomize printed")],
    as_json: Json = False,
) -> None:
    """Say what the cluster lacks for these objects, a line each; nothing is changed there.

    The exit status is 1 if it lacks anything.
    """
    from matops.entrypoints.pipelines.platform_check import missing_prerequisites

    missing = missing_prerequisites(manifests)
    if as_json:
        print_json({"lacks": missing})
    else:
        for line in missing:
            print_line(f"lacks: {line}")
        if not missing:
            print_line("the cluster has everything that is needed")
    if missing:
        raise typer.Exit(1)
