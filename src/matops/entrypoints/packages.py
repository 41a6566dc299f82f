"""Packages as people name them: by their directory, or by a version in the workspace."""

from pathlib import Path

from matops.artifacts.package import CARD
from matops.core.errors import BadInput
from matops.entrypoints.settings import read_settings

ANY_FAMILY = "[!.]*"


def find_package(named: str, family: str = ANY_FAMILY) -> Path | None:
    """The package at a path, or else of a version in the workspace; None if there is neither."""
    released = read_settings().models.glob(family)
    places = [Path(named), *(directory / named for directory in released)]
    return next((place for place in places if (place / CARD).is_file()), None)


def package_to_start_from(named: str, family: str) -> Path:
    """The package that a training of a family is to start from.

    Raises:
        BadInput: there is none of this name.
    """
    found = find_package(named, family)
    if found is None:
        versions = read_settings().models / family
        raise BadInput(f"{named}: neither a package's directory nor a version in {versions}")
    return found
