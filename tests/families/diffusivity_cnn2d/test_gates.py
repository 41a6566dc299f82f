"""Physics of the gates: what is measured of right answers, and of wrong ones."""

from __future__ import annotations

import numpy as np
import pytest

from matops.families.diffusivity_cnn2d.config import PRESETS
from matops.families.diffusivity_cnn2d.gates import (
    derive_diffusivity,
    measure_physics,
    opened,
    walled,
)
from matops.families.diffusivity_cnn2d.images.pore_image import parse_image
from matops.simulators.porous_media.connectivity import spanning_pores
from tests.families.diffusivity_cnn2d.judged import LAWFUL, SAMPLES


def predict(payloads: list, axis: str = "sample") -> np.ndarray:
    table: np.ndarray = LAWFUL.model.answer([parse_image(payload) for payload in payloads])[axis]
    return table


def test_finite_volumes_obey_all_of_it() -> None:
    measured = measure_physics(predict, LAWFUL.payloads, PRESETS["full"])
    assert measured["physics.leaking"].value == 0.0
    assert measured["physics.bound_excess_share"].value == 0.0
    assert measured["physics.lowered_share"].value == 0.0
    assert measured["physics.upscaled"].value < 0.03
    assert measured["invariance.transposition"].value == pytest.approx(0.0, abs=1e-9)
    assert measured["invariance.mirror"].value == pytest.approx(0.0, abs=1e-6)


def test_opened_pores_are_more_pores_along_the_walls() -> None:
    for sample in SAMPLES:
        wider = opened(sample.pores)
        added = wider & ~sample.pores
        assert not (sample.pores & ~wider).any()
        assert added.mean() >= 0.02
        assert not added[:, :-1][~sample.pores[:, 1:] & ~sample.pores[:, :-1]].all()
    assert opened(np.ones((16, 16), dtype=bool)).all()


def test_walls_block_both_axes() -> None:
    for pores in walled([sample.pores for sample in SAMPLES]):
        assert not spanning_pores(pores, 0).any()
        assert not spanning_pores(pores, 1).any()


def test_mean_and_anisotropy() -> None:
    derived = derive_diffusivity({"D_x": 0.3, "D_y": 0.1})
    assert derived["mean_diffusivity"] == pytest.approx(0.2)
    assert derived["relative_anisotropy"] == pytest.approx(1.0)
    assert derive_diffusivity({"D_x": 0.0, "D_y": 0.0})["relative_anisotropy"] == 0.0
