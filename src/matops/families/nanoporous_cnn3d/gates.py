"""What a model of nanoporous stiffness must satisfy before it is released."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from scipy.ndimage import gaussian_filter

from matops.core.data.record import Payload
from matops.core.family import PredictScaled
from matops.core.quality.gate import Gate, Measurement, gates_of_target
from matops.families.nanoporous_cnn3d.about import TARGETS
from matops.families.nanoporous_cnn3d.config import NanoporousConfig
from matops.families.nanoporous_cnn3d.metal.payloads import parse_metal, write_payload
from matops.families.nanoporous_cnn3d.metal.structure import NanoporousMetal, VoxelGrid
from matops.families.nanoporous_cnn3d.morphology.physical import continuum_bound_GPa
from matops.physics.arrays import BoolArray, FloatArray
from matops.physics.axes import mean_and_anisotropy

UNIT = "GPa"
THICKENING = 0.02
"""Share of the cell's volume by which a structure is thickened: a sixteenth of the solid, or so."""
TRIAL_FIELD = "finite elements: no field of strain stores less energy than the real one, README.md"
MORE_SOLID = "least energy: added solid can't soften a structure, README.md"
SYMMETRY = "a structure is the same wherever the periodic cell begins and however it is reflected"
BEAMS = "crossed beams, alike along x, y and z"


def shifted(solid: BoolArray, rng: np.random.Generator) -> BoolArray:
    """The same periodic structure, its cell beginning elsewhere."""
    return np.roll(solid, rng.integers(0, len(solid), 3), axis=(0, 1, 2))


def reflected(solid: BoolArray, rng: np.random.Generator) -> BoolArray:
    """The structure's image in one, two or three cube planes."""
    axes = tuple(axis for axis in range(3) if rng.random() < 0.5) or (0,)
    return np.asarray(np.flip(solid, axes))


def permuted(solid: BoolArray, rng: np.random.Generator) -> BoolArray:
    """The structure turned so that x becomes y, y becomes z and z becomes x."""
    return np.transpose(solid, (2, 0, 1))


SYMMETRIES: dict[str, Callable[[BoolArray, np.random.Generator], BoolArray]] = {
    "shift": shifted,
    "reflection": reflected,
    "rotation": permuted,
}


def _payload(sample: NanoporousMetal, solid: BoolArray) -> dict[str, object]:
    return write_payload(NanoporousMetal(sample.metal, sample.cell_A, VoxelGrid.pack(solid)))


def measure_invariance(
    predict: PredictScaled, samples: Sequence[NanoporousMetal], voxels: int
) -> dict[str, Measurement]:
    """Root mean square change of the predictions by symmetries of the structures."""
    grids = [sample.geometry.solid(voxels) for sample in samples]
    before = predict([_payload(*pair) for pair in zip(samples, grids, strict=True)])
    changes = {}
    for name, move in SYMMETRIES.items():
        rng = np.random.default_rng(0)
        after = predict([_payload(s, move(g, rng)) for s, g in zip(samples, grids, strict=True)])
        expected = np.roll(before, 1, axis=1) if name == "rotation" else before
        change = float(np.sqrt(np.mean((after - expected) ** 2)))
        changes[f"invariance.{name}"] = Measurement(change, UNIT, rows=len(samples))
    return changes


def bound_excess_share(stiffness_GPa: FloatArray, samples: Sequence[NanoporousMetal]) -> float:
    """Share of stiffnesses, shape (n, 3), that are no number or above the continuum bound."""
    bounds_GPa = np.array([continuum_bound_GPa(sample) for sample in samples])
    return float(1.0 - (stiffness_GPa <= bounds_GPa).mean())


def thickened(solid: BoolArray) -> BoolArray:
    """The structure with a layer of more solid on its whole surface, ``THICKENING`` of the cell."""
    nearness = gaussian_filter(solid.astype(np.float64), 1.0, mode="wrap")
    nearness[solid] = np.inf
    count = int(solid.sum() + THICKENING * solid.size)
    if count >= solid.size:
        return np.ones_like(solid)
    return np.asarray(nearness >= np.partition(nearness.ravel(), -count)[-count])


def softened_share(
    predict: PredictScaled, samples: Sequence[NanoporousMetal], voxels: int
) -> float:
    """Share of stiffnesses that do not rise when a structure is thickened."""
    grids = [sample.geometry.solid(voxels) for sample in samples]
    thin, thick = (
        predict([_payload(s, change(g)) for s, g in zip(samples, grids, strict=True)])
        for change in (np.asarray, thickened)
    )
    return float(1.0 - (thick > thin).mean())


def block_anisotropy_GPa(predict: PredictScaled, sample: NanoporousMetal, voxels: int) -> float:
    """Spread of C_11, C_22, C_33 of a body that is alike along x, y and z."""
    edge = np.abs(np.arange(voxels) - (voxels - 1) / 2) < voxels / 5
    x, y, z = edge[:, None, None], edge[None, :, None], edge[None, None, :]
    beams = (x & y) | (y & z) | (z & x)
    [stiffness] = predict([_payload(sample, beams)])
    return float(np.ptp(stiffness))


def measure_physics(
    predict: PredictScaled, payloads: Sequence[Payload], config: NanoporousConfig
) -> dict[str, Measurement]:
    """Invariances, the continuum bound, more solid, and the isotropy of an isotropic body."""
    samples, voxels = [parse_metal(payload) for payload in payloads], config.grid.voxels
    stiffness_GPa = predict([write_payload(sample) for sample in samples])
    excess = bound_excess_share(stiffness_GPa, samples)
    softened = softened_share(predict, samples, voxels)
    spread_GPa = block_anisotropy_GPa(predict, samples[0], voxels)
    return {
        "physics.bound_excess_share": Measurement(excess, "1", rows=len(samples)),
        "physics.softened_share": Measurement(softened, "1", rows=len(samples)),
        "physics.isotropic_body": Measurement(spread_GPa, UNIT, rows=1),
        **measure_invariance(predict, samples, voxels),
    }


def derive_stiffness(values: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """Mean stiffness, and how much the three directions differ; a negative one counts as zero."""
    mean_GPa, anisotropy = mean_and_anisotropy(np.array([values[t.name] for t in TARGETS]))
    return {"mean_stiffness": mean_GPa, "relative_anisotropy": anisotropy}


def nanoporous_gates(config: NanoporousConfig) -> tuple[Gate, ...]:
    """All gates of the family; limits come from the configuration."""
    limits, coverage = config.limits, config.evaluation.coverage
    of_each = (UNIT, limits.mae_GPa, limits.half_width_GPa, coverage, limits.source)
    gates = [gate for target in TARGETS for gate in gates_of_target(target.name, *of_each)]
    gates += [
        Gate(f"invariance: {name}", f"invariance.{name}", "<=", limits.symmetry_GPa, UNIT, SYMMETRY)
        for name in SYMMETRIES
    ]
    excess, softened = limits.bound_share, limits.softened
    return (
        *gates,
        Gate("below the bound", "physics.bound_excess_share", "<=", excess, "1", TRIAL_FIELD),
        Gate("more solid is stiffer", "physics.softened_share", "<=", softened, "1", MORE_SOLID),
        Gate("an isotropic body is isotropic", "physics.isotropic_body", "<=", 1e-3, UNIT, BEAMS),
        Gate("latency", "latency.p95", "<=", limits.latency_ms, "ms", "answers while one waits"),
    )
