"""Reading crystals: every form gives the same one, and whatever is wrong is a one-line BadInput."""

import contextlib
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.analysis.structure_matcher import ElementComparator, StructureMatcher
from pymatgen.core import Lattice, Structure
from pymatgen.io.cif import CifParser, CifWriter
from pymatgen.io.vasp.inputs import Poscar

from matops.core.errors import BadInput
from matops.families.elastic_cgcnn.crystals.cif.reading import from_cif
from matops.families.elastic_cgcnn.crystals.crystal import MAX_ATOMS, Crystal, make_crystal
from matops.families.elastic_cgcnn.crystals.formats import (
    from_structure,
    parse_crystal,
)
from matops.simulators.output.atoms.forms import ATOMS_FORMS
from tests.support.cells import OCCUPIED, SITES, cubic_cell
from tests.support.places import DATA

CELL = cubic_cell(4.0, "test")
POSCAR = "a comment\n1.0\n4 0 0\n0 4 0\n0 0 4\nCu Au\n3 1\nDirect\n"
POSCAR += "0 .5 .5\n.5 0 .5\n.5 .5 0\n0 0 0\n"


def from_poscar(text: str) -> Crystal:
    return parse_crystal({"poscar": text})


TRICLINIC = Lattice.from_parameters(5.2, 6.1, 7.3, 81, 97, 104)
SPACE_GROUP_CRYSTALS = {
    "fcc Cu": ("Fm-3m", Lattice.cubic(3.615), ["Cu"], [[0, 0, 0]]),
    "bcc Fe": ("Im-3m", Lattice.cubic(2.87), ["Fe"], [[0, 0, 0]]),
    "diamond": ("Fd-3m", Lattice.cubic(3.567), ["C"], [[0.125, 0.125, 0.125]]),
    "rock salt": ("Fm-3m", Lattice.cubic(5.64), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]]),
    "pyrite": ("Pa-3", Lattice.cubic(5.418), ["Fe", "S"], [[0, 0, 0], [0.385, 0.385, 0.385]]),
    "hcp Mg": ("P6_3/mmc", Lattice.hexagonal(3.209, 5.211), ["Mg"], [[1 / 3, 2 / 3, 0.25]]),
    "wurtzite": (
        "P6_3mc",
        Lattice.hexagonal(3.25, 5.207),
        ["Zn", "O"],
        [[1 / 3, 2 / 3, 0], [1 / 3, 2 / 3, 0.382]],
    ),
    "corundum": (
        "R-3c",
        Lattice.hexagonal(4.759, 12.993),
        ["Al", "O"],
        [[0, 0, 0.3522], [0.3062, 0, 0.25]],
    ),
    "rutile": (
        "P4_2/mnm",
        Lattice.tetragonal(4.594, 2.959),
        ["Ti", "O"],
        [[0, 0, 0], [0.305] * 2 + [0]],
    ),
    "olivine-like Pnma": (
        "Pnma",
        Lattice.orthorhombic(5.09, 6.74, 4.52),
        ["Fe", "C"],
        [[0.18, 0.063, 0.833], [0.881, 0.25, 0.431]],
    ),
    "monoclinic ZrO2": (
        "P2_1/c",
        Lattice.monoclinic(5.15, 5.21, 5.32, 99.2),
        ["Zr", "O", "O"],
        [[0.275, 0.04, 0.208], [0.07, 0.332, 0.345], [0.45, 0.757, 0.479]],
    ),
    "C-centred monoclinic": (
        "C2/m",
        Lattice.monoclinic(9.8, 3.6, 5.7, 103.8),
        ["Ga", "O"],
        [[0.09, 0, 0.795], [0.335, 0, 0.563]],
    ),
    "triclinic": ("P-1", TRICLINIC, ["B", "O"], [[0.11, 0.27, 0.38], [0.3, 0.7, 0.12]]),
}


def built(name: str) -> Structure:
    return Structure.from_spacegroup(*SPACE_GROUP_CRYSTALS[name])


def as_structure(crystal: Crystal) -> Structure:
    return Structure(Lattice(crystal.lattice_A), crystal.symbols, crystal.frac_coords)


