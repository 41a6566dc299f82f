"""What a model of elastic moduli must satisfy before it is released."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from scipy.spatial.transform import Rotation

from matops.core.data.record import Payload
from matops.core.family import PredictScaled
from matops.core.quality.gate import Gate, Measurement, gates_of_target
from matops.families.elastic_cgcnn.config import ElasticConfig
from matops.families.elastic_cgcnn.crystals.crystal import Crystal
from matops.families.elastic_cgcnn.crystals.formats import parse_crystal
from matops.families.elastic_cgcnn.crystals.plausibility import USUAL_POISSON
from matops.physics.arrays import FloatArray
from matops.physics.elasticity import poisson_ratio, pugh_ratio, young_modulus_GPa

SUPERCELL = np.array([[1, 1, 0], [0, 1, 0], [0, 0, 2]])
"""Doubles the cell and shears its description, so that another lattice basis is tested as well."""

RATTLE_A, STRAIN = 0.08, 0.02
"""Of distorted crystals: how far each atom moves, and the standard deviation of their strains.

Bonds as short as that of H2 stay longer than what counts as an overlap.
"""
COMPRESSION = 0.02
"""Linear strain, both ways, by which crystals are compressed and expanded."""

UNUSUAL = "physics.unusual_poisson_share"
UNUSUAL_DISTORTED = "physics.unusual_poisson_share_distorted"
SOFTENING = "physics.softening_share"

UNIT = "log10(GPa)"
SYMMETRY = "a crystal is the same however it is written down"
POISSON = "Poisson's ratio from K and G is 0.05 to 0.47 for 98.9 % of 3,953 labels, README.md"
MURNAGHAN = "dK/dp > 0: Murnaghan, PNAS 30, 244 (1944)"
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


def distorted(crystal: Crystal, rng: np.random.Generator) -> Crystal:
    """The crystal strained at random, its atoms moved off their sites."""
    strain = rng.normal(scale=STRAIN, size=(3, 3))
    lattice_A = crystal.lattice_A @ (np.eye(3) + (strain + strain.T) / 2)
    away = rng.normal(size=crystal.frac_coords.shape)
    away_A = RATTLE_A * away / np.linalg.norm(away, axis=1, keepdims=True)
    moved = crystal.frac_coords + away_A @ np.linalg.inv(lattice_A)
    return Crystal(lattice_A, moved % 1.0, crystal.numbers)


def stretched(crystal: Crystal, linear_strain: float) -> Crystal:
    """The crystal with all lengths changed alike; negative strains compress it."""
    lattice_A = crystal.lattice_A * (1.0 + linear_strain)
    return Crystal(lattice_A, crystal.frac_coords, crystal.numbers)


def unusual_poisson_share(scaled: FloatArray) -> float:
    """Share of answers, log10 of K and G in GPa, shape (n, 2), of an unusual Poisson's ratio.

    No positive moduli break the limits of thermodynamics, -1 to 0.5: those can't tell models apart.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        ratio = np.asarray(poisson_ratio(*(10.0 ** np.asarray(scaled, dtype=np.float64)).T))
    low, high = USUAL_POISSON
    return float(1.0 - ((ratio >= low) & (ratio <= high)).mean())


def softening_share(predict: PredictScaled, crystals: Sequence[Crystal]) -> float:
    """Share of crystals whose K does not rise from an expanded to a compressed state."""
    wide, tight = (
        predict([stretched(crystal, sign * COMPRESSION).payload() for crystal in crystals])[:, 0]
        for sign in (1, -1)
    )
    return float(1.0 - (tight > wide).mean())


def measure_physics(
    predict: PredictScaled, payloads: Sequence[Payload], config: ElasticConfig
) -> dict[str, Measurement]:
    """Invariances, Poisson's ratio of real and of distorted crystals, the answer to pressure."""
    crystals, rng = [parse_crystal(payload) for payload in payloads], np.random.default_rng(0)
    shares = {
        name: unusual_poisson_share(predict([crystal.payload() for crystal in state]))
        for name, state in (
            (UNUSUAL, crystals),
            (UNUSUAL_DISTORTED, [distorted(crystal, rng) for crystal in crystals]),
        )
    }
    shares[SOFTENING] = softening_share(predict, crystals)
    measured = {name: Measurement(share, "1", rows=len(crystals)) for name, share in shares.items()}
    return measured | measure_invariance(predict, crystals)


def derive_moduli(values: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """Young's modulus, Poisson's ratio and Pugh's ratio of the isotropic polycrystal."""
    bulk_GPa, shear_GPa = values["K_VRH"], values["G_VRH"]
    return {
        "young_modulus": young_modulus_GPa(bulk_GPa, shear_GPa),
        "poisson_ratio": poisson_ratio(bulk_GPa, shear_GPa),
        "pugh_ratio": pugh_ratio(bulk_GPa, shear_GPa),
    }


def elastic_gates(config: ElasticConfig) -> tuple[Gate, ...]:
    """All gates of the family; limits come from the configuration."""
    limits, coverage = config.limits, config.evaluation.coverage
    K, G = (limits.mae_K, limits.half_width_K), (limits.mae_G, limits.half_width_G)
    return (
        *gates_of_target("K_VRH", UNIT, *K, coverage, limits.source),
        *gates_of_target("G_VRH", UNIT, *G, coverage, limits.source),
        *(
            Gate(
                f"invariance to {name}",
                f"invariance.{name}",
                "<=",
                limits.invariance,
                UNIT,
                SYMMETRY,
            )
            for name in REWRITINGS
        ),
        *(
            Gate(name, metric, "<=", limit, "1", source)
            for name, metric, limit, source in (
                ("Poisson's ratio is usual", UNUSUAL, limits.unphysical, POISSON),
                (
                    "Poisson's ratio of distorted crystals",
                    UNUSUAL_DISTORTED,
                    limits.unphysical,
                    POISSON,
                ),
                ("compression stiffens", SOFTENING, limits.softening, MURNAGHAN),
            )
        ),
        Gate("latency", "latency.p95", "<=", limits.latency_ms, "ms", "p95 of single requests"),
    )
