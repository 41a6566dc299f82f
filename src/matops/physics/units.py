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
_eV_J, _mol = Exact("1.602176634e-19"), Exact("6.02214076e23")
_Ha_J, _Bohr_m, _A_m = Exact("4.3597447222060e-18"), Exact("5.29177210544e-11"), Exact("1e-10")


def _units(text: str) -> dict[str, Exact]:
    """Units by name, of ``GPa 1e9, MPa 1e6``."""
    pairs = (pair.split() for pair in text.split(","))
    return {name: Exact(value) for name, value in pairs}


_ELECTRONIC = {"eV": _eV_J, "meV": _eV_J / 1000, "Ha": _Ha_J, "Ry": _Ha_J / 2}
_MOLAR = {"kJ/mol": 1000 / _mol, "kcal/mol": 4184 / _mol}
UNITS: Mapping[str, Mapping[str, Exact]] = {
    "stress": _units("GPa 1e9, MPa 1e6, kPa 1e3, Pa 1, Mbar 1e11, kbar 1e8, bar 1e5, atm 101325")
    | {"eV/Å^3": _eV_J / _A_m**3, "Ha/Bohr^3": _Ha_J / _Bohr_m**3},
    "energy": _units("J 1") | _ELECTRONIC | _MOLAR,
    "energy per atom": {f"{name}/atom": value for name, value in _ELECTRONIC.items()},
    "force": _units("N 1, nN 1e-9")
    | {f"{name}/Å": _ELECTRONIC[name] / _A_m for name in ("eV", "meV")}
    | {f"{name}/Bohr": _ELECTRONIC[name] / _Bohr_m for name in ("Ha", "Ry")},
    "length": _units("m 1, cm 1e-2, mm 1e-3, µm 1e-6, nm 1e-9, Å 1e-10, pm 1e-12")
    | {"Bohr": _Bohr_m},
    "time": _units("s 1, ms 1e-3, µs 1e-6, ns 1e-9, ps 1e-12, fs 1e-15, min 60, h 3600"),
    "diffusivity": _units(
        "m^2/s 1, cm^2/s 1e-4, mm^2/s 1e-6, µm^2/s 1e-12, nm^2/ns 1e-9, Å^2/ps 1e-8"
    ),
    "surface energy": _units("J/m^2 1, mJ/m^2 1e-3, N/m 1, erg/cm^2 1e-3")
    | {f"{name}/Å^2": _ELECTRONIC[name] / _A_m**2 for name in ("eV", "meV")},
    "a pure number": _units("1 1, % 1e-2, ppm 1e-6"),
}
"""By dimension, what each unit is in the coherent unit of the SI."""

SPELLINGS: Mapping[str, str] = {
    **dict.fromkeys(("A", "Ang", "Angstrom", "angstrom"), "Å"),
    **dict.fromkeys(("Hartree", "hartree"), "Ha"),
    **{"bohr": "Bohr", "kBar": "kbar", "um": "µm", "us": "µs"},
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
