"""Finite volumes: exact cases, bounds, known limits, the same in planes and volumes."""

from __future__ import annotations

import numpy as np
import pytest

from matops.physics.effective_media import (
    hashin_shtrikman_bound,
    rayleigh_square_array,
    series_bound,
)
from matops.simulators.porous_media import diffusion
from matops.simulators.porous_media.diffusion import NotConvergedError, effective_diffusivity
from matops.simulators.porous_media.structures import KINDS, StructureDesign, make_structure


def de(pores: np.ndarray, axis: int = 1) -> float:
    return effective_diffusivity(pores, axis).relative_diffusivity


def rows_open(count: int, edge: int = 64) -> np.ndarray:
    pores = np.zeros((edge, edge), dtype=bool)
    pores[:count] = True
    return pores


@pytest.mark.parametrize("shape", [(1, 7), (16, 9), (5, 6, 7)])
def test_open_grid_diffuses_freely_along_every_axis(shape: tuple[int, ...]) -> None:
    for axis in range(len(shape)):
        assert de(np.ones(shape, dtype=bool), axis) == pytest.approx(1.0, abs=1e-9)


def test_channel_conducts_as_its_share_and_nothing_across() -> None:
    assert de(rows_open(48)) == pytest.approx(0.75, abs=1e-9)
    assert de(rows_open(48), 0) == 0.0
    assert de(rows_open(48).T, 0) == pytest.approx(0.75, abs=1e-9)


def test_wall_and_solid_are_exactly_zero_and_have_no_field() -> None:
    pores = np.ones((20, 20), dtype=bool)
    pores[:, 11] = False
    for grid in (pores, np.zeros((20, 20), dtype=bool)):
        answer = effective_diffusivity(grid, 1)
        assert answer.relative_diffusivity == 0.0
        assert np.isnan(answer.concentration).all()


def test_pores_that_touch_by_corners_only_don_t_conduct() -> None:
    assert de(np.eye(8, dtype=bool)) == 0.0


def test_a_bend_has_the_resistance_of_its_cells() -> None:
    """One pixel wide: half a cell at each face, and one between neighbours."""
    pores = np.zeros((5, 7), dtype=bool)
    pores[1, :4], pores[1:4, 3], pores[3, 3:] = True, True, True
    cells = int(pores.sum())
    assert de(pores) == pytest.approx((7 / 5) / cells, rel=1e-9)


def test_plates_in_a_volume_are_the_plane_s() -> None:
    pores = make_structure(StructureDesign("discs", (24, 24), 0.7, 4.0, seed=(3,)))
    volume = np.repeat(pores[:, None, :], 5, axis=1)
    assert de(volume, 2) == pytest.approx(de(pores), rel=1e-6)


def test_multigrid_and_band_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    pores = make_structure(StructureDesign("gaussian", (48, 48), 0.7, 3.0, seed=(3,)))
    direct = effective_diffusivity(pores, 1)
    monkeypatch.setattr(diffusion, "MOST_BAND_CELLS", 0)
    multigrid = effective_diffusivity(pores, 1)
    assert multigrid.relative_diffusivity == pytest.approx(direct.relative_diffusivity, rel=1e-7)
    assert np.nanmax(np.abs(multigrid.concentration - direct.concentration)) < 1e-6


@pytest.mark.parametrize("band", [0, 2**23])
def test_what_does_not_converge_is_no_label(monkeypatch: pytest.MonkeyPatch, band: int) -> None:
    monkeypatch.setattr(diffusion, "MOST_BAND_CELLS", band)
    monkeypatch.setattr(diffusion, "LARGEST_IMBALANCE", 1e-18)
    monkeypatch.setattr(diffusion, "REFINEMENTS", 1)
    monkeypatch.setattr(diffusion, "CG_ITERATIONS", 1)
    pores = make_structure(StructureDesign("gaussian", (32, 32), 0.7, 3.0, seed=(3,)))
    with pytest.raises(NotConvergedError, match="in and out differ"):
        effective_diffusivity(pores, 1)


@pytest.mark.parametrize("kind", KINDS)
def test_bounds_symmetries_and_a_field_between_its_faces(kind: str) -> None:
    pores = make_structure(StructureDesign(kind, (40, 48), 0.7, 3.0, seed=(5,)))  # type: ignore[arg-type]
    answer = effective_diffusivity(pores, 1)
    value = answer.relative_diffusivity
    assert 0 < value <= series_bound(pores) <= pores.mean()
    assert answer.imbalance < 1e-6
    inside = answer.concentration[~np.isnan(answer.concentration)]
    assert 0 < inside.min() < inside.max() < 1
    assert de(pores[:, ::-1]) == pytest.approx(value, rel=1e-6)
    assert de(pores[::-1]) == pytest.approx(value, rel=1e-6)
    assert de(pores.T, 0) == pytest.approx(value, rel=1e-6)


def test_added_pores_never_lower_it() -> None:
    rng = np.random.default_rng(0)
    pores = make_structure(StructureDesign("quartet", (32, 32), 0.55, 4.0, seed=(8,)))
    before = de(pores)
    for _ in range(5):
        pores = pores | (rng.random(pores.shape) < 0.02)
        after = de(pores)
        assert after >= before - 1e-9
        before = after


def test_isotropic_structures_stay_below_the_bound_of_hashin_and_shtrikman_on_average() -> None:
    designs = [StructureDesign("discs", (64, 64), 0.7, 3.0, seed=(i,)) for i in range(8)]
    images = [make_structure(design) for design in designs]
    mean = np.mean([de(pores, axis) for pores in images for axis in (0, 1)])
    assert mean < hashin_shtrikman_bound(np.mean([p.mean() for p in images]), 2)


def test_square_array_approaches_rayleigh_with_finer_pixels() -> None:
    """Discs of 0.3 of the cell's edge; pixels make them rougher, which costs some per cent."""
    exact = float(rayleigh_square_array(np.pi * 0.3**2))
    assert exact == pytest.approx(0.558, abs=5e-4)
    errors = []
    for edge in (64, 128, 256):
        y, x = (np.mgrid[:edge, :edge] + 0.5) / edge - 0.5
        errors.append(de(x**2 + y**2 >= 0.3**2) / exact - 1)
    assert errors == pytest.approx([-0.015, -0.006, -0.004], abs=0.003)
    assert abs(errors[2]) < abs(errors[1]) < abs(errors[0])
