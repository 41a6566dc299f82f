import json
from pathlib import Path

import numpy as np
import pytest

from matops.core.errors import BadInput
from matops.families.nanoporous_cnn3d.files import load_request, write_example
from matops.families.nanoporous_cnn3d.metal.payloads import parse_metal, write_payload

BEAM = np.zeros((10, 10, 10), dtype=bool)
BEAM[:, 3:7, 3:7] = True


KINDS = {
    "bool": BEAM,
    "bytes": BEAM.astype(np.uint8),
    "double": BEAM.astype(float),
    "single, as a phase field": BEAM.astype(np.float32),
    "big-endian, as from a solver": BEAM.astype(">i4"),
    "Fortran order, as from MATLAB": np.asfortranarray(BEAM),
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("solid", KINDS.values(), ids=KINDS)
def test_grid_in_an_npz_is_read_as_it_is(solid: np.ndarray, packed: bool, tmp_path: Path) -> None:
    path = tmp_path / "beam.npz"
    (np.savez_compressed if packed else np.savez)(path, solid=solid, metal="Cu", cell_A=40.0)
    sample = parse_metal(load_request(path))
    assert (sample.metal, sample.cell_A) == ("Cu", 40.0)
    assert np.array_equal(sample.geometry.solid(10), BEAM)


def test_payload_in_a_json_is_read_as_it_is(waves, tmp_path: Path) -> None:
    path = tmp_path / "sample.json"
    path.write_text(json.dumps(write_payload(waves(3))))
    assert parse_metal(load_request(path)) == waves(3)
    assert parse_metal(load_request(write_example(tmp_path))).metal == "Au"


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"solid": BEAM, "metal": "Cu"}, "cell_A"),
        ({"solid": BEAM[:5], "metal": "Cu", "cell_A": 40.0}, "cube of voxels"),
        ({"solid": BEAM * 2, "metal": "Cu", "cell_A": 40.0}, "other than 0 and 1"),
        ({"solid": BEAM * np.uint8(255), "metal": "Cu", "cell_A": 40.0}, "other than 0 and 1"),
        ({"solid": BEAM * 0.7, "metal": "Cu", "cell_A": 40.0}, "other than 0 and 1"),
        ({"solid": np.where(BEAM, 1.0, np.nan), "metal": "Cu", "cell_A": 40.0}, "0 and 1"),
        ({"solid": BEAM[0], "metal": "Cu", "cell_A": 40.0}, "cube of voxels"),
        ({"metal": "Cu", "cell_A": 40.0, "voxels": BEAM}, "solid"),
        ({"solid": BEAM, "metal": "Fe", "cell_A": 40.0}, "unknown metal"),
        ({"solid": BEAM, "metal": "Cu", "cell_A": "wide"}, "cell_A"),
        ({"solid": BEAM & False, "metal": "Cu", "cell_A": 40.0}, "no voxel is solid"),
    ],
)
def test_bad_npz_is_named_with_its_reason(arrays: dict, words: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.npz"
    np.savez(path, **arrays)
    with pytest.raises(BadInput, match=f"bad.npz.*{words}"):
        load_request(path)


VOLUMES = [
    "beam.npy",
    "beam.raw",
    "beam_512x512x512_uint8.raw.gz",
    "stack.tif",
    "stack0001.TIFF",
    "beam.vti",
    "beam.vtk",
    "beam.mhd",
    "beam.nrrd",
    "beam.mrc",
    "beam.h5",
]


@pytest.mark.parametrize("name", VOLUMES)
def test_a_volume_that_says_neither_metal_nor_cell_is_refused_with_the_way(
    name: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    if path.suffix == ".npy":
        np.save(path, BEAM)
    else:
        path.write_bytes(BEAM.tobytes())
    with pytest.raises(BadInput, match="does not say metal, cell and which voxels") as refused:
        load_request(path)
    assert str(refused.value).startswith(f"{path}: ")
    assert "numpy.savez" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_files_that_are_neither_are_refused(tmp_path: Path) -> None:
    contents = {"a.json": "{", "b.json": "{}", "c.npz": "text", "d.txt": "", "e.npz": ""}
    for name, content in contents.items():
        (tmp_path / name).write_text(content)
        with pytest.raises(BadInput, match=name):
            load_request(tmp_path / name)


def test_a_single_array_in_an_npz_s_place_is_refused_in_plain_words(tmp_path: Path) -> None:
    np.save(tmp_path / "beam.npy", BEAM)
    path = (tmp_path / "beam.npy").rename(tmp_path / "beam.npz")
    with pytest.raises(BadInput, match="needs arrays solid, metal and cell_A: it is one array"):
        load_request(path)


def test_objects_that_need_pickle_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "pickled.npz"
    np.savez(path, solid=np.array([None, {}], dtype=object), metal="Cu", cell_A=1.0)
    with pytest.raises(BadInput, match=r"pickled\.npz"):
        load_request(path)
