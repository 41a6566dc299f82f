"""What its gates are tried on: surfaces, a model that is right about them, and broken ones."""

from collections.abc import Callable, Sequence

import numpy as np

from matops.core.data.tables import Tables
from matops.families.surface_eql.about import TARGETS
from matops.families.surface_eql.surfaces.surface import Surface, parse_surface
from matops.testing import Break, JudgedModel, Lawful, answering

HKL = ((1, 0, 0), (1, 1, 0), (1, 1, 1), (3, 2, 1), (5, 4, 1), (7, 2, 0), (8, 5, 3), (9, 8, 7))
PAYLOADS = [
    {"surface": {"metal": metal, "hkl": list(hkl)}} for metal in ("Cu", "Pt", "Al") for hkl in HKL
]


def broken_bonds(surface: Surface) -> np.ndarray:
    """Seven numbers by the count of cut bonds, as large as those of metals, and their zeros."""
    a, b, c = surface.direction
    bonds = (2 * a + b) / np.sqrt(5)
    cube, close = np.hypot(b, c), np.sqrt((a - b) ** 2 + (b - c) ** 2 + (a - c) ** 2)
    size = surface.bulk.cohesive_eV / 3.0
    return size * np.array(
        [
            bonds,
            2 * bonds - 0.9,
            0.3 * cube * close,
            1.0 - 4 * bonds,
            2.0 - 5 * bonds,
            1.5 * close,
            2.0 * cube * close,
        ]
    )


def model(change: Callable[[Surface, np.ndarray], np.ndarray] = lambda _, row: row) -> JudgedModel:
    def answer(samples: Sequence[Surface]) -> Tables:
        rows = [change(sample, broken_bonds(sample)) for sample in samples]
        return Tables(TARGETS, {"sample": np.array(rows)})

    return JudgedModel(answer)


def instead(change: Callable[[Surface, np.ndarray], np.ndarray]) -> Break:
    return lambda _: model(change)


def _unlike_itself(_: JudgedModel) -> JudgedModel:
    """Answers a surface differently each time it is asked."""
    rng = np.random.default_rng(0)
    return model(lambda _, row: row + 1e-6 * rng.normal(size=7))


LAWFUL = Lawful(PAYLOADS, model())
BREAKS: dict[str, Break] = {
    "equivalent surfaces differ": _unlike_itself,
    "negative energies near the cube's face": instead(
        lambda s, row: row * np.where(np.arange(7) == 0, np.sign(s.direction[1] - 0.01), 1.0)
    ),
    "a deviator on a four-fold axis": instead(lambda _, row: row + 1e-3 * (np.arange(7) == 2)),
    "everything twice": answering(lambda t: t.each(lambda a: 2 * a)),
}
assert all(parse_surface(payload) for payload in PAYLOADS)
