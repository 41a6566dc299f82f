"""Where the load goes: the share of each part of the cell in the stiffness, for each load axis.

Its mean over the cell is the stiffness. A network that must tell where, not only how much, learns
from far fewer structures.
"""

import base64
import binascii
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matops.core.errors import BadInput
from matops.physics.arrays import FloatArray

EDGE = 8
"""Parts along an edge of the cell."""


@dataclass(frozen=True)
class LoadMap:
    """Energy density under unit uniaxial strain along x, y, z, GPa."""

    energy: bytes  # float16 numbers of an array of shape (3, 8, 8, 8)

    @classmethod
    def of(cls, local: NDArray[np.float32]) -> "LoadMap":
        """From the shares of voxels in the stiffness, shape (3, n, n, n), GPa."""
        average = box_averages(local.shape[-1], EDGE)
        blocks = np.einsum("lxyz,ax,by,cz->labc", local, average, average, average, optimize=True)
        return cls(blocks.astype("<f2").tobytes())

    def array(self) -> NDArray[np.float16]:
        """The map, shape (3, 8, 8, 8), GPa."""
        return np.frombuffer(self.energy, dtype="<f2").reshape(3, EDGE, EDGE, EDGE)

    def encode(self) -> str:
        """The map as Base64."""
        return base64.b64encode(self.energy).decode()

    @classmethod
    def decode(cls, text: object) -> "LoadMap":
        """The map of a text that :meth:`encode` gave.

        Raises:
            BadInput: it is none.
        """
        try:
            energy = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
        except (binascii.Error, ValueError):
            energy = b""
        if len(energy) != 3 * EDGE**3 * 2:
            raise BadInput(f"load_map is not Base64 of 3 x {EDGE}³ half-precision numbers")
        load_map = cls(energy)
        if not np.isfinite(load_map.array()).all():
            raise BadInput("load_map has numbers that are not finite")
        return load_map


def box_averages(n: int, m: int) -> FloatArray:
    """Matrix that averages n equal intervals over m equal ones, shape (m, n)."""
    fine, coarse = np.arange(n) / n, np.arange(m)[:, None] / m
    overlap = np.minimum(fine + 1 / n, coarse + 1 / m) - np.maximum(fine, coarse)
    return np.asarray(np.clip(overlap, 0.0, None) * m)
