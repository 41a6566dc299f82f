"""Bulk and shear moduli of crystals from their structure, by crystal graph convolution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from typing_extensions import override

from matops.core.data.database import DatabaseEntry, DatabaseQuery
from matops.core.data.record import Record
from matops.core.family import Family, IsPictured, Simulates, TakesFromDatabases
from matops.families.elastic_cgcnn.about import TARGETS, About
from matops.families.elastic_cgcnn.config import POINTERS, PRESETS, ElasticConfig, GraphConfig
from matops.families.elastic_cgcnn.crystals.crystal import MAX_ATOMS, Crystal
from matops.families.elastic_cgcnn.crystals.formats import parse_crystal
from matops.families.elastic_cgcnn.crystals.materials_project import (
    elasticity_query,
    read_elasticity,
)
from matops.families.elastic_cgcnn.crystals.payload_forms import PAYLOAD_FORMS
from matops.families.elastic_cgcnn.crystals.picture import crystal_views
from matops.families.elastic_cgcnn.crystals.plausibility import doubt_moduli
from matops.families.elastic_cgcnn.data import read_source
from matops.families.elastic_cgcnn.domain import DESCRIPTORS, describe
from matops.families.elastic_cgcnn.files import load_request, write_example
from matops.families.elastic_cgcnn.gates import derive_moduli, elastic_gates, measure_physics
from matops.families.elastic_cgcnn.simulation import simulate_alloys
from matops.families.elastic_cgcnn.sources.record import labelled_crystal
from matops.families.elastic_cgcnn.studies import SPACES, STUDIES

if TYPE_CHECKING:
    from torch import nn

    from matops.core.learning.features import PackedFeatures


class ElasticCGCNN(
    About,
    Family[ElasticConfig, Crystal],
    Simulates[ElasticConfig],
    TakesFromDatabases[ElasticConfig],
    IsPictured[Crystal],
):
    """Crystal graph networks for K_VRH and G_VRH; README.md beside this file tells the rest."""

    descriptor_names = DESCRIPTORS
    config_type = ElasticConfig
    presets = PRESETS
    pointers = POINTERS
    studies = STUDIES
    spaces = SPACES
    payload_forms = PAYLOAD_FORMS
    size_unit = "atoms"
    largest_sample = MAX_ATOMS

    read = staticmethod(read_source)
    simulate = staticmethod(simulate_alloys)
    parse = staticmethod(parse_crystal)
    doubt = staticmethod(doubt_moduli)
    load_request = staticmethod(load_request)
    write_example = staticmethod(write_example)
    describe = staticmethod(describe)
    measure_physics = staticmethod(measure_physics)
    gates = staticmethod(elastic_gates)
    derive = staticmethod(derive_moduli)
    picture = staticmethod(crystal_views)

    @override
    def size(self, sample: Crystal) -> int:
        return len(sample.numbers)

    @override
    def featurize(self, samples: Sequence[Crystal], config: ElasticConfig) -> PackedFeatures:
        from matops.families.elastic_cgcnn.features import featurize

        return featurize(samples, config.graph)

    @override
    def feature_key(self, config: ElasticConfig) -> GraphConfig:
        return config.graph

    @override
    def network(self, config: ElasticConfig) -> nn.Module:
        from matops.families.elastic_cgcnn.model import CrystalGraphNetwork

        return CrystalGraphNetwork(config, len(TARGETS))

    @override
    def database_query(self, config: ElasticConfig) -> DatabaseQuery:
        return elasticity_query(config.materials_project)

    @override
    def from_database(self, entry: DatabaseEntry) -> Record:
        crystal, moduli_GPa = read_elasticity(entry.document)
        return labelled_crystal(crystal, moduli_GPa, entry.provenance)


FAMILY = ElasticCGCNN()
"""The instance that the platform finds."""
