"""How one member learns: its units by gradient, its equations by least squares."""

from collections.abc import Mapping
from functools import partial
from typing import cast

import numpy as np
import torch
from torch import Tensor

from matops.core.data.target import SAMPLE_AXIS
from matops.core.learning.checkpoint import Checkpoints
from matops.core.learning.features import PackedFeatures
from matops.core.learning.fitting import fit_member
from matops.core.learning.training import Answer, EpochLog, by_axis
from matops.core.progress import Progress
from matops.families.surface_eql.config import EquationConfig, SurfaceConfig
from matops.families.surface_eql.equations.selection import (
    fit_functions,
    fit_products,
    select_terms,
)
from matops.families.surface_eql.equations.symmetry import symmetry_factors
from matops.families.surface_eql.equations.units import invariant_inputs
from matops.families.surface_eql.model import EquationNetwork
from matops.physics.arrays import FloatArray


def learn_equations(
    features: PackedFeatures,
    targets: Answer,
    config: SurfaceConfig,
    member: int,
    progress: Progress | None,
    start: Mapping[str, Tensor] | None,
    checkpoints: Checkpoints | None,
) -> tuple[EquationNetwork, list[EpochLog]]:
    """Train and refit; targets, (n, 7), are in J/m².

    The gradient sees each target in its own root mean square, so that none drowns the others. Its
    seed is the same for all members: they have the same terms.
    """
    values = by_axis(targets)[SAMPLE_AXIS]
    size = values.square().mean(dim=0).sqrt().clamp_min(torch.finfo(values.dtype).tiny)
    network, log = fit_member(
        partial(EquationNetwork, config.equation),
        features,
        values / size,
        config.training,
        0,
        progress,
        start,
        checkpoints,
    )
    equations = cast("EquationNetwork", network)
    refit(equations, features, values, config.equation, config.training.seed + member)
    return equations, log


@torch.no_grad()
def refit(
    network: EquationNetwork,
    features: PackedFeatures,
    targets: Tensor,
    config: EquationConfig,
    seed: int,
) -> None:
    """Make a trained network the equations that its units allow, in J/m².

    Terms and coefficients follow from all rows, the constants of the functions from orientations
    that are weighted at random by the seed: members differ by what other orientations would have
    said, and their mean is an equation of the same terms.
    """
    network.units.prune(config.connections)
    direction, bulk = features.tensors["sample.direction"], features.tensors["sample.bulk"]
    candidates = network.units(invariant_inputs(direction)).numpy()
    factors = symmetry_factors(direction).numpy()
    with_one = np.concatenate([np.ones((len(bulk), 1)), bulk.numpy()], axis=1)
    weights = _orientation_weights(direction.numpy(), seed)
    equations = network.equations
    rank = equations.functions.shape[1]
    functions = np.zeros(equations.functions.shape)
    coefficients = np.zeros(equations.coefficients.shape)
    for number, values in enumerate(targets.double().numpy().T):
        own = candidates * factors[:, number, None]
        chosen = select_terms(own, with_one, values, config.max_terms, config.least_gain)
        terms = own[:, chosen]
        coefficients[number] = fit_products(terms, with_one, values, rank)[1]
        functions[number][:, chosen] = fit_functions(
            terms, with_one, coefficients[number], values, weights
        )
    equations.functions.copy_(torch.from_numpy(functions))
    equations.coefficients.copy_(torch.from_numpy(coefficients))


def _orientation_weights(directions: FloatArray, seed: int) -> FloatArray:
    """A weight for each row, (n,), the same for all metals: a Bayesian bootstrap.

    Source: D. B. Rubin, Ann. Stat. 9, 130 (1981).
    """
    orientation = np.unique(directions, axis=0, return_inverse=True)[1].ravel()
    drawn = np.random.default_rng(seed).exponential(size=orientation.max() + 1)
    return np.asarray(drawn[orientation])
