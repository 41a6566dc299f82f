"""Arrays in parts: what was written is read, and nothing is taken for something else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from matops.artifacts.data.dataset import read_records, read_targets, write_part
from matops.artifacts.data.dataset_origins import find_record
from matops.core.errors import BadInput
from tests.support.trapped_atoms import DIPOLE, ENERGY, FORCES, TARGETS, trapped_records


def test_records_with_arrays_come_back_as_they_were(tmp_path: Path) -> None:
    records = trapped_records(7)
    path = write_part(tmp_path, records, TARGETS)
    assert sorted(read_records(tmp_path, TARGETS), key=lambda r: r.group) == records
    assert write_part(tmp_path, records[::-1], TARGETS) == path
    found = find_record(tmp_path, records[2].id, TARGETS)
    assert found is not None
    assert found.targets == records[2].targets
    said = pq.read_schema(path).field("forces").metadata
    assert (said[b"unit"], said[b"form"].decode()) == (b"eV/A", "atoms × 3")
    assert b"form" not in pq.read_schema(path).field("energy").metadata


@pytest.mark.parametrize(
    "other", [{"shape": (4,)}, {"axis": "bond"}, {"shape": (), "axis": "sample"}]
)
def test_a_column_of_another_form_is_refused(tmp_path: Path, other: dict[str, object]) -> None:
    write_part(tmp_path, trapped_records(2), TARGETS)
    targets = (ENERGY, DIPOLE, replace(FORCES, **other))
    with pytest.raises(BadInput, match="forces has the form 'atoms × 3', not "):
        next(read_records(tmp_path, targets))


def test_labels_of_arrays_are_their_root_mean_squares(tmp_path: Path) -> None:
    records = trapped_records(5)
    write_part(tmp_path, records[:2], TARGETS)
    write_part(tmp_path, records[2:], TARGETS)
    found = read_targets(tmp_path, TARGETS)
    expected = [np.sqrt(np.mean(np.square(record.targets["forces"]))) for record in records]
    np.testing.assert_allclose(sorted(found["forces"]), sorted(expected))
    assert sorted(found["energy"]) == sorted(record.targets["energy"] for record in records)
