"""matops: from simulations and databases to served models of material properties.

import matops

prediction = matops.load("http://127.0.0.1:8080").predict("Cu3Au.cif")
"""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matops.entrypoints.serving.asking import Model

    __version__: str

__all__ = ["__version__", "load"]


def load(where: str | Path) -> "Model":
    """A model that answers: a package's directory, its address on S3, or a server's URL.

    A server is asked without any of the libraries that its model needs.

    Raises:
        BadInput: there is no such package or server, or the package is damaged.
    """
    from matops.entrypoints.serving.asking import load as load_model

    return load_model(where)


def __getattr__(name: str) -> str:
    if name == "__version__":
        from importlib.metadata import version

        return version("matops")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
