"""A package as it is handed to strangers: its card, its data, and who vouches for it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pyarrow.parquet as pq

from matops.artifacts.data.dataset import part_paths
from matops.artifacts.model.package import sha256
from matops.core.quality.card import Card

PACKAGE, DATA = "package", "data"
"""Folders of an export: the package as it is, so that its signature holds, and copied data."""
MODEL_CARD, CROISSANT = "README.md", "croissant.json"
UNSTATED = "unstated"
"""Licence of a record whose source states none."""


@dataclass(frozen=True)
class DataPart:
    """One Parquet part of the data that trained a model."""

    name: str  # its file name
    address: str  # where its bytes lie: a URL, or a path in the export
    sha256: str  # of its content, as hex digits
    size_bytes: int  # of the file
    rows: int  # records in it


@dataclass(frozen=True)
class Statement:
    """What only the exporter can say."""

    author: str  # who exports
    licence: str  # of the model, as an SPDX identifier; empty where nobody names one
    signature: str  # whether the package is signed, in words


@dataclass(frozen=True)
class Publication:
    """What model card, RO-Crate and Croissant are made of."""

    card: Card  # the package's
    title: str  # what the family is about
    paper: str  # which the family follows
    stated: Statement  # by who exports it
    parts: tuple[DataPart, ...] = ()  # of the data; none where it can't be had
    missing_data: str = ""  # why the data can't be had; empty where it can

    @property
    def name(self) -> str:
        """Family and version, as one word."""
        return f"{self.card.family}-{self.card.version}"

    @property
    def data_licences(self) -> tuple[str, ...]:
        """Licences that the records of the data state."""
        return tuple(name for name in self.card.data.licences if name != UNSTATED)


def licence_address(name: str) -> str:
    """Page of a licence that is named as SPDX does; a local name for other words."""
    if re.fullmatch(r"[A-Za-z0-9.+-]+", name):
        return f"https://spdx.org/licenses/{name}"
    return f"#licence-{quote(name, safe='')}"


def describe_parts(directory: Path, addresses: Mapping[str, str]) -> tuple[DataPart, ...]:
    """The parts of a dataset that lies in a directory; addresses are by file name."""
    return tuple(
        DataPart(
            name=path.name,
            address=addresses[path.name],
            sha256=sha256(path),
            size_bytes=path.stat().st_size,
            rows=pq.read_metadata(path).num_rows,
        )
        for path in part_paths(directory)
    )
