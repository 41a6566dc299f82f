"""Packages as people name them: by their directory, or by a version of the workspace."""

from fnmatch import fnmatch
from pathlib import Path

from matops.artifacts.model.card_file import CARD
from matops.artifacts.model.signature import verify
from matops.core.errors import BadInput
from matops.entrypoints.settings import read_settings
from matops.entrypoints.wiring import package_store, trust
from matops.families import family_names, get_family

ANY_FAMILY = "[!.]*"


def find_package(named: str, family: str = ANY_FAMILY) -> Path | None:
    """The package at a path, or else of a version; None if there is neither.

    A version that only the bucket has is fetched into the workspace.

    Raises:
        BadInput: the package is not to be trusted, or the bucket's copy is damaged or can't be had.
    """
    released = read_settings().models.glob(family)
    paths = [Path(named), *(directory / named for directory in released)]
    package = next((path for path in paths if (path / CARD).is_file()), None)
    package = package or _fetched(named, family)
    return check_trusted(package) if package else None


def check_trusted(package: Path) -> Path:
    """The same package, where the settings trust anybody's or it is signed by whom they trust.

    Raises:
        BadInput: it is not signed, signed by somebody else, or was changed since.
    """
    trusted = trust(read_settings())
    if trusted:
        verify(package, trusted)
    return package


def _fetched(named: str, family: str) -> Path | None:
    store = package_store(read_settings())
    if store.bucket is None or Path(named).name != named:
        return None
    families = (get_family(name) for name in family_names() if fnmatch(name, family))
    return next((package for f in families if (package := store.find(f, named))), None)


def package_to_start_from(named: str, family: str) -> Path:
    """The package that a training of a family is to start from; BadInput where it is not."""
    package = find_package(named, family)
    if package is None:
        versions = read_settings().models / family
        raise BadInput(f"{named}: neither a package's directory nor a version in {versions}")
    return package
