"""Prototypes have the symmetry they claim, and no alloy is listed twice."""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations

import numpy as np
import pytest
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core import Structure
from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

from matops.simulators.alloys import (
    FCC_LATTICE_A,
    PROTOTYPES,
    Alloy,
    Prototype,
    build_alloy,
    enumerate_alloys,
)

ELEMENTS = ("Cu", "Au", "Pd", "Ni")
STRICT = StructureMatcher(ltol=0.01, stol=0.01, angle_tol=0.5, attempt_supercell=False)


def as_structure(alloy: Alloy) -> Structure:
    return Structure(alloy.lattice_A, alloy.numbers, alloy.frac_coords)


def decorate(prototype: Prototype, elements: tuple[str, ...] = ELEMENTS) -> Structure:
    return as_structure(build_alloy(prototype, elements[: prototype.species_count]))


@pytest.mark.parametrize("prototype", PROTOTYPES, ids=lambda p: p.designation)
def test_space_group_and_primitive_cell(prototype: Prototype) -> None:
    structure = decorate(prototype)
    assert SpacegroupAnalyzer(structure, symprec=1e-5).get_space_group_number() == (
        prototype.space_group
    )
    assert len(structure.get_primitive_structure()) == len(structure)


@pytest.mark.parametrize("prototype", PROTOTYPES, ids=lambda p: p.designation)
def test_relabelings_give_the_same_crystal_and_assignments_do_not(prototype: Prototype) -> None:
    original = decorate(prototype)
    for word in prototype.relabelings:
        swapped = tuple(ELEMENTS["ABCD".index(letter)] for letter in word)
        assert STRICT.fit(original, decorate(prototype, swapped))
    listed = prototype.assignments(ELEMENTS[: prototype.species_count])
    for one, other in combinations(listed, 2):
        assert not STRICT.fit(decorate(prototype, one), decorate(prototype, other))


def test_no_prototype_is_another_in_disguise() -> None:
    same_composition = defaultdict(list)
    for prototype in PROTOTYPES:
        structure = decorate(prototype)
        same_composition[structure.composition.reduced_formula].append(structure)
    for structures in same_composition.values():
        for one, other in combinations(structures, 2):
            assert not STRICT.fit(one, other)


def test_over_a_thousand_distinct_alloys() -> None:
    names = [alloy.name for alloy in enumerate_alloys()]
    assert len(names) == len(set(names)) >= 1000
    assert "L1_2 Cu3Au" in names


def test_close_packed_layers_of_b19_have_eight_unlike_neighbours() -> None:
    """B19 orders each close-packed plane in rows: 8 of 12 neighbours are of the other kind."""
    (b19,) = (p for p in PROTOTYPES if p.designation == "B19")
    structure = decorate(b19)
    nearest = min(n.nn_distance for n in structure.get_neighbors(structure[0], 4.0))
    neighbours = structure.get_neighbors(structure[0], 1.1 * nearest)
    unlike = [n for n in neighbours if n.specie != structure[0].specie]
    assert (len(neighbours), len(unlike)) == (12, 8)


def test_volume_follows_vegard_in_every_prototype() -> None:
    mean_A = (3 * FCC_LATTICE_A["Cu"] + FCC_LATTICE_A["Au"]) / 4
    for prototype in PROTOTYPES:
        if prototype.species_count == 2 and prototype.label_counts in {(3, 1), (6, 2), (12, 4)}:
            structure = decorate(prototype)
            assert structure.volume / len(structure) == pytest.approx(mean_A**3 / 4)


def test_sample_is_seeded_balanced_and_holds_the_elements() -> None:
    first = [alloy.name for alloy in enumerate_alloys(150, seed=3)]
    assert first == [alloy.name for alloy in enumerate_alloys(150, seed=3)]
    assert first != [alloy.name for alloy in enumerate_alloys(150, seed=4)]
    assert len(set(first)) == 150
    assert {f"A1 {element}" for element in FCC_LATTICE_A} <= set(first)
    assert {name.split()[0] for name in first} == {p.designation for p in PROTOTYPES}


def test_asking_for_too_many_alloys_fails() -> None:
    with pytest.raises(ValueError, match="only"):
        enumerate_alloys(10**6)


def test_numbers_agree_with_species() -> None:
    alloy = next(a for a in enumerate_alloys() if a.name == "L1_2 Cu3Au")
    assert sorted(alloy.numbers.tolist()) == [29, 29, 29, 79]
    assert alloy.species[int(np.argmax(alloy.numbers))] == "Au"
