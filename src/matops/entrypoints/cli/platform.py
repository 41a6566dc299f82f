"""Commands on a cluster: ``matops platform``."""

import typer

from matops.entrypoints.cli import pipelines

app = typer.Typer(
    name="platform",
    help="matops on a cluster with Kubeflow Pipelines and KServe.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)
for command in pipelines.COMMANDS:
    app.command()(command)
