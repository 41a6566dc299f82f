"""Units by dimension, exactly: what one unit is in another of its dimension.

Source: SI Brochure, 9th edition (2019): e = 1.602176634e-19 C and N_A = 6.02214076e23 /mol exactly;
the bar and the atmosphere are so by definition. CODATA 2022 for the hartree and the bohr, which are
measured: Mohr et al., Rev. Mod. Phys. 97, 025002 (2025).
"""

import re
from collections.abc import Mapping
from fractions import Fraction
from unicodedata import normalize

Exact = Fraction
_eV_J = Exact("1.602176634e-19")
_mol = Exact("6.02214076e23")
_Ha_J = Exact("4.3597447222060e-18")
_bohr_m = Exact("5.29177210544e-11")
_A_m = Exact("1e-10")

_ENERGY: Mapping[str, Exact] = {
    "J": Exact(1),
    "eV": _eV_J,
    "meV": _eV_J / 1000,
    "Ha": _Ha_J,
    "Ry": _Ha_J / 2,
    "kJ/mol": 1000 / _mol,
    "kcal/mol": 4184 / _mol,
}
UNITS: Mapping[str, Mapping[str, Exact]] = {
    "stress": {
        "GPa": Exact("1e9"),
        "MPa": Exact("1e6"),
        "kPa": Exact("1e3"),
        "Pa": Exact(1),
        "Mbar": Exact("1e11"),
        "kbar": Exact("1e8"),
        "bar": Exact("1e5"),
        "atm": Exact(101325),
        "eV/Å^3": _eV_J / _A_m**3,
        "Ha/Bohr^3": _Ha_J / _bohr_m**3,
    },
    "energy": _ENERGY,
    "energy per atom": {f"{name}/atom": _ENERGY[name] for name in ("eV", "meV", "Ha", "Ry")},
    "force": {
        "N": Exact(1),
        "nN": Exact("1e-9"),
        "eV/Å": _eV_J / _A_m,
        "meV/Å": _eV_J / _A_m / 1000,
        "Ha/Bohr": _Ha_J / _bohr_m,
        "Ry/Bohr": _Ha_J / _bohr_m / 2,
    },
    "length": {
        "m": Exact(1),
        "cm": Exact("1e-2"),
        "mm": Exact("1e-3"),
        "µm": Exact("1e-6"),
        "nm": Exact("1e-9"),
        "Å": _A_m,
        "pm": Exact("1e-12"),
        "Bohr": _bohr_m,
    },
    "time": {
        "s": Exact(1),
        "ms": Exact("1e-3"),
        "µs": Exact("1e-6"),
        "ns": Exact("1e-9"),
        "ps": Exact("1e-12"),
        "fs": Exact("1e-15"),
        "min": Exact(60),
        "h": Exact(3600),
    },
    "diffusivity": {
        "m^2/s": Exact(1),
        "cm^2/s": Exact("1e-4"),
        "mm^2/s": Exact("1e-6"),
        "µm^2/s": Exact("1e-12"),
        "nm^2/ns": Exact("1e-9"),
        "Å^2/ps": Exact("1e-8"),
    },
    "surface energy": {
        "J/m^2": Exact(1),
        "mJ/m^2": Exact("1e-3"),
        "N/m": Exact(1),
        "erg/cm^2": Exact("1e-3"),
        "eV/Å^2": _eV_J / _A_m**2,
        "meV/Å^2": _eV_J / _A_m**2 / 1000,
    },
    "a pure number": {"1": Exact(1), "%": Exact("1e-2"), "ppm": Exact("1e-6")},
}
"""By dimension, what each unit is in the coherent unit of the SI."""

SPELLINGS: Mapping[str, str] = {
    "A": "Å",
    "Ang": "Å",
    "Angstrom": "Å",
    "angstrom": "Å",
    "bohr": "Bohr",
    "hartree": "Ha",
    "Hartree": "Ha",
    "um": "µm",
    "us": "µs",
}
"""Other spellings of a unit's words."""

_SIGNS = str.maketrans({"²": "^2", "³": "^3", "μ": "µ", " ": ""})
_WORD = re.compile(r"[^\W\d_]+")
_BARE_POWER = re.compile(r"(?<=[^\W\d_])(?=\d)")


def canonical(unit: str) -> str:
    """The spelling of :data:`UNITS`: ``m²/s`` and ``m2/s`` are ``m^2/s``, ``eV/A`` is ``eV/Å``."""
    text = normalize("NFC", unit).replace("**", "^").translate(_SIGNS)
    text = _BARE_POWER.sub("^", text)
    return _WORD.sub(lambda word: SPELLINGS.get(word[0], word[0]), text)


def dimension(unit: str) -> str:
    """The dimension of a unit in any spelling; empty for a unit that the table does not have."""
    name = canonical(unit)
    return next((dimension for dimension, units in UNITS.items() if name in units), "")


def factor(unit: str, wanted: str) -> float:
    """What one ``unit`` is in ``wanted`` units, correctly rounded.

    A unit that the table does not have is itself only.

    Raises:
        ValueError: the two are not of one dimension; one line that names both.
    """
    here, there = canonical(unit), canonical(wanted)
    if here == there:
        return 1.0
    wanted_dimension, other = dimension(wanted), dimension(unit)
    if not wanted_dimension:
        raise ValueError(f"{unit!r} is not {wanted}, and nothing is known to be converted to that")
    units = UNITS[wanted_dimension]
    if here not in units:
        but = f", but one of {other}" if other else ""
        raise ValueError(
            f"{unit!r} is no unit of {wanted_dimension} as {wanted} is{but}; "
            f"known are {', '.join(units)}"
        )
    return float(units[here] / units[there])
