"""What its gates are tried on: crystals, a model that is right about them, and broken ones."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from matops.core.data.tables import Tables
from matops.families.elastic_cgcnn.about import TARGETS
from matops.families.elastic_cgcnn.crystals.crystal import Crystal, make_crystal
from matops.testing import Break, JudgedModel, Lawful

FCC = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
CRYSTALS = [
    make_crystal(
        np.diag([a_A, a_A, stretch * a_A]),
        [one] * 4 + [other] * 4,
        np.concatenate([FCC, FCC + np.array([0.5, 0, 0])]),
    )
    for a_A, stretch, one, other in (
        (4.2, 1.0, "Mg", "O"),
        (5.6, 1.1, "Na", "Cl"),
        (6.3, 1.0, "K", "Cl"),
        (4.4, 0.9, "Ti", "C"),
        (4.9, 1.2, "Pb", "S"),
        (5.2, 1.0, "La", "Bi"),
    )
]


def by_volume(crystal: Crystal) -> tuple[float, float]:
    """Log10 of K and G in GPa that fall with the volume an atom, as those of real crystals do."""
    log_K = 4.0 - 1.9 * np.log10(crystal.volume_A3 / len(crystal.numbers))
    return log_K, log_K - 0.3


def first_atom(crystal: Crystal) -> float:
    return float(crystal.numbers[0]) / 100


def direction(crystal: Crystal) -> float:
    """Takes the first component of each lattice vector for something of meaning."""
    return float(np.abs(crystal.lattice_A[:, 0]).max() / np.cbrt(crystal.volume_A3)) / 10


def cell(crystal: Crystal) -> float:
    return len(crystal.numbers) / 100


def swelling(crystal: Crystal) -> float:
    """Turns the sign of the volume's effect."""
    return 3.8 * float(np.log10(crystal.volume_A3 / len(crystal.numbers)))


def model(rule: Callable[[Crystal], tuple[float, float]]) -> JudgedModel:
    def answer(samples: Sequence[Crystal]) -> Tables:
        return Tables(TARGETS, {"sample": np.array([rule(sample) for sample in samples])})

    return JudgedModel(answer)


def adding(seen: Callable[[Crystal], float]) -> Break:
    """A model that sees something that it should not, and adds it to both logarithms."""
    wrong = model(lambda crystal: (seen(crystal),) * 2)
    return lambda good: replace(
        good, answer=lambda samples: good.answer(samples).each(np.add, wrong.answer(samples))
    )


def memorised(good: JudgedModel) -> JudgedModel:
    """Right about crystals on their symmetric sites, and lost beside them: G explodes."""

    def off_site(crystal: Crystal) -> float:
        quarters = 4 * crystal.frac_coords
        return float(np.abs(quarters - quarters.round()).max() > 1e-6)

    wrong = model(lambda crystal: (0.0, off_site(crystal)))
    return replace(
        good, answer=lambda samples: good.answer(samples).each(np.add, wrong.answer(samples))
    )


LAWFUL = Lawful([crystal.payload() for crystal in CRYSTALS], model(by_volume))
BREAKS: dict[str, Break] = {
    "sees the first atom": adding(first_atom),
    "sees directions": adding(direction),
    "sees the cell": adding(cell),
    "swells under pressure": adding(swelling),
    "memorised its crystals": memorised,
}
