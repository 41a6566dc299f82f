"""Commands on a cluster: ``matops platform``."""

from dataclasses import asdict
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

    The exit status is 1 if it lacks anything. Advice is what works, and not as it should.
    """
    from matops.entrypoints.pipelines.platform_check import check_platform

    found = check_platform(manifests)
    if as_json:
        print_json(asdict(found))
    else:
        for line in found.lacks:
            print_line(f"lacks: {line}")
        if not found.lacks:
            print_line("the cluster has everything that is needed")
        for line in found.advice:
            print_line(f"advice: {line}")
    if found.lacks:
        raise typer.Exit(1)
