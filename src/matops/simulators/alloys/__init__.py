"""Ordered alloys of Ag, Au, Cu, Ni, Pd and Pt on close-packed and related prototypes."""

from matops.simulators.alloys.catalogue import PROTOTYPES
from matops.simulators.alloys.enumeration import FCC_LATTICE_A, Alloy, build_alloy, enumerate_alloys
from matops.simulators.alloys.prototype import Prototype

__all__ = ["FCC_LATTICE_A", "PROTOTYPES", "Alloy", "Prototype", "build_alloy", "enumerate_alloys"]
