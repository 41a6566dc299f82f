"""Which extra of the package to install for a command that misses a library."""

import re
from importlib.metadata import requires

DISTRIBUTIONS = {"skimage": "scikit-image", "yaml": "pyyaml", "grpc_interceptor": "kserve"}
"""Names of distributions that are not the names of their modules."""
EXTRA = re.compile(r"extra == ['\"](?P<name>[\w-]+)['\"]")


def missing_extra(error: ModuleNotFoundError) -> str:
    """One line that says what to install; a module of matops itself is an error, raised again."""
    module = (error.name or "").split(".")[0]
    if module in ("", "matops"):
        raise error
    extra = _extra_of(DISTRIBUTIONS.get(module, module.replace("_", "-")))
    return f"{module} is not installed; this needs: pip install 'matops[{extra}]'"


def _extra_of(distribution: str) -> str:
    """The first extra that brings a distribution; ``all`` where only others depend on it."""
    for requirement in requires("matops") or []:
        extra = EXTRA.search(requirement)
        name = re.match(r"[\w.-]+", requirement)
        if extra and name and name[0].lower() == distribution:
            return extra["name"]
    return "all"
