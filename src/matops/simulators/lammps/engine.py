"""A crystal held in LAMMPS under embedded-atom potentials.

Everything that enters or leaves is in the crystal's own frame and basis: the turned, compact
cell that LAMMPS works in never shows.
"""

import ctypes
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from ase.data import atomic_masses, atomic_numbers
from numpy.typing import ArrayLike

from matops.physics.arrays import FloatArray
from matops.simulators.lammps.cell import compact_basis, standard_cell
from matops.simulators.lammps.library import load_lammps, potential_path, potential_style

_GPA_PER_BAR = 1e-4
_QUIET = ("-log", "none", "-screen", "none", "-nocite")


class LammpsError(RuntimeError):
    """LAMMPS refused a command or stopped while running it."""


class EamCrystal:
    """A periodic crystal in LAMMPS; to be closed.

    Lattice vectors are rows, shape (3, 3); the n species are out of ``EAM_SPECIES``, unless the
    ``potential``, a file of one metal, is given.

    Raises:
        BadInput: if the potential is of no kind that is read.
        ValueError: if a species has no potential or the coordinates do not match the species.
        LammpsError: if LAMMPS rejects the crystal.
    """

    def __init__(
        self,
        lattice_A: ArrayLike,
        frac_coords: ArrayLike,
        species: Sequence[str],
        potential: Path | None = None,
    ) -> None:
        """Start LAMMPS with the crystal in it."""
        lattice = np.asarray(lattice_A, dtype=np.float64)
        coords = np.asarray(frac_coords, dtype=np.float64)
        if coords.shape != (len(species), 3):
            raise ValueError(f"{len(species)} atoms need as many rows of 3, not {coords.shape}")
        self._types = sorted(set(species))
        if potential and len(self._types) > 1:
            raise ValueError(f"one potential can't give {' and '.join(self._types)}")
        potentials = [potential or potential_path(name) for name in self._types]
        self._cell = standard_cell(lattice, compact_basis(lattice))
        self._atom_count = len(species)
        self._lammps = load_lammps().lammps(cmdargs=list(_QUIET))
        self._create_box()
        self._create_atoms(coords, species)
        self._assign_potentials(potentials)

    def close(self) -> None:
        """Free the memory held by LAMMPS."""
        self._lammps.close()

    @property
    def lattice_A(self) -> FloatArray:
        """Lattice vectors as rows, (3, 3) in Å."""
        _, box_A = self._box_A()
        return self._cell.to_crystal_lattice(box_A)

    @property
    def frac_coords(self) -> FloatArray:
        """Fractional coordinates in [0, 1), (n, 3), in the order in which they were given."""
        positions_A = np.array(self._lammps.gather_atoms("x", 1, 3)).reshape(-1, 3)
        origin_A, box_A = self._box_A()
        return self._cell.to_crystal_coords((positions_A - origin_A) @ np.linalg.inv(box_A))

    @property
    def energy_eV(self) -> float:
        """Potential energy of the cell in eV."""
        return float(self._lammps.get_thermo("pe"))

    @property
    def largest_force_eV_per_A(self) -> float:
        """Largest force component on any atom in eV/Å."""
        return float(self._lammps.get_thermo("fmax"))

    @property
    def stress_GPa(self) -> FloatArray:
        """Stress tensor (3, 3) in GPa, positive in tension: minus the pressure LAMMPS reports."""
        xx, yy, zz, xy, xz, yz = (
            self._lammps.get_thermo(name) for name in ("pxx", "pyy", "pzz", "pxy", "pxz", "pyz")
        )
        pressure_bar = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
        turn = self._cell.turn
        return np.asarray(-_GPA_PER_BAR * (turn.T @ pressure_bar @ turn))

    def place(self, lattice_A: ArrayLike, frac_coords: ArrayLike) -> None:
        """Set the lattice (3, 3; Å) and fractional coordinates (n, 3), near the present ones."""
        self._cell = standard_cell(np.asarray(lattice_A, dtype=np.float64), self._cell.basis)
        box_A = self._cell.box_A
        (lx, _, _), (xy, ly, _), (xz, yz, lz) = box_A.tolist()
        lengths = f"x final 0 {lx!r} y final 0 {ly!r} z final 0 {lz!r}"
        tilts = f"xy final {xy!r} xz final {xz!r} yz final {yz!r}"
        self._command(f"change_box all {lengths} {tilts} units box")
        box_coords = self._cell.to_box_coords(np.asarray(frac_coords, dtype=np.float64))
        positions_A = (box_coords @ box_A).ravel()
        buffer = (ctypes.c_double * positions_A.size)(*positions_A)
        self._lammps.scatter_atoms("x", 1, 3, buffer)

    def relax_positions(self, force_tolerance_eV_per_A: float, max_steps: int) -> None:
        """Minimise the energy over the positions of the atoms in a fixed cell."""
        limits = f"{force_tolerance_eV_per_A!r} {max_steps} {10 * max_steps}"
        self._command(f"minimize 0.0 {limits}")

    def relax_normal(self, force_tolerance_eV_per_A: float, max_steps: int) -> None:
        """The same, with atoms free along the normal of the two shortest lattice vectors only."""
        self._command("fix plane all setforce 0.0 0.0 NULL")
        try:
            self.relax_positions(force_tolerance_eV_per_A, max_steps)
        finally:
            with suppress(LammpsError):
                self._command("unfix plane")

    def relax_cell(
        self, force_tolerance_eV_per_A: float, max_steps: int, largest_volume_step: float
    ) -> None:
        """Minimise the energy over all six cell components and the positions of the atoms.

        LAMMPS measures the strain from the cell it starts with, so a large relaxation ends slightly
        off: call it again to finish. ``largest_volume_step`` is the largest relative change of a
        cell length in one step.
        """
        self._command(f"fix relax all box/relax tri 0.0 vmax {largest_volume_step!r}")
        try:
            self.relax_positions(force_tolerance_eV_per_A, max_steps)
        finally:
            with suppress(LammpsError):
                self._command("unfix relax")

    def _create_box(self) -> None:
        (lx, _, _), (xy, ly, _), (xz, yz, lz) = self._cell.box_A.tolist()
        for line in ("units metal", "boundary p p p", "atom_style atomic", "atom_modify map array"):
            self._command(line)
        # The compact basis already bounds the tilt; rounding must not turn that into an error.
        self._command("box tilt large")
        # Atoms of a minimisation hardly move: the default list, 2 Å wide, would cost half as much
        # again in every step.
        self._command("neighbor 0.5 bin")
        prism = f"0 {lx!r} 0 {ly!r} 0 {lz!r} {xy!r} {xz!r} {yz!r}"
        self._command(f"region cell prism {prism} units box")
        self._command(f"create_box {len(self._types)} cell")

    def _create_atoms(self, frac_coords: FloatArray, species: Sequence[str]) -> None:
        positions_A = self._cell.to_box_coords(frac_coords) @ self._cell.box_A
        types = [self._types.index(name) + 1 for name in species]
        ids = list(range(1, self._atom_count + 1))
        self._lammps.create_atoms(self._atom_count, ids, types, positions_A.ravel().tolist())
        if self._lammps.get_natoms() != self._atom_count:
            raise LammpsError("LAMMPS lost atoms on the boundary of the cell")

    def _assign_potentials(self, potentials: Sequence[Path]) -> None:
        style = potential_style(potentials[0])
        self._command(f"pair_style {style}")
        for index, (name, path) in enumerate(zip(self._types, potentials, strict=True), start=1):
            self._command(f"mass {index} {float(atomic_masses[atomic_numbers[name]])!r}")
            types = f'{index} {index} "{path}"' if style == "eam" else f'* * "{path}" {name}'
            self._command(f"pair_coeff {types}")
        self._command("thermo_style custom step pe pxx pyy pzz pxy pxz pyz fmax")

    def _box_A(self) -> tuple[FloatArray, FloatArray]:
        """Corner (3,) and cell (3, 3) of the box in Å, both in the frame of LAMMPS."""
        low, high, xy, yz, xz, _, _ = self._lammps.extract_box()
        lx, ly, lz = np.subtract(high, low).tolist()
        return np.array(low), np.array([[lx, 0.0, 0.0], [xy, ly, 0.0], [xz, yz, lz]])

    def _command(self, line: str) -> None:
        try:
            self._lammps.command(line)
        except Exception as error:  # LAMMPS raises bare exceptions
            raise LammpsError(f"{line}: {error}") from error
