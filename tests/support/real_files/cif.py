"""CIFs as databases, programs and people write them."""

from __future__ import annotations

from typing import Any

from tests.support.cells import OCCUPIED, SITES
from tests.support.real_files.case import RealFile

LABELS = SITES.replace("_atom_site_type_symbol\n", "")
EIGHTH, ZERO = "Si1 Si .125 .125 .125\n", "Si1 Si 0 0 0\n"
SILICON = {"atoms": "Si8", "volume_A3": 160.1, "shortest_A": 2.351}
CORUNDUM = {"atoms": "Al12 O18", "volume_A3": 254.8, "shortest_A": 1.853}
SALT = {"atoms": "Cl4 Na4", "volume_A3": 179.4, "shortest_A": 2.82}
Z_8 = "_chemical_formula_sum Si\n_cell_formula_units_Z 8\n"
HALL_2 = "_space_group_name_Hall '-F 4vw 2vw 3'\n"
NUMBER = "_space_group_IT_number"


def cell(*lengths: float, alpha: float = 90, beta: float = 90, gamma: float = 90) -> str:
    a, b, c = lengths if len(lengths) == 3 else lengths * 3
    edges = f"_cell_length_a {a}\n_cell_length_b {b}\n_cell_length_c {c}\n"
    angles = f"_cell_angle_alpha {alpha}\n_cell_angle_beta {beta}\n_cell_angle_gamma {gamma}\n"
    return "data_x\n" + edges + angles


def group(name: str) -> str:
    return f"_space_group_name_H-M_alt '{name}'\n"


def silicon(what: str, symmetry: str, site: str, **gives: Any) -> RealFile:
    return RealFile(f"CIF, Si: {what}", "si.cif", cell(5.43) + symmetry + SITES + site, **gives)


def other(what: str, content: str, **gives: Any) -> RealFile:
    return RealFile(f"CIF: {what}", "x.cif", content, **gives)


HEXAGONAL = cell(4.759, 4.759, 12.993, gamma=120)
AL2O3 = SITES + "Al1 Al3+ 0 0 .3522\nO1 O2- .3062 0 .25\n"
RHOMBOHEDRAL = cell(4.7459, alpha=57.24, beta=57.24, gamma=57.24)
BISMUTH = SITES + "Bi1 Bi .2339 .2339 .2339\n"
TWO_BI = {"atoms": "Bi2", "volume_A3": 70.85, "shortest_A": 3.072}
MONOCLINIC_C = cell(5.15, 5.21, 5.32, gamma=99.2)
MONOCLINIC = cell(5.15, 5.21, 5.32, beta=99.2)
ZIRCONIUM = SITES + "Zr1 Zr .275 .04 .208\n"
ROCK_SALT = group("F m -3 m") + SITES + "Na1 Na 0 0 0\nCl1 Cl .5 .5 .5\n"

