"""What its gates are tried on: images, a model that is right about them, and broken ones."""

from collections.abc import Callable, Sequence

import numpy as np

from matops.core.data.tables import Tables
from matops.families.diffusivity_cnn2d.about import TARGETS
from matops.families.diffusivity_cnn2d.images.pore_image import PoreImage, write_payload
from matops.physics.effective_media import series_bound
from matops.simulators.porous_media.diffusion import effective_diffusivity
from matops.testing import Break, JudgedModel, Lawful

Rule = Callable[[np.ndarray], float]
"""De/D0 along x from an image of pores."""


def solved(pores: np.ndarray) -> float:
    return effective_diffusivity(pores, 1).relative_diffusivity


def model(along_x: Rule, along_y: Rule | None = None) -> JudgedModel:
    """A model that transposes an image for its other axis, or has a rule of its own for it."""
    other = along_y or (lambda pores: along_x(pores.T))

    def answer(samples: Sequence[PoreImage]) -> Tables:
        rows = [[along_x(s.pores), other(s.pores)] for s in samples]
        return Tables(TARGETS, {"sample": np.array(rows, dtype=float)}).to_scale()

    return JudgedModel(answer)


def instead(along_x: Rule, along_y: Rule | None = None) -> Break:
    return lambda _: model(along_x, along_y)


def image(*solid: tuple[int, int, int, int]) -> PoreImage:
    """Pores of 32 × 40 pixels around solid rectangles: first row and column, rows and columns."""
    pores = np.ones((32, 40), dtype=bool)
    for row, column, rows, columns in solid:
        pores[row : row + rows, column : column + columns] = False
    return PoreImage(pores)


def first_half(pores: np.ndarray) -> float:
    """Looks at one half of an image: the mirrored one is another."""
    return solved(pores[:, : pores.shape[1] // 2])


def by_size(pores: np.ndarray) -> float:
    """Knows structures by their pixels."""
    return solved(pores) * (pores.size / 1280) ** -0.1


SAMPLES = (
    image((8, 12, 16, 12), (26, 2, 5, 8)),
    image((0, 6, 20, 5), (14, 26, 18, 6)),
    image((4, 4, 10, 8), (18, 24, 10, 8), (6, 28, 6, 6)),
)
LAWFUL = Lawful([write_payload(sample.pores) for sample in SAMPLES], model(solved))
BREAKS: dict[str, Break] = {
    "above the bound": instead(lambda pores: 1.2 * series_bound(pores)),
    "leaks through walls": instead(lambda pores: max(solved(pores), 1e-3)),
    "less flux with more pores": instead(lambda pores: solved(pores) / pores.mean() ** 4),
    "one axis for both": instead(solved, solved),
    "sees one half": instead(first_half),
    "sees pixels, not structures": instead(by_size),
}
