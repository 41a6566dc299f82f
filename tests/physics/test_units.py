"""Units: exact numbers, all spellings, and no conversion between dimensions."""

from __future__ import annotations

from itertools import pairwise, product

import ase.units
import pytest
import scipy.constants

from matops.physics.units import UNITS, canonical, dimension, factor
from tests.support.places import REPOSITORY

EV_J = scipy.constants.e


@pytest.mark.parametrize(
    ("unit", "wanted", "value"),
    [
        ("MPa", "GPa", 1e-3),
        ("kbar", "GPa", 0.1),
        ("Mbar", "GPa", 100.0),
        ("atm", "GPa", 1.01325e-4),
        ("eV/Å^3", "GPa", EV_J * 1e21),
        ("meV", "eV", 1e-3),
        ("kJ/mol", "eV", 1e3 / scipy.constants.N_A / EV_J),
        ("Ha", "eV", scipy.constants.value("Hartree energy in eV")),
        ("Ry/Bohr", "eV/Å", 25.71104),
        ("nN", "eV/Å", 1e-19 / EV_J),
        ("cm^2/s", "m^2/s", 1e-4),
        ("Å^2/ps", "cm^2/s", 1e-4),
        ("eV/Å^2", "J/m^2", EV_J * 1e20),
        ("erg/cm^2", "mJ/m^2", 1.0),
        ("nm", "Å", 10.0),
        ("fs", "ps", 1e-3),
        ("%", "1", 0.01),
        ("meV/atom", "eV/atom", 1e-3),
    ],
)
def test_a_conversion_is_the_known_number_and_back_again(
    unit: str, wanted: str, value: float
) -> None:
    assert factor(unit, wanted) == pytest.approx(value, rel=1e-6)
    assert factor(unit, wanted) * factor(wanted, unit) == pytest.approx(1.0, rel=1e-15)


def test_powers_of_ten_are_exact() -> None:
    assert (factor("kbar", "GPa"), factor("MPa", "GPa")) == (0.1, 1e-3)
    assert (factor("meV", "eV"), factor("meV/Å", "eV/Å"), factor("mJ/m^2", "J/m^2")) == (1e-3,) * 3
    assert factor("cm^2/s", "m^2/s") == 1e-4


def test_electronvolts_are_those_of_the_simulations_up_to_the_older_constant() -> None:
    assert factor("eV/Å^3", "GPa") == pytest.approx(1 / ase.units.GPa, rel=1e-7)


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("eV/A", "eV/Å"),
        ("eV/Ang^3", "eV/Å^3"),
        ("eV/Å³", "eV/Å^3"),
        ("eV/\u212b", "eV/Å"),
        ("m²/s", "m^2/s"),
        ("m2/s", "m^2/s"),
        ("m**2 / s", "m^2/s"),
        ("cm2/s", "cm^2/s"),
        ("J/m²", "J/m^2"),
        ("um", "µm"),
        ("\u03bcm", "µm"),
        ("\u00b5m", "µm"),
        ("hartree/bohr", "Ha/Bohr"),
        ("GPa", "GPa"),
        ("1", "1"),
    ],
)
def test_spellings(spelling: str, name: str) -> None:
    assert canonical(spelling) == name
    assert dimension(spelling) == dimension(name) != ""
    assert factor(spelling, name) == 1.0


def test_every_unit_of_a_dimension_goes_into_every_other_and_no_name_stands_twice() -> None:
    for units in UNITS.values():
        assert all(factor(one, other) > 0 for one, other in product(units, repeat=2))
        assert all(canonical(name) == name for name in units)
    names = sorted(name for units in UNITS.values() for name in units)
    assert all(one != other for one, other in pairwise(names))


def test_another_dimension_or_an_unknown_unit_is_refused_in_one_line_that_names_both() -> None:
    with pytest.raises(ValueError) as caught:
        factor("GPa", "m^2/s")
    assert str(caught.value) == (
        "'GPa' is no unit of diffusivity as m^2/s is, but one of stress; "
        "known are m^2/s, cm^2/s, mm^2/s, µm^2/s, nm^2/ns, Å^2/ps"
    )
    with pytest.raises(ValueError, match=r"^'psi' is no unit of stress as GPa is; known are GPa, "):
        factor("psi", "GPa")


def test_a_unit_that_the_table_lacks_is_itself_only() -> None:
    assert factor("W/(m K)", "W/(mK)") == 1.0
    with pytest.raises(ValueError, match=r"'GPa' is not W/\(m K\)"):
        factor("GPa", "W/(m K)")


def test_the_page_on_sources_lists_the_table() -> None:
    page = (REPOSITORY / "docs/sources.md").read_text()
    for name, units in UNITS.items():
        assert f"| {name} | {', '.join(units)} |" in page