SETTINGS = (
    silicon("`F d -3 m Z`, ICSD's origin 2", group("F d -3 m Z"), EIGHTH, **SILICON),
    silicon("`F d -3 m S`, ICSD's origin 1", group("F d -3 m S"), ZERO, **SILICON),
    silicon("`F d -3 m :2`", group("F d -3 m :2"), EIGHTH, **SILICON),
    silicon("`Fd-3m:1`", group("Fd-3m:1"), ZERO, **SILICON),
    silicon("`F d -3 m (origin choice 2)`", group("F d -3 m (origin choice 2)"), EIGHTH, **SILICON),
    silicon("Hall symbol alone", HALL_2, EIGHTH, **SILICON),
    silicon("name without origin, Hall symbol", group("F d -3 m") + HALL_2, EIGHTH, **SILICON),
    silicon(
        "number 227 and setting code 2",
        f"{NUMBER} 227\n_space_group_IT_coordinate_system_code 2\n",
        EIGHTH,
        **SILICON,
    ),
    silicon("origin decided by Z = 8", group("F d -3 m") + Z_8, ZERO, **SILICON),
    silicon(
        "origin decided by the density",
        group("F d -3 m") + "_exptl_crystal_density_diffrn 2.33(2)\n",
        ZERO,
        **SILICON,
    ),
    RealFile(
        "CIF, Si: origin decided by the site's multiplicity",
        "si.cif",
        cell(5.43)
        + group("F d -3 m")
        + SITES
        + "_atom_site_symmetry_multiplicity\nSi1 Si0+ 0 0 0 8\n",
        **SILICON,
    ),
    silicon(
        "`F d -3 m` and nothing that decides",
        group("F d -3 m"),
        ZERO,
        refused="which setting of the space group? F d -3 m:1 has 8 atoms and F d -3 m:2 has 16 "
        "atoms; write one of them as _space_group_name_H-M_alt, or list the symmetry operations",
    ),
    silicon(
        "`nonsense` beside a valid number",
        group("nonsense") + f"{NUMBER} 227\n",
        EIGHTH,
        refused="unknown space group 'nonsense'",
    ),
    silicon(
        "name and number contradict",
        group("F m -3 m") + f"{NUMBER} 227\n",
        EIGHTH,
        refused="the space groups contradict each other: F m -3 m and 227",
    ),
    silicon(
        "origin and Hall symbol contradict",
        group("F d -3 m:1") + HALL_2,
        EIGHTH,
        refused="the space groups contradict each other: F d -3 m:1 and -F 4vw 2vw 3",
    ),
    other(
        "`P 4/n m m Z`",
        cell(4, 4, 5) + group("P 4/n m m Z") + SITES + "Pb1 Pb .75 .25 0\n",
        atoms="Pb2",
        volume_A3=80,
        shortest_A=2.828,
    ),
    other("`R -3 c H`, hexagonal axes", HEXAGONAL + group("R -3 c H") + AL2O3, **CORUNDUM),
    other("`R -3 c`, axes told by the cell", HEXAGONAL + group("R -3 c") + AL2O3, **CORUNDUM),
    other("`R -3 m:R`, rhombohedral axes", RHOMBOHEDRAL + group("R -3 m:R") + BISMUTH, **TWO_BI),
    other("`R -3 m`, axes told by the cell", RHOMBOHEDRAL + group("R -3 m") + BISMUTH, **TWO_BI),
    other(
        "`R -3 m H` on a rhombohedral cell",
        RHOMBOHEDRAL + group("R -3 m H") + BISMUTH,
        refused="the cell does not have the symmetry of R -3 m:H",
    ),
    other(
        "`P 1 1 21/b`, unique axis c",
        MONOCLINIC_C + group("P 1 1 21/b") + ZIRCONIUM,
        atoms="Zr4",
        volume_A3=140.9,
        shortest_A=2.643,
    ),
    other(
        "`P 21/n`, cell choice 2",
        MONOCLINIC + group("P 21/n") + f"{NUMBER} '14'\n" + ZIRCONIUM,
        atoms="Zr4",
        volume_A3=140.9,
        shortest_A=2.662,
    ),
    other(
        "`P 21/c` with the unique axis along c",
        MONOCLINIC_C + group("P 21/c") + ZIRCONIUM,
        refused="the cell does not have the symmetry of P 1 21/c 1",
    ),
    other(
        "`P b n m`, other axes of P n m a",
        cell(5.09, 6.74, 4.52) + group("P b n m") + SITES + "Fe1 Fe .1 .2 .25\n",
        atoms="Fe4",
        volume_A3=155.1,
        shortest_A=3.47,
    ),
    other(
        "`P 6(3)/m m c`, thirds of four digits",
        cell(3.209, 3.209, 5.211, gamma=120)
        + group("P 6(3)/m m c")
        + SITES
        + "Mg1 Mg .3333 .6667 .25\n",
        atoms="Mg2",
        volume_A3=46.47,
        shortest_A=3.197,
    ),
    other(
        "operations that the cell does not have",
        cell(4, 4, 5, gamma=120)
        + "loop_\n_symmetry_equiv_pos_as_xyz\nx,y,z\n-x,y,z\n"
        + SITES
        + ZERO,
        refused="the cell does not have the symmetry of the listed operations",
    ),
    other(
        "one operation without a loop",
        cell(3.6) + "_symmetry_equiv_pos_as_xyz x,y,z\n" + SITES + "Po1 Po 0 0 0\n",
        atoms="Po1",
        volume_A3=46.66,
        shortest_A=3.6,
    ),
)

CHECKS = (
    silicon(
        "Z = 16 where there are 8",
        group("F d -3 m Z") + Z_8.replace("8", "16"),
        EIGHTH,
        refused="the cell has 8 atoms, but Z = 16 of Si1 are 16",
    ),
    silicon(
        "twice the density",
        group("F d -3 m Z") + "_exptl_crystal_density_diffrn 4.66\n",
        EIGHTH,
        refused="the cell's atoms give 2.33 g/cm³, but _exptl_crystal_density_diffrn is 4.66",
    ),
    silicon(
        "the primitive cell's volume",
        group("F d -3 m Z") + "_cell_volume 40.0\n",
        EIGHTH,
        refused="the cell's atoms give 160.1 Å³, but _cell_volume is 40",
    ),
    other(
        "formula of another compound",
        cell(5.64) + "_chemical_formula_sum 'Na2 Cl'\n" + ROCK_SALT,
        refused="the cell has the atoms Cl4 Na4, but the formula is Cl1 Na2",
    ),
    other(
        "hydrogens in the formula only",
        cell(4) + "_chemical_formula_sum 'H2 O'\n" + SITES + "O1 O 0 0 0\n",
        refused="the cell has the atoms O1, but the formula is H2 O1",
    ),
    other(
        "formula of the whole cell beside Z, as pymatgen writes it",
        cell(5.64) + "_chemical_formula_sum 'Na4 Cl4'\n_cell_formula_units_Z 4\n" + ROCK_SALT,
        **SALT,
    ),
)

