"""The coarse network: exact where it can be, near elsewhere, and spanning where pores span."""

from __future__ import annotations

import numpy as np
import pytest

from matops.simulators.porous_media.block_network import coarse_diffusion
from matops.simulators.porous_media.connectivity import spanning_pores, without_dead_ends
from matops.simulators.porous_media.diffusion import effective_diffusivity
from matops.simulators.porous_media.structures import StructureDesign, make_structure
from matops.simulators.porous_media.windows import window_code, window_conductances


@pytest.mark.parametrize("shape", [(4, 2), (4, 4), (2, 2, 1), (2, 2, 2)])
def test_window_conducts_as_finite_volumes_say(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    windows = rng.random((60, *shape)) < 0.75
    table = window_conductances(shape)[window_code(windows)]
    for pores, conductance in zip(windows, table, strict=True):
        over = np.prod(shape[:-1]) / shape[-1]
        exact = effective_diffusivity(pores, len(shape) - 1).relative_diffusivity * over
        assert conductance == pytest.approx(exact, abs=1e-7)
    assert len(window_conductances(shape)) == 2 ** np.prod(shape)


def test_open_image_and_channel_are_exact() -> None:
    pores = np.ones((48, 64), dtype=bool)
    assert coarse_diffusion(pores).relative_diffusivity == pytest.approx(1.0, abs=1e-7)
    pores[36:] = False
    assert coarse_diffusion(pores).relative_diffusivity == pytest.approx(0.75, abs=1e-7)
    assert coarse_diffusion(pores.T).relative_diffusivity == 0.0


@pytest.mark.parametrize("shape", [(50, 63), (33, 64), (17, 18)])
def test_edges_that_are_no_multiples_of_four(shape: tuple[int, int]) -> None:
    assert coarse_diffusion(np.ones(shape, dtype=bool)).relative_diffusivity == pytest.approx(1.0)
    assert coarse_diffusion(np.zeros(shape, dtype=bool)).relative_diffusivity == 0.0


@pytest.mark.parametrize("kind", ["quartet", "discs", "squares", "gaussian"])
@pytest.mark.parametrize("porosity", [0.45, 0.6, 0.8])
def test_it_spans_where_pores_do_and_is_near(kind: str, porosity: float) -> None:
    for seed in range(4):
        pores = make_structure(StructureDesign(kind, (64, 64), porosity, 4.0, seed=(seed,)))  # type: ignore[arg-type]
        exact = effective_diffusivity(pores, 1).relative_diffusivity
        coarse = coarse_diffusion(pores)
        assert (coarse.relative_diffusivity > 0) == (exact > 0) == spanning_pores(pores, 1).any()
        if exact:
            assert abs(np.log(coarse.relative_diffusivity / exact)) < 0.3
            assert coarse.shares.sum() == pytest.approx(1.0)
            assert coarse.shares.min() >= 0


@pytest.mark.parametrize("shape", [(8, 8, 8), (7, 9, 11)])
def test_open_volume_and_duct_are_exact(shape: tuple[int, int, int]) -> None:
    pores = np.ones(shape, dtype=bool)
    assert coarse_diffusion(pores).relative_diffusivity == pytest.approx(1.0, abs=1e-6)
    pores[6:] = False
    assert coarse_diffusion(pores).relative_diffusivity == pytest.approx(6 / shape[0], abs=1e-6)
    assert coarse_diffusion(np.swapaxes(pores, 0, 2)).relative_diffusivity == 0.0


@pytest.mark.parametrize("kind", ["quartet", "discs", "squares", "gaussian"])
@pytest.mark.parametrize("porosity", [0.1, 0.3, 0.6])
def test_volumes_span_where_pores_do_and_are_near(kind: str, porosity: float) -> None:
    pores = make_structure(StructureDesign(kind, (20, 20, 20), porosity, 3.0, seed=(1,)))  # type: ignore[arg-type]
    exact = effective_diffusivity(pores, 2).relative_diffusivity
    coarse = coarse_diffusion(pores)
    assert (coarse.relative_diffusivity > 0) == (exact > 0) == spanning_pores(pores, 2).any()
    if exact:
        assert abs(np.log(coarse.relative_diffusivity / exact)) < 0.3
        assert coarse.shares.shape == (3, 10, 10, 10)
        assert coarse.shares.sum() == pytest.approx(1.0)
        assert coarse.shares.min() >= 0


def test_dissipation_lies_in_the_throat() -> None:
    pores = np.ones((32, 64), dtype=bool)
    pores[:, 32:36] = False
    pores[16, 32:36] = True
    shares = coarse_diffusion(pores).shares.sum(axis=0)
    row, column = np.unravel_index(shares.argmax(), shares.shape)
    assert (row, column) == (4, 8)


def test_blind_pores_are_taken_away_and_loops_stay() -> None:
    pores = np.zeros((7, 9), dtype=bool)
    pores[3, :] = True  # the way through
    pores[1:3, 2] = True  # blind
    pores[4, 4:7], pores[5, 4], pores[5, 6], pores[5, 5] = True, True, True, True  # a loop
    pores[0, 8] = True  # an island
    kept = without_dead_ends(pores, 1)
    assert not kept[1:3, 2].any()
    assert not kept[0, 8]
    assert kept[3].all()
    assert kept[5, 4:7].all()
    before, after = (effective_diffusivity(p, 1).relative_diffusivity for p in (pores, kept))
    assert after == pytest.approx(before, rel=1e-9)
