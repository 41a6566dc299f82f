"""What VASP reads and writes: POSCAR, CONTCAR, vasprun.xml, OUTCAR."""

from __future__ import annotations

from typing import Any

from tests.support.real_files.case import RealFile

SALT = {"atoms": "Cl1 Na1", "volume_A3": 44.85, "shortest_A": 2.82}
LATTICE = " 0 2.82 2.82\n 2.82 0 2.82\n 2.82 2.82 0\n"
DIRECT = "Direct\n 0 0 0\n .5 .5 .5\n"
POSCAR = f"salt\n 1.0\n{LATTICE}Na Cl\n 1 1\n{DIRECT}"
VASP_4 = POSCAR.replace("Na Cl\n", "")
CELL_VELOCITIES = "Lattice velocities and vectors\n 1\n" + " 0 0 0\n" * 3 + LATTICE
VELOCITIES = "\n 0.1 0 0\n -0.1 0 0\n"
PREDICTOR = "\n 1\n 0.5\n 0 0 0 0\n" + " 0.1 0.2 0.3\n" * 6


def poscar(what: str, content: str, name: str = "POSCAR", **gives: Any) -> RealFile:
    return RealFile(f"{name}: {what}", name, content, **gives)


NAMES_COME = "Na Cl\n 1 1\n"
POSCARS = (
    poscar("VASP 5", POSCAR, **SALT),
    poscar("names with hashes of potentials", POSCAR.replace("Na Cl", "Na_pv/6a2f Cl/9d"), **SALT),
    poscar("names over two lines", POSCAR.replace(NAMES_COME, "Na\nCl\n1\n1\n"), **SALT),
    poscar("negative scale, a volume", POSCAR.replace(" 1.0", " -44.852"), **SALT),
    poscar(
        "three scale factors, Cartesian",
        "c\n1 2 3\n2.82 0 0\n0 1.41 0\n0 0 .94\nPo\n1\nCartesian\n0 0 0\n",
        atoms="Po1",
        volume_A3=22.43,
        shortest_A=2.82,
    ),
    poscar(
        "scaled Cartesian coordinates",
        POSCAR.replace("2.82", "1")
        .replace("1.0", "2.82", 1)
        .replace(DIRECT, "Cart\n0 0 0\n1 1 1\n"),
        **SALT,
    ),
    poscar(
        "selective dynamics, Fortran's exponents",
        POSCAR.replace(DIRECT, "Selective\nDirect\n 0 0 0 T T F\n 5d-1 .5 5.0D-01 F F F\n"),
        **SALT,
    ),
    poscar("remarks behind `!` and `#`", POSCAR.replace("1 1\n", "1 1 ! two\n"), **SALT),
    poscar(
        "lattice velocities, velocities, predictor-corrector",
        POSCAR + CELL_VELOCITIES + VELOCITIES + PREDICTOR,
        "CONTCAR",
        **SALT,
    ),
    poscar("velocities right behind", POSCAR + VELOCITIES + PREDICTOR, "CONTCAR.relax", **SALT),
    poscar("packed", POSCAR, "POSCAR.gz", **SALT),
    poscar(
        "VASP 4, symbols on the first line",
        VASP_4.replace("salt", "Na Cl"),
        said="the elements are taken from the comment on line 1: Na Cl",
        **SALT,
    ),
    poscar(
        "VASP 4, symbols behind the coordinates",
        VASP_4.replace(DIRECT, "D\n0 0 0 Na\n.5 .5 .5 Cl\n"),
        **SALT,
    ),
    poscar('VASP 4 with `--species "Na Cl"`', VASP_4, species=("Na", "Cl"), **SALT),
    poscar(
        "VASP 4 without a name",
        VASP_4,
        refused="line 6 does not name the elements: write them between the lattice and the numbers "
        "of atoms, or name them as species",
    ),
    poscar(
        "names that contradict the coordinates",
        POSCAR.replace(DIRECT, "D\n0 0 0 Na\n.5 .5 .5 Br\n"),
        refused="line 6 names Na Cl, but the coordinates Na Br",
    ),
    poscar(
        "more names than numbers",
        POSCAR.replace("1 1", "2"),
        refused="line 7: 1 numbers of atoms for 2 elements",
    ),
    poscar(
        "a word among the coordinates",
        POSCAR.replace(".5 .5 .5", ".5 half .5"),
        refused="line 10: expected the coordinates of an atom, not '.5 half .5'",
    ),
    poscar(
        "two scale factors",
        POSCAR.replace(" 1.0", "-1 1 1"),
        refused="line 2: expected one scale factor, or three larger than 0, not '-1.0 1.0 1.0'",
    ),
    poscar("cut short", POSCAR[: POSCAR.index(" .5")], refused="cut short: 1 lines for 2 atoms"),
    poscar("an archive", b"PK\x03\x04\0\0".decode(), refused="binary, where text is needed"),
)


