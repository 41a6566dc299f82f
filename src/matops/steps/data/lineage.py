"""Lineage: from a model to its data and their sources, and from a record to the models it is in."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matops.artifacts.data import dataset_origins as origins
from matops.artifacts.data.dataset_origins import FoundRecord, PartOrigins
from matops.artifacts.model.package import read_card, read_config
from matops.core.data.split import Part, assign_part
from matops.core.errors import BadInput
from matops.core.family import Family
from matops.core.quality.card import Card
from matops.families import get_family
from matops.steps.ports import DatasetStore, PackageStore


@dataclass(frozen=True)
class ModelLineage:
    """What a model was made of."""

    package: Path
    card: Card  # its card, which names starts, champion and data
    parts: tuple[PartOrigins, ...]  # parts of its data, with the sources of their rows
    missing: str  # why the parts can't be shown; empty if they can


@dataclass(frozen=True)
class RecordInModel:
    """Where a model's data hold a record."""

    family: str
    model: str
    data: str  # its dataset version
    part: str  # file name of the part
    # part of the split, which the record fell to; None where a user's own split decided
    place: Part | None


@dataclass(frozen=True)
class RecordLineage:
    """Where a record comes from and where it went."""

    id: str
    record: FoundRecord | None  # the record down to its source; None if nothing here holds it
    published: str  # dataset version published now that holds it; empty for none
    models: tuple[RecordInModel, ...]  # the models whose data hold it, oldest first
    unknown: tuple[tuple[str, str], ...]  # data of which nobody can say, with the reason


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
    return ModelLineage(package, card, origins.count_origins(data.directory), "")


def trace_record(package: Path, identity: str, store: DatasetStore) -> RecordLineage:
    """A record of one package's data down to its source.

    Raises:
        BadInput: the package has no readable card, its data can't be had or hold no such record.
    """
    holding = _in_model(package, identity, store)
    if holding is None:
        raise BadInput(f"{package}: its data hold no record {identity}")
    record, model = holding
    return RecordLineage(identity, record, "", (model,), ())


def find_everywhere(
    families: Sequence[Family], identity: str, packages: PackageStore, store: DatasetStore
) -> RecordLineage:
    """A record in the published data, and in the data of all released models."""
    record, published, models, unknown = None, "", [], []
    for family in families:
        try:
            data = store.checkout(family)
            own = origins.find_record(data.directory, identity, family.targets) if data else None
        except BadInput as error:
            unknown.append((f"published data of {family.name}", str(error)))
        else:
            record, published = (own, data.version) if data and own else (record, published)
        for package in packages.released(family):
            try:
                holding = _in_model(package, identity, store)
            except BadInput as error:
                unknown.append((f"model {package.name}", str(error)))
            else:
                record = record or (holding[0] if holding else None)
                models += [holding[1]] if holding else []
    return RecordLineage(identity, record, published, tuple(models), tuple(unknown))


def _in_model(
    package: Path, identity: str, store: DatasetStore
) -> tuple[FoundRecord, RecordInModel] | None:
    card = read_card(package)
    family = get_family(card.family)
    data = store.open(family, card.data.version)
    record = origins.find_record(data.directory, identity, family.targets)
    if record is None:
        return None
    split = read_config(family, card).split
    place = None if split.file else assign_part(record.group, split)
    model = RecordInModel(family.name, card.version, data.version, record.part, place)
    return record, model
