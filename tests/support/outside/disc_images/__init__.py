"""Discs in a square, seen as an image: transport around them, and the force on each.

A family outside the tree of matops, as a group would write it: installed beside matops, found by
its entry point. Labels follow from formulas, so that every answer can be checked.
"""

from collections.abc import Sequence

import numpy as np
from torch import nn

from disc_images.config import PRESETS, DiscConfig
from disc_images.data import (
    FORMS,
    LAYOUTS,
    TARGETS,
    Discs,
    encode,
    parse,
    random_discs,
    read_source,
)
from disc_images.gates import gates, measure_physics
from disc_images.model import DESCRIPTORS, DiscNetwork, describe, featurize
from disc_images.physics import FREE_DIFFUSIVITY_M2_S, Array
from matops.core.data.record import Payload
from matops.core.exploring.screening import Cost, Merit, Objectives
from matops.core.family import Designs, Family
from matops.core.learning.features import PackedFeatures


def relative_diffusivity(values: Array) -> Array:
    """Merit of targets, shape (n, 2): tortuosity and D_eff."""
    return values[:, 1] / FREE_DIFFUSIVITY_M2_S


class DiscImages(Family[DiscConfig, Discs], Designs[DiscConfig]):
    """Images of discs."""

    name = "disc_images"
    title = "Transport around discs, and their repulsion, from an image"
    paper = "Maxwell, A Treatise on Electricity and Magnetism (1892)"
    targets = TARGETS
    descriptor_names = DESCRIPTORS
    config_type = DiscConfig
    presets = PRESETS
    sources = LAYOUTS
    payload_forms = FORMS
    size_unit = "pixels"
    largest_sample = 4096
    objectives = Objectives(
        cost=Cost("solid_fraction", "1", "solid fraction", lambda p: parse(p).solid_fraction),
        merits=(Merit("relative_D", "1", "D_eff over that of free water", relative_diffusivity),),
        settings=("designs",),
    )

    read = staticmethod(read_source)
    parse = staticmethod(parse)
    describe = staticmethod(describe)
    measure_physics = staticmethod(measure_physics)
    gates = staticmethod(gates)

    def featurize(self, samples: Sequence[Discs], config: DiscConfig) -> PackedFeatures:
        return featurize(samples)

    def network(self, config: DiscConfig) -> nn.Module:
        return DiscNetwork()

    def size(self, sample: Discs) -> int:
        return 4096

    def design(self, index: int, seed: int, config: DiscConfig) -> Payload:
        rng = np.random.default_rng([seed, index])
        made = config.designs
        return encode(random_discs(rng, made.most_discs, made.least_radius, made.most_radius))


FAMILY = DiscImages()
