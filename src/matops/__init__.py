"""matops: from simulations and databases to served models of material properties."""

from importlib.metadata import version

__version__ = version("matops")