def vectors(name: str, rows: str) -> str:
    lines = "".join(f"<v>{row}</v>\n" for row in rows.strip().splitlines())
    return f'<varray name="{name}">\n{lines}</varray>\n'


PLACES = "0 0 0\n.5 .5 .5"


def structure(scale: float) -> str:
    edge = f"{2.82 * scale:.4f}"
    basis = f"0 {edge} {edge}\n{edge} 0 {edge}\n{edge} {edge} 0"
    return (
        f"<structure><crystal>{vectors('basis', basis)}</crystal>"
        f"{vectors('positions', PLACES)}</structure>\n"
    )


ATOMS = "".join(f"<rc><c>{symbol}</c><c>{n}</c></rc>" for n, symbol in ((1, "Na "), (2, "Cl ")))
VASPRUN = (
    '<?xml version="1.0" encoding="ISO-8859-1"?>\n<modeling>\n<atominfo><atoms>2</atoms>'
    f'<array name="atoms"><set>{ATOMS}</set></array></atominfo>\n'
    f"{structure(1.1)}<calculation>{structure(1.0)}<dos><total/></dos></calculation>\n"
    f"{structure(1.0)}</modeling>\n"
)
OUTCAR = (
    " TITEL  = PAW_PBE Na_pv 19Sep2006\n TITEL  = PAW_PBE Cl 06Sep2000\n"
    "   ions per type =               1   1\n"
    "      direct lattice vectors                 reciprocal lattice vectors\n"
    "     0.0 3.1 3.1    1 1 1\n     3.1 0.0 3.1   1 1 1\n     3.1 3.1 0.0   1 1 1\n"
    " POSITION                                       TOTAL-FORCE (eV/Angst)\n"
    " -----------\n 0 0 0 0 0 0\n 3.1 3.1 3.1 0 0 0\n -----------\n"
    "      direct lattice vectors                 reciprocal lattice vectors\n"
    "     0.0 2.82 2.82    1 1 1\n     2.82 0.0 2.82   1 1 1\n     2.82 2.82 0.0   1 1 1\n"
    " POSITION                                       TOTAL-FORCE (eV/Angst)\n"
    " -----------\n 0 0 0 0 0 0\n 2.82 2.82 2.82 0 0 0\n -----------\n"
)
END = " General timing and accounting informations for this job:\n"
RUNS = (
    RealFile("vasprun.xml: the last structure", "vasprun.xml", VASPRUN, **SALT),
    RealFile("vasprun.xml: packed", "static.vasprun.xml.gz", VASPRUN, **SALT),
    RealFile(
        "vasprun.xml of a run that was killed",
        "vasprun.xml",
        VASPRUN.partition("<dos>")[0],
        refused="line 24: not XML, or cut short as of a run that was killed",
    ),
    RealFile(
        "vasprun.xml with entities",
        "vasprun.xml",
        '<!DOCTYPE x [<!ENTITY a "aaaa">]>\n<modeling>&a;</modeling>',
        refused="XML with a document type or entities, which VASP does not write",
    ),
    RealFile(
        "vasprun.xml of IBRION = 6: the structure that is strained",
        "vasprun.xml",
        VASPRUN.replace(
            "<atominfo>", '<incar><i type="int" name="IBRION">     6</i></incar>\n<atominfo>'
        ),
        atoms="Cl1 Na1",
        volume_A3=59.69,
        shortest_A=3.102,
    ),
    RealFile("OUTCAR: the last structure", "OUTCAR", OUTCAR + END, **SALT),
    RealFile(
        "OUTCAR of a run that is not over",
        "OUTCAR",
        OUTCAR,
        refused="no 'General timing and accounting': not an OUTCAR, or the run is not over",
    ),
    RealFile(
        "OUTCAR of IBRION = 6: the structure that is strained",
        "OUTCAR",
        "   IBRION =      6    ionic relax: 0-MD 1-quasi-New 2-CG\n" + OUTCAR + END,
        atoms="Cl1 Na1",
        volume_A3=59.58,
        shortest_A=3.1,
    ),
)
VASP = (*POSCARS, *RUNS)
