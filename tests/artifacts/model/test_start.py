"""A package as a start: its weights and its lineage, or a refusal that says why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from matops.artifacts.model.package import GOLDEN, WEIGHTS, load_predictor, read_card
from matops.artifacts.model.start import read_start
from matops.core.data.split import SplitConfig
from matops.core.errors import BadInput
from matops.core.family import Family, FamilyConfig
from matops.core.learning.transfer import Ancestor, TransferConfig
from matops.core.quality.card import Card
from matops.families import get_family

GRAND = Ancestor("grand", "data-0", "head", disjoint_data=True)
GREAT = Ancestor("great", "data-00", "whole", disjoint_data=False)


def with_transfer(config: FamilyConfig, **changes: Any) -> FamilyConfig:
    training = replace(config.training, transfer=TransferConfig(**changes))
    return replace(config, training=training)


def test_weights_are_those_of_the_packed_networks(
    package: Path, family: Family, config: FamilyConfig
) -> None:
    start = read_start(package, family, config)
    networks = load_predictor(package).ensemble.networks
    assert len(start.weights) == len(networks) == 2
    for member, network in enumerate(networks):
        for name, tensor in network.state_dict().items():
            assert torch.equal(start.of_member(member)[name], tensor), name


def test_lineage_is_the_package_and_then_its_own_starts_nearest_first(
    tmp_path: Path, pack: Callable[..., Card], family: Family, config: FamilyConfig
) -> None:
    made = pack(tmp_path / "package", lineage=(GRAND, GREAT))
    asked = with_transfer(config, mode="gradual")
    parent = Ancestor(made.version, "data-1", "gradual", disjoint_data=False)
    assert read_start(tmp_path / "package", family, asked).lineage == (parent, GRAND, GREAT)


def test_a_first_package_is_a_lineage_of_one(
    package: Path, family: Family, config: FamilyConfig
) -> None:
    [only] = read_start(package, family, config).lineage
    assert only == Ancestor(read_card(package).version, "data-1", "whole", disjoint_data=False)


@pytest.mark.parametrize("name", [WEIGHTS, GOLDEN])
def test_a_damaged_package_starts_nothing(
    package: Path, family: Family, config: FamilyConfig, name: str
) -> None:
    content = bytearray((package / name).read_bytes())
    content[-3] ^= 1
    (package / name).write_bytes(content)
    with pytest.raises(BadInput, match=rf"{name}: its SHA-256 is not the one on the card"):
        read_start(package, family, config)


def test_a_directory_without_a_card_starts_nothing(
    tmp_path: Path, family: Family, config: FamilyConfig
) -> None:
    with pytest.raises(BadInput, match="no such file"):
        read_start(tmp_path, family, config)


def test_a_package_of_another_family_is_refused_by_both_names(package: Path) -> None:
    other = get_family("nanoporous_cnn3d")
    with pytest.raises(BadInput, match="of elastic_cgcnn, not of nanoporous_cnn3d"):
        read_start(package, other, other.preset("demo"))


def test_a_package_that_may_have_seen_the_test_groups_is_refused(
    package: Path, family: Family, config: FamilyConfig
) -> None:
    other_draw = replace(config, split=replace(config.split, salt="another"))
    with pytest.raises(BadInput, match="may have been trained on test groups"):
        read_start(package, family, other_draw)
    said = with_transfer(other_draw, disjoint_data=True)
    assert read_start(package, family, said).lineage[0].disjoint_data
    less = SplitConfig(config.split.calibration, config.split.test / 3, config.split.salt)
    read_start(package, family, replace(config, split=less))
