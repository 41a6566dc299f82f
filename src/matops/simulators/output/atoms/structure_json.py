"""Structures as pymatgen and ASE write them as JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from ase.data import chemical_symbols

from matops.core.errors import BadInput
from matops.physics.arrays import FloatArray
from matops.simulators.output.atoms.periodic import PeriodicAtoms, in_cell

ARRAY = "__ndarray__"


def read_structure(content: Any) -> PeriodicAtoms:
    """What ``as_dict`` of a pymatgen structure gives, or ASE's JSON of one ``Atoms``.

    An entry or document with a ``structure`` in it is that structure.

    Raises:
        BadInput: missing parts, partial occupancy, several structures, or not periodic.
    """
    try:
        if isinstance(content, Mapping) and "structure" in content and "sites" not in content:
            content = content["structure"]
        if isinstance(content, Mapping) and isinstance(content.get("ids"), list):
            content = _only_row(content)
        if isinstance(content, Mapping) and "numbers" in content and "cell" in content:
            return _of_ase(content)
        return _of_pymatgen(content)
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError, IndexError) as error:
        reason = f"{error} is missing or malformed" if isinstance(error, KeyError) else "malformed"
        raise BadInput(f"not a pymatgen structure, nor ASE's atoms: {reason}") from None


def _of_pymatgen(structure: Mapping[str, Any]) -> PeriodicAtoms:
    sites = structure["sites"]
    if structure["lattice"].get("pbc", [True] * 3) not in ([True] * 3, (True,) * 3):
        raise BadInput("the cell is not periodic along all three edges")
    cell_A = _numbers(structure["lattice"]["matrix"], (3, 3))
    symbols = [_only_species(site["species"]) for site in sites]
    frac_coords = _numbers([site["abc"] for site in sites] or np.empty((0, 3)), (len(sites), 3))
    return PeriodicAtoms(cell_A, frac_coords, tuple(symbols))


def _only_species(species: Sequence[Mapping[str, Any]]) -> str:
    if len(species) != 1 or abs(float(species[0].get("occu", 1)) - 1.0) > 1e-3:
        shares = ", ".join(f"{s.get('element')} {s.get('occu')}" for s in species)
        raise BadInput(f"a site has partial occupancy: {shares}")
    return str(species[0]["element"])


def _only_row(database: Mapping[str, Any]) -> Any:
    """The one row of an ASE database."""
    if len(database["ids"]) != 1:
        raise BadInput(f"holds {len(database['ids'])} structures where one is needed")
    return database[str(database["ids"][0])]


def _of_ase(atoms: Mapping[str, Any]) -> PeriodicAtoms:
    if not np.all(_plain(atoms.get("pbc", False))):
        raise BadInput("the cell is not periodic along all three edges")
    numbers = _plain(atoms["numbers"]).astype(int).ravel()
    symbols = [chemical_symbols[number] for number in numbers]
    cell = (
        atoms["cell"]["array"]
        if isinstance(atoms["cell"], Mapping) and "array" in atoms["cell"]
        else atoms["cell"]
    )
    return in_cell(
        _plain(cell).astype(float).reshape(3, 3),
        _plain(atoms["positions"]).astype(float).reshape(-1, 3),
        symbols,
    )


def _plain(value: Any) -> np.ndarray[Any, Any]:
    """An array, which ASE writes as shape, type and numbers."""
    if isinstance(value, Mapping):
        shape, _, numbers = value[ARRAY]
        return np.asarray(numbers, dtype=float).reshape(shape)
    return np.asarray(value)


def _numbers(values: Any, shape: tuple[int, ...]) -> FloatArray:
    array = np.asarray(values, dtype=np.float64)
    if array.shape != shape:
        raise ValueError(shape)
    return array
