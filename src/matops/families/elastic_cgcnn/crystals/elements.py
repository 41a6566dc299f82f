"""Element features, computed from tabulated element data: one row an atomic number."""

import warnings
from functools import cache

import numpy as np
from ase.data import atomic_masses, covalent_radii
from pymatgen.core.periodic_table import Element

from matops.physics.arrays import FloatArray

MAX_ATOMIC_NUMBER = 103
N_BINARY = 92
F_BLOCK_GROUP = 19
NOBLE_CORE = {6: 54, 7: 86}


PROPERTIES = (
    "X",
    "electron_affinity",
    "mendeleev_no",
    "atomic_radius",
    "melting_point",
    "boiling_point",
    "density_of_solid",
    "bulk_modulus",
    "rigidity_modulus",
    "thermal_conductivity",
    "coefficient_of_linear_thermal_expansion",
)
"""Elemental properties read from pymatgen by name; positive, wide-ranging ones enter as logs."""

KINDS = {
    "alkali": "alkali metal",
    "alkaline": "alkaline earth",
    "lanthanoid": "lanthanoid",
    "actinoid": "actinoid",
    "transition_metal": "transition metal",
    "post_transition_metal": "post-transition metal",
    "metalloid": "metalloid",
    "halogen": "halogen",
    "noble_gas": "noble gas",
    "chalcogen": "chalcogen",
}
"""Kinds of elements as pymatgen and as a message names them; the first that fits counts."""

AS_LOGARITHM = frozenset(PROPERTIES[4:])


def _elements() -> list[Element]:
    return [Element.from_Z(z) for z in range(1, MAX_ATOMIC_NUMBER + 1)]


def _is_f_block(element: Element) -> bool:
    return bool(element.block == "f")


def period(element: Element) -> int:
    """Period 1 to 7, with lanthanoids in 6 and actinoids in 7."""
    return int(element.row) if not _is_f_block(element) else 6 if element.Z < 72 else 7


def group_category(element: Element) -> int:
    """Group 1 to 18, or 19 for the f block, which has no group."""
    return F_BLOCK_GROUP if _is_f_block(element) else int(element.group)


@cache
def kind_of_element(symbol: str) -> str:
    """What the periodic table calls an element, as in ``lanthanoid`` or ``halogen``."""
    element = Element(symbol)
    fitting = (name for kind, name in KINDS.items() if getattr(element, f"is_{kind}"))
    return next(fitting, "other nonmetal")


def valence_electrons(element: Element) -> int:
    """Electrons outside the noble-gas core and filled inner shells, at most 12."""
    if _is_f_block(element):
        return min(12, int(element.Z) - NOBLE_CORE[period(element)])
    if element.symbol == "He":  # in group 18, and in pymatgen's p block, but 1s²
        return 2
    return int(element.group) - (10 if element.block == "p" else 0)


def _column(name: str) -> FloatArray:
    """One property over all elements; NaN where the tables have no value."""
    with warnings.catch_warnings():
        # pymatgen warns of each gap in its tables; gaps are expected and become NaN.
        warnings.simplefilter("ignore", UserWarning)
        values = [getattr(element, name, None) for element in _elements()]
    column = np.array([np.nan if value is None else float(value) for value in values])
    if name in AS_LOGARITHM:
        with np.errstate(divide="ignore", invalid="ignore"):
            column = np.log(np.where(column > 0, column, np.nan))
    return column


def _first_ionisation_energy() -> FloatArray:
    energies = [element.ionization_energies for element in _elements()]
    return np.array([e[0] if e and e[0] else np.nan for e in energies], dtype=float)


def _one_hot(index: FloatArray, size: int) -> FloatArray:
    """Rows with a one at ``index`` (from 0), and all zeros where it is NaN."""
    rows = np.zeros((len(index), size))
    finite = np.flatnonzero(np.isfinite(index))
    rows[finite, index[finite].astype(int)] = 1.0
    return rows


def _binned(values: FloatArray, n_bins: int) -> FloatArray:
    """One-hot of equal bins between the smallest and the largest value of all elements."""
    low, high = np.nanmin(values), np.nanmax(values)
    bins = np.floor((values - low) / (high - low) * n_bins)
    return _one_hot(np.clip(bins, 0, n_bins - 1), n_bins)


@cache
def binary_features() -> FloatArray:
    """The network's input, shape (104, 92): row z belongs to atomic number z; row 0 is empty.

    One-hot groups: group (18 and one for the f block), period (7), electronegativity (10 bins),
    covalent radius (10), valence electrons (12), log first ionisation energy (10), electron
    affinity (10), block (4), log atomic volume (10). A value that the tables lack leaves its
    group of columns zero.

    Source: the properties are those of Xie and Grossman, Phys. Rev. Lett. 120, 145301 (2018),
    supplement; values from pymatgen and, for covalent radii, Cordero et al., Dalton Trans. 2832
    (2008) through ASE.
    """
    elements = _elements()
    blocks = np.array(["spdf".index("s" if e.Z == 2 else e.block) * 1.0 for e in elements])
    volume = _column("molar_volume")
    table = np.concatenate(
        [
            _one_hot(np.array([group_category(e) - 1.0 for e in elements]), 19),
            _one_hot(np.array([period(e) - 1.0 for e in elements]), 7),
            _binned(_column("X"), 10),
            _binned(covalent_radii[1 : MAX_ATOMIC_NUMBER + 1], 10),
            _one_hot(np.array([valence_electrons(e) - 1.0 for e in elements]), 12),
            _binned(np.log(_first_ionisation_energy()), 10),
            _binned(_column("electron_affinity"), 10),
            _one_hot(blocks, 4),
            _binned(np.log(np.where(volume > 0, volume, np.nan)), 10),
        ],
        axis=1,
    )
    return np.concatenate([np.zeros((1, N_BINARY)), table])


@cache
def continuous_properties() -> FloatArray:
    """Standardised elemental properties, shape (104, 11): columns in the order of PROPERTIES.

    Missing values are zero, the mean. Used by the composition descriptors.
    """
    table = np.stack([_column(name) for name in PROPERTIES], axis=1)
    standard = (table - np.nanmean(table, axis=0)) / np.nanstd(table, axis=0)
    standard = np.clip(np.nan_to_num(standard), -4.0, 4.0)
    return np.concatenate([np.zeros((1, len(PROPERTIES))), standard])


@cache
def covalent_radii_A() -> FloatArray:
    """Covalent radius by atomic number, Å, shape (104,). Source: Cordero et al. (2008)."""
    return np.asarray(covalent_radii[: MAX_ATOMIC_NUMBER + 1], dtype=float)


@cache
def atomic_masses_u() -> FloatArray:
    """Atomic mass by atomic number, u, shape (104,). Source: IUPAC, through ASE."""
    return np.asarray(atomic_masses[: MAX_ATOMIC_NUMBER + 1], dtype=float)
