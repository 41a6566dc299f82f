"""The command that says where a model comes from, and where a record went."""

import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from matops.core.errors import BadInput
from matops.entrypoints.cli.options import Json
from matops.entrypoints.cli.output import print_json, print_tree

if TYPE_CHECKING:
    from rich.tree import Tree

    from matops.steps.data.lineage import ModelLineage, RecordLineage

RECORD = r"[0-9a-f]{20}"


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
    from matops.entrypoints.data.lineage_text import model_tree, record_tree
    from matops.entrypoints.packages import find_package
    from matops.entrypoints.settings import read_settings
    from matops.entrypoints.wiring import dataset_store, package_store
    from matops.families import family_names, get_family
    from matops.steps.data.lineage import find_everywhere, trace_model, trace_record

    settings = read_settings()
    store, package = dataset_store(settings), find_package(named) if named else None
    if package and not record:
        model = trace_model(package, store)
        _show(model, model_tree(model), as_json)
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
    if package:
        traced = trace_record(package, record, store)
    else:
        families = [get_family(name) for name in family_names()]
        traced = find_everywhere(families, record or named, package_store(settings), store)
    _show(traced, record_tree(traced), as_json)


def _show(traced: "ModelLineage | RecordLineage", tree: "Tree", as_json: bool) -> None:
    if as_json:
        print_json(asdict(traced))
    else:
        print_tree(tree)
