"""What a model of elastic moduli must satisfy before it is released."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from scipy.spatial.transform import Rotation

from matops.core.data.record import Payload
from matops.core.family import PredictScaled
from matops.core.quality.gate import Gate, Measurement, gates_of_target
from matops.core.quality.prediction import Quantity
from matops.families.elastic_cgcnn.about import TARGETS
from matops.families.elastic_cgcnn.config import ElasticConfig
from matops.families.elastic_cgcnn.crystals.crystal import Crystal
from matops.families.elastic_cgcnn.crystals.formats import parse_crystal
from matops.physics.arrays import FloatArray
from matops.physics.elasticity import poisson_ratio, pugh_ratio, young_modulus_GPa

SUPERCELL = np.array([[1, 1, 0], [0, 1, 0], [0, 0, 2]])
"""Doubles the cell and shears its description, so that another lattice basis is tested as well."""

UNIT = "log10(GPa)"
SYMMETRY = "a crystal is the same however it is written down"
PHYSICAL = "Born stability; no solid exceeds 1000 GPa"
"""Sources of the gates."""


def rotated(crystal: Crystal, rng: np.random.Generator) -> Crystal:
    """The same crystal, turned in space at random."""
    turn = Rotation.random(random_state=rng).as_matrix()
    return Crystal(crystal.lattice_A @ turn.T, crystal.frac_coords, crystal.numbers)


def supercell(crystal: Crystal, rng: np.random.Generator) -> Crystal:
    """The same crystal in a cell of twice the volume with another basis."""
    lattice = SUPERCELL @ crystal.lattice_A
    frac = crystal.frac_coords @ np.linalg.inv(SUPERCELL)
    doubled = np.concatenate([frac, frac + np.array([0.0, 0.0, 0.5])]) % 1.0
    return Crystal(lattice, doubled, np.tile(crystal.numbers, 2))


def reordered(crystal: Crystal, rng: np.random.Generator) -> Crystal:
    """The same crystal with its atoms in random order and its origin moved."""
    order = rng.permutation(len(crystal.numbers))
    moved = (crystal.frac_coords[order] + rng.random(3)) % 1.0
    return Crystal(crystal.lattice_A, moved, crystal.numbers[order])


REWRITINGS: dict[str, Callable[[Crystal, np.random.Generator], Crystal]] = {
    "rotation": rotated,
    "supercell": supercell,
    "atom order": reordered,
}


def measure_invariance(
    predict: PredictScaled, crystals: Sequence[Crystal]
) -> dict[str, Measurement]:
    """Largest change of a predicted logarithm when crystals are written down differently."""
    before = predict([crystal.payload() for crystal in crystals])
    changes = {}
    for name, rewrite in REWRITINGS.items():
        rng = np.random.default_rng(0)
        after = predict([rewrite(crystal, rng).payload() for crystal in crystals])
        change = float(np.abs(after - before).max())
        changes[f"invariance.{name}"] = Measurement(change, UNIT, rows=len(crystals))
    return changes


def unphysical_share(scaled: FloatArray) -> float:
    """Share of predictions, shape (n, n_targets), with a modulus that no crystal can have."""
    physical = [t.is_physical(t.from_scale(scaled[:, i])) for i, t in enumerate(TARGETS)]
    return float(1.0 - np.all(physical, axis=0).mean())


def measure_physics(
    predict: PredictScaled, payloads: Sequence[Payload], config: ElasticConfig
) -> dict[str, Measurement]:
    """Invariances, and the share of unphysical answers."""
    crystals = [parse_crystal(payload) for payload in payloads]
    share = unphysical_share(predict([crystal.payload() for crystal in crystals]))
    unphysical = {"physics.unphysical_share": Measurement(share, "1", rows=len(crystals))}
    return unphysical | measure_invariance(predict, crystals)


def derive_moduli(values: Mapping[str, float]) -> dict[str, Quantity]:
    """Young's modulus, Poisson's ratio and Pugh's ratio of the isotropic polycrystal."""
    bulk, shear = values["K_VRH"], values["G_VRH"]
    return {
        "young_modulus": Quantity(float(young_modulus_GPa(bulk, shear)), "GPa"),
        "poisson_ratio": Quantity(float(poisson_ratio(bulk, shear)), "1"),
        "pugh_ratio": Quantity(float(pugh_ratio(bulk, shear)), "1"),
    }


def elastic_gates(config: ElasticConfig) -> tuple[Gate, ...]:
    """All gates of the family; limits come from the configuration."""
    limits, coverage = config.limits, config.evaluation.coverage
    K, G = (limits.mae_K, limits.half_width_K), (limits.mae_G, limits.half_width_G)
    limit = limits.invariance
    return (
        *gates_of_target("K_VRH", UNIT, *K, coverage, limits.source),
        *gates_of_target("G_VRH", UNIT, *G, coverage, limits.source),
        *(
            Gate(f"invariance to {name}", f"invariance.{name}", "<=", limit, UNIT, SYMMETRY)
            for name in REWRITINGS
        ),
        Gate("moduli are physical", "physics.unphysical_share", "<=", 0.0, "1", PHYSICAL),
        Gate("latency", "latency.p95", "<=", limits.latency_ms, "ms", "p95 of single requests"),
    )
