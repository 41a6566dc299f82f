"""From structures to tensors: a grid of bits, the metal, and numbers for each load axis."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from matops.core.learning.features import PackedFeatures
from matops.families.nanoporous_cnn3d.config import Descriptors, GridConfig
from matops.families.nanoporous_cnn3d.metal.load_map import EDGE
from matops.families.nanoporous_cnn3d.metal.metals import METALS
from matops.families.nanoporous_cnn3d.metal.structure import NanoporousMetal
from matops.families.nanoporous_cnn3d.morphology.descriptors import (
    LOAD_DESCRIPTORS,
    STRUCTURE_DESCRIPTORS,
    describe_morphology,
)
from matops.families.nanoporous_cnn3d.morphology.physical import (
    PHYSICAL_DESCRIPTORS,
    describe_physics,
)
from matops.physics.arrays import FloatArray

MATERIAL = ("C11", "C12", "C44", "log cell edge")
"""What the metal and the size say: zero for gold in the cell of Zorkaltsev et al. (2025)."""
REFERENCE = METALS["Au"]
REFERENCE_CELL_A = 510.0

MORPHOLOGY_VOXELS = 40
"""Edge of the grid on which the skeleton is drawn."""


def descriptor_names(chosen: Descriptors) -> tuple[str, ...]:
    """Names of the numbers that each load axis has."""
    names: tuple[str, ...] = ()
    if chosen in ("morphology", "all"):
        names += (*STRUCTURE_DESCRIPTORS, *LOAD_DESCRIPTORS)
    if chosen in ("physical", "all"):
        names += tuple(PHYSICAL_DESCRIPTORS)
    return names


def featurize(samples: Sequence[NanoporousMetal], grid: GridConfig) -> PackedFeatures:
    """Tensors for the network.

    ``sample.bits``: uint8, shape (n, voxels³/8). ``sample.material``: shape (n, 4). Where there
    are descriptors, ``sample.descriptors``: shape (n, 3, d), a row for each load axis. Where there
    are load maps, ``sample.load_map``: shape (n, 3, 8, 8, 8), not a number where there is none.
    """
    bits = [np.packbits(s.geometry.solid(grid.voxels)) for s in samples]
    tensors = {
        "sample.bits": torch.from_numpy(np.stack(bits)),
        "sample.material": torch.tensor([material(s) for s in samples], dtype=torch.float32),
    }
    if any(s.load_map for s in samples):
        tensors["sample.load_map"] = torch.from_numpy(np.stack([_load_map(s) for s in samples]))
    if grid.descriptors != "none":
        rows = np.stack([load_descriptors(s, grid.descriptors) for s in samples])
        tensors["sample.descriptors"] = torch.from_numpy(rows.astype(np.float32))
    return PackedFeatures(tensors)


def _load_map(sample: NanoporousMetal) -> NDArray[np.float32]:
    """The load map over the stiffness of the solid metal, shape (3, 8, 8, 8)."""
    if sample.load_map is None:
        return np.full((3, EDGE, EDGE, EDGE), np.nan, dtype=np.float32)
    return sample.load_map.array().astype(np.float32) / METALS[sample.metal].C11_GPa


def material(sample: NanoporousMetal) -> list[float]:
    """The numbers of ``MATERIAL``, relative to the reference."""
    metal = METALS[sample.metal]
    return [
        metal.C11_GPa / REFERENCE.C11_GPa - 1.0,
        metal.C12_GPa / REFERENCE.C12_GPa - 1.0,
        metal.C44_GPa / REFERENCE.C44_GPa - 1.0,
        float(np.log(sample.cell_A / REFERENCE_CELL_A)),
    ]


def load_descriptors(sample: NanoporousMetal, chosen: Descriptors) -> FloatArray:
    """The numbers of :func:`descriptor_names` for each load axis, shape (3, d)."""
    parts: list[FloatArray] = []
    if chosen in ("morphology", "all"):
        shape = describe_morphology(sample.geometry.solid(MORPHOLOGY_VOXELS), sample.cell_A)
        parts += [np.tile(shape.structure, (3, 1)), shape.load]
    if chosen in ("physical", "all"):
        parts.append(describe_physics(sample))
    return np.concatenate(parts, axis=1)
