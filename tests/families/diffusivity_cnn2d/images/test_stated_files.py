"""Files whose names say which pixels are pores; tables with an image a column."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from matops.core.data.record import Provenance, Quarantined, Record
from matops.core.errors import BadInput
from matops.families.diffusivity_cnn2d.data import read_source
from matops.families.diffusivity_cnn2d.files import load_request, write_example
from matops.families.diffusivity_cnn2d.images.pore_image import parse_image
from matops.families.diffusivity_cnn2d.images.stated_files import read_image_file
from matops.simulators.porous_media.diffusion import effective_diffusivity

STATED = Provenance("", "")
RNG = np.random.default_rng(1)


def channel(edge: int = 16) -> np.ndarray:
    pores = np.zeros((edge, edge), dtype=bool)
    pores[: edge // 4] = True
    return pores


def write_table(path: Path, images: list[np.ndarray], heading: str = "") -> Path:
    rows = np.stack([image.ravel() for image in images], axis=1).astype(int)
    lines = [",".join(map(str, row)) for row in rows.tolist()]
    path.write_text("\n".join([heading, *lines] if heading else lines) + "\n")
    return path


@pytest.mark.parametrize(
    ("name", "as_written"), [("a.pores-white.png", True), ("a.PORES-BLACK.PNG", False)]
)
def test_the_name_states_the_polarity(tmp_path: Path, name: str, as_written: bool) -> None:
    path = tmp_path / name
    Image.fromarray(channel()).save(path)
    pores = read_image_file(path).pores
    assert np.array_equal(pores, channel() if as_written else ~channel())
    assert np.array_equal(parse_image(load_request(path)).pores, pores)


def test_the_name_states_the_threshold(tmp_path: Path) -> None:
    values = RNG.random((16, 16))
    path = tmp_path / "scan.pores-black.threshold-0.25.npy"
    np.save(path, values)
    assert np.array_equal(read_image_file(path).pores, values < 0.25)


@pytest.mark.parametrize("name", ["a.png", "a.pores-grey.png", "pores-white.png", "a.pores-white"])
def test_a_name_that_says_nothing_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    Image.fromarray(channel()).save(path, "PNG")
    with pytest.raises(BadInput, match=name.replace(".", r"\.")):
        load_request(path)


@pytest.mark.parametrize(
    "content",
    [b"", b"\x93NUMPY", b"\x93NUMPY\x01\x00\x08\x00{'a':1}\n", b"garbage", b"PK\x03\x04"],
)
def test_broken_arrays_are_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.pores-white.npy"
    path.write_bytes(content)
    with pytest.raises(BadInput, match="NPY") as caught:
        read_image_file(path)
    assert len(str(caught.value).splitlines()) == 1


def test_objects_are_never_unpickled(tmp_path: Path) -> None:
    path = tmp_path / "a.pores-white.npy"
    np.save(path, np.array([[{}, {}]], dtype=object), allow_pickle=True)
    with pytest.raises(BadInput, match="NPY"):
        read_image_file(path)


def test_a_folder_of_images_is_labelled_here(tmp_path: Path) -> None:
    Image.fromarray(channel()).save(tmp_path / "b.pores-white.png")
    Image.fromarray(channel()).save(tmp_path / "c.png")
    np.save(tmp_path / "a.pores-white.npy", RNG.random((20, 18)) < 0.8)
    (tmp_path / "notes.txt").write_text("not an image")
    first, second, third = read_source(tmp_path, STATED)
    assert isinstance(first, Record)
    pores = parse_image(first.payload).pores
    labels = [effective_diffusivity(pores, axis).relative_diffusivity for axis in (1, 0)]
    assert [first.targets["D_x"], first.targets["D_y"]] == pytest.approx(labels)
    assert isinstance(second, Record)
    assert second.targets == {"D_x": pytest.approx(0.25), "D_y": 0.0}
    assert "finite volumes" in second.provenance.method
    assert isinstance(third, Quarantined)
    assert "which pixels are pores" in third.reason


@pytest.mark.parametrize("heading", ["", "first,second"])
def test_a_table_has_an_image_a_column(tmp_path: Path, heading: str) -> None:
    images = [channel(), ~channel()]
    table = write_table(tmp_path / "all.pores-white.csv", images, heading)
    records = list(read_source(table, STATED))
    assert [r.targets["D_x"] for r in records if isinstance(r, Record)] == pytest.approx(
        [0.25, 0.75]
    )
    names = heading.split(",") if heading else ["column 1", "column 2"]
    assert [r.provenance.origin for r in records if isinstance(r, Record)] == [
        f"{table}: {name}" for name in names
    ]
    black = write_table(tmp_path / "all.pores-black.csv", images)
    record = next(iter(read_source(black, STATED)))
    assert isinstance(record, Record)
    assert record.targets["D_x"] == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no pixels"),
        ("a,b\n", "no pixels"),
        ("0,1\n0,1\n", "no square image"),
        ("0,1\n0\n", "line 2 has 1 values"),
        ("0,1\n0,2\n", "line 2 has values other than 0 and 1"),
        ("a,b\n0,0.5\n", "line 2 has values other than 0 and 1"),
    ],
)
def test_bad_tables_are_refused_in_one_line(tmp_path: Path, text: str, reason: str) -> None:
    table = tmp_path / "all.pores-white.csv"
    table.write_text(text)
    with pytest.raises(BadInput, match=reason) as caught:
        list(read_source(table, STATED))
    assert str(table) in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_a_table_without_polarity_is_refused(tmp_path: Path) -> None:
    table = write_table(tmp_path / "all.csv", [channel()])
    with pytest.raises(BadInput, match="which pixels are pores"):
        list(read_source(table, STATED))


def test_a_manifest_has_labels_of_its_own(tmp_path: Path) -> None:
    Image.fromarray(channel()).save(tmp_path / "a.pores-white.png")
    Image.fromarray(channel()).save(tmp_path / "b.pores-white.png")
    (tmp_path / "manifest.csv").write_text(
        "file,D_x [1],D_y [1],engine,method\n"
        "a.pores-white.png,0.25,0,LBM 1.0,D2Q5\nb.pores-white.png,1.5,0,LBM 1.0,D2Q5\n"
    )
    first, second = read_source(tmp_path, STATED)
    assert isinstance(first, Record)
    assert (first.targets, first.provenance.method) == ({"D_x": 0.25, "D_y": 0.0}, "D2Q5")
    assert isinstance(second, Quarantined)
    assert "D_x = 1.5" in second.reason


def test_the_example_is_open_along_both_axes(tmp_path: Path) -> None:
    pores = parse_image(load_request(write_example(tmp_path))).pores
    assert min(effective_diffusivity(pores, axis).relative_diffusivity for axis in (0, 1)) > 0.1
