"""The family's studies: every variant is a configuration, and equal keys have equal features."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from matops.artifacts.configuration import resolve_config
from matops.core.exploring.study import Variant
from matops.families import get_family
from matops.families.elastic_cgcnn.studies import ABLATION, STUDIES, TRAINING_SIZE

FAMILY = get_family("elastic_cgcnn")


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.name)
def test_every_variant_is_a_configuration_and_no_two_are_the_same(study: Any) -> None:
    said = [
        (resolve_config(FAMILY, study.preset, variant.changes), variant.train_share)
        for variant in study.variants
    ]
    assert len(set(said)) == len(said)
    assert set(study.shown) <= {target.name for target in FAMILY.targets}


def test_ablation_goes_from_the_published_network_to_the_released_one() -> None:
    by_label = {v.label: resolve_config(FAMILY, "full", v.changes) for v in ABLATION.variants}
    published, released = by_label["as published"], by_label["released"]
    assert not published.graph.whole_shells
    assert (published.training.loss, published.training.members) == ("mse", 1)
    assert not any(
        getattr(published.network, name)
        for name in ("bond_orders", "element_properties", "reduced_lengths", "crystal_state")
    )
    full = FAMILY.preset("full")
    assert released == replace(full, training=replace(full.training, members=1))


def test_training_size_ends_with_all_groups() -> None:
    shares = [variant.train_share for variant in TRAINING_SIZE.variants]
    assert shares == [variant.x for variant in TRAINING_SIZE.variants] == sorted(shares)
    assert not TRAINING_SIZE.variants[-1].draws_groups


def test_equal_feature_keys_have_equal_features_and_the_graph_is_the_key() -> None:
    crystal = {
        "lattice_A": [[3.0, 0.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, 3.0]],
        "species": ["Cu", "Au"],
        "frac_coords": [[0.0, 0.0, 0.0], [0.5, 0.5, 0.5]],
    }
    samples = [FAMILY.parse({"crystal": crystal})]
    released = FAMILY.preset("full")
    for variant in (
        *ABLATION.variants,
        Variant("demo", {"simulation.count": 5, "split.test": 0.3}),
    ):
        config = resolve_config(FAMILY, "full", variant.changes)
        same_key = FAMILY.feature_key(config) == FAMILY.feature_key(released)
        a, b = (FAMILY.featurize(samples, c).flat() for c in (config, released))
        same = all(a[name].shape == b[name].shape and torch.equal(a[name], b[name]) for name in a)
        assert same or not same_key
    assert FAMILY.feature_key(resolve_config(FAMILY, "full", {"graph.neighbours": 8})) != (
        FAMILY.feature_key(released)
    )
