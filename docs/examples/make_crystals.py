"""Crystals with their stiffness, as you would have them from your own calculations.

    python docs/examples/make_crystals.py FOLDER METAL METAL ...

Ordered fcc alloys (A3B, A7B and AB) of each pair of metals, at 97, 100 and 103 % of the volume at
rest, with the stiffness that ASE's effective medium theory gives. It knows Al, Ni, Cu, Pd, Ag, Pt
and Au. The folder then holds CIF files and a ``manifest.csv`` that says what is what.
"""

import csv
import sys
from collections.abc import Iterator
from itertools import permutations
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.eos import EquationOfState
from ase.io import write

GPA = 160.21766  # in 1 eV/Å³
STRAIN = 0.002


def deformed(atoms: Atoms, deformation: np.ndarray) -> Atoms:
    """The crystal in another shape, with the atoms where they were in units of the cell."""
    copy = atoms.copy()
    copy.set_cell(atoms.cell @ deformation, scale_atoms=True)
    copy.calc = EMT()
    return copy


def at_rest(atoms: Atoms) -> Atoms:
    """The crystal at the volume of least energy."""
    trials = [deformed(atoms, np.eye(3) * size) for size in np.linspace(0.94, 1.06, 9)]
    energies = [trial.get_potential_energy() for trial in trials]
    volume, _, _ = EquationOfState([trial.get_volume() for trial in trials], energies).fit()
    return deformed(atoms, np.eye(3) * np.cbrt(volume / atoms.get_volume()))


def stiffness_GPa(atoms: Atoms) -> np.ndarray:
    """Change of the stress with strain, (6, 6), in Voigt order xx, yy, zz, yz, xz, xy."""
    rows = []
    for component in range(6):
        xx, yy, zz, yz, xz, xy = STRAIN * np.eye(6)[component] * [1, 1, 1, 0.5, 0.5, 0.5]
        strain = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
        more, less = (deformed(atoms, np.eye(3) + s * strain).get_stress() for s in (1, -1))
        rows.append((more - less) / (2 * STRAIN) * GPA)
    stiffness = np.array(rows)
    return (stiffness + stiffness.T) / 2


def alloys(metals: list[str]) -> Iterator[tuple[str, Atoms]]:
    """Names and crystals of all alloys of two of these metals, at rest."""
    for few, many in permutations(metals, 2):
        cube, eight = bulk(many, cubic=True), bulk(many).repeat(2)
        ordered = [(f"{many}3{few}", cube, [0]), (f"{many}7{few}", eight, [0])]
        if few < many:
            ordered.append((f"{few}{many}", cube, [0, 1]))
        for name, crystal, replaced in ordered:
            alloy = crystal.copy()
            alloy.symbols[replaced] = few
            yield name, at_rest(alloy)


def main(folder: Path, metals: list[str]) -> None:
    """Write the crystals and their manifest."""
    folder.mkdir(parents=True)
    with (folder / "manifest.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["file", "C [GPa]", "engine", "method", "licence"])
        for name, crystal in alloys(metals):
            for percent in (97, 100, 103):
                atoms = deformed(crystal, np.eye(3) * np.cbrt(percent / 100))
                write(folder / f"{name}_{percent}.cif", atoms)
                numbers = " ".join(f"{c:.3f}" for c in stiffness_GPa(atoms).ravel())
                table.writerow([f"{name}_{percent}.cif", numbers, "ASE", "EMT", "CC0-1.0"])


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
