"""A crystal, and how it is read from CIF, POSCAR, a pymatgen structure or our own records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gemmi
import numpy as np
from ase.data import atomic_numbers, chemical_symbols
from numpy.typing import NDArray
from pymatgen.core.composition import Composition
from pymatgen.io.vasp.inputs import Poscar

from matops.core.errors import BadInput
from matops.families.elastic_cgcnn.elements import MAX_ATOMIC_NUMBER

MAX_ATOMS = 2000
MIN_DISTANCE_A = 0.5
"""Atoms closer than this overlap; the shortest bond there is, in H2, has 0.74 Å."""
MIN_SPACING_A = 0.1
"""Lattice planes closer than this make the search for neighbours endless; no crystal needs them."""
MAX_OPERATIONS = 192
"""The most operations that a space group has in its conventional cell."""
SAME_SITE_A = 0.1
"""Symmetry images of a site closer than this are one atom on a special position."""


@dataclass(frozen=True)
class Crystal:
    """An ordered periodic crystal.

    Attributes:
        lattice_A: lattice vectors as rows, shape (3, 3), Å.
        frac_coords: fractional coordinates, shape (n, 3), within [0, 1).
        numbers: atomic numbers, shape (n,).
    """

    lattice_A: NDArray[np.float64]
    frac_coords: NDArray[np.float64]
    numbers: NDArray[np.int64]

    @property
    def cart_coords_A(self) -> NDArray[np.float64]:
        """Cartesian coordinates, shape (n, 3), Å."""
        return self.frac_coords @ self.lattice_A

    @property
    def volume_A3(self) -> float:
        """Volume of the cell, Å³."""
        return abs(float(np.linalg.det(self.lattice_A)))

    @property
    def symbols(self) -> list[str]:
        """Chemical symbol of each atom."""
        return [chemical_symbols[z] for z in self.numbers]

    @property
    def reduced_formula(self) -> str:
        """Reduced formula, the same for all polymorphs, as in ``LiGdAu2``."""
        symbols, counts = np.unique(self.symbols, return_counts=True)
        composition = Composition(dict(zip(symbols.tolist(), counts.tolist(), strict=True)))
        return str(composition.reduced_formula)

    def payload(self) -> dict[str, Any]:
        """The crystal as JSON, in the form ``crystal``."""
        return {
            "crystal": {
                "lattice_A": self.lattice_A.tolist(),
                "species": self.symbols,
                "frac_coords": self.frac_coords.tolist(),
            }
        }


def make_crystal(lattice_A: Any, species: Sequence[Any], frac_coords: Any) -> Crystal:
    """A checked crystal from plain numbers and symbols.

    Raises:
        BadInput: no atoms, too many, an unknown element, a flat cell, or shapes that don't fit.
    """
    if len(species) == 0:
        raise BadInput("the crystal has no atoms")
    if len(species) > MAX_ATOMS:
        raise BadInput(f"the crystal has {len(species)} atoms; at most {MAX_ATOMS} are accepted")
    numbers = np.array([_atomic_number(symbol) for symbol in species], dtype=np.int64)
    lattice, frac = (
        _numbers(lattice_A, (3, 3), "lattice vectors"),
        _numbers(frac_coords, (len(species), 3), "fractional coordinates"),
    )
    # The second remainder turns what the first rounds to one into zero.
    crystal = Crystal(lattice, frac % 1.0 % 1.0, numbers)
    if not 1.0 < crystal.volume_A3 / len(species) < 1e4:
        raise BadInput(f"the cell has {crystal.volume_A3:g} Å³ for {len(species)} atoms")
    spacing = float(1 / np.linalg.norm(np.linalg.inv(lattice), axis=0).max())
    if spacing < MIN_SPACING_A:
        raise BadInput(f"the cell is too thin or too skewed: lattice planes {spacing:.2g} Å apart")
    return crystal


def _numbers(values: Any, shape: tuple[int, ...], what: str) -> NDArray[np.float64]:
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise BadInput(f"the {what} are not numbers") from None
    if array.shape != shape:
        raise BadInput(f"the {what} must have shape {shape}, not {array.shape}")
    if not np.isfinite(array).all():
        raise BadInput(f"the {what} are missing or not finite")
    return array


def _atomic_number(symbol: Any) -> int:
    isotopes = {"D": "H", "T": "H"}
    number = atomic_numbers.get(isotopes.get(symbol, symbol)) if isinstance(symbol, str) else None
    if not number or number > MAX_ATOMIC_NUMBER:
        raise BadInput(f"unknown element {symbol!r}")
    return int(number)


def _unique_images(frac: NDArray[np.float64], lattice_A: NDArray[np.float64]) -> NDArray[np.int64]:
    """Rows of the images, shape (n, 3), that remain when coinciding ones are merged."""
    difference = frac[:, None] - frac[None]
    difference -= np.round(difference)
    close = np.linalg.norm(difference @ lattice_A, axis=-1) < SAME_SITE_A
    return np.flatnonzero(np.argmax(close, axis=1) == np.arange(len(frac)))


def _operations(structure: gemmi.SmallStructure) -> list[gemmi.Op]:
    if len(structure.symops) > MAX_OPERATIONS:
        raise BadInput(f"the CIF has {len(structure.symops)} symmetry operations")
    if structure.symops:
        return [gemmi.Op(text) for text in structure.symops]
    structure.determine_and_set_spacegroup("H2N")
    if structure.spacegroup:
        return list(structure.spacegroup.operations())
    named = structure.spacegroup_hm or structure.spacegroup_hall or structure.spacegroup_number
    if named:
        raise BadInput(f"unknown space group {named!r}")
    return [gemmi.Op()]


def _has_atoms(block: gemmi.cif.Block) -> bool:
    return len(block.find("_atom_site_", ["label", "fract_x", "fract_y", "fract_z"])) > 0


def from_cif(text: str) -> Crystal:
    """The first structure of a CIF, with its symmetry applied.

    Raises:
        BadInput: not a CIF, no atoms, partial occupancy, or not a valid crystal.
    """
    try:
        blocks = list(gemmi.cif.read_string(text))
        block = next((block for block in blocks if _has_atoms(block)), None)
        if block is None:
            raise BadInput("the CIF has no atoms with label and fractional coordinates")
        structure = gemmi.make_small_structure_from_block(block)
        operations = _operations(structure)
    except BadInput:
        raise
    except (TypeError, ValueError, RuntimeError) as error:
        raise BadInput(f"not a readable CIF: {str(error).splitlines()[0]}") from None
    if len(structure.sites) > MAX_ATOMS:
        raise BadInput(
            f"the CIF has {len(structure.sites)} sites; at most {MAX_ATOMS} are accepted"
        )
    lattice = np.array(structure.cell.orth.mat.tolist()).T
    species, frac = [], []
    for site in structure.sites:
        if abs(site.occ - 1.0) > 1e-3:
            raise BadInput(f"site {site.label} has partial occupancy {site.occ:g}")
        images = np.array([op.apply_to_xyz(site.fract.tolist()) for op in operations])
        kept = images[_unique_images(images, lattice)]
        symbol = site.element.name if site.element.atomic_number else site.type_symbol
        species += [symbol] * len(kept)
        frac.append(kept)
    return make_crystal(lattice, species, np.concatenate(frac))


def from_poscar(text: str) -> Crystal:
    """A VASP 5 POSCAR, whose sixth line names the elements.

    Raises:
        BadInput: not a POSCAR, or no element names.
    """
    header = [line.split() for line in text.splitlines()[5:16]]
    if header and header[0] and header[0][0].isdigit():
        raise BadInput("the POSCAR's sixth line does not name the elements")
    if any(word.isdecimal() and int(word[:9]) > MAX_ATOMS for line in header for word in line):
        raise BadInput(f"the POSCAR has too many atoms; at most {MAX_ATOMS} are accepted")
    try:
        structure = Poscar.from_str(text, default_names=None).structure
    except Exception as error:  # the parser raises what its many branches happen to raise
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise BadInput(f"not a readable POSCAR: {reason}") from None
    symbols = [site.specie.symbol for site in structure]
    return make_crystal(structure.lattice.matrix, symbols, structure.frac_coords)


def from_pymatgen(structure: Any) -> Crystal:
    """A pymatgen ``Structure`` as the dictionary that its ``as_dict`` gives.

    Raises:
        BadInput: missing parts, partial occupancy, or not a valid crystal.
    """
    try:
        lattice = structure["lattice"]["matrix"]
        sites = structure["sites"]
        frac = [site["abc"] for site in sites]
        species = [_only_species(site["species"]) for site in sites]
    except BadInput:
        raise
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise BadInput(f"not a pymatgen structure: {error} is missing or malformed") from None
    return make_crystal(lattice, species, frac)


def _only_species(species: list[Mapping[str, Any]]) -> str:
    if len(species) != 1 or abs(float(species[0].get("occu", 1)) - 1.0) > 1e-3:
        shares = ", ".join(f"{s.get('element')} {s.get('occu')}" for s in species)
        raise BadInput(f"a site has partial occupancy: {shares}")
    return str(species[0]["element"])


def _from_record(record: Any) -> Crystal:
    try:
        return make_crystal(record["lattice_A"], record["species"], record["frac_coords"])
    except (KeyError, TypeError) as error:
        raise BadInput(f"not a crystal record: {error} is missing or malformed") from None


FORMS = {
    "cif": from_cif,
    "poscar": from_poscar,
    "structure": from_pymatgen,
    "crystal": _from_record,
}


def parse_crystal(payload: Mapping[str, Any]) -> Crystal:
    """The crystal of a record or a request: exactly one of the keys in ``FORMS``.

    Raises:
        BadInput: no such key, or its content is not a valid crystal.
    """
    keys = [key for key in FORMS if key in payload] if isinstance(payload, Mapping) else []
    if len(keys) != 1:
        raise BadInput(f"a crystal needs exactly one of the keys {', '.join(FORMS)}")
    content = payload[keys[0]]
    if keys[0] in ("cif", "poscar") and not isinstance(content, str):
        raise BadInput(f"{keys[0]} must be text")
    return FORMS[keys[0]](content)
