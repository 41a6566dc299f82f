"""Crystals from CIF, checked against what the file says of them."""

import re
from collections.abc import Sequence

import gemmi
import numpy as np

from matops.core.errors import BadInput
from matops.families.elastic_cgcnn.crystals.cif.sites import Sites, has_atoms, read_sites
from matops.families.elastic_cgcnn.crystals.cif.stated import check_stated
from matops.families.elastic_cgcnn.crystals.cif.symmetry import (
    NUMBER_TAGS,
    Symmetry,
    possible_symmetries,
)
from matops.families.elastic_cgcnn.crystals.crystal import Crystal, make_crystal
from matops.physics.arrays import FloatArray, IntArray

SAME_SITE_A = 0.1
"""Symmetry images of a site closer than this are one atom on a special position."""
CELL = [f"_cell_length_{axis}" for axis in "abc"]
CELL += [f"_cell_angle_{angle}" for angle in ("alpha", "beta", "gamma")]
PARSER_PLACE = re.compile(r"^(?:string)?:(\d+)(?::\d+\(\d+\))?:? ?")


def from_cif(text: str) -> Crystal:
    """The first structure of a CIF, with its symmetry applied.

    Raises:
        BadInput: not a CIF, no atoms, partial occupancy, symmetry that is unknown, ambiguous or at
            odds with what else the file says, or not a valid crystal.
    """
    try:
        block = _first_with_atoms(text)
        structure = gemmi.make_small_structure_from_block(block)
        lattice_A = np.array(structure.cell.orth.mat.tolist()).T
        symmetries = possible_symmetries(block, structure, lattice_A)
    except (TypeError, ValueError, RuntimeError) as error:
        reason = PARSER_PLACE.sub(r"line \1: ", str(error).splitlines()[0])
        raise BadInput(f"not a readable CIF: {reason}") from None
    sites = read_sites(block, structure)
    readings = [_Reading(sites, symmetry, lattice_A) for symmetry in symmetries]
    return _agreeing(block, readings)


def _first_with_atoms(text: str) -> gemmi.cif.Block:
    # Names of blocks may repeat, as in files that were put together; tags of a block may not.
    document = gemmi.cif.read_string(text, check_level=0)
    block = next((block for block in document if has_atoms(block)), None)
    if block is None:
        raise BadInput("the CIF has no atoms with label and fractional coordinates")
    alone = gemmi.cif.Document()
    block = alone.add_copied_block(block)
    alone.check_for_duplicates()
    for tag in NUMBER_TAGS:  # gemmi takes a quoted one for an error
        if block.find_value(tag):
            block.set_pair(tag, gemmi.cif.as_string(block.find_value(tag)) or "?")
    for tag in CELL:
        if not gemmi.cif.as_number(block.find_value(tag) or "?") > 0:
            raise BadInput(f"the CIF has no {tag}, or it is no positive number")
    return block


class _Reading:
    """The crystal of a CIF's sites in one setting of its space group."""

    def __init__(self, sites: Sites, symmetry: Symmetry, lattice_A: FloatArray) -> None:
        orbits = _orbits(sites.frac, symmetry.seitz(), lattice_A)
        self.setting = symmetry.name
        species = [name for name, orbit in zip(sites.species, orbits, strict=True) for _ in orbit]
        self.crystal = make_crystal(lattice_A, species, np.concatenate(orbits) if orbits else [])
        # Files with listed operations often keep the multiplicities of another setting.
        self.misfit = next(
            (
                f"site {label} stands for {len(orbit)} atoms, but its multiplicity is {said}"
                for label, orbit, said in zip(
                    sites.labels, orbits, sites.multiplicities, strict=True
                )
                if self.setting and said and said != len(orbit)
            ),
            "",
        )

    def check(self, block: gemmi.cif.Block) -> None:
        """Whether the crystal is the one that the file says.

        Raises:
            BadInput: it is not.
        """
        if self.misfit:
            raise BadInput(self.misfit)
        check_stated(block, self.crystal)


def _agreeing(block: gemmi.cif.Block, readings: Sequence[_Reading]) -> Crystal:
    """The one reading that agrees with the rest of the file."""
    agreeing: list[_Reading] = []
    refusals: list[BadInput] = []
    for reading in readings:
        try:
            reading.check(block)
            agreeing.append(reading)
        except BadInput as error:
            refusals.append(error)
    if not agreeing:
        raise refusals[0]
    if len(agreeing) > 1:
        counts = " and ".join(f"{r.setting} has {len(r.crystal.numbers)} atoms" for r in agreeing)
        raise BadInput(
            f"which setting of the space group? {counts}; "
            "write one of them as _space_group_name_H-M_alt, or list the symmetry operations"
        )
    return agreeing[0].crystal


def _orbits(frac: FloatArray, seitz: FloatArray, lattice_A: FloatArray) -> list[FloatArray]:
    """For each site the fractional coordinates, shape (m, 3), of the atoms that it stands for."""
    if len(seitz) == 1:  # most CIFs that programs write know no symmetry
        return [row[None] for row in frac @ seitz[0, :3, :3].T + seitz[0, :3, 3]]
    images = np.einsum("oij,sj->soi", seitz[:, :3, :3], frac) + seitz[:, :3, 3]
    return [of_site[_unique_images(of_site, lattice_A)] for of_site in images]


def _unique_images(frac: FloatArray, lattice_A: FloatArray) -> IntArray:
    """Rows of the images, shape (n, 3), that remain when coinciding ones are merged."""
    difference = frac[:, None] - frac[None]
    difference -= np.round(difference)
    close = np.linalg.norm(difference @ lattice_A, axis=-1) < SAME_SITE_A
    return np.flatnonzero(np.argmax(close, axis=1) == np.arange(len(frac)))
