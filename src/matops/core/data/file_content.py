"""What stands in a file, whether it is packed or not: bounded, and without what marks its encoding.

A few kilobytes of gzip can stand for gigabytes: nothing is unpacked past the bound.
"""

import bz2
import codecs
import gzip
import lzma
import os
import stat
import zlib
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import IO, Any, cast

from typing_extensions import Buffer, override

from matops.core.errors import BadInput

MEBIBYTE = 2**20
LARGEST_FILE_BYTES = 64 * MEBIBYTE
LARGEST_TABLE_BYTES = 8192 * MEBIBYTE
TIMES_PACKED = 200
"""How much larger than its packed form a table may be; numbers in text pack ten to thirty times."""
PACKED_ENDINGS = (".gz", ".xz", ".bz2")
OPENERS: Mapping[bytes, Any] = {
    b"\x1f\x8b": gzip.open,
    b"\xfd7zXZ\x00": lzma.open,
    b"BZh": bz2.open,
}
"""By the first bytes: programs that fetch files unpack some of them and leave the name."""
BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
DAMAGED = (EOFError, MemoryError, gzip.BadGzipFile, lzma.LZMAError, zlib.error, OSError)


def unpacked_name(path: Path) -> str:
    """The file's name without the ending of a compression, as ``POSCAR`` of ``POSCAR.gz``."""
    return path.stem if path.suffix.lower() in PACKED_ENDINGS else path.name


class _Bounded(RawIOBase):
    """A stream that refuses to go on after so many bytes."""

    def __init__(self, source: IO[bytes], path: Path, most_bytes: int) -> None:
        self._source, self._path, self._most, self._left = source, path, most_bytes, most_bytes

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Buffer) -> int:
        view = memoryview(buffer)
        try:
            piece = self._source.read(min(len(view), self._left + 1))
        except DAMAGED as error:
            reason = getattr(error, "strerror", None) or error or type(error).__name__
            raise BadInput(f"{self._path}: damaged or cut short: {reason}") from None
        self._left -= len(piece)
        if self._left < 0:
            raise BadInput(f"{self._path}: larger than {_size(self._most)}")
        view[: len(piece)] = piece
        return len(piece)


def _size(n_bytes: int) -> str:
    whole, rest = divmod(n_bytes, MEBIBYTE)
    return f"{n_bytes} bytes" if rest else f"{whole} MiB"


def plain_file(path: Path) -> BufferedReader:
    """The bytes of a plain file as they lie on disk.

    Raises:
        BadInput: it can't be read, or is a directory, pipe or device.
    """
    try:
        # Else to open a named pipe waits for somebody to write into it.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return os.fdopen(descriptor, "rb")
        os.close(descriptor)
    except (OSError, ValueError) as error:  # a name with a null byte is a ValueError
        raise BadInput(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    raise BadInput(f"{path}: a directory, pipe or device, where a file is needed")


@contextmanager
def open_unpacked(path: Path, most_bytes: int = LARGEST_FILE_BYTES) -> Iterator[IO[bytes]]:
    """The bytes of a plain file as a stream; gzip, xz and bzip2 are unpacked as it is read.

    Raises:
        BadInput: the file can't be read or is damaged, or more than ``most_bytes`` were read.
    """
    with plain_file(path) as file:
        beginning = file.peek(max(map(len, OPENERS)))
        opener = next(
            (opens for mark, opens in OPENERS.items() if beginning.startswith(mark)), None
        )
        source = cast(IO[bytes], opener(file) if opener else file)
        with BufferedReader(_Bounded(source, path, most_bytes)) as stream:
            yield stream


def open_table(
    path: Path, most_bytes: int = LARGEST_TABLE_BYTES
) -> AbstractContextManager[IO[bytes]]:
    """The bytes of a table that is read row by row, and may be larger than memory.

    Raises:
        BadInput: as :func:`open_unpacked`; or the file packs better than tables do.
    """
    try:
        packed_bytes = path.stat().st_size
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror or error}") from None
    return open_unpacked(
        path, min(most_bytes, max(LARGEST_FILE_BYTES, TIMES_PACKED * packed_bytes))
    )


def read_bytes(path: Path, most_bytes: int = LARGEST_FILE_BYTES) -> bytes:
    """All bytes of a file, unpacked.

    Raises:
        BadInput: as :func:`open_unpacked`.
    """
    with open_unpacked(path, most_bytes) as stream:
        return stream.read()


def read_text(path: Path, most_bytes: int = LARGEST_FILE_BYTES) -> str:
    """The text of a file, unpacked: UTF-8, or what its byte order mark says, which is left out.

    Bytes that are no text in that encoding, as an author's name in another, are replaced.

    Raises:
        BadInput: as :func:`open_unpacked`, or the file holds no text.
    """
    raw = read_bytes(path, most_bytes)
    marks = (name for mark, name in BYTE_ORDER_MARKS.items() if raw.startswith(mark))
    text = raw.decode(next(marks, "utf-8"), errors="replace")
    if "\0" in text:
        raise BadInput(f"{path}: binary, where text is needed")
    return text
