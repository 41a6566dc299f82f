"""Commands on a cluster: ``matops platform``."""

from pathlib import Path
from typing import Annotated

import typer

from matops.entrypoints.cli.options import Json
from matops.entrypoints.cli.output import print_json, screen
from matops.entrypoints.cli.pipelines import runs as pipelines

app = typer.Typer(
    name="platform",
    help="matops on a cluster with Kubeflow Pipelines and KServe.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)
for command in pipelines.COMMANDS:
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
            screen.print(f"lacks: {line}", highlight=False, soft_wrap=True, markup=False)
        if not missing:
            screen.print("the cluster has everything that is needed", highlight=False)
    if missing:
        raise typer.Exit(1)
