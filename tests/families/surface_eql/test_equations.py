"""Equations: terms put in are found, symmetry is exact, what is printed is what is answered."""

from dataclasses import replace

import numpy as np
import pytest
import sympy
import torch

from matops.core.learning.features import PackedFeatures
from matops.core.learning.training import Ensemble
from matops.families.surface_eql.config import PRESETS, EquationConfig, SurfaceConfig
from matops.families.surface_eql.equations.selection import fit_products, select_terms
from matops.families.surface_eql.equations.symmetry import symmetry_factors
from matops.families.surface_eql.equations.units import KINDS, Units, invariant_inputs
from matops.families.surface_eql.features import featurize
from matops.families.surface_eql.learning import learn_equations
from matops.families.surface_eql.surfaces.bulk import METALS
from matops.families.surface_eql.surfaces.surface import Surface
from matops.families.surface_eql.writing import (
    BULK,
    COSINES,
    equations,
    explain,
    term_counts,
)
from matops.simulators.lammps.surfaces.orientations import standard_triangle

SURFACES = [Surface(hkl, bulk) for hkl in standard_triangle(40) for bulk in METALS.values()]
RNG = np.random.default_rng(0)


def config(**changes: object) -> SurfaceConfig:
    demo = PRESETS["demo"]
    equation = replace(EquationConfig(units_a_kind=2, max_terms=6), **changes)  # type: ignore[arg-type]
    return replace(demo, equation=equation, training=replace(demo.training, epochs=20))


def cut_bonds(surfaces: list[Surface]) -> torch.Tensor:
    """Separable, and linear in the sorted cosines: the first-neighbour bonds that a face cuts."""
    rows = [s.bulk.cohesive_eV * (s.direction @ [2.0, 1.0, 0.0]) / 5 for s in surfaces]
    return torch.tensor(rows, dtype=torch.float32)[:, None].expand(-1, 7).contiguous()


def learnt(made: SurfaceConfig, members: int = 2) -> tuple[Ensemble, PackedFeatures]:
    features = featurize(SURFACES, made.equation)
    targets = cut_bonds(SURFACES)
    networks = [
        learn_equations(features, targets, made, member, None, None, None)[0]
        for member in range(members)
    ]
    return Ensemble(list(networks), torch.zeros(7), torch.ones(7)), features


@pytest.fixture(scope="module")
def two_members() -> tuple[Ensemble, PackedFeatures]:
    return learnt(config())


def test_terms_that_were_put_in_are_chosen() -> None:
    candidates = RNG.normal(size=(300, 20))
    bulk = np.column_stack([np.ones(300), RNG.normal(size=(300, 2))])
    truth = candidates[:, 3] * (bulk @ [1.0, 0.5, 0.0]) + candidates[:, 11] * (bulk @ [0, 0, 2.0])
    noisy = truth + 0.01 * RNG.normal(size=300)
    assert select_terms(candidates, bulk, noisy, 10, 0.1).tolist() == [3, 11]
    assert select_terms(candidates, bulk, noisy, 1, 0.1).size == 1


def test_a_term_said_twice_is_taken_once() -> None:
    column = RNG.normal(size=(100, 1))
    candidates = np.hstack([column, column + 1e-6 * RNG.normal(size=(100, 1)), np.ones((100, 1))])
    chosen = select_terms(candidates, np.ones((100, 1)), column[:, 0] + 0.1, 3, 1e-6)
    assert len(set(chosen.tolist()) & {0, 1}) == 1


def test_products_of_the_rank_that_made_them_are_found_again() -> None:
    terms = RNG.normal(size=(400, 5))
    bulk = np.column_stack([np.ones(400), RNG.normal(size=(400, 3))])
    functions, coefficients = RNG.normal(size=(2, 5)), RNG.normal(size=(2, 4))
    values = ((terms @ functions.T) * (bulk @ coefficients.T)).sum(axis=1)
    for rank, error in ((1, None), (2, 1e-6), (4, 1e-6)):
        found, weights = fit_products(terms, bulk, values, rank)
        again = ((terms @ found.T) * (bulk @ weights.T)).sum(axis=1)
        left = float(np.abs(again - values).max())
        assert left > 0.1 if error is None else left < error


def test_factors_vanish_where_the_point_group_demands_and_nowhere_else() -> None:
    special = torch.tensor([[1.0, 0, 0], [1, 1, 1], [1, 1, 0], [3, 2, 1]], dtype=torch.float64)
    special = special / special.norm(dim=1, keepdim=True)
    zero = symmetry_factors(special) == 0
    r, r0, r1 = 2, 5, 6
    assert zero.sum() == 5
    assert zero[0, [r, r1]].all()
    assert zero[1, [r, r0, r1]].all()


