"""Files as people have them give the right crystal, or one line that says what to do."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from pymatgen.core import Lattice, Structure

from matops.core.errors import BadInput
from matops.families.elastic_cgcnn.crystals.crystal import Crystal
from matops.families.elastic_cgcnn.crystals.formats import parse_crystal
from matops.families.elastic_cgcnn.files import load_request
from tests.support.places import REPOSITORY
from tests.support.real_files.case import RealFile
from tests.support.real_files.cif import CIFS
from tests.support.real_files.others import OTHERS
from tests.support.real_files.vasp import VASP

FILES = (*CIFS, *VASP, *OTHERS)


def written(crystal: Crystal) -> str:
    counts = Counter(crystal.symbols)
    return " ".join(f"{symbol}{counts[symbol]}" for symbol in sorted(counts))


def shortest_A(crystal: Crystal) -> float:
    structure = Structure(Lattice(crystal.lattice_A), crystal.symbols, crystal.frac_coords)
    return min(near.nn_distance for near in structure.get_all_neighbors(6.0)[0])


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.what)
def test_file_gives_the_right_crystal_or_one_line(
    file: RealFile, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = file.write(tmp_path)
    if file.refused:
        with pytest.raises(BadInput) as caught:
            parse_crystal(load_request(path, file.species))
        assert str(caught.value).removeprefix(f"{path}: ") == file.refused
        return
    crystal = parse_crystal(load_request(path, file.species))
    assert caplog.messages == ([f"{path}: {file.said}"] if file.said else [])
    assert written(crystal) == file.atoms
    assert crystal.volume_A3 == pytest.approx(file.volume_A3, rel=1e-3)
    assert shortest_A(crystal) == pytest.approx(file.shortest_A, abs=2e-3)


def test_the_table_of_the_docs_is_what_was_tested() -> None:
    page = (REPOSITORY / "docs" / "sources.md").read_text()
    table = page.partition("| a file | gives |\n|---|---|\n")[2].partition("\n\n")[0]
    assert table.strip().splitlines() == [file.row for file in FILES]
    assert len({file.what for file in FILES}) == len(FILES) >= 60
