"""The network: symbols instead of activations, so that what it has learnt can be written down.

Each target is a sum of products of a function of the orientation with a coefficient of the metal::

    y = s(n) Σ_r c_r(bulk) g_r(n),   c_r = α_r0 + Σ_k α_rk b_k,   g_r = Σ_j γ_rj φ_j(n)

with φ out of a vocabulary of symbolic units, b the standardised bulk properties, and s a factor
that vanishes where symmetry demands it. g is in J/m², all else has no unit.
"""

import torch
from torch import Tensor, nn

from matops.core.learning.features import Batch
from matops.families.surface_eql.about import TARGETS
from matops.families.surface_eql.config import EquationConfig
from matops.families.surface_eql.equations.symmetry import symmetry_factors
from matops.families.surface_eql.equations.units import Units, invariant_inputs


class Equations(nn.Module):
    """Functions of the orientation and coefficients of the metal, for each target and rank."""

    def __init__(self, config: EquationConfig, candidates: int) -> None:
        super().__init__()
        properties = len(config.bulk) + 1
        shape = (len(TARGETS), min(config.rank, properties))
        functions = 0.05 * torch.randn((*shape, candidates), dtype=torch.float64)
        coefficients = 0.3 * torch.randn((*shape, properties), dtype=torch.float64)
        coefficients[..., 0] += 1.0
        self.functions = nn.Parameter(functions)  # γ, (targets, rank, candidates)
        self.coefficients = nn.Parameter(coefficients)  # α, (targets, rank, properties + 1)

    def forward(self, candidates: Tensor, bulk: Tensor) -> Tensor:
        """Targets, (n, 7), before their symmetry's factor."""
        with_one = torch.cat([torch.ones_like(bulk[:, :1]), bulk], dim=1)
        functions = torch.einsum("nj,trj->ntr", candidates, self.functions)
        coefficients = torch.einsum("np,trp->ntr", with_one, self.coefficients)
        return (functions * coefficients).sum(dim=2)


class EquationNetwork(nn.Module):
    """Units, then equations in them."""

    stages = ("units", "equations")

    def __init__(self, config: EquationConfig) -> None:
        super().__init__()
        self.l1 = config.l1
        self.units = Units(config.units_a_kind)
        self.equations = Equations(config, self.units.count)

    def forward(self, batch: Batch) -> Tensor:
        """Targets in J/m², shape (n, 7)."""
        direction = batch["sample.direction"]
        candidates = self.units(invariant_inputs(direction))
        answer: Tensor = self.equations(candidates, batch["sample.bulk"])
        return answer * symmetry_factors(direction)

    def side_loss(self) -> Tensor:
        """The sum of absolute weights, for each equation and for each unit."""
        terms = self.equations.functions.abs().sum(dim=2).mean()
        connections = self.units.weight.abs().sum(dim=2).mean()
        return self.l1 * (terms + 0.1 * connections)
