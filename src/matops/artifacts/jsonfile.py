"""JSON files checked against the dataclass they hold: no other structure is read or written."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from matops.core.errors import BadInput
from matops.processes.atomic import write_atomic

T = TypeVar("T")


def _new_adapter(kind: Any) -> TypeAdapter[Any]:
    """Validator of one value; the tuple carries the strictness down to plain dataclasses.

    To build it takes a hundred times what it takes to use it.
    """
    strict = ConfigDict(strict=True, extra="forbid", ser_json_inf_nan="constants")
    return TypeAdapter(tuple[kind], config=strict)


_adapter: Callable[[Any], TypeAdapter[Any]] = cache(_new_adapter)


def to_json(value: object) -> bytes:
    """A dataclass as compact JSON."""
    return _adapter(type(value)).dump_json((value,))[1:-1]


def from_json(text: bytes, kind: type[T], name: str) -> T:
    """A dataclass from JSON.

    Raises:
        BadInput: the text does not fit ``kind``; the message begins with ``name``.
    """
    try:
        checked: list[T] = _adapter(kind).validate_json(b"[" + text + b"]")
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"][1:])
        raise BadInput(f"{name}: {where or 'content'}: {first['msg']}") from None
    return checked[0]


def write_json(path: Path, value: object) -> None:
    """Write a dataclass as indented JSON; the file appears whole or not at all."""
    write_atomic(path, json.dumps(json.loads(to_json(value)), indent=2).encode() + b"\n")


def read_json(path: Path, kind: type[T]) -> T:
    """Read a dataclass.

    Raises:
        BadInput: no such file, or its content does not fit ``kind``.
    """
    if not path.is_file():
        raise BadInput(f"{path}: no such file")
    return from_json(path.read_bytes(), kind, str(path))
