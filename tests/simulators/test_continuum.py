from itertools import product

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.linalg import spsolve

from matops.physics.levelled_waves import field_on_grid, threshold, wave_vectors
from matops.simulators.continuum.effective import (
    effective_conductivity,
    effective_stiffness_GPa,
)
from matops.simulators.continuum.element import (
    CORNERS,
    conduction_element,
    shape_gradients,
    stiffness_element,
)

C11, C12, C44 = 183.2, 158.8, 44.7
GOLD = np.diag([C11 - C12] * 3 + [C44] * 3)
GOLD[:3, :3] += C12


def porous(seed: int, n: int = 12, solid_fraction: float = 0.45, points: int = 3) -> np.ndarray:
    """Solid shares of a levelled-wave structure."""
    hkl = wave_vectors(5)
    phases = np.random.default_rng(seed).uniform(0, 2 * np.pi, len(hkl))
    solid = field_on_grid(hkl, phases, n * points) < threshold(solid_fraction)
    return solid.reshape(n, points, n, points, n, points).mean((1, 3, 5))


def plate(thickness: int = 3, n: int = 8) -> np.ndarray:
    """A plate normal to z."""
    density = np.zeros((n, n, n))
    density[:, :, :thickness] = 1.0
    return density


def test_element_knows_rigid_motions_and_uniform_strains() -> None:
    element = stiffness_element(GOLD)
    assert element == pytest.approx(element.T)
    translation = np.tile([1.0, 2.0, 3.0], 8)
    rotation = np.cross([1.0, 2.0, 3.0], CORNERS).ravel()
    for still in (translation, rotation):
        assert element @ still == pytest.approx(0.0, abs=1e-10)
    stretch = (CORNERS * [1, 0, 0]).ravel().astype(float)
    shear = np.stack([CORNERS[:, 1], 0 * CORNERS[:, 0], 0 * CORNERS[:, 0]], 1).ravel()
    assert stretch @ element @ stretch == pytest.approx(C11)
    assert shear @ element @ shear == pytest.approx(C44)
    assert np.linalg.matrix_rank(element, tol=1e-8) == 18
    assert CORNERS[:, 0] @ conduction_element() @ CORNERS[:, 0] == pytest.approx(1.0)
    assert shape_gradients(np.array([0.3, 0.6, 0.9])).sum(0) == pytest.approx(0.0)


def test_full_block_is_the_crystal() -> None:
    block = np.ones((8, 8, 8))
    assert effective_stiffness_GPa(block, GOLD).values == pytest.approx(C11, rel=1e-5)
    assert effective_conductivity(block).values == pytest.approx(1.0, rel=1e-5)


@pytest.mark.parametrize("n", [8, 12, 20])
def test_solution_that_is_exact_at_once_stays_as_it_is(n: int) -> None:
    """What is left of the residual is rounding, which may not grow while the solver waits."""
    for c11, c12, c44 in ((C11, C12, C44), (303.1, 273.1, 68.3), (2.0, 1.9, 3.0), (1.0, 0.0, 0.5)):
        stiffness = np.diag([c11 - c12] * 3 + [c44] * 3)
        stiffness[:3, :3] += c12
        found = effective_stiffness_GPa(np.ones((n, n, n)), stiffness)
        assert found.converged
        assert found.values == pytest.approx(c11, rel=1e-5)


def test_plate_carries_in_its_plane_only() -> None:
    in_plane = 3 / 8 * (C11 - C12**2 / C11)
    stiffness = effective_stiffness_GPa(plate(), GOLD).values
    assert stiffness == pytest.approx([in_plane, in_plane, 0.0], rel=1e-4, abs=1e-3)
    assert effective_conductivity(plate()).values == pytest.approx([3 / 8, 3 / 8, 0.0], abs=1e-4)


def test_rod_stretches_freely_across() -> None:
    rod = np.zeros((8, 8, 8))
    rod[:, :4, :4] = 1.0
    youngs = C11 - 2 * C12**2 / (C11 + C12)
    stiffness = effective_stiffness_GPa(rod, GOLD).values
    assert stiffness == pytest.approx([youngs / 4, 0.0, 0.0], rel=1e-4, abs=1e-3)


def test_layers_of_two_densities_conduct_in_parallel_and_in_series() -> None:
    density = np.where(plate(4) > 0, 1.0, 0.25)
    along, _, across = effective_conductivity(density).values
    assert along == pytest.approx(0.625, rel=1e-4)
    assert across == pytest.approx(0.4, rel=1e-4)


def test_penalty_is_an_exponent_of_the_density() -> None:
    uniform = np.full((8, 8, 8), 0.5)
    for penalty in (1.0, 3.0):
        found = effective_stiffness_GPa(uniform, GOLD, penalty).values
        assert found == pytest.approx(C11 * 0.5**penalty, rel=1e-4)


@pytest.mark.parametrize("seed", [0, 1])
def test_agrees_with_a_direct_solution_in_double_precision(seed: int) -> None:
    density = porous(seed, n=8)
    expected = direct_solution(density, stiffness_element(GOLD), 3)
    found = effective_stiffness_GPa(density, GOLD)
    assert found.converged
    assert found.values == pytest.approx(expected, rel=5e-3)
    conductivity = direct_solution(density, conduction_element(), 1)
    assert effective_conductivity(density).values == pytest.approx(conductivity, rel=5e-3)


