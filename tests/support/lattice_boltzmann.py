"""A second solver for diffusion through pores that shares nothing with ours: lattice Boltzmann.

D2Q5 with one relaxation time, bounce back at solid halfway between pixels, concentrations given at
the two faces by anti bounce back. A step is linear, so that the steady state is solved for at once.

Source: Ginzburg, Adv. Water Resour. 28, 1171 (2005), for the boundaries and their places.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csc_array, eye_array
from scipy.sparse.linalg import splu

STEPS = ((0, 0), (0, 1), (0, -1), (1, 0), (-1, 0))
OPPOSITE = (0, 2, 1, 4, 3)
WEIGHTS = np.array([1 / 3, 1 / 6, 1 / 6, 1 / 6, 1 / 6])
SOUND_SQUARED = 1 / 3
RELAXATION = 1.0
"""Relaxation time in steps. With it a step forgets all but the concentrations, which then obey the
balance of finite volumes; with others the answer of narrow pores depends on it."""


def lattice_boltzmann_diffusivity(
    pores: NDArray[np.bool_], relaxation: float = RELAXATION
) -> float:
    """De/D0 along x of an image whose pores span it, shape (rows, columns)."""
    rows, columns = pores.shape
    cells = np.argwhere(pores)
    number = np.full(pores.shape, -1)
    number[pores] = np.arange(len(cells))
    n = len(cells)
    # After collision: g_i = (1 − 1/τ) f_i + w_i/τ Σ f.
    kept, mixed = 1 - 1 / relaxation, WEIGHTS / relaxation
    into, of, sign, given = [], [], [], np.zeros(5 * n)
    for i, (down, right) in enumerate(STEPS):
        place = cells + np.array([down, right])
        inlet, outlet = place[:, 1] < 0, place[:, 1] >= columns
        outside = inlet | outlet | (place[:, 0] < 0) | (place[:, 0] >= rows)
        clipped = np.clip(place, 0, (rows - 1, columns - 1))
        reached = np.where(outside, -1, number[clipped[:, 0], clipped[:, 1]])
        own = np.arange(n)
        flies = reached >= 0
        into.append(np.where(flies, i * n + reached, OPPOSITE[i] * n + own))
        of.append(i * n + own)
        sign.append(np.where(inlet | outlet, -1.0, 1.0))
        given[OPPOSITE[i] * n + own[inlet]] += 2 * WEIGHTS[i]
    streaming = csc_array(
        coo_array(
            (np.concatenate(sign), (np.concatenate(into), np.concatenate(of))), shape=(5 * n, 5 * n)
        )
    )
    together = np.kron(mixed[:, None], np.ones((1, 5))) + kept * np.eye(5)
    collision = _blocks(together, n)
    populations = splu(csc_array(eye_array(5 * n) - streaming @ collision)).solve(given)
    leaving = (collision @ populations).reshape(5, n)
    first = number[:, 0][pores[:, 0]]
    arriving = populations.reshape(5, n)
    # Through the first face: to the right what arrived there, to the left what left for it.
    flux = float((arriving[1, first] - leaving[2, first]).sum())
    free = SOUND_SQUARED * (relaxation - 0.5)
    return float(flux * columns / rows / free)


def _blocks(mixing: NDArray[np.float64], n: int) -> csc_array:
    """The 5 × 5 mixing of the populations of each of n cells, population after population."""
    i, j = np.nonzero(mixing)
    own = np.arange(n)
    places = [(a * n + own, b * n + own) for a, b in zip(i, j, strict=True)]
    values = np.repeat(mixing[i, j], n)
    row, column = (np.concatenate([place[k] for place in places]) for k in (0, 1))
    return csc_array(coo_array((values, (row, column)), shape=(5 * n, 5 * n)))