def is_same(crystal: Crystal, structure: Structure) -> bool:
    """The same cell up to a turn in space, with the same atoms at the same places in any order."""
    mine = as_structure(crystal)
    if len(mine) != len(structure):
        return False
    matcher = StructureMatcher(
        ltol=1e-3,
        stol=1e-3,
        angle_tol=0.05,
        primitive_cell=False,
        scale=False,
        comparator=ElementComparator(),
    )
    return bool(matcher.fit(mine, structure))


def distances_A(crystal: Crystal) -> np.ndarray:
    """Sorted distances of all atoms: what is left of a crystal without axes, order or origin."""
    return np.sort(as_structure(crystal).distance_matrix, axis=None)


def refusal(read: Callable[..., Crystal], *given: Any) -> str:
    with pytest.raises(BadInput) as caught:
        read(*given)
    return one_line(caught.value)


def one_line(error: BadInput) -> str:
    message = str(error)
    assert message
    assert len(message.splitlines()) == 1
    return message


def written(structure: Structure, symprec: float | None) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return str(CifWriter(structure, symprec=symprec))


@pytest.mark.parametrize("symprec", [None, 1e-3], ids=["P1", "symmetry"])
@pytest.mark.parametrize("name", SPACE_GROUP_CRYSTALS)
def test_cif_is_read_as_pymatgen_reads_it(name: str, symprec: float | None) -> None:
    structure = built(name)
    text = written(structure, symprec)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = CifParser.from_str(text).parse_structures(primitive=False)[0]
    crystal = from_cif(text)
    assert is_same(crystal, theirs)
    assert crystal.volume_A3 / len(crystal.numbers) == pytest.approx(
        structure.volume / len(structure), rel=1e-4
    )
    assert crystal.reduced_formula == structure.composition.reduced_formula


@pytest.mark.parametrize("name", SPACE_GROUP_CRYSTALS)
def test_four_forms_of_a_crystal_are_one_crystal(name: str) -> None:
    structure = built(name)
    payloads: list[dict[str, Any]] = [
        {"cif": written(structure, None)},
        {"poscar": Poscar(structure).get_str(significant_figures=12)},
        {"structure": structure.as_dict()},
    ]
    read = [parse_crystal(payload) for payload in payloads]
    read.append(parse_crystal(read[2].payload()))
    for crystal in read:
        assert crystal.symbols == [site.specie.symbol for site in structure]
        assert distances_A(crystal) == pytest.approx(distances_A(read[2]), abs=2e-5)
    assert np.array_equal(read[3].frac_coords, read[2].frac_coords)
    assert np.array_equal(read[3].lattice_A, read[2].lattice_A)


SPACE_GROUP_LINES = {
    "Hermann-Mauguin": "_space_group_name_H-M_alt 'F m -3 m'\n",
    "old Hermann-Mauguin": "_symmetry_space_group_name_H-M 'Fm-3m'\n",
    "Hall": "_space_group_name_Hall '-F 4 2 3'\n",
    "number": "_space_group_IT_number 225\n",
    "old number": "_symmetry_Int_Tables_number 225\n",
}


@pytest.mark.parametrize("line", SPACE_GROUP_LINES.values(), ids=SPACE_GROUP_LINES)
def test_space_group_is_applied_whichever_way_it_is_named(line: str) -> None:
    crystal = from_cif(CELL + line + SITES + "Cu1 Cu 0 0 0\nO1 O .5 .5 .5\n")
    assert crystal.symbols == ["Cu"] * 4 + ["O"] * 4


def test_unknown_space_group_is_refused_instead_of_ignored() -> None:
    for line in ("_space_group_name_H-M_alt 'Q 9 9'\n", "_space_group_IT_number 999\n"):
        assert "space group" in refusal(from_cif, CELL + line + SITES + "Cu1 Cu 0 0 0\n")


def test_heusler_on_special_positions_has_sixteen_atoms(heusler: Crystal) -> None:
    symbols, counts = np.unique(heusler.symbols, return_counts=True)
    assert dict(zip(symbols.tolist(), counts.tolist(), strict=True)) == {"Au": 8, "Gd": 4, "Li": 4}
    assert heusler.volume_A3 == pytest.approx(6.916**3)
    assert heusler.reduced_formula == "LiGdAu2"


