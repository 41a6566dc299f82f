"""Stiffness of nanoporous metals from their topology, by 3D convolution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from typing_extensions import override

from matops.core.family import Confirms, Designs, Family, IsPictured, Simulates
from matops.families.nanoporous_cnn3d.about import About
from matops.families.nanoporous_cnn3d.config import PRESETS, NanoporousConfig
from matops.families.nanoporous_cnn3d.data import read_source
from matops.families.nanoporous_cnn3d.designs import (
    OBJECTIVES,
    confirm_designs,
    design_key,
    make_design,
)
from matops.families.nanoporous_cnn3d.files import load_request, write_example
from matops.families.nanoporous_cnn3d.gates import (
    derive_stiffness,
    measure_physics,
    nanoporous_gates,
)
from matops.families.nanoporous_cnn3d.metal.domain import DESCRIPTORS, describe
from matops.families.nanoporous_cnn3d.metal.payload_forms import PAYLOAD_FORMS
from matops.families.nanoporous_cnn3d.metal.payloads import parse_metal
from matops.families.nanoporous_cnn3d.metal.picture import metal_views
from matops.families.nanoporous_cnn3d.metal.plausibility import doubt_stiffness
from matops.families.nanoporous_cnn3d.metal.structure import MAX_VOXELS, NanoporousMetal, VoxelGrid
from matops.families.nanoporous_cnn3d.simulation import simulate_metals
from matops.families.nanoporous_cnn3d.studies import SPACES, STUDIES

if TYPE_CHECKING:
    from torch import nn

    from matops.core.learning.features import PackedFeatures
    from matops.core.learning.training import Answer
    from matops.core.quality.domain import Descriptors

DRAWN_VOXELS = 40
"""Edge of the grid on which waves are counted, which the network's grids are about."""


class NanoporousCNN3D(
    About,
    Family[NanoporousConfig, NanoporousMetal],
    Simulates[NanoporousConfig],
    Designs[NanoporousConfig],
    Confirms[NanoporousConfig],
    IsPictured[NanoporousMetal],
):
    """3D convolutional networks for C_11, C_22, C_33; README.md beside this file tells the rest."""

    descriptor_names = DESCRIPTORS
    config_type = NanoporousConfig
    presets = PRESETS
    studies = STUDIES
    spaces = SPACES
    objectives = OBJECTIVES
    payload_forms = PAYLOAD_FORMS
    size_unit = "voxels"
    largest_sample = MAX_VOXELS**3

    read = staticmethod(read_source)
    simulate = staticmethod(simulate_metals)
    parse = staticmethod(parse_metal)
    doubt = staticmethod(doubt_stiffness)
    load_request = staticmethod(load_request)
    write_example = staticmethod(write_example)
    measure_physics = staticmethod(measure_physics)
    gates = staticmethod(nanoporous_gates)
    derive = staticmethod(derive_stiffness)
    design = staticmethod(make_design)
    design_key = staticmethod(design_key)
    confirm = staticmethod(confirm_designs)
    picture = staticmethod(metal_views)

    @override
    def size(self, sample: NanoporousMetal) -> int:
        """Voxels of the grid that was sent; waves are drawn on grids of the network's own size."""
        grid = sample.geometry
        return grid.n**3 if isinstance(grid, VoxelGrid) else DRAWN_VOXELS**3

    @override
    def featurize(
        self, samples: Sequence[NanoporousMetal], config: NanoporousConfig
    ) -> PackedFeatures:
        from matops.families.nanoporous_cnn3d.features import featurize

        return featurize(samples, config.grid)

    @override
    def describe(self, samples: Sequence[NanoporousMetal], features: PackedFeatures) -> Descriptors:
        return describe(samples)

    @override
    def network(self, config: NanoporousConfig) -> nn.Module:
        from matops.families.nanoporous_cnn3d.model import StiffnessNetwork

        return StiffnessNetwork(config)

    @override
    def fit_line(
        self, features: PackedFeatures, standard_targets: Answer, config: NanoporousConfig
    ) -> nn.Module | None:
        from matops.families.nanoporous_cnn3d.model import line_network

        return line_network(config, features, standard_targets)

    @override
    def feature_key(self, config: NanoporousConfig) -> object:
        """The grid of bits and the descriptors: the network itself counts solid shares."""
        return config.grid.voxels, config.grid.descriptors


FAMILY = NanoporousCNN3D()
"""The instance that the platform finds."""
