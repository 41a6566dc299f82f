"""The command that writes a package as other programs read it."""

from pathlib import Path
from typing import Annotated

import typer

from matops.entrypoints.cli.options import AnyPackage, Json
from matops.entrypoints.cli.output import plain, print_aside, print_json, print_line


def export(
    package: AnyPackage,
    out: Annotated[Path, typer.Argument(help="Directory of the export, new or empty")],
    licence: Annotated[
        str, typer.Option(help="Licence of the model by its SPDX name, as in CC-BY-4.0")
    ] = "",
    with_data: Annotated[
        bool, typer.Option("--with-data", help="Copy the data that trained it beside the package")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write a package as others read it: Hugging Face model card, RO-Crate, Croissant.

    The package itself lies in it unchanged. MATOPS_AUTHOR is named as who exports it. Where the
    data can't be had there is no Croissant file, and one line says why.
    """
    from matops.entrypoints.release.exporting import export_for_others

    published = export_for_others(package, out, licence, with_data)
    if published.missing_data:
        print_aside(f"no croissant.json: {plain(published.missing_data)}")
    files = sorted(path.name for path in out.iterdir())
    if as_json:
        print_json({"out": out, "files": files, "missing_data": published.missing_data})
    else:
        print_line(f"{out}: {', '.join(files)}")
