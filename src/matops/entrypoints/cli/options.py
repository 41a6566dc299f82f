"""Arguments and options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from matops.entrypoints.cli.checks import (
    field_values,
    known_family,
    model_address,
    package_directory,
)

FamilyName = Annotated[
    str, typer.Argument(help="A family; see: matops families", callback=known_family)
]
FamilyOrAll = Annotated[
    str | None,
    typer.Argument(
        help="A family; without one, all that it can be done for", callback=known_family
    ),
]
FamilyOption = Annotated[
    str,
    typer.Option("--family", "-f", help="A family; see: matops families", callback=known_family),
]
AnyPackage = Annotated[
    Path, typer.Argument(help="Directory of a model package", callback=package_directory)
]
Out = Annotated[
    Path | None, typer.Option(help="Directory of the result; default: in the workspace")
]
Source = Annotated[
    str, typer.Option(help="Ingest this first: 'simulation' or a path; default: nothing")
]
Preset = Annotated[
    str, typer.Option(help="Configuration: demo (small, minutes), full (the real thing), or a file")
]
Changes = Annotated[
    list[str],
    typer.Option(
        "--set",
        help="Change a field of the preset, as in --set training.epochs=50; repeatable",
        callback=field_values,
    ),
]
Split = Annotated[
    str,
    typer.Option(
        "--split",
        help="Your own split: CSV or JSON with id (or group) and part, here or on s3://; "
        "matops data split prints one",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object for programs")]
Package = Annotated[
    str,
    typer.Argument(
        help="Directory of a model package, its address on S3, or the URL of a running server",
        callback=model_address,
    ),
]
Files = Annotated[list[Path], typer.Argument(help="Files, one sample each", show_default=False)]
InitFrom = Annotated[
    str,
    typer.Option(
        help="Start from this package's weights: its directory, or a version in the workspace"
    ),
]
