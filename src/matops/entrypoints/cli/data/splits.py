"""The command that prints how the data are divided: ``matops data split``."""

import csv
import sys
from typing import Annotated

import typer

from matops.entrypoints.cli.options import Changes, FamilyName, Preset


def split(
    family: FamilyName,
    preset: Preset = "full",
    changes: Changes = [],  # noqa: B006
    folds: Annotated[
        int, typer.Option(min=0, help="Deal the groups to so many folds, too; default: none")
    ] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the folds")] = 0,
) -> None:
    """Print the part of each record as CSV: id, part, group, origin; to change, and to give back.

    matops run, train and study take it with --split. It holds for the records that are there now:
    of records that come later, it says nothing.
    """
    from matops.artifacts.configuration import resolve_config
    from matops.artifacts.data.dataset import read_records
    from matops.core.data.split import assign_part, grouped_folds
    from matops.entrypoints.configuration import preset_and_changes
    from matops.entrypoints.data.ingestion import current_data
    from matops.families import get_family

    chosen = get_family(family)
    config = resolve_config(chosen, *preset_and_changes(family, preset, changes)).split
    directory = current_data(chosen).directory
    records = sorted(read_records(directory, chosen.targets), key=lambda record: record.id)
    groups = [record.group for record in records]
    fold_of = grouped_folds(groups, folds, seed).tolist() if folds else []
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(["id", "part", *(["fold"] if folds else []), "group", "origin"])
    for number, record in enumerate(records):
        part = assign_part(record.group, config)
        fold = fold_of[number : number + 1]
        table.writerow([record.id, part, *fold, record.group, record.provenance.origin])