def operations(*texts: str) -> str:
    return "loop_\n_symmetry_equiv_pos_as_xyz\n" + "".join(f"'{text}'\n" for text in texts)


def test_operations_that_are_no_tabulated_group_are_applied_as_they_stand() -> None:
    listed = operations("x,y,z", "x+1/2,y+1/2,z", "-x,-y,-z")
    crystal = from_cif(CELL + listed + SITES + "Cu1 Cu 0.1 0 0\n")
    expected = np.array([[0.1, 0, 0], [0.6, 0.5, 0], [0.9, 0, 0]])
    assert crystal.frac_coords == pytest.approx(expected)


def test_listed_operations_win_over_the_name_of_the_group() -> None:
    text = CELL + SPACE_GROUP_LINES["number"] + operations("x,y,z") + SITES + "Cu1 Cu 0 0 0\n"
    assert len(from_cif(text).numbers) == 1


@pytest.mark.parametrize("bad", ["foo", "x,y", "x+1/7,y,z", "x,y,z,x"])
def test_malformed_operation_is_refused(bad: str) -> None:
    refusal(from_cif, CELL + operations("x,y,z", bad) + SITES + "Cu1 Cu 0 0 0\n")


def test_more_operations_than_any_space_group_has_are_refused() -> None:
    many = operations(*(f"x+{n}/24,y,z" for n in range(24)), *["x,y,z"] * 169)
    assert "193" in refusal(from_cif, CELL + many + SITES + "Cu1 Cu 0 0 0\n")


@pytest.mark.parametrize("coordinate", ["0.3333", "0.333", "0.33333333"])
def test_rounded_thirds_on_a_special_position_merge_to_one_atom(coordinate: str) -> None:
    other = f"{1 - float(coordinate):.4f}"
    cell = CELL.replace("gamma 90", "gamma 120")
    text = cell + "_space_group_IT_number 194\n" + SITES + f"Mg1 Mg {coordinate} {other} .25\n"
    assert len(from_cif(text).numbers) == 2


def test_images_that_are_apart_stay_two_atoms() -> None:
    text = CELL + operations("x,y,z", "-x,-y,-z") + SITES
    assert len(from_cif(text + "Cu1 Cu 0.010 0 0\n").numbers) == 1
    assert len(from_cif(text + "Cu1 Cu 0.016 0 0\n").numbers) == 2


def test_first_block_with_atoms_is_read() -> None:
    second = CELL.replace("data_test", "data_second") + SITES + "Au1 Au 0 0 0\n"
    assert from_cif("data_global\n_journal_year 2018\n" + second).symbols == ["Au"]
    assert from_cif(CELL + SITES + "Cu1 Cu 0 0 0\n" + second).symbols == ["Cu"]


def test_several_blocks_without_atoms_are_refused() -> None:
    assert "no atoms" in refusal(from_cif, "data_a\n_x 1\ndata_b\n_y 2\n")
    assert "no atoms" in refusal(from_cif, "")
    assert "no atoms" in refusal(from_cif, CELL)


@pytest.mark.parametrize("missing", ["?", ".", "abc"])
def test_missing_coordinate_is_refused_instead_of_read_as_zero(missing: str) -> None:
    refusal(from_cif, CELL + SITES + f"Cu1 Cu {missing} 0 0\n")


def test_sites_without_fractional_coordinates_are_refused_instead_of_put_at_the_origin() -> None:
    bare = "loop_\n_atom_site_label\n_atom_site_type_symbol\n"
    refusal(from_cif, CELL + bare + "Cu1 Cu\n")
    cartesian = "".join(f"_atom_site_Cartn_{axis}\n" for axis in "xyz")
    refusal(from_cif, CELL + bare + cartesian + "Cu1 Cu 1 1 1\n")


