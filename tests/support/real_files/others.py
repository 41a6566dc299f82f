"""LAMMPS, Quantum ESPRESSO, extended XYZ, and JSON of ASE and pymatgen."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import ase.io
import numpy as np
from ase import Atoms
from ase.io.jsonio import encode
from pymatgen.core import Structure
from pymatgen.io.ase import AseAtomsAdaptor

from tests.support.real_files.case import RealFile

SALT = {"atoms": "Cl1 Na1", "volume_A3": 44.85, "shortest_A": 2.82}
CUBE = {"atoms": "Cs1 I1", "volume_A3": 95.44, "shortest_A": 3.958}
ROCK_SALT = Atoms("NaCl", cell=np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]]) * 2.82, pbc=True)
ROCK_SALT.set_scaled_positions([[0, 0, 0], [0.5, 0.5, 0.5]])
STRUCTURE: Structure = AseAtomsAdaptor.get_structure(ROCK_SALT)
A = 4.57
BOX = f"0 {A} xlo xhi\n0 {A} ylo yhi\n0 {A} zlo zhi\n"
HEAD = f"LAMMPS data file, units = metal\n\n2 atoms\n2 atom types\n\n{BOX}\n"
LABELS = "Atom Type Labels\n\n1 Cs\n2 I\n\n"
MASSES = "Masses\n\n1 132.905\n2 126.904 # iodine\n\n"
HALF = A / 2
ROWS = f"2 2 {HALF} {HALF} {HALF}\n1 1 0 0 0\n"
CHARGES = f"1 1 1.0 0 0 0\n2 2 -1.0 {HALF} {HALF} {HALF} 0 0 0\n"


def lammps(what: str, content: str, **gives: Any) -> RealFile:
    return RealFile(f"LAMMPS data: {what}", "x.data", content, **gives)


TRICLINIC = (
    "t\n\n2 atoms\n1 atom types\n\n0 3.988 xlo xhi\n0 3.4537 ylo yhi\n0 3.2562 zlo zhi\n"
    "1.994 1.994 1.1513 xy xz yz\n\nMasses\n\n1 28.085\n\nAtoms # atomic\n\n"
    "1 1 0 0 0\n2 1 5.982 3.45375 2.44215\n"
)
WHOLE_DUMP = (
    "ITEM: UNITS\nmetal\nITEM: TIMESTEP\n0\nITEM: NUMBER OF ATOMS\n2\n"
    f"ITEM: BOX BOUNDS pp pp pp\n0 {A}\n0 {A}\n0 {A}\n"
    "ITEM: ATOMS id element xs ys zs\n2 I .5 .5 .5\n1 Cs 0 0 0\n"
)
TYPED_DUMP = WHOLE_DUMP.replace("element", "type").replace("2 I ", "2 2 ").replace("1 Cs ", "1 1 ")
LAMMPS = (
    lammps("type labels, atoms in any order", HEAD + LABELS + "Atoms # atomic\n\n" + ROWS, **CUBE),
    lammps(
        "atoms by label",
        HEAD + LABELS + f"Atoms # atomic\n\n2 I {HALF} {HALF} {HALF}\n1 Cs 0 0 0\n",
        **CUBE,
    ),
    lammps(
        "masses by label",
        HEAD
        + LABELS.replace("1 Cs", "1 A").replace("2 I", "2 B")
        + "Masses\n\nA 132.905\nB 126.904\n\nAtoms\n\n"
        + ROWS,
        **CUBE,
    ),
    lammps("style `charge` without a remark", HEAD + MASSES + "Atoms\n\n" + CHARGES, **CUBE),
    lammps(
        "style `molecular` or `charge`, which differ",
        HEAD + MASSES + f"Atoms\n\n1 1 2 0 0 0\n2 2 1 {HALF} {HALF} {HALF}\n",
        refused="which atom style? write it behind Atoms, as in 'Atoms # charge'",
    ),
    lammps(
        "triclinic",
        TRICLINIC,
        atoms="Si2",
        volume_A3=44.85,
        shortest_A=2.442,
    ),
    lammps("species as given", HEAD + "Atoms\n\n" + ROWS, species=("Cs", "I"), **CUBE),
    lammps(
        "no elements",
        HEAD + "Atoms\n\n" + ROWS,
        refused="the file does not say the elements of its types; name them as species",
    ),
    lammps(
        "one atom missing",
        HEAD + MASSES + "Atoms\n\n1 1 0 0 0\n",
        refused="cut short: 1 of 2 atoms in section Atoms",
    ),
    lammps(
        "a word among the coordinates",
        HEAD + MASSES + "Atoms # atomic\n\n" + ROWS.replace("1 1 0 0 0", "1 1 zero 0 0"),
        refused="line 18: expected an atom in atomic style, not '1 1 zero 0 0'",
    ),
    lammps(
        "units `lj`",
        HEAD.replace("metal", "lj") + MASSES + "Atoms\n\n" + ROWS,
        refused="LAMMPS units 'lj': only metal and real are read, whose lengths are in Å",
    ),
    RealFile("LAMMPS dump, scaled coordinates", "x.dump", WHOLE_DUMP, **CUBE),
    RealFile(
        'LAMMPS dump with `--species "Cs I"`',
        "x.lammpstrj",
        TYPED_DUMP,
        species=("Cs", "I"),
        **CUBE,
    ),
    RealFile(
        "LAMMPS dump without elements",
        "dump.x",
        TYPED_DUMP,
        refused="the dump has no column element; name the elements of its types as species",
    ),
)

NAMELIST = (
    "&CONTROL\n calculation='scf'\n/\n&SYSTEM\n ibrav={ibrav}, nat={nat}, ntyp=2, {shape}\n/\n"
)
KINDS = "ATOMIC_SPECIES\n Na 22.99 Na.upf\n Cl 35.45 Cl.upf\n"
CRYSTAL = "ATOMIC_POSITIONS {crystal}\n Na 0 0 0\n Cl1 .5 .5 .5 0 0 0\n"
BOHR = 2.82 / 0.529177210903


def espresso(what: str, ibrav: int, shape: str, cards: str, nat: int = 2, **gives: Any) -> RealFile:
    content = NAMELIST.format(ibrav=ibrav, shape=shape, nat=nat) + KINDS + cards
    return RealFile(f"Quantum ESPRESSO input: {what}", "pw.in", content, **gives)


ROWS_OF_CELL = "0 1 1\n1 0 1\n1 1 0\n"
OUTPUT = """\
     Program PWSCF v.7.2 starts on  1Jan2026 at  0: 0: 0
     number of atoms/cell      =            2
     number of atomic types    =            2
     celldm(1)=  10.658074  celldm(2)=   0.000000  celldm(3)=   0.000000
     crystal axes: (cart. coord. in units of alat)
               a(1) = (  -0.500000   0.000000   0.500000 )
               a(2) = (   0.000000   0.500000   0.500000 )
               a(3) = (  -0.500000   0.500000   0.000000 )
     atomic species   valence    mass     pseudopotential
        Na             9.00    22.99000     Na( 1.00)
        Cl             7.00    35.45000     Cl( 1.00)
   Cartesian axes
     site n.     atom                  positions (alat units)
         1           Na  tau(   1) = (   0.0000000   0.0000000   0.0000000  )
         2           Cl  tau(   2) = (   0.5000000   0.5000000   0.5000000  )
