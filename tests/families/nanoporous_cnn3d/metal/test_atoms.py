"""Atoms of a carved metal become the structure that they were carved along."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import ase
import ase.io
import numpy as np
import pytest

from matops.core.data.record import Provenance, Quarantined, Record
from matops.core.errors import BadInput
from matops.families.nanoporous_cnn3d.data import read_source
from matops.families.nanoporous_cnn3d.files import load_request
from matops.families.nanoporous_cnn3d.metal.atoms import from_atoms, load_atoms
from matops.families.nanoporous_cnn3d.metal.payloads import parse_metal
from matops.families.nanoporous_cnn3d.metal.structure import LevelledWaves, VoxelGrid
from matops.simulators.lammps.porous.carving import PorousDesign, carve
from matops.simulators.output.atoms.periodic import PeriodicAtoms

CELLS, GOLD_A = 10, 4.080
SAID = {"engine": "LAMMPS 2025", "method": "EAM u3"}
LABELS = {"C_11 [GPa]": 20.0, "C_22 [GPa]": 22.0, "C_33 [GPa]": 24.0}


def design(fraction: float = 0.5, seed: int = 0) -> PorousDesign:
    phases_rad = np.random.default_rng(seed).uniform(0, 2 * np.pi, 12)
    return PorousDesign("Au", CELLS, 2, fraction, tuple(phases_rad.tolist()))


def carved(plan: PorousDesign, shift: float = 0.0, noise_A: float = 0.0) -> PeriodicAtoms:
    """The atoms of a design; a shift is in cell edges."""
    sites = np.argwhere(carve(plan)) / (2 * plan.cells) + shift
    edge_A = plan.cells * GOLD_A
    noise = np.random.default_rng(1).normal(size=sites.shape) * noise_A / edge_A
    return PeriodicAtoms(np.eye(3) * edge_A, sites + noise, (plan.metal,) * len(sites))


def agreement(plan: PorousDesign, grid: VoxelGrid) -> float:
    waves = LevelledWaves(plan.hkl_squared, plan.solid_fraction, plan.phases_rad)
    return float((waves.solid(grid.n) == grid.solid(grid.n)).mean())


def grid_of(atoms: PeriodicAtoms) -> VoxelGrid:
    geometry = from_atoms(atoms).geometry
    assert isinstance(geometry, VoxelGrid)
    return geometry


@pytest.mark.parametrize("noise_A", [0.0, 0.1])
@pytest.mark.parametrize("fraction", [0.35, 0.6])
def test_voxels_are_those_of_the_waves_that_carved_the_atoms(
    fraction: float, noise_A: float
) -> None:
    plan = design(fraction)
    atoms = carved(plan, noise_A=noise_A)
    grid = grid_of(atoms)
    assert grid.n == 2 * CELLS
    # Only voxels at the surface, some 10 % of all, can differ.
    assert agreement(plan, grid) > 0.97
    assert grid.solid(grid.n).mean() == pytest.approx(len(atoms.symbols) / (4 * CELLS**3), abs=1e-3)
    assert agreement(design(fraction, seed=5), grid) < 0.8


def test_a_full_block_is_all_solid() -> None:
    grid = grid_of(carved(design(1.0)))
    assert grid.solid(grid.n).all()


def test_moving_the_origin_moves_the_voxels() -> None:
    still, moved = grid_of(carved(design())), grid_of(carved(design(), shift=0.25))
    rolled = np.roll(still.solid(still.n), (still.n // 4,) * 3, axis=(0, 1, 2))
    assert (moved.solid(moved.n) == rolled).mean() > 0.999


def test_the_order_of_the_atoms_says_nothing() -> None:
    atoms = carved(design())
    backwards = PeriodicAtoms(atoms.cell_A, atoms.frac_coords[::-1], atoms.symbols)
    assert grid_of(backwards).bits == grid_of(atoms).bits


def write(path: Path, atoms: PeriodicAtoms, form: str) -> Path:
    cell = ase.Atoms(atoms.symbols, cell=atoms.cell_A, scaled_positions=atoms.frac_coords, pbc=True)
    ase.io.write(path, cell, format=form, **({"masses": True} if form == "lammps-data" else {}))
    return path


@pytest.mark.parametrize(("name", "form"), [("a.data", "lammps-data"), ("a.extxyz", "extxyz")])
def test_a_file_of_atoms_is_a_request_too(tmp_path: Path, name: str, form: str) -> None:
    path = write(tmp_path / name, carved(design()), form)
    asked = parse_metal(load_request(path))
    assert (asked.metal, asked.cell_A) == ("Au", pytest.approx(CELLS * GOLD_A))
    assert isinstance(asked.geometry, VoxelGrid)
    assert agreement(design(), asked.geometry) > 0.97
    assert asked == load_atoms(path)


def refused(atoms: PeriodicAtoms) -> str:
    with pytest.raises(BadInput) as caught:
        from_atoms(atoms)
    return str(caught.value)


def test_what_is_no_cube_of_one_metal_is_refused() -> None:
    atoms = carved(design())
    cell, coords, symbols = atoms.cell_A, atoms.frac_coords, atoms.symbols
    longer, sheared = cell * [[1], [1], [1.1]], cell.copy()
    sheared[1, 0] = 5.0
    assert "not a cube" in refused(PeriodicAtoms(longer, coords, symbols))
    assert "not a cube" in refused(PeriodicAtoms(sheared, coords, symbols))
    assert "atoms of Ag, Au" in refused(PeriodicAtoms(cell, coords, ("Ag", *symbols[1:])))
    assert "atoms of Fe" in refused(PeriodicAtoms(cell, coords, ("Fe",) * len(symbols)))
    assert "times those of the full cube" in refused(PeriodicAtoms(cell / 2, coords, symbols))


def manifest(directory: Path, *rows: dict[str, Any]) -> list[Record | Quarantined]:
    with (directory / "manifest.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return list(read_source(directory, Provenance("", "")))


def test_a_manifest_labels_atoms_by_directions_or_by_the_stiffness(tmp_path: Path) -> None:
    write(tmp_path / "a.data", carved(design()), "lammps-data")
    write(tmp_path / "b.extxyz", carved(design(seed=1)), "extxyz")
    C = np.diag([20.0, 22, 24, 8, 8, 8])
    blank = dict.fromkeys([*LABELS, "C [GPa]"], "")
    a = {"file": "a.data", **SAID, **blank, **LABELS}
    b = {"file": "b.extxyz", **SAID, **blank, "C [GPa]": " ".join(map(str, C.ravel()))}
    bare = {"file": "a.data", **SAID, **blank}
    partly = {**bare, "C_11 [GPa]": 20.0}
    soft = {**a, "C_22 [GPa]": -1.0}
    one, two, *bad = manifest(tmp_path, a, b, bare, partly, soft)
    assert isinstance(one, Record)
    assert isinstance(two, Record)
    assert one.targets == two.targets == {"C_11": 20.0, "C_22": 22.0, "C_33": 24.0}
    assert one.group != two.group
    assert one.provenance.origin == str(tmp_path / "a.data")
    reasons = [item.reason for item in bad if isinstance(item, Quarantined)]
    for reason, expected in zip(
        reasons, ("neither C_11", "no value for C_22", "not physical"), strict=True
    ):
        assert expected in reason


def test_another_layout_is_refused_and_the_known_ones_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="manifest"):
        list(read_source(tmp_path, Provenance("", "")))
