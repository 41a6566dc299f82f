"""Rows of large JSON tables, one by one: what is held is one row, however long the table is."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import IO, Any

from matops.core.data.file_content import open_table, open_unpacked
from matops.core.errors import BadInput

LARGEST_ROW = 8 * 2**20
"""Characters; as objects, the emptiest lists take some twenty times their text."""
MOST_ROWS = 2_000_000
"""Three characters may be a row, and each is refused with a line of its own."""
PIECE = 2**18
MOST_COLUMNS = 1000
SPLIT = ("index", "columns", "data")
"""What pandas calls the parts of a table in its split form, in which matbench comes."""
NO_SPACE = re.compile(r"[^ \t\r\n]")


def each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON in which no key stands twice, for ``object_pairs_hook``.

    Python's own reader keeps the last of several without a word.

    Raises:
        BadInput: one does.
    """
    content = dict(pairs)
    if len(content) < len(pairs):
        names = Counter(name for name, _ in pairs)
        raise BadInput(f"the key {names.most_common(1)[0][0]!r} stands twice in one object")
    return content


DECODER = json.JSONDecoder(object_pairs_hook=each_once)


@dataclass(frozen=True)
class JsonTable:
    """A list of objects, or a table in pandas' split form, in a file that may be packed."""

    path: Path

    def document(self) -> dict[str, Any] | None:
        """The one object that the file is, where it is no table at all.

        Raises:
            BadInput: the object is not whole, larger than a row may be, or has a key twice.
        """
        content: dict[str, Any] = {}
        with open_unpacked(self.path, LARGEST_ROW) as stream:
            text = _Text(self.path, stream)
            if text.peek() != "{":
                return None
            for key in text.members():
                if key in SPLIT:
                    return None
                if key in content:
                    raise BadInput(f"{self.path}: the key {key!r} stands twice in one object")
                content[key] = text.value()
            text.end()
        return content

    def rows(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Each row, with its name in the table's index; empty where it has none.

        Raises:
            BadInput: the file is no such table, at the row where that shows.
        """
        with open_table(self.path) as stream:
            kind = _Text(self.path, stream).peek()
        if kind not in ("[", "{"):
            raise self._other()
        rows = self._listed_rows() if kind == "[" else self._split_rows()
        for number, row in enumerate(rows):
            if number >= MOST_ROWS:
                raise BadInput(f"{self.path}: more than {MOST_ROWS:,} rows: put them into several")
            yield row

    def check(self) -> None:
        """Read it through to its end, so that no row counts of a file that is cut short."""
        for _ in self.rows():
            pass

    def _listed_rows(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for row in self._elements(""):
            yield "", row if isinstance(row, dict) else {}

    def _split_rows(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """The index and the data lie one behind the other, so the file is read at two places."""
        index, columns, data = map(self._elements, SPLIT)
        names = list(islice(columns, MOST_COLUMNS))
        try:
            if not all(isinstance(name, str) for name in names):
                raise TypeError("a column without a name")
            if len(set(names)) < len(names):
                twice = Counter(names).most_common(1)[0][0]
                raise BadInput(f"{self.path}: the column {twice!r} stands twice; keep one")
            for name, row in zip(index, data, strict=True):
                yield str(name), dict(zip(names, row, strict=True))
        except (TypeError, ValueError):
            raise BadInput(f"{self.path}: index, columns and data do not fit together") from None

    def _elements(self, key: str) -> Iterator[Any]:
        """Elements of the list that the file is, or that its object has under a key.

        Behind the data the rest of the file is read too, to see that it is whole.
        """
        with open_table(self.path) as stream:
            text = _Text(self.path, stream)
            if not key:
                yield from text.elements()
                text.end()
                return
            keys = []
            for found in text.members():
                keys.append(found)
                is_list = text.peek() == "["
                if found == key and not is_list:
                    raise self._other()
                elements = text.elements() if is_list else iter([text.value()])
                if found != key:
                    for _ in elements:
                        pass
                    continue
                yield from elements
                if key != SPLIT[-1]:
                    return
            if key not in keys:
                raise self._other()
            text.end()

    def _other(self) -> BadInput:
        return BadInput(
            f"{self.path}: neither a list of records nor a table with {SPLIT[0]}, {SPLIT[1]} and "
            f"{SPLIT[2]}"
        )


class _Text:
    """JSON text that is decoded as it is needed."""

    def __init__(self, path: Path, stream: IO[bytes]) -> None:
        self._path = path
        self._stream = TextIOWrapper(stream, encoding="utf-8-sig")
        self._buffer, self._at = "", 0

    def peek(self) -> str:
        """The next character that is no space; empty at the end."""
        while True:
            found = NO_SPACE.search(self._buffer, self._at)
            if found:
                self._at = found.start()
                return found[0]
            self._at = len(self._buffer)
            if not self._more():
                return ""

    def expect(self, character: str) -> None:
        """Pass a character."""
        if self.peek() != character:
            raise self._broken(f"no {character!r} where one is due")
        self._at += 1

    def end(self) -> None:
        """Nothing may follow."""
        if self.peek():
            raise self._broken("something stands behind its end")

    def elements(self) -> Iterator[Any]:
        """The elements of a list, each read when it is asked for."""
        for _ in self._separated("[", "]"):
            yield self.value()

    def members(self) -> Iterator[str]:
        """The keys of an object; who asks for the next has read the value of the last."""
        for _ in self._separated("{", "}"):
            key = self.value()
            self.expect(":")
            yield str(key)

    def _separated(self, first: str, last: str) -> Iterator[None]:
        self.expect(first)
        if self.peek() != last:
            yield
            while self.peek() == ",":
                self.expect(",")
                yield
        self.expect(last)

    def value(self) -> Any:
        """The next value, whole."""
        self.peek()
        while True:
            try:
                value, stop = DECODER.raw_decode(self._buffer, self._at)
            except (ValueError, RecursionError) as error:
                if len(self._buffer) - self._at > LARGEST_ROW:
                    size = f"{LARGEST_ROW / 2**20:g} MiB"
                    raise self._broken(f"one row has more than {size}") from None
                if not self._more():
                    raise self._broken(str(error)) from None
                continue
            except BadInput as error:
                raise BadInput(f"{self._path}: {error}") from None
            if stop < len(self._buffer):
                self._at = stop
                return value
            if not self._more():  # else it may be a number that goes on
                self._at = len(self._buffer)
                return value

    def _more(self) -> bool:
        """Read on, as much again as waits; whether there was anything."""
        self._buffer, self._at = self._buffer[self._at :], 0
        try:
            piece = self._stream.read(max(PIECE, len(self._buffer)))
        except UnicodeDecodeError as error:
            raise self._broken(str(error)) from None
        self._buffer += piece
        return bool(piece)

    def _broken(self, reason: str) -> BadInput:
        return BadInput(f"{self._path}: not readable as JSON: {reason}")
