"""In which forms samples come: requests, files, records."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matops.core.data.record import Payload, Quarantined, Record
from matops.core.errors import BadInput

Incoming = Iterator[Record | Quarantined]
"""What a source yields: good records, and refused ones with their reason."""


@dataclass(frozen=True)
class PayloadForm:
    """One form in which a request may carry a sample.

    Attributes:
        key: of the payload.
        description: what stands there, in words.
        example: of what stands there.
        schema: JSON Schema of what stands there.
    """

    key: str
    description: str
    example: Any
    schema: Mapping[str, Any]


@dataclass(frozen=True)
class SourceForm:
    """One kind of source that a family ingests.

    Attributes:
        name: what ``--source`` says, or the kind of path that it names.
        description: what must lie there.
    """

    name: str
    description: str


def read_payload(path: Path, keys: Collection[str]) -> Payload:
    """The payload that a JSON file is; it has one of the keys.

    Raises:
        BadInput: the file can't be read, or is no such payload.
    """
    if path.suffix.lower() != ".json":
        raise BadInput(f"{path}: not .json")
    try:
        content = json.loads(path.read_text(errors="replace"))
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path}: not JSON: {error}") from None
    if not isinstance(content, dict) or not any(key in content for key in keys):
        raise BadInput(f"{path}: not a payload; it needs one of {', '.join(keys)}")
    return content
