"""Tables are read row by row: what is read is what JSON says, in bounded memory, or refused."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matops.core.data import json_rows
from matops.core.data.json_rows import JsonTable
from matops.core.errors import BadInput

MEBIBYTE = 2**20
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)
ROWS = st.lists(st.dictionaries(st.text(max_size=3), VALUES, max_size=3), max_size=4)


def table(path: Path, content: str | bytes) -> JsonTable:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return JsonTable(path)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=ROWS, indent=st.sampled_from([None, 0, 3]), piece=st.integers(1, 40))
def test_the_rows_of_a_list_are_those_that_json_reads(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Any], indent: int | None, piece: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_rows, "PIECE", piece)
        path = tmp_path_factory.mktemp("rows") / "x.json"
        found = table(path, json.dumps(rows, indent=indent, ensure_ascii=piece > 20)).rows()
        assert [row for _, row in found] == rows


def split(**parts: Any) -> str:
    whole = {"index": ["a", "b"], "columns": ["x", "y"], "data": [[1, 2], [3, {"z": []}]]}
    return json.dumps({**whole, **parts})


@pytest.mark.parametrize("order", [("index", "columns", "data"), ("data", "columns", "index")])
def test_a_split_table_names_its_rows_in_whatever_order_it_stands(
    tmp_path: Path, order: tuple[str, ...]
) -> None:
    whole = json.loads(split(more=[{"data": [1]}]))
    text = json.dumps({"more": whole["more"], **{key: whole[key] for key in order}, "end": 1.5})
    found = list(table(tmp_path / "x.json.gz", gzip.compress(text.encode())).rows())
    assert found == [("a", {"x": 1, "y": 2}), ("b", {"x": 3, "y": {"z": []}})]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "neither a list"),
        ("7", "neither a list"),
        ('{"index": []}', "neither a list"),
        (split(data=3), "neither a list"),
        (split(index=["a"]), "do not fit"),
        (split(columns=["x"]), "do not fit"),
        (split(data=[1, 2]), "do not fit"),
        (split()[:-1], "no '}'"),
        ('[{"a": 1}', "no ']'"),
        ('[{"a": 1}, {"a"', "not readable as JSON"),
        ('[{"a": 1}] more', "behind its end"),
        ('[{"a": 1} {"b": 2}]', "no ']'"),
        ("[" * 100_000, "not readable as JSON"),
        (b'[{"a": "\xff"}]', "utf-8"),
        (b'[{"a": 1' + b"1" * 10_000 + b"}]", "not readable as JSON"),
    ],
)
def test_what_is_no_whole_table_is_refused_in_one_line(
    tmp_path: Path, text: str | bytes, reason: str
) -> None:
    with pytest.raises(BadInput, match=rf"x\.json: .*{reason}") as caught:
        table(tmp_path / "x.json", text).check()
    assert len(str(caught.value).splitlines()) == 1


def test_more_rows_than_anybody_means_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_rows, "MOST_ROWS", 3)
    table(tmp_path / "x.json", "[[],[],[]]").check()
    with pytest.raises(BadInput, match="more than 3 rows"):
        table(tmp_path / "x.json", "[[],[],[],[]]").check()


def packed(path: Path, pieces: Iterable[bytes]) -> JsonTable:
    with gzip.open(path, "wb") as file:
        for piece in pieces:
            file.write(piece)
    return JsonTable(path)


def test_a_long_table_takes_the_memory_of_a_row(tmp_path: Path) -> None:
    row = json.dumps({"id": "x", "lattice": [[0.1234567] * 3] * 3, "K_VRH": 1.0}).encode()
    long = packed(tmp_path / "x.json", [b"[", *[row + b",\n"] * 20_000, row, b"]"])
    tracemalloc.start()
    assert sum(1 for _ in long.rows()) == 20_001
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * MEBIBYTE


BOMBS = {
    "spaces": (b" " * MEBIBYTE, "larger than"),
    "one text": (b'["' + b"x" * MEBIBYTE, "more than 1 MiB"),
    "empty lists": (b"[[" + b"[]," * (MEBIBYTE // 3), "more than 1 MiB"),
    "depth": (b"[" * MEBIBYTE, "not readable|more than 1 MiB"),
    "digits": (b"1" * MEBIBYTE, "not readable|neither|more than 1 MiB"),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_refused_in_little_memory(
    tmp_path: Path, bomb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_rows, "LARGEST_ROW", MEBIBYTE)
    piece, reason = BOMBS[bomb]
    path = tmp_path / "x.json.gz"
    rest = piece if bomb != "one text" else b"x" * MEBIBYTE
    table_of = packed(path, [piece, *[rest] * 99])
    assert path.stat().st_size < MEBIBYTE // 2
    tracemalloc.start()
    with pytest.raises(BadInput, match=reason):
        table_of.check()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60 * MEBIBYTE


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('[{"K": 1, "K": 2}]', "K"),
        ('[{"a": {"b": 1, "c": 2, "b": 1}}]', "b"),
        (split(columns=["x", "x"]), "x"),
    ],
    ids=["row", "deep in a row", "column"],
)
def test_what_stands_twice_is_refused_and_the_last_not_taken(
    tmp_path: Path, text: str, key: str
) -> None:
    with pytest.raises(BadInput, match=rf"x\.json: the (key|column) '{key}' stands twice"):
        list(table(tmp_path / "x.json", text).rows())


def test_a_document_is_one_object_and_no_table(tmp_path: Path) -> None:
    assert table(tmp_path / "a.json", '{"a": [1], "b": {}}').document() == {"a": [1], "b": {}}
    assert table(tmp_path / "b.json", '[{"a": 1}]').document() is None
    assert table(tmp_path / "c.json", split()).document() is None
    with pytest.raises(BadInput, match="key 'a' stands twice"):
        table(tmp_path / "d.json", '{"a": 1, "a": 1}').document()


def test_a_document_is_no_larger_than_a_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_rows, "LARGEST_ROW", 64)
    with pytest.raises(BadInput, match="larger than 64 bytes"):
        table(tmp_path / "x.json", json.dumps({str(n): n for n in range(40)})).document()