def test_missing_cell_is_refused() -> None:
    refusal(from_cif, "data_test\n" + SITES + "Cu1 Cu 0 0 0\n")
    refusal(from_cif, CELL.replace("length_a 4.0", "length_a ?") + SITES + "Cu1 Cu 0 0 0\n")
    refusal(from_cif, CELL.replace("gamma 90", "gamma 180") + SITES + "Cu1 Cu 0 0 0\n")
    impossible = CELL.replace("gamma 90", "gamma 179").replace("alpha 90", "alpha 10")
    refusal(from_cif, impossible + SITES + "Cu1 Cu 0 0 0\n")


def test_partial_occupancy_is_refused_with_its_site_and_full_occupancy_is_not() -> None:
    message = refusal(from_cif, CELL + OCCUPIED + "Cu7 Cu 0 0 0 0.95\n")
    assert "Cu7" in message
    assert "0.95" in message
    assert from_cif(CELL + OCCUPIED + "Cu7 Cu 0 0 0 1.000\n").symbols == ["Cu"]


def test_ions_isotopes_and_labels_name_their_element() -> None:
    assert from_cif(CELL + SITES + "Fe1 Fe3+ 0 0 0\n").symbols == ["Fe"]
    assert from_cif(CELL + SITES + "D1 D 0 0 0\n").symbols == ["H"]
    labels_only = SITES.replace("_atom_site_type_symbol\n", "")
    assert from_cif(CELL + labels_only + "Ni1 0 0 0\n").symbols == ["Ni"]


@pytest.mark.parametrize("symbol", ["X", "Xx", "Rf", "Og", "cu", "", None, 29, "Vac"])
def test_unknown_element_is_refused(symbol: Any) -> None:
    message = refusal(make_crystal, np.eye(3) * 4, [symbol], [[0, 0, 0]])
    assert "unknown element" in message


def test_heaviest_element_of_the_tables_is_accepted() -> None:
    assert make_crystal(np.eye(3) * 4, ["Lr"], [[0, 0, 0]]).numbers.tolist() == [103]


@pytest.mark.parametrize(
    "lattice",
    [
        np.full((3, 3), np.nan),
        np.diag([4.0, 4.0, np.inf]),
        np.eye(2),
        np.diag([4.0, 4.0, 0.0]),
        np.diag([4.0, 4.0, 1e-7]),
        np.diag([1e-5, 1e5, 10.0]),
        [[3, 0, 0], [3000, 3, 0], [0, 0, 3]],
        np.eye(3) * 50,
        np.eye(3) * 0.5,
        [[1, 2, 3], [4, 5], [6]],
        [[10**400, 0, 0], [0, 4, 0], [0, 0, 4]],
        "abc",
        None,
        [],
        {"a": 1},
    ],
    ids=str,
)
def test_impossible_cell_is_refused(lattice: Any) -> None:
    refusal(make_crystal, lattice, ["Cu"], [[0, 0, 0]])


@pytest.mark.parametrize(
    "frac",
    [[], [[0, 0]], [[0, 0, 0], [0.5, 0.5, 0.5]], [[0, 0, float("nan")]], [["x", 0, 0]], None, 3.0],
    ids=str,
)
def test_coordinates_that_do_not_fit_the_species_are_refused(frac: Any) -> None:
    refusal(make_crystal, np.eye(3) * 4, ["Cu"], frac)


def test_number_of_atoms_is_limited_at_both_ends() -> None:
    assert "no atoms" in refusal(make_crystal, np.eye(3) * 4, [], [])
    cell = np.eye(3) * 30
    coordinates = np.random.default_rng(0).random((MAX_ATOMS + 1, 3))
    assert len(make_crystal(cell, ["Cu"] * MAX_ATOMS, coordinates[:-1]).numbers) == MAX_ATOMS
    message = refusal(make_crystal, cell, ["Cu"] * (MAX_ATOMS + 1), coordinates)
    assert "2001" in message
    sites = "".join(f"Cu{n} Cu {n / 2100} 0 0\n" for n in range(MAX_ATOMS + 1))
    assert "2001" in refusal(from_cif, CELL + SITES + sites)


def test_coordinates_are_brought_into_the_cell() -> None:
    frac = [[-1e-17, 1.25, -0.25]]
    coordinates = make_crystal(np.eye(3) * 4, ["Cu"], frac).frac_coords
    assert coordinates.tolist() == [[0.0, 0.25, 0.75]]


