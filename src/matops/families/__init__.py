"""The families, found by looking: a folder here, or an installed package's entry point.

Both export ``FAMILY``. An entry point of the group ``matops.families`` is named as its family is.
"""

from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from matops.core.errors import BadInput

if TYPE_CHECKING:
    from matops.core.data.sources import About
    from matops.core.family import Family

GROUP = "matops.families"


@cache
def places() -> dict[str, EntryPoint]:
    """Where each family is, by name; none is imported.

    Raises:
        BadInput: two have the same name.
    """
    here = [
        EntryPoint(m.name, f"{__name__}.{m.name}", GROUP) for m in iter_modules(__path__) if m.ispkg
    ]
    places: dict[str, EntryPoint] = {}
    for point in (*here, *entry_points(group=GROUP)):
        other = places.setdefault(point.name, point)
        if other.value != point.value:
            raise BadInput(
                f"two families are called {point.name!r}: {other.value} and {_origin(point)}; "
                "uninstall one"
            )
    return places


def _origin(point: EntryPoint) -> str:
    return f"{point.value} of the package {point.dist.name}" if point.dist else point.value


def family_names() -> tuple[str, ...]:
    """Names of all families, sorted."""
    return tuple(sorted(places()))


def check_family(name: str) -> None:
    """Whether there is a family of this name; imports none.

    Raises:
        BadInput: there is none.
    """
    if name not in family_names():
        raise BadInput(f"no family is called {name!r}; there are: {', '.join(family_names())}")


def about_family(name: str) -> "About | type[About]":
    """What a family is about: its ``about.py`` where it has one, or else the family itself.

    Raises:
        BadInput: there is none.
    """
    check_family(name)
    module = f"{places()[name].module}.about"
    try:
        about: type[About] = import_module(module).About
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        return get_family(name)
    return about


@cache
def get_family(name: str) -> "Family":
    """The family of this name; imports only its own package.

    Raises:
        BadInput: there is none, or a package has none where it says.
    """
    from matops.core.family import Family

    check_family(name)
    point = places()[name]
    try:
        module = import_module(point.module)
    except ImportError as error:
        raise BadInput(f"family {name}: {_origin(point)} can't be imported: {error}") from error
    family = getattr(module, point.attr or "FAMILY", None)
    if not isinstance(family, Family) or family.name != name:
        raise BadInput(f"family {name}: {_origin(point)} has no family of this name")
    return family
