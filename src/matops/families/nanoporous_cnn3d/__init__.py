"""Stiffness of nanoporous metals from their topology, by 3D convolution."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

from torch import nn

from matops.core.data.record import Payload, Provenance
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
from matops.families.nanoporous_cnn3d.config import PRESETS, NanoporousConfig
from matops.families.nanoporous_cnn3d.data import LAYOUTS, TARGETS, read_source
from matops.families.nanoporous_cnn3d.designs import (
    OBJECTIVES,
    confirm_designs,
    make_design,
)
from matops.families.nanoporous_cnn3d.domain import DESCRIPTORS, describe
from matops.families.nanoporous_cnn3d.features import featurize
from matops.families.nanoporous_cnn3d.files import load_request, write_example
from matops.families.nanoporous_cnn3d.gates import measure_physics, nanoporous_gates
from matops.families.nanoporous_cnn3d.metal.payloads import parse_metal
from matops.families.nanoporous_cnn3d.metal.structure import MAX_VOXELS, NanoporousMetal, VoxelGrid
from matops.families.nanoporous_cnn3d.model import StiffnessNetwork
from matops.families.nanoporous_cnn3d.payload_forms import PAYLOAD_FORMS
from matops.families.nanoporous_cnn3d.simulation import simulate_metals
from matops.families.nanoporous_cnn3d.studies import STUDIES

DRAWN_VOXELS = 40
"""Edge of the grid on which waves are counted, which the network's grids are about."""


class NanoporousCNN3D(Family):
    """3D convolutional networks for C_11, C_22, C_33; README.md beside this file tells the rest."""

    name = "nanoporous_cnn3d"
    title = "Stiffness of nanoporous metals (3D convolution)"
    paper = "Zorkaltsev et al., Mater. Des. 260, 114896 (2025)"
    targets = TARGETS
    descriptor_names = DESCRIPTORS
    config_type = NanoporousConfig
    presets = PRESETS
    studies = STUDIES
    objectives = OBJECTIVES
    sources = (
        SourceForm("simulation", "levelled waves, labelled here by LAMMPS or by finite elements"),
        *LAYOUTS,
    )
    payload_forms = PAYLOAD_FORMS
    size_unit = "voxels"
    largest_sample = MAX_VOXELS**3

    def read(self, source: Path, stated: Provenance) -> Incoming:
        """See :func:`matops.families.nanoporous_cnn3d.data.read_source`."""
        return read_source(source, stated)

    def simulate(
        self,
        config: FamilyConfig,
        work_dir: Path,
        workers: int,
        progress: Progress,
        shard: Shard = WHOLE,
    ) -> Incoming:
        """See :func:`matops.families.nanoporous_cnn3d.simulation.simulate_metals`."""
        simulation = cast(NanoporousConfig, config).simulation
        return simulate_metals(simulation, work_dir, workers, progress, shard)

    def parse(self, payload: Payload) -> NanoporousMetal:
        """See :func:`matops.families.nanoporous_cnn3d.metal.payloads.parse_metal`."""
        return parse_metal(payload)

    def size(self, sample: NanoporousMetal) -> int:
        """Voxels of the grid that was sent; waves are drawn on grids of the network's own size."""
        grid = sample.geometry
        return grid.n**3 if isinstance(grid, VoxelGrid) else DRAWN_VOXELS**3

    def load_request(self, path: Path) -> Payload:
        """See :func:`matops.families.nanoporous_cnn3d.files.load_request`."""
        return load_request(path)

    def write_example(self, directory: Path) -> Path:
        """See :func:`matops.families.nanoporous_cnn3d.files.write_example`."""
        return write_example(directory)

    def featurize(self, samples: Sequence[NanoporousMetal], config: FamilyConfig) -> PackedFeatures:
        """See :func:`matops.families.nanoporous_cnn3d.features.featurize`."""
        return featurize(samples, cast(NanoporousConfig, config).grid)

    def feature_key(self, config: FamilyConfig) -> object:
        """The grid of bits and the descriptors: the network itself counts solid shares."""
        grid = cast(NanoporousConfig, config).grid
        return grid.voxels, grid.descriptors

    def describe(self, samples: Sequence[NanoporousMetal]) -> Descriptors:
        """See :func:`matops.families.nanoporous_cnn3d.domain.describe`."""
        return describe(samples)

    def network(self, config: FamilyConfig) -> nn.Module:
        """See :class:`matops.families.nanoporous_cnn3d.model.StiffnessNetwork`."""
        return StiffnessNetwork(cast(NanoporousConfig, config))

    def measure_physics(
        self, predict: PredictScaled, payloads: Sequence[Payload], config: FamilyConfig
    ) -> dict[str, Measurement]:
        """See :func:`matops.families.nanoporous_cnn3d.gates.measure_physics`."""
        voxels = cast(NanoporousConfig, config).grid.voxels
        return measure_physics(predict, [parse_metal(payload) for payload in payloads], voxels)

    def gates(self, config: FamilyConfig) -> tuple[Gate, ...]:
        """See :func:`matops.families.nanoporous_cnn3d.gates.nanoporous_gates`."""
        return nanoporous_gates(cast(NanoporousConfig, config))

    def design(self, index: int, seed: int, config: FamilyConfig) -> Payload:
        """See :func:`matops.families.nanoporous_cnn3d.designs.make_design`."""
        return make_design(index, seed, cast(NanoporousConfig, config).simulation)

    def design_key(self, config: FamilyConfig) -> object:
        """All of the section ``simulation`` but how designs are confirmed."""
        simulation = cast(NanoporousConfig, config).simulation
        return replace(simulation, engine="molecular_dynamics", count=0)

    def confirm(
        self,
        payloads: Sequence[Payload],
        config: FamilyConfig,
        work_dir: Path,
        workers: int,
        progress: Progress,
    ) -> Incoming:
        """See :func:`matops.families.nanoporous_cnn3d.designs.confirm_designs`."""
        simulation = cast(NanoporousConfig, config).simulation
        return confirm_designs(payloads, simulation, work_dir, workers, progress)

    def derive(self, values: Mapping[str, float]) -> dict[str, Quantity]:
        """Mean stiffness, and how much the three directions differ."""
        stiffness_GPa = [values[target.name] for target in TARGETS]
        mean_GPa = sum(stiffness_GPa) / 3
        anisotropy = (max(stiffness_GPa) - min(stiffness_GPa)) / mean_GPa
        return {
            "mean_stiffness": Quantity(mean_GPa, "GPa"),
            "relative_anisotropy": Quantity(anisotropy, "1"),
        }


FAMILY = NanoporousCNN3D()
"""The instance that the platform finds."""
