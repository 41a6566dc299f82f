"""What its gates are tried on: structures, a model that is right about them, and broken ones."""

from collections.abc import Callable, Sequence

import numpy as np

from matops.core.data.tables import Tables
from matops.families.nanoporous_cnn3d.about import TARGETS
from matops.families.nanoporous_cnn3d.config import PRESETS, SimulationConfig
from matops.families.nanoporous_cnn3d.metal.metals import METALS
from matops.families.nanoporous_cnn3d.metal.payloads import write_payload
from matops.families.nanoporous_cnn3d.metal.structure import NanoporousMetal, VoxelGrid
from matops.families.nanoporous_cnn3d.simulation import draw_metal
from matops.testing import Break, JudgedModel, Lawful, answering

VOXELS = PRESETS["demo"].grid.voxels
DRAWN = SimulationConfig(cells=10, hkl_squared=2, least_solid_fraction=0.4, most_solid_fraction=0.6)
Rule = Callable[[np.ndarray], np.ndarray]
"""Three shares of the solid metal's C11 from a grid of solid, along x, y, z."""


def planes(solid: np.ndarray) -> list[np.ndarray]:
    return [solid.mean(tuple(a for a in range(3) if a != axis)) for axis in range(3)]


def in_series(solid: np.ndarray) -> np.ndarray:
    """What fills the planes across an axis, averaged in series, to the third power."""
    along = np.array([1.0 / np.mean(1.0 / np.maximum(p, 1e-3)) for p in planes(solid)])
    return 0.4 * along**3


def model(rule: Rule) -> JudgedModel:
    def answer(samples: Sequence[NanoporousMetal]) -> Tables:
        rows = [METALS[s.metal].C11_GPa * rule(s.geometry.solid(VOXELS)) for s in samples]
        return Tables(TARGETS, {"sample": np.array(rows)})

    return JudgedModel(answer)


def instead(rule: Rule) -> Break:
    return lambda _: model(rule)


def first_plane(solid: np.ndarray) -> np.ndarray:
    return np.array([p[0] for p in planes(solid)])


def uneven(solid: np.ndarray) -> np.ndarray:
    """Weighs what lies far from the origin more: the mirrored structure is another one."""
    return in_series(np.asarray(solid) * np.linspace(0.5, 1.0, len(solid))[:, None, None])


def crossed_beams() -> NanoporousMetal:
    """Stiffest along z, where the beam is thickest, and softest along x."""
    x, y, z = np.abs(np.indices((VOXELS,) * 3) - (VOXELS - 1) / 2) / VOXELS
    beams = ((y < 0.15) & (z < 0.15)) | ((z < 0.2) & (x < 0.2)) | ((x < 0.3) & (y < 0.3))
    return NanoporousMetal("Au", 40.8, VoxelGrid.pack(beams))


SAMPLES = (crossed_beams(), *(draw_metal(DRAWN, index) for index in range(2)))
LAWFUL = Lawful([write_payload(sample) for sample in SAMPLES], model(in_series))
BREAKS: dict[str, Break] = {
    "sees where the cell begins": instead(first_plane),
    "sees which way is up": instead(uneven),
    "axes in another order": answering(lambda t: t.each(lambda a: a[..., [0, 2, 1]] * [1, 2, 3])),
    "softer with more solid": instead(lambda solid: in_series(~solid)),
}
