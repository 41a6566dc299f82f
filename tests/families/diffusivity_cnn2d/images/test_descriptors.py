"""Descriptors: known images have known numbers, and no size."""

from __future__ import annotations

import numpy as np
import pytest

from matops.families.diffusivity_cnn2d.images.descriptors import (
    AXIS_DESCRIPTORS,
    DESCRIPTORS,
    axis_descriptors,
    describe,
)
from matops.families.diffusivity_cnn2d.images.pore_image import PoreImage


def named(pores: np.ndarray) -> dict[str, float]:
    return dict(zip(AXIS_DESCRIPTORS, axis_descriptors(pores).tolist(), strict=True))


def test_channel() -> None:
    pores = np.zeros((64, 128), dtype=bool)
    pores[16:32] = True
    numbers = named(pores)
    for name in (
        "porosity",
        "spanning porosity",
        "narrowest column",
        "columns in series",
        "open rows",
    ):
        assert numbers[name] == pytest.approx(0.25)
    assert numbers["shortest tortuosity"] == numbers["mean tortuosity"] == pytest.approx(1.0)
    assert numbers["radius of the bottleneck"] == pytest.approx(8.0)
    assert numbers["perimeter a pixel"] == pytest.approx(2 / 64)
    assert numbers["perimeter across the flux a pixel"] == 0.0
    assert numbers["reachable share"] == 1.0


def test_a_way_round_is_longer() -> None:
    pores = np.ones((128, 128), dtype=bool)
    pores[:96, 64] = False
    numbers = named(pores)
    assert numbers["shortest tortuosity"] == pytest.approx(1.0)
    assert numbers["mean tortuosity"] > 1.2
    assert numbers["narrowest column"] == 0.25
    assert numbers["radius of the bottleneck"] == pytest.approx(16, abs=1)


def test_what_no_pore_spans_has_numbers_too() -> None:
    pores = np.ones((32, 32), dtype=bool)
    pores[:, 20] = False
    numbers = named(pores)
    assert np.isfinite(list(numbers.values())).all()
    assert numbers["spanning porosity"] == numbers["shortest tortuosity"] == 0.0
    assert numbers["reachable share"] == pytest.approx(20 / 31)
    assert np.isfinite(axis_descriptors(np.zeros((32, 32), dtype=bool))).all()


def test_the_domain_looks_at_both_axes_and_knows_no_size() -> None:
    tile = np.ones((32, 32), dtype=bool)
    tile[8:20, 4:28] = False
    both = describe([PoreImage(tile), PoreImage(np.tile(tile, (4, 4)))])
    assert both.vectors.shape == (2, len(DESCRIPTORS))
    assert both.vectors[0, :2] == pytest.approx(both.vectors[1, :2], abs=0.01)
    turned = describe([PoreImage(tile.T)]).vectors[0]
    assert turned[:4] == pytest.approx(both.vectors[0, :4])
    assert turned[4:9] == pytest.approx(both.vectors[0, 9:])