def direct_solution(density: np.ndarray, element: np.ndarray, c: int) -> np.ndarray:
    """The same minimum by sparse elimination; soft pores hold what nothing else does."""
    n = len(density)
    weight = np.maximum(density, 1e-9).ravel()
    voxels = np.array(list(product(range(n), repeat=3)))
    points = (voxels[:, None] + CORNERS) % n
    nodes = (points[..., 0] * n + points[..., 1]) * n + points[..., 2]
    dofs = (nodes[..., None] * c + np.arange(c)).reshape(len(nodes), -1)
    values = weight[:, None, None] * element
    rows, columns = np.broadcast_arrays(dofs[:, :, None], dofs[:, None, :])
    size = n**3 * c
    matrix = coo_array((values.ravel(), (rows.ravel(), columns.ravel())), (size, size)).tocsr()
    found = []
    for axis in range(3):
        unit = np.zeros((8, c))
        unit[:, axis if c == 3 else 0] = CORNERS[:, axis]
        unit = unit.ravel()
        force = np.zeros(size)
        np.add.at(force, dofs, -weight[:, None] * (element @ unit))
        free = slice(c, None)
        u = np.zeros(size)
        u[free] = spsolve(matrix[free, free].tocsc(), force[free])
        total = u[dofs] + unit
        found.append((weight * np.einsum("ei,ij,ej->e", total, element, total)).sum() / n**3)
    return np.array(found)


def test_symmetries_of_the_structure_are_those_of_the_answer() -> None:
    density = porous(2)
    before = effective_stiffness_GPa(density, GOLD, tolerance=1e-5).values
    moved = np.roll(np.flip(density, (0, 2)), (1, 4, 7), (0, 1, 2))
    turned = np.transpose(density, (2, 0, 1))
    after = effective_stiffness_GPa(moved, GOLD, tolerance=1e-5).values
    assert after == pytest.approx(before, rel=1e-3)
    rotated = effective_stiffness_GPa(turned, GOLD, tolerance=1e-5).values
    assert rotated == pytest.approx(np.roll(before, 1), rel=1e-3)


def test_stiffness_is_linear_in_the_metal_and_below_the_voigt_bound() -> None:
    density = porous(3)
    found = effective_stiffness_GPa(density, GOLD).values
    assert effective_stiffness_GPa(density, 2 * GOLD).values == pytest.approx(2 * found, rel=1e-3)
    assert (found < density.mean() * C11).all()
    assert (found > 0).all()


def test_more_solid_is_stiffer_and_conducts_better() -> None:
    less, more = porous(4, solid_fraction=0.4), porous(4, solid_fraction=0.5)
    stiffness = [effective_stiffness_GPa(d, GOLD).values for d in (less, more)]
    assert (stiffness[0] < stiffness[1]).all()
    assert (effective_conductivity(less).values < effective_conductivity(more).values).all()


def test_dead_end_adds_nothing() -> None:
    rod = np.zeros((8, 8, 8))
    rod[:, :3, :3] = 1.0
    with_stump = rod.copy()
    with_stump[2:4, 3:6, :3] = 1.0
    with_island = rod.copy()
    with_island[5:7, 5:7, 5:7] = 1.0
    conducts = effective_conductivity(rod).values[0]
    assert effective_conductivity(with_stump).values[0] == pytest.approx(conducts, rel=0.1)
    assert effective_conductivity(with_stump).values[1] == pytest.approx(0.0, abs=1e-4)
    island = effective_conductivity(with_island)
    assert island.converged
    assert island.values[0] == pytest.approx(conducts, rel=1e-3)


def test_local_shares_add_up_and_pores_have_none() -> None:
    density = porous(5)
    found = effective_stiffness_GPa(density, GOLD)
    assert found.local.mean((1, 2, 3)) == pytest.approx(found.values, rel=1e-5)
    assert (found.local[:, density == 0] == 0).all()
    assert (found.local >= -1e-5).all()


def test_grid_without_solid_has_nothing_and_needs_no_iteration() -> None:
    empty = effective_stiffness_GPa(np.zeros((8, 8, 8)), GOLD)
    assert (empty.values == 0).all()
    assert (empty.iterations, empty.converged) == (0, True)


def test_grids_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="must be a cube"):
        effective_conductivity(np.ones((8, 8, 9)))
    for value in (-0.1, 1.1, np.nan):
        with pytest.raises(ValueError, match="between 0 and 1"):
            effective_conductivity(np.full((8, 8, 8), value))


def test_tolerance_can_be_tightened() -> None:
    density = porous(6)
    loose, tight = (effective_stiffness_GPa(density, GOLD, tolerance=t) for t in (1e-2, 1e-5))
    assert loose.iterations < tight.iterations
    default = effective_stiffness_GPa(density, GOLD).values
    assert default == pytest.approx(tight.values, rel=5e-3)
