"""Closed forms for the surface elasticity of fcc metals, found by an equation learner."""

from importlib import import_module
from typing import Any


def __getattr__(name: str) -> Any:
    """What :mod:`family` has, and all that it needs with it."""
    return getattr(import_module(f"{__name__}.family"), name)
