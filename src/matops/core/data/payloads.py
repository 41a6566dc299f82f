"""Payloads from files, by the forms that a family declares: no science is needed to make one."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from matops.core.data.file_content import (
    LARGEST_FILE_BYTES,
    read_bytes,
    read_text,
    unpacked_name,
)
from matops.core.data.json_rows import each_once
from matops.core.errors import BadInput

if TYPE_CHECKING:
    from matops.core.data.record import Payload

JSON_FILES = "*.json"
Encoding = Literal["json", "text", "base64", "array"]


@dataclass(frozen=True)
class PayloadForm:
    """One form in which a request may carry a sample."""

    key: str  # of the payload
    description: str  # what stands there, in words
    example: Any  # of what stands there
    schema: Mapping[str, Any]  # JSON Schema of what stands there
    # names of files that hold it, as in ``*.cif`` or ``POSCAR*``, in any case
    files: tuple[str, ...] = ()
    # how a file's content stands there: as parsed JSON, as text, its bytes as Base64, or the array
    # of an NPY file as nested lists (of an NPZ file, an object of such arrays)
    encoding: Encoding = "json"
    is_structure: bool = False  # whether it holds what ``as_dict`` of a pymatgen structure gives


def form_of_file(path: Path, forms: Sequence[PayloadForm]) -> PayloadForm | None:
    """The first form that names a file's kind; None if none does."""
    name = unpacked_name(path).lower()
    return next(
        (form for form in forms for kind in form.files if fnmatchcase(name, kind.lower())), None
    )


def is_json(path: Path) -> bool:
    """Whether a file's name says that it holds JSON, packed or not."""
    return fnmatchcase(unpacked_name(path).lower(), JSON_FILES)


def read_payloads(
    path: Path, forms: Sequence[PayloadForm], most_bytes: int = LARGEST_FILE_BYTES
) -> "list[Payload]":
    """The payloads of a file: one, or as many as a JSON list has.

    A JSON object with the key of a form is a payload itself.

    Raises:
        BadInput: the file can't be read, is larger than ``most_bytes``, or no form names its kind.
    """
    form = form_of_file(path, forms)
    if form is None and not is_json(path):
        kinds = dict.fromkeys((JSON_FILES, *(kind for form in forms for kind in form.files)))
        raise BadInput(f"{path}: no kind of file that the model takes; it takes {', '.join(kinds)}")
    encoding = form.encoding if form else "json"
    content = _content(path, encoding, most_bytes)
    if not is_json(path) or encoding != "json":
        return [{form.key: content}] if form else []
    items = content if isinstance(content, list) else [content]
    return [_payload(path, item, forms, form) for item in items]


def read_payload(path: Path, forms: Sequence[PayloadForm]) -> "Payload":
    """The payload of a file that holds one sample.

    Raises:
        BadInput: as :func:`read_payloads`, or the file holds several.
    """
    payloads = read_payloads(path, forms)
    if len(payloads) != 1:
        raise BadInput(f"{path}: holds {len(payloads)} samples where one is needed")
    return payloads[0]


def with_species(payload: "Payload", species: Sequence[str]) -> "Payload":
    """The payload with the chemical symbol of each atom type, where they are given."""
    return {**payload, "species": list(species)} if species else payload


def _payload(
    path: Path, item: object, forms: Sequence[PayloadForm], form: PayloadForm | None
) -> "Payload":
    if isinstance(item, dict) and any(each.key in item for each in forms):
        return item
    if form is None or not isinstance(item, dict):
        keys = ", ".join(form.key for form in forms)
        raise BadInput(f"{path}: not a payload, which is an object with one of {keys}")
    return {form.key: item}


def _content(path: Path, encoding: Encoding, most_bytes: int) -> Any:
    if encoding == "base64":
        return base64.b64encode(read_bytes(path, most_bytes)).decode()
    if encoding == "array":
        return _array(path, read_bytes(path, most_bytes), most_bytes)
    text = read_text(path, most_bytes)
    if encoding == "text":
        return text
    try:
        return json.loads(text, object_pairs_hook=each_once)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path}: not JSON: {error}") from None
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from None


def _array(path: Path, raw: bytes, most_bytes: int) -> Any:
    import zipfile
    import zlib

    import numpy as np  # a program that asks by other forms needs none

    try:
        if zipfile.is_zipfile(BytesIO(raw)):
            with zipfile.ZipFile(BytesIO(raw)) as archive:
                unpacked = sum(entry.file_size for entry in archive.infolist())
            if unpacked > most_bytes:
                raise BadInput(f"{path}: larger than {most_bytes} bytes when unpacked")
        loaded = np.load(BytesIO(raw), allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return loaded.tolist()
        with loaded as arrays:
            return {name: arrays[name].tolist() for name in arrays.files}
    except (
        AttributeError,  # a member of the archive that is no array
        EOFError,
        MemoryError,  # a header that promises too much
        TypeError,
        ValueError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise BadInput(f"{path}: no NPY or NPZ file: {error}") from None
