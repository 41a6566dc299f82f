"""Structures: reproducible, of the stated porosity, in any shape."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from matops.simulators.porous_media.diffusion import effective_diffusivity
from matops.simulators.porous_media.structures import KINDS, StructureDesign, make_structure

DESIGN = StructureDesign("discs", (48, 64), 0.7, 4.0, seed=(1, 2))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("periodic", [True, False])
@pytest.mark.parametrize("shape", [(48, 64), (20, 24, 28)])
def test_structure_has_its_shape_its_porosity_and_its_seed(
    kind: Any, periodic: bool, shape: tuple[int, ...]
) -> None:
    design = replace(DESIGN, kind=kind, periodic=periodic, shape=shape, size=3.0)
    pores = make_structure(design)
    assert (pores.shape, pores.dtype) == (shape, np.bool_)
    exact = kind in ("quartet", "gaussian")
    assert pores.mean() == pytest.approx(0.7, abs=1 / pores.size if exact else 0.12)
    assert np.array_equal(pores, make_structure(design))
    assert not np.array_equal(pores, make_structure(replace(design, seed=(1, 3))))


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_stretched_along_x_conducts_better_along_x(kind: Any) -> None:
    designs = [replace(DESIGN, kind=kind, anisotropy=4.0, seed=(i,), size=2.0) for i in range(6)]
    along, across = (
        np.mean(
            [effective_diffusivity(make_structure(d), axis).relative_diffusivity for d in designs]
        )
        for axis in (1, 0)
    )
    assert along > 1.15 * across


@pytest.mark.parametrize("kind", ["discs", "squares", "fibres", "packing", "gaussian", "quartet"])
def test_periodic_structures_go_on_beyond_their_edges(kind: Any) -> None:
    """Neighbours across the seam are as alike as neighbours elsewhere; of others they are not."""

    def seam(periodic: bool) -> float:
        unlike = [
            float((pores[:, 0] != pores[:, -1]).mean())
            for i in range(20)
            for pores in [make_structure(replace(DESIGN, kind=kind, periodic=periodic, seed=(i,)))]
        ]
        return float(np.mean(unlike))

    assert seam(True) < 0.75 * seam(False)


def test_discs_leave_the_voids_that_poisson_says() -> None:
    """Overlapping discs at random places: each is seen whole, wherever its centre lies."""
    pores = make_structure(replace(DESIGN, shape=(256, 256), porosity=0.5, size=6.0))
    halves = [pores[:128].mean(), pores[128:].mean(), pores[:, :128].mean(), pores[:, 128:].mean()]
    assert np.ptp(halves) < 0.2


def test_packed_bodies_don_t_overlap() -> None:
    from scipy.ndimage import label

    solid = ~make_structure(
        replace(DESIGN, kind="packing", size=5.0, porosity=0.75, periodic=False)
    )
    _, count = label(solid)
    whole = np.pi * 5.0**2
    assert count >= solid.sum() / whole * 0.9


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"kind": "foam"}, "unknown kind"),
        ({"shape": (8,)}, "two or three edges"),
        ({"shape": (10_000, 10_000)}, "more than"),
        ({"porosity": 1.0}, "porosity"),
        ({"porosity": float("nan")}, "porosity"),
        ({"kind": "packing", "porosity": 0.4}, "packing"),
        ({"size": 40.0}, "size"),
        ({"anisotropy": 50.0}, "anisotropy"),
    ],
)
def test_bad_designs_are_refused(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        replace(DESIGN, **change)
