"""Files are unpacked, decoded and bounded at one place, and what is no file is never waited for."""

from __future__ import annotations

import bz2
import codecs
import gzip
import lzma
import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from matops.core.data.file_content import open_unpacked, read_bytes, read_text, unpacked_name
from matops.core.errors import BadInput

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".xz": lzma.compress,
    ".bz2": bz2.compress,
    "": bytes,
}
MEBIBYTE = 2**20


@pytest.mark.parametrize("ending", PACKERS)
def test_packed_text_is_known_by_its_content_whatever_its_name_says(
    tmp_path: Path, ending: str
) -> None:
    for name in (f"POSCAR{ending}", "POSCAR", "POSCAR.gz"):
        (tmp_path / name).write_bytes(PACKERS[ending]("Å 1\n".encode()))
        assert read_text(tmp_path / name) == "Å 1\n"
        assert unpacked_name(tmp_path / name) == "POSCAR"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (codecs.BOM_UTF8 + b"data_x", "data_x"),
        (codecs.BOM_UTF16_LE + "data_σ".encode("utf-16-le"), "data_σ"),
        (codecs.BOM_UTF16_BE + "data_σ".encode("utf-16-be"), "data_σ"),
        (b"# M\xfcller\n1", "# M\ufffdller\n1"),
    ],
)
def test_encoding_is_what_the_byte_order_mark_says(tmp_path: Path, raw: bytes, text: str) -> None:
    (tmp_path / "x").write_bytes(raw)
    assert read_text(tmp_path / "x") == text


def refusal(path: Path, most_bytes: int = MEBIBYTE) -> str:
    with pytest.raises(BadInput) as caught:
        read_bytes(path, most_bytes)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert len(message.splitlines()) == 1
    return message


@pytest.mark.parametrize("ending", PACKERS)
def test_no_more_is_unpacked_than_the_bound(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"x{ending}"
    path.write_bytes(PACKERS[ending](bytes(100 * MEBIBYTE)))
    tracemalloc.start()
    try:
        assert "larger than 1 MiB" in refusal(path)
        assert tracemalloc.get_traced_memory()[1] < 20 * MEBIBYTE
    finally:
        tracemalloc.stop()
    path.write_bytes(PACKERS[ending](b"12345"))
    assert read_bytes(path, 5) == b"12345"
    assert "larger than 4 bytes" in refusal(path, 4)


def test_what_is_read_from_a_stream_counts_and_the_rest_does_not(tmp_path: Path) -> None:
    (tmp_path / "x.gz").write_bytes(gzip.compress(b"head\n" + bytes(9 * MEBIBYTE)))
    with open_unpacked(tmp_path / "x.gz", MEBIBYTE) as stream:
        assert stream.readline() == b"head\n"


@pytest.mark.parametrize("ending", [".gz", ".xz", ".bz2"])
def test_damaged_file_is_refused(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"x{ending}"
    whole = PACKERS[ending](bytes(range(256)) * 40)
    path.write_bytes(whole[:-5])
    assert "damaged or cut short" in refusal(path)
    path.write_bytes(whole[:20] + bytes(20) + whole[40:])
    assert "damaged or cut short" in refusal(path)


def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "."):
        with pytest.raises(BadInput, match="where a file is needed"):
            read_bytes(tmp_path / name)
    assert "No such file" in refusal(tmp_path / "missing")
    assert "null" in refusal(tmp_path / "a\0b")


def test_binary_file_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "POSCAR").write_bytes(b"PK\x03\x04\0\0")
    with pytest.raises(BadInput, match="POSCAR: binary, where text is needed"):
        read_text(tmp_path / "POSCAR")