ATOMS = (
    other(
        "uncertainties in parentheses",
        cell(5.64).replace("5.64\n", "5.640(2)\n").replace(" 90\n", " 90.(0)\n") + ROCK_SALT,
        **SALT,
    ),
    other(
        "oxidation states `Na1+`, `Cl-1`",
        cell(5.64) + ROCK_SALT.replace("Na1 Na", "Na1 Na1+").replace("Cl1 Cl", "Cl1 Cl-1"),
        **SALT,
    ),
    other(
        "deuterium",
        cell(4.08) + group("F m -3 m") + SITES + "Li1 Li 0 0 0\nD1 D .5 .5 .5\n",
        atoms="H4 Li4",
        volume_A3=67.92,
        shortest_A=2.04,
    ),
    other(
        "element told by labels `O1W`, `Si1_2`, `AL1`",
        cell(6) + LABELS + "O1W 0 0 0\nSi1_2 .5 0 0\nAL1 0 .5 0\n",
        atoms="Al1 O1 Si1",
        volume_A3=216,
        shortest_A=3,
    ),
    other(
        "label `H2O` without a type",
        cell(6) + LABELS + "H2O 0 0 0\n",
        refused="site H2O: which element? write it as _atom_site_type_symbol",
    ),
    other(
        "label `CO1` without a type",
        cell(6) + LABELS + "CO1 0 0 0\n",
        refused="site CO1: which element? write it as _atom_site_type_symbol",
    ),
    other(
        "type `H2O`",
        cell(6) + SITES + "W1 H2O 0 0 0\n",
        refused="site W1: 'H2O' is no single element",
    ),
    other(
        "vacancy `Vac`",
        cell(6) + SITES + "Vac1 Vac 0 0 0\n",
        refused="site Vac1: 'Vac' is no single element",
    ),
    other(
        "ammonium as N with attached hydrogens",
        cell(6) + SITES + "_atom_site_attached_hydrogens\nN1 N3- 0 0 0 4\n",
        refused="site N1 stands for an atom with 4 hydrogens attached",
    ),
    other(
        "partial occupancy",
        cell(6) + OCCUPIED + "Cu1 Cu 0 0 0 .95(1)\n",
        refused="site Cu1 has partial occupancy 0.95",
    ),
    other(
        "disorder group without occupancies",
        cell(6) + SITES + "_atom_site_disorder_group\nC1 C 0 0 0 1\n",
        refused="site C1 is disordered: it is in group 1",
    ),
    other(
        "dummy atom (`dum`)",
        cell(3.6) + SITES + "_atom_site_calc_flag\nPo1 Po 0 0 0 d\nX1 ? ? ? ? dum\n",
        atoms="Po1",
        volume_A3=46.66,
        shortest_A=3.6,
    ),
    other(
        "no cell",
        "data_x\n" + SITES + ZERO,
        refused="the CIF has no _cell_length_a, or it is no positive number",
    ),
    other(
        "a tag twice",
        cell(5.64) + "_cell_length_a 6\n" + ROCK_SALT,
        refused="not a readable CIF: line 8: in data_x: duplicate tag _cell_length_a",
    ),
    other(
        "cut short",
        cell(5.64) + SITES + "Si1 Si 0 0\n",
        refused="not a readable CIF: line 8: Wrong number of values in loop _atom_site_*",
    ),
    other("two blocks of one name", cell(5.64) + ROCK_SALT + "data_x\n_a 1\n", **SALT),
)

PACKED = (
    RealFile(
        "CIF with a byte order mark",
        "x.cif",
        b"\xef\xbb\xbf" + (cell(5.64) + ROCK_SALT).encode(),
        **SALT,
    ),
    RealFile("CIF in UTF-16", "x.cif", (cell(5.64) + ROCK_SALT).encode("utf-16"), **SALT),
    RealFile(
        "CIF of Windows: CRLF", "X.CIF", (cell(5.64) + ROCK_SALT).replace("\n", "\r\n"), **SALT
    ),
    RealFile("`.cif.gz`", "x.cif.gz", cell(5.64) + ROCK_SALT, **SALT),
    RealFile("`.cif.xz`", "x.cif.xz", cell(5.64) + ROCK_SALT, **SALT),
    RealFile("`.cif.bz2`", "x.cif.bz2", cell(5.64) + ROCK_SALT, **SALT),
)

CIFS = (*SETTINGS, *CHECKS, *ATOMS, *PACKED)
