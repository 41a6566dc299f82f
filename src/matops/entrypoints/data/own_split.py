"""A user's own split, from a file here or on S3."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matops.artifacts.data.split_file import parse_split
from matops.core.data.file_content import read_bytes
from matops.core.data.split import OwnSplit, SplitConfig
from matops.core.errors import BadInput
from matops.entrypoints.settings import read_settings
from matops.entrypoints.wiring import bucket_file


def read_split(where: str) -> OwnSplit:
    """The split in a file, or at an address as ``s3://bucket/split.csv``.

    Raises:
        BadInput: it can't be had, or is no split.
    """
    if where.startswith("s3://"):
        return parse_split(bucket_file(read_settings(), where), where)
    return parse_split(read_bytes(Path(where)), where)


def with_split(changes: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Changed fields of a configuration with the split of a file; the same where none is named.

    Its content is noted, so that whatever is kept by configuration knows one content from another.

    Raises:
        BadInput: as :func:`read_split`.
    """
    if not where:
        return dict(changes)
    split = read_split(where)
    file = where if where.startswith("s3://") else str(Path(where).resolve())
    return {**changes, "split.file": file, "split.fingerprint": split.fingerprint}


def split_of(config: SplitConfig) -> OwnSplit | None:
    """The user's own split that a configuration names; None where it names none.

    Raises:
        BadInput: as :func:`read_split`, or the file is not what it was when the run began.
    """
    if not config.file:
        return None
    split = read_split(config.file)
    if split.fingerprint != config.fingerprint:
        raise BadInput(
            f"{config.file}: its SHA-256 is {split.fingerprint[:12]}…, not "
            f"{config.fingerprint[:12] or 'stated'}: it was changed; name it with --split"
        )
    return split
