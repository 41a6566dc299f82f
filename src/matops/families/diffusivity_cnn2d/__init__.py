"""Effective diffusivity of porous media from images, by a coarse network and convolution."""

from importlib import import_module
from typing import Any


def __getattr__(name: str) -> Any:
    """What :mod:`family` has, and all that it needs with it."""
    return getattr(import_module(f"{__name__}.family"), name)
