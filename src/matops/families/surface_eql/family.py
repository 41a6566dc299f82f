"""Closed forms for the surface elasticity of fcc metals, found by an equation learner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from typing_extensions import override

from matops.core.family import Explains, Family, Simulates
from matops.families.surface_eql.about import About
from matops.families.surface_eql.config import PRESETS, SurfaceConfig
from matops.families.surface_eql.data import read_source
from matops.families.surface_eql.gates import measure_physics, surface_gates
from matops.families.surface_eql.payload_forms import PAYLOAD_FORMS
from matops.families.surface_eql.simulation import simulate_surfaces
from matops.families.surface_eql.surfaces.bulk import Bulk
from matops.families.surface_eql.surfaces.surface import Surface, parse_surface

if TYPE_CHECKING:
    from torch import Tensor, nn

    from matops.core.learning.checkpoint import Checkpoints
    from matops.core.learning.features import PackedFeatures
    from matops.core.learning.training import Answer, Ensemble, EpochLog
    from matops.core.progress import Progress
    from matops.core.quality.domain import Descriptors


class SurfaceEQL(
    About, Family[SurfaceConfig, Surface], Simulates[SurfaceConfig], Explains[SurfaceConfig]
):
    """Equation learner for seven invariants of a surface; README.md beside this tells the rest."""

    descriptor_names = ("n1", "n2", "n3", *Bulk._fields)
    config_type = SurfaceConfig
    presets = PRESETS
    payload_forms = PAYLOAD_FORMS
    size_unit = "surfaces"

    read = staticmethod(read_source)
    simulate = staticmethod(simulate_surfaces)
    parse = staticmethod(parse_surface)
    measure_physics = staticmethod(measure_physics)
    gates = staticmethod(surface_gates)

    @override
    def featurize(self, samples: Sequence[Surface], config: SurfaceConfig) -> PackedFeatures:
        from matops.families.surface_eql.features import featurize

        return featurize(samples, config.equation)

    @override
    def feature_key(self, config: SurfaceConfig) -> tuple[str, ...]:
        return config.equation.bulk

    @override
    def describe(self, samples: Sequence[Surface], features: PackedFeatures) -> Descriptors:
        from matops.families.surface_eql.features import describe

        return describe(samples, features)

    @override
    def network(self, config: SurfaceConfig) -> nn.Module:
        from matops.families.surface_eql.model import EquationNetwork

        return EquationNetwork(config.equation)

    @override
    def fit_member(
        self,
        features: PackedFeatures,
        standard_targets: Answer,
        config: SurfaceConfig,
        member: int = 0,
        progress: Progress | None = None,
        start: Mapping[str, Tensor] | None = None,
        checkpoints: Checkpoints | None = None,
    ) -> tuple[nn.Module, list[EpochLog]]:
        """By gradient from one seed for all members, then by least squares, each on its own."""
        from matops.families.surface_eql.learning import learn_equations

        network, log = learn_equations(
            features, standard_targets, config, member, progress, start, checkpoints
        )
        return network, [replace(entry, member=member) for entry in log]

    @override
    def explain(self, ensemble: Ensemble, config: SurfaceConfig) -> Mapping[str, str]:
        from matops.families.surface_eql.writing import explain

        return explain(ensemble, config.equation)


FAMILY = SurfaceEQL()
"""The instance that the platform finds."""
