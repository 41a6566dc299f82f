"""Crystals that the tests of this family share."""

from collections.abc import Callable

import numpy as np
import pytest

from matops.families.elastic_cgcnn.crystals.cif.reading import from_cif
from matops.families.elastic_cgcnn.crystals.crystal import Crystal, make_crystal
from tests.support.places import DATA

Build = Callable[..., Crystal]

CUBIC_SITES = {
    "sc": [[0, 0, 0]],
    "bcc": [[0, 0, 0], [0.5, 0.5, 0.5]],
    "fcc": [[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]],
}


def _cubic(kind: str, a_A: float = 4.0, symbol: str = "Cu") -> Crystal:
    sites = CUBIC_SITES[kind]
    return make_crystal(np.eye(3) * a_A, [symbol] * len(sites), sites)


def _rock_salt() -> Crystal:
    sites = np.array(CUBIC_SITES["fcc"])
    frac = np.concatenate([sites, sites + np.array([0.5, 0.0, 0.0])])
    return make_crystal(np.eye(3) * 5.64, ["Na"] * 4 + ["Cl"] * 4, frac)


def _random_crystal(seed: int, n_atoms: int = 8, symbols: tuple[str, ...] = ("Si", "O")) -> Crystal:
    """A triclinic cell whose atoms keep 1.2 Å apart."""
    rng = np.random.default_rng(seed)
    lattice = np.eye(3) * np.cbrt(14.0 * n_atoms) + rng.normal(scale=0.5, size=(3, 3))
    frac: list[np.ndarray] = []
    images = np.array(np.meshgrid(*[[-1, 0, 1]] * 3)).reshape(3, -1).T
    while len(frac) < n_atoms:
        trial = rng.random(3)
        away = [np.linalg.norm((trial - f + images) @ lattice, axis=1).min() for f in frac]
        if min(away, default=9.0) > 1.2:
            frac.append(trial)
    return make_crystal(lattice, [str(s) for s in rng.choice(symbols, n_atoms)], frac)


@pytest.fixture
def cubic() -> Build:
    """sc, bcc or fcc in the conventional cell."""
    return _cubic


@pytest.fixture
def random_crystal() -> Build:
    """A triclinic crystal without any symmetry, by seed."""
    return _random_crystal


@pytest.fixture
def rock_salt() -> Crystal:
    """NaCl, eight atoms."""
    return _rock_salt()


@pytest.fixture
def heusler() -> Crystal:
    """LiGdAu2, sixteen atoms."""
    return from_cif((DATA / "LiGdAu2.cif").read_text())


@pytest.fixture
def crystals(heusler: Crystal) -> list[Crystal]:
    """Symmetric and random crystals of one to twenty atoms."""
    primitive = make_crystal(np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]]) * 1.8, ["Cu"], [[0, 0, 0]])
    return [
        _cubic("bcc", 2.87, "Fe"),
        primitive,
        _rock_salt(),
        heusler,
        _random_crystal(1),
        _random_crystal(2, 20, ("Ga", "As", "P")),
    ]
