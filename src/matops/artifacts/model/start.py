"""A package as the start of another model."""

from dataclasses import asdict
from pathlib import Path

from matops.artifacts.model.package import load_predictor, read_card
from matops.core.errors import BadInput
from matops.core.family import Family, FamilyConfig
from matops.core.learning.transfer import Ancestor, Start, refuse_leak


def read_start(package: Path, family: Family, config: FamilyConfig) -> Start:
    """Weights and lineage of a package, for a model of this configuration.

    Raises:
        BadInput: the package is damaged or of another family, or its training groups may be among
            the test groups of the new model.
    """
    card = read_card(package)
    if card.family != family.name:
        raise BadInput(f"{package}: a model of {card.family}, not of {family.name}")
    predictor, transfer = load_predictor(package), config.training.transfer
    refuse_leak(asdict(predictor.config.split), asdict(config.split), transfer)
    parent = Ancestor(card.version, card.data.version, transfer.mode, transfer.disjoint_data)
    weights = tuple(network.state_dict() for network in predictor.ensemble.networks)
    return Start(weights, (parent, *card.lineage))