def test_skewed_but_sensible_cell_is_accepted() -> None:
    lattice = [[3, 0, 0], [15, 3, 0], [0, 9, 3]]
    assert make_crystal(lattice, ["Cu"], [[0, 0, 0]]).volume_A3 == pytest.approx(27.0)


def test_poscar_scales_lattice_and_reads_cartesian_coordinates() -> None:
    scaled = "x\n2.0\n2 0 0\n0 2 0\n0 0 2\nCu Au\n1 1\nCartesian\n0 0 0\n1 1 1\n"
    volume = "x\n-64\n2 0 0\n0 2 0\n0 0 2\nCu Au\n1 1\nSelective dynamics\nDirect\n"
    volume += "0 0 0 T T T\n.5 .5 .5 F F F\n"
    for text in (scaled, volume):
        crystal = from_poscar(text)
        assert crystal.lattice_A == pytest.approx(np.eye(3) * 4)
        assert crystal.frac_coords[1] == pytest.approx([0.5, 0.5, 0.5])
        assert crystal.symbols == ["Cu", "Au"]


def test_poscar_may_have_a_remark_after_the_elements() -> None:
    told = from_poscar(POSCAR.replace("Cu Au\n", "Cu Au ! as they are\n"))
    assert told.symbols == from_poscar(POSCAR).symbols


def test_poscar_without_element_names_is_refused_instead_of_guessed() -> None:
    message = refusal(from_poscar, POSCAR.replace("Cu Au\n", ""))
    assert "elements" in message


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("3 1\n", "3 10000000000000\n"),
        ("3 1\n", "3 2\n"),
        ("3 1\n", "-3 1\n"),
        ("3 1\n", "4\n"),
        ("3 1\n", "3 0 1\n"),
        ("3 1\n", "x y\n"),
        ("Au", "Xx"),
        ("Direct", ""),
        ("1.0\n", "zero\n"),
        ("0 .5 .5", "0 nan .5"),
        ("4 0 0\n", "\n"),
    ],
)
def test_damaged_poscar_is_refused(old: str, new: str) -> None:
    assert old in POSCAR
    refusal(from_poscar, POSCAR.replace(old, new, 1))


def test_pymatgen_structure_with_oxidation_states_is_read() -> None:
    structure = built("rock salt")
    structure.add_oxidation_state_by_element({"Na": 1, "Cl": -1})
    assert is_same(from_structure(structure.as_dict()), built("rock salt"))


def site(**changes: Any) -> dict[str, Any]:
    return {"abc": [0, 0, 0], "species": [{"element": "Cu", "occu": 1}]} | changes


LATTICE = {"matrix": (np.eye(3) * 4).tolist()}


def test_pymatgen_structure_with_partial_occupancy_is_refused() -> None:
    shared = [{"element": "Cu", "occu": 0.4}, {"element": "Au", "occu": 0.6}]
    half = [{"element": "Cu", "occu": 0.5}]
    for species in (shared, half):
        given = {"lattice": LATTICE, "sites": [site(species=species)]}
        assert "partial occupancy" in refusal(from_structure, given)


@pytest.mark.parametrize(
    "structure",
    [
        None,
        3,
        "text",
        [],
        {},
        {"lattice": LATTICE},
        {"lattice": LATTICE, "sites": []},
        {"lattice": LATTICE, "sites": 5},
        {"lattice": LATTICE, "sites": [5]},
        {"lattice": LATTICE, "sites": [site(species="C")]},
        {"lattice": LATTICE, "sites": [site(species=["Cu"])]},
        {"lattice": LATTICE, "sites": [site(species=["Cu", "Au"])]},
        {"lattice": LATTICE, "sites": [site(species=[])]},
        {"lattice": LATTICE, "sites": [site(species=[{"element": "Cu", "occu": "all"}])]},
        {"lattice": LATTICE, "sites": [site(species=[{"element": "Cu", "occu": None}])]},
        {"lattice": LATTICE, "sites": [site(species=[{"occu": 1}])]},
        {"lattice": LATTICE, "sites": [site(abc=[10**400, 0, 0])]},
        {"lattice": LATTICE, "sites": [site(abc=None)]},
        {"lattice": [1, 2, 3], "sites": [site()]},
    ],
    ids=str,
)
def test_malformed_structure_is_refused(structure: Any) -> None:
    refusal(from_structure, structure)


