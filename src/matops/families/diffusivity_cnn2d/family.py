"""Effective diffusivity of porous media from images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from typing_extensions import override

from matops.core.family import Confirms, Designs, Family, IsPictured, Simulates
from matops.families.diffusivity_cnn2d.about import About
from matops.families.diffusivity_cnn2d.config import PRESETS, DiffusivityConfig
from matops.families.diffusivity_cnn2d.data import read_source
from matops.families.diffusivity_cnn2d.designs import OBJECTIVES, design_key, make_design
from matops.families.diffusivity_cnn2d.files import load_request, write_example
from matops.families.diffusivity_cnn2d.gates import (
    derive_diffusivity,
    diffusivity_gates,
    measure_physics,
)
from matops.families.diffusivity_cnn2d.images.descriptors import DESCRIPTORS, describe
from matops.families.diffusivity_cnn2d.images.payload_forms import PAYLOAD_FORMS
from matops.families.diffusivity_cnn2d.images.picture import image_views
from matops.families.diffusivity_cnn2d.images.pore_image import (
    LARGEST_EDGE,
    PoreImage,
    parse_image,
)
from matops.families.diffusivity_cnn2d.simulation import confirm_images, simulate_images
from matops.families.diffusivity_cnn2d.studies import SPACES, STUDIES

if TYPE_CHECKING:
    from torch import nn

    from matops.core.learning.features import PackedFeatures
    from matops.core.quality.domain import Descriptors


class DiffusivityCNN2D(
    About,
    Family[DiffusivityConfig, PoreImage],
    Simulates[DiffusivityConfig],
    Designs[DiffusivityConfig],
    Confirms[DiffusivityConfig],
    IsPictured[PoreImage],
):
    """Diffusivity along x and y from an image; README.md beside this file tells the rest."""

    descriptor_names = DESCRIPTORS
    config_type = DiffusivityConfig
    presets = PRESETS
    studies = STUDIES
    spaces = SPACES
    objectives = OBJECTIVES
    payload_forms = PAYLOAD_FORMS
    size_unit = "pixels"
    largest_sample = LARGEST_EDGE**2

    read = staticmethod(read_source)
    simulate = staticmethod(simulate_images)
    parse = staticmethod(parse_image)
    load_request = staticmethod(load_request)
    write_example = staticmethod(write_example)
    measure_physics = staticmethod(measure_physics)
    gates = staticmethod(diffusivity_gates)
    derive = staticmethod(derive_diffusivity)
    design = staticmethod(make_design)
    design_key = staticmethod(design_key)
    confirm = staticmethod(confirm_images)
    picture = staticmethod(image_views)

    @override
    def size(self, sample: PoreImage) -> int:
        """Pixels of the image."""
        return int(sample.pores.size)

    @override
    def featurize(self, samples: Sequence[PoreImage], config: DiffusivityConfig) -> PackedFeatures:
        from matops.families.diffusivity_cnn2d.features import featurize

        return featurize(samples, config.image)

    @override
    def describe(self, samples: Sequence[PoreImage], features: PackedFeatures) -> Descriptors:
        return describe(samples)

    @override
    def network(self, config: DiffusivityConfig) -> nn.Module:
        from matops.families.diffusivity_cnn2d.model import DiffusivityNetwork

        return DiffusivityNetwork(config)

    @override
    def feature_key(self, config: DiffusivityConfig) -> object:
        """What is seen of an image."""
        return config.image


FAMILY = DiffusivityCNN2D()
"""The instance that the platform finds."""
