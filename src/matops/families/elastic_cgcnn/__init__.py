"""Bulk and shear moduli of crystals from their structure, by crystal graph convolution."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from torch import nn

from matops.core.data.database import DatabaseEntry, DatabaseQuery
from matops.core.data.record import Payload, Provenance, Record
from matops.core.data.shard import WHOLE, Shard
from matops.core.family import (
    Family,
    FamilyConfig,
    Incoming,
    PredictScaled,
    SourceForm,
)
from matops.core.learning.features import PackedFeatures
from matops.core.progress import Progress
from matops.core.quality.domain import Descriptors
from matops.core.quality.gate import Gate, Measurement
from matops.core.quality.prediction import Quantity
from matops.families.elastic_cgcnn.config import PRESETS, ElasticConfig, GraphConfig
from matops.families.elastic_cgcnn.crystals.crystal import MAX_ATOMS, Crystal
from matops.families.elastic_cgcnn.crystals.formats import parse_crystal
from matops.families.elastic_cgcnn.data import LAYOUTS, TARGETS, labelled_crystal, read_source
from matops.families.elastic_cgcnn.descriptors import DESCRIPTORS, describe
from matops.families.elastic_cgcnn.features import POINTERS, featurize
from matops.families.elastic_cgcnn.files import load_request, write_example
from matops.families.elastic_cgcnn.gates import elastic_gates, measure_physics
from matops.families.elastic_cgcnn.model import build_network
from matops.families.elastic_cgcnn.payload_forms import PAYLOAD_FORMS
from matops.families.elastic_cgcnn.simulation import simulate_alloys
from matops.families.elastic_cgcnn.studies import STUDIES
from matops.physics.elasticity import poisson_ratio, pugh_ratio, young_modulus_GPa


class ElasticCGCNN(Family):
    """Crystal graph networks for K_VRH and G_VRH; README.md beside this file tells the rest."""

    name = "elastic_cgcnn"
    title = "Elastic moduli of crystals (crystal graph network)"
    paper = "Xie and Grossman, Phys. Rev. Lett. 120, 145301 (2018)"
    targets = TARGETS
    descriptor_names = DESCRIPTORS
    config_type = ElasticConfig
    presets = PRESETS
    pointers = POINTERS
    studies = STUDIES
    sources = (
        SourceForm("simulation", "ordered alloys, relaxed and strained here with LAMMPS"),
        SourceForm(
            "materials-project",
            "the Materials Project by its API: conventional cells whose elastic tensor was "
            "calculated; needs MP_API_KEY, narrowed by --set materials_project.elements, max_sites",
        ),
        *LAYOUTS,
    )
    payload_forms = PAYLOAD_FORMS
    size_unit = "atoms"
    largest_sample = MAX_ATOMS

    def read(self, source: Path, stated: Provenance) -> Incoming:
        """See :func:`matops.families.elastic_cgcnn.data.read_source`."""
        return read_source(source, stated)

    def simulate(
        self,
        config: FamilyConfig,
        work_dir: Path,
        workers: int,
        progress: Progress,
        shard: Shard = WHOLE,
    ) -> Incoming:
        """See :func:`matops.families.elastic_cgcnn.simulation.simulate_alloys`."""
        simulation = cast(ElasticConfig, config).simulation
        return simulate_alloys(simulation, work_dir, workers, progress, shard)

    def database_query(self, config: FamilyConfig) -> DatabaseQuery:
        """The section ``materials_project`` of the configuration."""
        return cast(ElasticConfig, config).materials_project

    def from_database(self, entry: DatabaseEntry) -> Record:
        """A crystal with its moduli."""
        crystal = parse_crystal({"structure": entry.structure})
        return labelled_crystal(crystal, entry.values_GPa, entry.provenance)

    def parse(self, payload: Payload) -> Crystal:
        """See :func:`matops.families.elastic_cgcnn.crystals.formats.parse_crystal`."""
        return parse_crystal(payload)

    def size(self, sample: Crystal) -> int:
        """Atoms of the cell."""
        return len(sample.numbers)

    def load_request(self, path: Path) -> Payload:
        """See :func:`matops.families.elastic_cgcnn.files.load_request`."""
        return load_request(path)

    def write_example(self, directory: Path) -> Path:
        """See :func:`matops.families.elastic_cgcnn.files.write_example`."""
        return write_example(directory)

    def featurize(self, samples: Sequence[Crystal], config: FamilyConfig) -> PackedFeatures:
        """See :func:`matops.families.elastic_cgcnn.features.featurize`."""
        return featurize(samples, cast(ElasticConfig, config).graph)

    def feature_key(self, config: FamilyConfig) -> GraphConfig:
        """The graph: nothing else of the configuration is read."""
        return cast(ElasticConfig, config).graph

    def describe(self, samples: Sequence[Crystal]) -> Descriptors:
        """See :func:`matops.families.elastic_cgcnn.descriptors.describe`."""
        return describe(samples)

    def network(self, config: FamilyConfig) -> nn.Module:
        """See :class:`matops.families.elastic_cgcnn.model.CrystalGraphNetwork`."""
        return build_network(cast(ElasticConfig, config), len(TARGETS))

    def measure_physics(
        self, predict: PredictScaled, payloads: Sequence[Payload], config: FamilyConfig
    ) -> dict[str, Measurement]:
        """See :func:`matops.families.elastic_cgcnn.gates.measure_physics`."""
        return measure_physics(predict, [parse_crystal(payload) for payload in payloads])

    def gates(self, config: FamilyConfig) -> tuple[Gate, ...]:
        """See :func:`matops.families.elastic_cgcnn.gates.elastic_gates`."""
        return elastic_gates(cast(ElasticConfig, config))

    def derive(self, values: Mapping[str, float]) -> dict[str, Quantity]:
        """Young's modulus, Poisson's ratio and Pugh's ratio of the isotropic polycrystal."""
        bulk, shear = values["K_VRH"], values["G_VRH"]
        return {
            "young_modulus": Quantity(float(young_modulus_GPa(bulk, shear)), "GPa"),
            "poisson_ratio": Quantity(float(poisson_ratio(bulk, shear)), "1"),
            "pugh_ratio": Quantity(float(pugh_ratio(bulk, shear)), "1"),
        }


FAMILY = ElasticCGCNN()