"""
ESPRESSO = (
    espresso("ibrav 2, celldm, crystal", 2, f"celldm(1)={2 * BOHR:.6f}", CRYSTAL, **SALT),
    espresso("ibrav 2, A in Å", 2, "A = 5.64", CRYSTAL, **SALT),
    espresso(
        "CELL_PARAMETERS in alat",
        0,
        f"celldm(1)={BOHR:.6f}",
        "CELL_PARAMETERS {alat}\n" + ROWS_OF_CELL + CRYSTAL,
        **SALT,
    ),
    espresso(
        "CELL_PARAMETERS and positions in bohr",
        0,
        "",
        "CELL_PARAMETERS bohr\n"
        + ROWS_OF_CELL.replace("1", f"{BOHR:.6f}")
        + f"ATOMIC_POSITIONS bohr\n Na 0 0 0\n Cl {BOHR:.6f} {BOHR:.6f} {BOHR:.6f}\n",
        **SALT,
    ),
    espresso(
        "positions in angstrom",
        2,
        "A = 5.64",
        "ATOMIC_POSITIONS (angstrom)\n Na 0 0 0\n Cl 2.82 2.82 2.82\n",
        **SALT,
    ),
    espresso(
        "ibrav 4, hexagonal",
        4,
        "A = 3.209, C = 5.211",
        "ATOMIC_POSITIONS crystal\n Mg .333333 .666667 .25\n Mg .666667 .333333 .75\n",
        atoms="Mg2",
        volume_A3=46.47,
        shortest_A=3.197,
    ),
    espresso(
        "ibrav 14 without its angles",
        14,
        "celldm(1)=5",
        CRYSTAL,
        refused="ibrav 14: celldm or A, B, C and cosines are missing or impossible",
    ),
    espresso(
        "ibrav -13 with crystal coordinates",
        -13,
        "A=5, B=5, C=5, cosAC=0",
        CRYSTAL,
        refused="ibrav -13 has other axes before QE 6.5, so that crystal coordinates may be read "
        "in two ways; write ibrav = 0 and CELL_PARAMETERS",
    ),
    espresso(
        "ibrav 15",
        15,
        "celldm(1)=5",
        CRYSTAL,
        refused="ibrav 15 is not read; write ibrav = 0 and CELL_PARAMETERS",
    ),
    espresso(
        "an atom short",
        2,
        "A = 5.64",
        CRYSTAL,
        nat=3,
        refused="cut short after line 12: expected the label of an atom and three coordinates",
    ),
    RealFile(
        "`.in` of another program",
        "in.in",
        "units metal\npair_style eam\n",
        refused="no &SYSTEM with ibrav and nat: not an input of Quantum ESPRESSO's pw.x",
    ),
    RealFile("Quantum ESPRESSO output", "pw.out", OUTPUT + "   JOB DONE.\n", **SALT),
    RealFile(
        "Quantum ESPRESSO output, not over",
        "pw.pwo",
        OUTPUT,
        refused="no 'JOB DONE': the run is not over",
    ),
)


def database(rows: int) -> str:
    text = StringIO()
    ase.io.write(text, ROCK_SALT, format="json")
    whole = json.loads(text.getvalue())
    copies = {str(row): whole["1"] for row in range(1, rows + 1)}
    return json.dumps(whole | copies | {"ids": list(range(1, rows + 1))})


CHARGED = STRUCTURE.copy().add_oxidation_state_by_element({"Na": 1, "Cl": -1})
EXTXYZ = '2\nLattice="0 2.82 2.82 2.82 0 2.82 2.82 2.82 0" Properties=species:S:1:pos:R:3\n'
EXTXYZ += "Na 0 0 0\nCl 2.82 2.82 2.82\n"
TEXTS = (
    RealFile("pymatgen JSON", "x.json", json.dumps(STRUCTURE.as_dict()), **SALT),
    RealFile("pymatgen JSON, oxidation states", "x.json", json.dumps(CHARGED.as_dict()), **SALT),
    RealFile("`.json.gz`", "x.json.gz", json.dumps(STRUCTURE.as_dict()), **SALT),
    RealFile("`.json.xz`", "x.json.xz", json.dumps(STRUCTURE.as_dict()), **SALT),
    RealFile(
        "JSON of a document with a structure",
        "x.json",
        json.dumps({"task": 1, "structure": STRUCTURE.as_dict()}),
        **SALT,
    ),
    RealFile("ASE JSON: a database of one row", "x.json", database(1), **SALT),
    RealFile("ASE JSON: one `Atoms`", "x.json", encode(ROCK_SALT), **SALT),
    RealFile(
        "ASE JSON: two rows",
        "x.json",
        database(2),
        refused="holds 2 structures where one is needed",
    ),
    RealFile(
        "ASE JSON: a slab",
        "x.json",
        encode(Atoms("Na", cell=[3, 3, 9], pbc=(True, True, False))),
        refused="the cell is not periodic along all three edges",
    ),
    RealFile(
        "extended XYZ, the last frame", "x.extxyz", EXTXYZ.replace("2.82", "3") + EXTXYZ, **SALT
    ),
    RealFile("extended XYZ, packed", "x.xyz.gz", EXTXYZ, **SALT),
    RealFile(
        "plain XYZ",
        "x.xyz",
        "1\nsodium\nNa 0 0 0\n",
        refused="""line 2: expected Lattice="ax ay az bx by bz cx cy cz", not 'sodium'""",
    ),
    RealFile(
        "extended XYZ cut short",
        "x.xyz",
        EXTXYZ.partition("Cl")[0],
        refused="cut short: 1 of 2 atoms",
    ),
    RealFile(
        "extended XYZ without the number of atoms",
        "x.xyz",
        EXTXYZ.partition("\n")[2],
        refused="line 1: expected how many atoms there are, not "
        "'Lattice=\"0 2.82 2.82 2.82 0 2.82 2.82 2.'",
    ),
)
OTHERS = (*LAMMPS, *ESPRESSO, *TEXTS)