RECORD = {"lattice_A": LATTICE["matrix"], "species": ["Cu"], "frac_coords": [[0, 0, 0]]}


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"CIF": "data_x"},
        {"crystal": RECORD, "poscar": POSCAR},
        {"cif": 3},
        {"poscar": None},
        {"cif": ["data_x"]},
        {"crystal": None},
        {"crystal": {**RECORD, "species": 5}},
        {"crystal": {"lattice_A": RECORD["lattice_A"]}},
        [RECORD],
        "crystal",
        None,
    ],
    ids=str,
)
def test_payload_without_exactly_one_readable_crystal_is_refused(payload: Any) -> None:
    refusal(parse_crystal, payload)


def test_further_keys_of_a_payload_do_not_matter() -> None:
    assert parse_crystal({"crystal": RECORD, "comment": "mine"}).symbols == ["Cu"]


def read_form(key: str, text: str) -> Crystal:
    return parse_crystal({key: text})


WHOLE_CIF = (DATA / "LiGdAu2.cif").read_text()
READERS: Sequence[Callable[[str], Crystal]] = (
    from_cif,
    from_poscar,
    lambda text: parse_crystal({"cif": text}),
    *(partial(read_form, form.key) for form in ATOMS_FORMS),
)
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=80)


def crystal_or_refusal(read: Callable[[Any], Crystal], given: Any) -> None:
    """Nothing but a valid crystal or a one-line BadInput may come out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            crystal = read(given)
        except BadInput as error:
            one_line(error)
            return
    assert np.isfinite(crystal.lattice_A).all()
    assert ((crystal.frac_coords >= 0) & (crystal.frac_coords < 1)).all()
    assert len(crystal.numbers) == len(crystal.frac_coords) > 0


@settings(max_examples=80, deadline=None, derandomize=True)
@given(ANY_TEXT, st.sampled_from(READERS))
def test_random_text_is_never_more_than_bad_input(text: str, read: Callable[..., Crystal]) -> None:
    crystal_or_refusal(read, text)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.data(), st.sampled_from([(from_cif, WHOLE_CIF), (from_poscar, POSCAR)]))
def test_mutated_file_is_a_crystal_or_bad_input(
    data: st.DataObject, kind: tuple[Callable[[str], Crystal], str]
) -> None:
    read, text = kind
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 12)))
        inserted = data.draw(
            st.sampled_from(["", "?", "nan", "1e999", "-", "\n", "'", "0", "loop_"])
        )
        text = text[:start] + inserted + text[end:]
    crystal_or_refusal(read, text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)
PARTS = st.sampled_from(["lattice", "sites", "lattice_A", "species", "frac_coords", "matrix"])


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.sampled_from(["structure", "crystal", "cif", "poscar"]), st.dictionaries(PARTS, JSON) | JSON
)
def test_random_json_is_a_crystal_or_bad_input(key: str, content: Any) -> None:
    crystal_or_refusal(parse_crystal, {key: content})


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.sampled_from(list(RECORD)), JSON)
def test_record_with_one_random_part_is_a_crystal_or_bad_input(part: str, content: Any) -> None:
    crystal_or_refusal(parse_crystal, {"crystal": {**RECORD, part: content}})


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.sampled_from(["abc", "species"]), JSON)
def test_structure_with_one_random_part_is_a_crystal_or_bad_input(part: str, content: Any) -> None:
    given = {"lattice": LATTICE, "sites": [site(**{part: content})]}
    crystal_or_refusal(parse_crystal, {"structure": given})


def test_structure_survives_its_own_json(heusler: Crystal) -> None:
    again = parse_crystal(heusler.payload())
    assert np.array_equal(again.numbers, heusler.numbers)
    assert np.array_equal(again.frac_coords, heusler.frac_coords)
    with contextlib.suppress(BadInput):
        parse_crystal({**heusler.payload(), "cif": ""})
        pytest.fail("two keys were accepted")
