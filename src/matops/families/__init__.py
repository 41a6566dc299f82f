"""The families, found by looking: a folder here that exports ``FAMILY`` is one."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from matops.core.errors import BadInput

if TYPE_CHECKING:
    from matops.core.family import Family


def family_names() -> tuple[str, ...]:
    """Names of all families, sorted."""
    return tuple(sorted(module.name for module in iter_modules(__path__) if module.ispkg))


def check_family(name: str) -> None:
    """Whether there is a family of this name; imports none.

    Raises:
        BadInput: there is none.
    """
    if name not in family_names():
        raise BadInput(f"no family is called {name!r}; there are: {', '.join(family_names())}")


@cache
def get_family(name: str) -> "Family":
    """The family of this name; imports only its own folder.

    Raises:
        BadInput: there is none.
    """
    check_family(name)
    family: Family = import_module(f"{__name__}.{name}").FAMILY
    return family
