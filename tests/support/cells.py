"""Small cells: copper as a request has it, and the pieces of a CIF of a cubic cell."""

from __future__ import annotations

COPPER = {
    "crystal": {
        "lattice_A": [[0.0, 1.81, 1.81], [1.81, 0.0, 1.81], [1.81, 1.81, 0.0]],
        "species": ["Cu"],
        "frac_coords": [[0.0, 0.0, 0.0]],
    }
}
SITES = """\
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
"""
OCCUPIED = SITES + "_atom_site_occupancy\n"
"""What comes before the lines of atoms, which may be partly there."""


def cubic_cell(a_A: float, name: str = "x") -> str:
    """The beginning of a CIF: its name, and a cell without atoms or symmetry."""
    lengths = "".join(f"_cell_length_{axis} {a_A}\n" for axis in "abc")
    angles = "".join(f"_cell_angle_{angle} 90\n" for angle in ("alpha", "beta", "gamma"))
    return f"data_{name}\n{lengths}{angles}"
