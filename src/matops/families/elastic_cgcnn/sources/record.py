"""A crystal with its moduli as a record."""

from collections.abc import Mapping
from typing import Any

from matops.core.data.record import Provenance, Record, make_record
from matops.families.elastic_cgcnn.about import TARGETS
from matops.families.elastic_cgcnn.crystals.crystal import Crystal
from matops.families.elastic_cgcnn.graph.neighbours import check_overlap

ELASTIC_TENSOR = "elastic-tensor"
"""The kind of source of a label that was averaged here."""
AVERAGED = "Voigt-Reuss-Hill averages of"
"""What the origin of such a label says of it."""


def labelled_crystal(
    crystal: Crystal, moduli_GPa: Mapping[str, Any], provenance: Provenance
) -> Record:
    """A record of this family; polymorphs of one reduced formula are one group.

    Raises:
        BadInput: atoms overlap, or a modulus is not physical.
    """
    check_overlap(crystal)
    return make_record(crystal.reduced_formula, crystal.payload(), moduli_GPa, TARGETS, provenance)