def test_harmonics_are_one_for_the_close_packed_face() -> None:
    inputs = invariant_inputs(torch.full((1, 3), 3**-0.5, dtype=torch.float64))
    assert inputs[0, 3:].tolist() == pytest.approx([1.0, 1.0])


def test_weak_connections_are_cut_and_the_rest_is_rounded() -> None:
    torch.manual_seed(0)
    units = Units(2)
    before = units.weight.detach().clone()
    units.prune(2)
    weight = units.weight.detach()
    assert torch.equal(weight, torch.round(weight, decimals=2))
    kept = weight[:, 0, :-1] != 0
    assert (kept.sum(dim=1) == 2).all()
    sizes = before[:, 0, :-1].abs()
    assert (sizes.masked_fill(kept, 0).amax(1) <= sizes.masked_fill(~kept, 9).amin(1)).all()
    alone = [kind.arguments == 1 for kind in KINDS.values() for _ in range(2)]
    assert not weight[torch.tensor(alone), 1].any()


def test_a_law_of_cut_bonds_is_learnt() -> None:
    ensemble, features = learnt(config(max_terms=12))
    mean = ensemble.predict(features)["sample"].mean(axis=0)
    truth = cut_bonds(SURFACES).numpy()
    assert np.abs(mean[:, 0] - truth[:, 0]).max() < 3e-3 * truth.max()


def test_members_differ_in_constants_and_share_their_terms(
    two_members: tuple[Ensemble, PackedFeatures],
) -> None:
    one, other = (network.state_dict() for network in two_members[0].networks)
    assert torch.equal(one["units.weight"], other["units.weight"])
    assert torch.equal(one["equations.functions"] != 0, other["equations.functions"] != 0)
    assert not torch.equal(one["equations.functions"], other["equations.functions"])


def test_equations_have_no_more_terms_than_are_allowed(
    two_members: tuple[Ensemble, PackedFeatures],
) -> None:
    counts = term_counts(two_members[0])
    assert set(counts) == {"gamma0", "T", "R", "T0", "T1", "R0", "R1"}
    assert 1 <= min(counts.values()) <= max(counts.values()) <= 6


@pytest.mark.parametrize(
    "changes", [{}, {"rank": 1, "bulk": ("cohesive_eV",)}, {"rank": 9}], ids=str
)
def test_what_is_written_is_what_the_ensemble_answers(changes: dict[str, object]) -> None:
    made = config(**changes)
    ensemble, features = learnt(made)
    answers = ensemble.predict(features)["sample"].mean(axis=0)
    symbols = [*COSINES, *BULK.values()]
    numbers = np.array([[*s.direction, *s.bulk.features.values()] for s in SURFACES]).T
    for column, written in enumerate(equations(ensemble, made.equation).values()):
        values = np.broadcast_to(sympy.lambdify(symbols, written, "numpy")(*numbers), len(SURFACES))
        assert np.abs(values - answers[:, column]).max() < 1e-6


def test_printed_equations_are_python(two_members: tuple[Ensemble, PackedFeatures]) -> None:
    ensemble, features = two_members
    texts = explain(ensemble, config().equation)
    surface = SURFACES[100]
    names = dict(zip(("n1", "n2", "n3"), surface.direction, strict=True)) | surface.bulk.features
    stated = texts["Symbols"].splitlines()[1:3]
    for line in [*stated, *texts["gamma0"].splitlines()]:
        name, expression = line.split(" = ")
        names[name] = float(sympy.sympify(expression).subs(names))
    answer = ensemble.predict(features)["sample"].mean(axis=0)[100, 0]
    assert names["gamma0"] == pytest.approx(answer, abs=1e-5)
    assert r"\\" in texts["gamma0, LaTeX"]


@pytest.mark.parametrize(
    "wrong",
    [{"max_terms": 18}, {"bulk": ("colour",)}, {"rank": 0}, {"bulk": ("a_A", "a_A")}],
    ids=str,
)
def test_equations_out_of_bounds_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        config(**wrong)


def test_a_term_that_is_zero_on_every_surface_has_no_part_in_an_equation() -> None:
    rng = np.random.default_rng(0)
    terms, bulk = rng.normal(size=(20, 3)), rng.normal(size=(20, 2))
    values = terms[:, 0] * bulk[:, 1]
    terms[:, 2] = 0.0
    functions, coefficients = fit_products(terms, bulk, values, 1)
    assert functions[0, 2] == 0
    said = (terms @ functions[0]) * (bulk @ coefficients[0])
    assert said == pytest.approx(values, abs=1e-6)
