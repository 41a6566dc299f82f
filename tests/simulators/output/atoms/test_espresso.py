"""Bravais lattices of Quantum ESPRESSO have the volume, lengths and angles of their names."""

from __future__ import annotations

import numpy as np
import pytest

from matops.core.errors import BadInput
from matops.simulators.output.atoms.forms import parse_atoms
from tests.support.real_files.others import KINDS, NAMELIST

A, B, C = 4.0, 5.0, 6.5
COS = 0.3
CELLS = {
    1: (A**3, [A] * 3, [0, 0, 0]),
    2: (A**3 / 4, [A / 2**0.5] * 3, [0.5] * 3),
    3: (A**3 / 2, [A * 0.75**0.5] * 3, [1 / 3, -1 / 3, 1 / 3]),
    -3: (A**3 / 2, [A * 0.75**0.5] * 3, [-1 / 3] * 3),
    4: (A * A * C * 0.75**0.5, [A, A, C], [0, 0, -0.5]),
    5: (A**3 * (1 - 3 * COS**2 + 2 * COS**3) ** 0.5, [A] * 3, [COS] * 3),
    6: (A * A * C, [A, A, C], [0, 0, 0]),
    7: (A * A * C / 2, [(A * A / 2 + C * C / 4) ** 0.5] * 3, None),
    8: (A * B * C, [A, B, C], [0, 0, 0]),
    9: (A * B * C / 2, [(A * A + B * B) ** 0.5 / 2] * 2 + [C], None),
    10: (A * B * C / 4, None, None),
    11: (A * B * C / 2, [(A * A + B * B + C * C) ** 0.5 / 2] * 3, None),
    12: (A * B * C * (1 - COS**2) ** 0.5, [A, B, C], [0, 0, COS]),
    -12: (A * B * C * (1 - COS**2) ** 0.5, [A, B, C], [0, COS, 0]),
    -5: (A**3 * (1 - 3 * COS**2 + 2 * COS**3) ** 0.5, [A] * 3, [COS] * 3),
    -9: (A * B * C / 2, [(A * A + B * B) ** 0.5 / 2] * 2 + [C], None),
    91: (A * B * C / 2, [A] + [(B * B + C * C) ** 0.5 / 2] * 2, None),
    13: (A * B * C * (1 - COS**2) ** 0.5 / 2, None, None),
    -13: (A * B * C * (1 - COS**2) ** 0.5 / 2, [(A * A + B * B) ** 0.5 / 2] * 2 + [C], None),
    14: (
        A * B * C * (1 - 3 * COS**2 + 2 * COS**3) ** 0.5,
        [A, B, C],
        [COS] * 3,
    ),
}
IN_ANGSTROM = f"A={A}, B={B}, C={C}, cosAB={COS}, cosAC={COS}, cosBC={COS}"
IN_BOHR = (
    f"celldm(1)={A / 0.529177210903:.9f}, celldm(2)={B / A}, celldm(3)={C / A}, "
    f"celldm(4)={COS}, celldm(5)={COS}, celldm(6)={COS}"
)
ATOMS = "ATOMIC_POSITIONS angstrom\n Na 0 0 0\n Cl .5 .5 .5\n"


@pytest.mark.parametrize("shape", [IN_ANGSTROM, IN_BOHR])
@pytest.mark.parametrize("ibrav", CELLS)
def test_lattice_is_the_one_of_its_number(ibrav: int, shape: str) -> None:
    text = NAMELIST.format(ibrav=ibrav, nat=2, shape=shape) + KINDS + ATOMS
    cell_A = parse_atoms("espresso_input", text).cell_A
    volume_A3, lengths_A, cosines = CELLS[ibrav]
    assert np.linalg.det(cell_A) == pytest.approx(volume_A3)
    found_A = np.linalg.norm(cell_A, axis=1)
    if lengths_A:
        assert found_A == pytest.approx(lengths_A)
    if cosines:
        angles = cell_A @ cell_A.T / np.outer(found_A, found_A)
        assert angles[[1, 0, 0], [2, 2, 1]] == pytest.approx(cosines, abs=1e-9)


@pytest.mark.parametrize(
    "shape",
    [
        "A=4, B=5, C=6.5, cosBC=0.1, cosAC=0.2, cosAB=0.3",
        "celldm(1)=7.558904535, celldm(2)=1.25, celldm(3)=1.625, "
        "celldm(4)=0.1, celldm(5)=0.2, celldm(6)=0.3",
    ],
)
def test_angles_of_a_triclinic_lattice_are_not_mixed_up(shape: str) -> None:
    text = NAMELIST.format(ibrav=14, nat=2, shape=shape) + KINDS + ATOMS
    a, b, c = parse_atoms("espresso_input", text).cell_A
    assert [b @ c / (B * C), a @ c / (A * C), a @ b / (A * B)] == pytest.approx([0.1, 0.2, 0.3])


def test_base_centred_lattice_about_c_has_its_conventional_axes() -> None:
    text = NAMELIST.format(ibrav=13, nat=2, shape=IN_ANGSTROM) + KINDS + ATOMS
    first, b, third = parse_atoms("espresso_input", text).cell_A
    a, c = first + third, third - first
    assert np.linalg.norm([a, b, c], axis=1) == pytest.approx([A, B, C])
    assert [a @ c, b @ c, a @ b / (A * B)] == pytest.approx([0, 0, COS])


def test_lattice_without_its_lengths_is_refused() -> None:
    text = NAMELIST.format(ibrav=8, nat=2, shape=f"A={A}") + KINDS + ATOMS
    with pytest.raises(BadInput, match="ibrav 8: celldm or A, B, C and cosines are missing"):
        parse_atoms("espresso_input", text)
