"""Element features: shapes, one-hot blocks, and a few facts of the periodic table."""

import numpy as np
import pytest
from pymatgen.core.periodic_table import Element

from matops.families.elastic_cgcnn.crystals.elements import (
    N_BINARY,
    PROPERTIES,
    atomic_masses_u,
    binary_features,
    continuous_properties,
    covalent_radii_A,
    group_category,
    period,
    valence_electrons,
)

BLOCKS = {
    "group": 19,
    "period": 7,
    "electronegativity": 10,
    "covalent radius": 10,
    "valence electrons": 12,
    "ionisation energy": 10,
    "electron affinity": 10,
    "block": 4,
    "atomic volume": 10,
}


def block(symbol: str, name: str) -> np.ndarray:
    ends = np.cumsum(list(BLOCKS.values()))
    number = list(BLOCKS).index(name)
    row = binary_features()[Element(symbol).Z]
    return row[ends[number] - BLOCKS[name] : ends[number]]


def level(symbol: str, name: str) -> int:
    """Which column of a block is one; -1 for none."""
    found = np.flatnonzero(block(symbol, name))
    return int(found[0]) if len(found) else -1


def test_table_has_a_row_for_each_atomic_number_and_an_empty_one_for_zero() -> None:
    assert binary_features().shape == (104, N_BINARY) == (104, 92)
    assert sum(BLOCKS.values()) == 92
    assert not binary_features()[0].any()
    assert continuous_properties().shape == (104, len(PROPERTIES))
    assert not continuous_properties()[0].any()
    assert covalent_radii_A().shape == atomic_masses_u().shape == (104,)


@pytest.mark.parametrize("name", BLOCKS)
def test_each_element_has_at_most_one_level_of_a_property(name: str) -> None:
    counts = [block(Element.from_Z(z).symbol, name) for z in range(1, 104)]
    assert set(np.unique(counts)) == {0.0, 1.0}
    assert max(row.sum() for row in counts) == 1


@pytest.mark.parametrize("name", ["group", "period", "valence electrons", "block"])
def test_place_in_the_periodic_table_is_known_for_every_element(name: str) -> None:
    assert all(block(Element.from_Z(z).symbol, name).sum() == 1 for z in range(1, 104))


def test_copper_and_silver_share_what_their_group_shares() -> None:
    for name in ("group", "valence electrons", "block"):
        assert np.array_equal(block("Cu", name), block("Ag", name))
    assert (level("Cu", "period"), level("Ag", "period")) == (3, 4)
    assert level("Ag", "covalent radius") > level("Cu", "covalent radius")


def test_no_two_elements_up_to_radon_have_the_same_features() -> None:
    assert len(np.unique(binary_features()[1:87], axis=0)) == 86


def test_levels_rise_with_the_property() -> None:
    assert level("F", "electronegativity") == 9
    assert level("Cs", "electronegativity") < level("Cu", "electronegativity")
    assert level("He", "ionisation energy") == 9
    assert level("Cs", "ionisation energy") == 0
    assert level("Cl", "electron affinity") == 9
    assert level("Be", "atomic volume") < level("Cs", "atomic volume")


def test_property_that_the_tables_lack_leaves_its_block_empty() -> None:
    assert level("He", "electronegativity") == -1
    assert np.isnan(Element("He").X)
    assert continuous_properties()[2, PROPERTIES.index("X")] == 0.0


@pytest.mark.parametrize(
    ("symbol", "count"),
    [
        ("Na", 1),
        ("Cl", 7),
        ("Fe", 8),
        ("Cu", 11),
        ("Zn", 12),
        ("He", 2),
        ("H", 1),
        ("Al", 3),
        ("Ne", 8),
        ("Ce", 4),
        ("Gd", 10),
        ("U", 6),
    ],
)
def test_valence_electrons(symbol: str, count: int) -> None:
    assert valence_electrons(Element(symbol)) == count
    assert level(symbol, "valence electrons") == count - 1


def test_helium_belongs_to_the_noble_gases_by_group_and_to_the_s_block() -> None:
    assert np.array_equal(block("He", "group"), block("Ne", "group"))
    assert np.array_equal(block("He", "block"), block("Be", "block"))


def test_f_block_is_a_category_of_its_own_in_its_period() -> None:
    for symbol, row in {"Ce": 6, "Yb": 6, "Ac": 7, "U": 7}.items():
        assert group_category(Element(symbol)) == 19
        assert period(Element(symbol)) == row
    assert (group_category(Element("Au")), period(Element("Au"))) == (11, 6)


def test_continuous_properties_are_standardised_and_bounded() -> None:
    table = continuous_properties()[1:]
    assert np.isfinite(table).all()
    assert np.abs(table).max() <= 4.0
    assert np.abs(table.mean(axis=0)).max() < 0.2
    assert (table.std(axis=0) > 0.6).all()


def test_stiff_elements_have_the_larger_bulk_modulus() -> None:
    column = continuous_properties()[:, PROPERTIES.index("bulk_modulus")]
    stiffness = [column[Element(symbol).Z] for symbol in ("K", "Pb", "Cu", "W")]
    assert stiffness == sorted(stiffness)


def test_masses_and_radii_are_in_u_and_angstrom() -> None:
    assert atomic_masses_u()[29] == pytest.approx(63.546, abs=0.01)
    assert covalent_radii_A()[[1, 29, 79]] == pytest.approx([0.31, 1.32, 1.36])
