"""The command that says where a model comes from, and where a record went."""

import re
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from matops.core.errors import BadInput
from matops.entrypoints.cli.options import Json
from matops.entrypoints.cli.output import print_json, screen

RECORD = r"[0-9a-f]{20}"


def _show_model(package: Path, as_json: bool) -> None:
    from matops.entrypoints.data.lineage_text import model_tree
    from matops.entrypoints.settings import read_settings
    from matops.entrypoints.wiring import dataset_store
    from matops.steps.data.lineage import trace_model

    traced = trace_model(package, dataset_store(read_settings()))
    if as_json:
        print_json(asdict(traced))
    else:
        screen.print(model_tree(traced), highlight=False)


def _show_record(identity: str, package: Path | None, as_json: bool) -> None:
    from matops.entrypoints.data.lineage_text import record_tree
    from matops.entrypoints.settings import read_settings
    from matops.entrypoints.wiring import dataset_store, package_store
    from matops.families import family_names, get_family
    from matops.steps.data.lineage import find_everywhere, trace_record

    settings = read_settings()
    store, packages = dataset_store(settings), package_store(settings)
    if package:
        traced = trace_record(package, identity, store)
    else:
        families = [get_family(name) for name in family_names()]
        traced = find_everywhere(families, identity, packages, store)
    if as_json:
        print_json(asdict(traced))
    else:
        screen.print(record_tree(traced), highlight=False)


def lineage(
    named: Annotated[
        str, typer.Argument(help="A package's directory, a version in the workspace, or a record")
    ] = "",
    record: Annotated[
        str, typer.Option(help="A record's id: shown down to its source in this or all models")
    ] = "",
    as_json: Json = False,
) -> None:
    """From a model to its data, their parts and sources; or from a record to its models.

    A model that started from others, or was compared with one, names them and their data.
    """
    from matops.entrypoints.packages import find_package

    package = find_package(named) if named else None
    if package and not record:
        _show_model(package, as_json)
        return
    if named and not package and (record or not re.fullmatch(RECORD, named)):
        raise BadInput(
            f"{named}: neither a package's directory nor a version in the workspace, "
            "and no record's id has this form"
        )
    if not named and not record:
        raise BadInput("name a package, a version, or a record with --record")
    if record and not re.fullmatch(RECORD, record):
        raise BadInput(f"{record}: no record's id has this form")
    _show_record(record or named, package, as_json)


COMMANDS = (lineage,)
