"""Lineage: from a model to its data and their sources, and from a record to the models it is in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from matops.artifacts.dataset_origins import (
    FoundRecord,
    PartOrigins,
    count_origins,
    find_record,
)
from matops.artifacts.package import read_card, read_config
from matops.core.card import Card
from matops.core.errors import BadInput
from matops.core.family import Family
from matops.core.split import Part, assign_part
from matops.families import get_family
from matops.steps.ports import DatasetStore, PackageStore


@dataclass(frozen=True)
class ModelLineage:
    """What a model was made of.

    Attributes:
        package: its directory.
        card: its card, which names starts, champion and data.
        parts: parts of its data, with the sources of their rows.
        missing: why the parts can't be shown; empty if they can.
    """

    package: Path
    card: Card
    parts: tuple[PartOrigins, ...]
    missing: str


@dataclass(frozen=True)
class RecordInModel:
    """A record as a model knows it.

    Attributes:
        family: family of the model.
        model: its version.
        data: its dataset version.
        place: part of the split that the record fell to.
        record: the record.
    """

    family: str
    model: str
    data: str
    place: Part
    record: FoundRecord


@dataclass(frozen=True)
class RecordLineage:
    """Where a record is.

    Attributes:
        models: the models whose data hold it, oldest first.
        unknown: models of which nobody can say, with the reason.
    """

    models: tuple[RecordInModel, ...]
    unknown: tuple[tuple[str, str], ...]


def trace_model(package: Path, store: DatasetStore) -> ModelLineage:
    """From a package to the sources of its rows.

    Raises:
        BadInput: the package has no readable card.
    """
    card = read_card(package)
    try:
        data = store.open(get_family(card.family), card.data.version)
    except BadInput as error:
        return ModelLineage(package, card, (), str(error))
    return ModelLineage(package, card, count_origins(data.directory), "")


def trace_record(package: Path, identity: str, store: DatasetStore) -> RecordInModel | None:
    """A record of a package's data down to its source; None if they don't hold it.

    Raises:
        BadInput: the package has no readable card, or its data can't be had.
    """
    card = read_card(package)
    family = get_family(card.family)
    data = store.open(family, card.data.version)
    record = find_record(data.directory, identity, family.targets)
    if record is None:
        return None
    place = assign_part(record.group, read_config(family, card).split)
    return RecordInModel(family.name, card.version, data.version, place, record)


def models_with_record(
    families: Sequence[Family], identity: str, packages: PackageStore, store: DatasetStore
) -> RecordLineage:
    """All released models whose data hold a record."""
    models, unknown = [], []
    for package in _released(families, packages):
        try:
            found = trace_record(package, identity, store)
        except BadInput as error:
            unknown.append((package.name, str(error)))
        else:
            models += [found] if found else []
    return RecordLineage(tuple(models), tuple(unknown))


def _released(families: Sequence[Family], packages: PackageStore) -> Iterator[Path]:
    for family in families:
        yield from packages.released(family)
