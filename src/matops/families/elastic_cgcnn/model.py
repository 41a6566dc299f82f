"""The crystal graph convolutional network.

Source: Xie and Grossman, Phys. Rev. Lett. 120, 145301 (2018), eqs. 5 and 6.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from matops.core.learning.features import Batch
from matops.families.elastic_cgcnn.config import ElasticConfig
from matops.families.elastic_cgcnn.crystals.elements import binary_features, continuous_properties
from matops.families.elastic_cgcnn.graph.descriptors import N_BOND_ORDERS, STATE

REDUCED_RANGE = (0.6, 3.0, 0.1)
"""First centre, last centre and step of the expansion of reduced lengths."""


ORDER_SCALE = 5.0
"""Brings bond orders, which spread over about 0.2, to the size of the other inputs."""

NEGLIGIBLE = 30.0
"""Exponent at which a Gaussian ends: below e⁻³⁰ only subnormal numbers follow, which are slow."""


class GaussianExpansion(nn.Module):
    """``exp(-((x - centre) / step)²)`` on equally spaced centres, ends included."""

    centres: Tensor

    def __init__(self, first: float, last: float, step: float) -> None:
        super().__init__()
        count = round((last - first) / step) + 1
        self.register_buffer("centres", torch.linspace(first, last, count))
        self.step = step

    def forward(self, lengths: Tensor) -> Tensor:
        """Lengths of shape (n,) to features of shape (n, n_centres)."""
        squared = ((lengths[:, None] - self.centres) / self.step) ** 2
        return torch.exp(-squared.clamp_max(NEGLIGIBLE))


class CrystalConvolution(nn.Module):
    """One convolution: gate times core, summed over the neighbours, with a residual.

    ``v_i ← softplus(v_i + BN(Σ_j w_ij σ(BN(z_ij W_f)) ⊙ softplus(BN(z_ij W_s))))`` with
    ``z_ij = v_i ⊕ v_j ⊕ u_ij``. The product with the concatenation is computed as a sum of three
    products, two of them on atoms instead of edges: the same numbers for a quarter of the work.
    """

    def __init__(self, atom_fea_len: int, edge_fea_len: int) -> None:
        super().__init__()
        width = 2 * atom_fea_len
        self.centre = nn.Linear(atom_fea_len, width)
        self.neighbour = nn.Linear(atom_fea_len, width, bias=False)
        self.edge = nn.Linear(edge_fea_len, width, bias=False)
        self.message_norm = nn.BatchNorm1d(width)
        self.sum_norm = nn.BatchNorm1d(atom_fea_len)
        # The three are slices of one layer: they start with that layer's bound.
        bound = (2 * atom_fea_len + edge_fea_len) ** -0.5
        for layer in (self.centre, self.neighbour, self.edge):
            nn.init.uniform_(layer.weight, -bound, bound)

    def forward(
        self, atoms: Tensor, edges: Tensor, centre: Tensor, neighbour: Tensor, weight: Tensor
    ) -> Tensor:
        """Atoms (n, atom_fea_len) and edges (m, edge_fea_len) to new atoms (n, atom_fea_len)."""
        # In place: where few crystals wait, new memory costs more than the sum.
        z = self.centre(atoms).index_select(-2, centre)
        z += self.neighbour(atoms).index_select(-2, neighbour)
        z += self.edge(edges)
        gate, core = self.message_norm(z).chunk(2, dim=-1)
        message = torch.sigmoid(gate) * softplus(core) * weight[:, None]
        # Sums are kept in float32 where mixed precision computes the rest in less.
        total = torch.zeros_like(atoms, dtype=torch.float32).index_add_(-2, centre, message.float())
        return softplus(atoms + self.sum_norm(total))


class CrystalGraphNetwork(nn.Module):
    """Embedding, convolutions, mean over the atoms, hidden layers, one output a target."""

    stages = ("embedding", "convolutions", "hidden", "output")
    takes_members = True
    elements: Tensor

    def __init__(self, whole: ElasticConfig, n_targets: int) -> None:
        super().__init__()
        self.config = config = whole.network
        table = [torch.from_numpy(binary_features())]
        if config.element_properties:
            table.append(torch.from_numpy(continuous_properties()))
        self.register_buffer("elements", torch.cat(table, dim=1).float())
        self.lengths = GaussianExpansion(0.0, whole.graph.radius_A, config.gaussian_step_A)
        self.reduced = GaussianExpansion(*REDUCED_RANGE)
        edge_fea_len = len(self.lengths.centres)
        edge_fea_len += len(self.reduced.centres) if config.reduced_lengths else 0
        n_orders = N_BOND_ORDERS if config.bond_orders else 0
        self.embedding = nn.Linear(self.elements.shape[1] + n_orders, config.atom_fea_len)
        self.convolutions = nn.ModuleList(
            CrystalConvolution(config.atom_fea_len, edge_fea_len) for _ in range(config.n_conv)
        )
        n_state = len(STATE) if config.crystal_state else 0
        self.state_norm = nn.BatchNorm1d(n_state, affine=False) if n_state else None
        widths = [config.atom_fea_len + n_state] + [config.h_fea_len] * config.n_h
        self.hidden = nn.ModuleList(nn.Linear(before, after) for before, after in pairwise(widths))
        self.output = nn.Linear(widths[-1], n_targets)

    def _atoms(self, batch: Batch) -> Tensor:
        elements = self.elements[batch["atom.number"]]
        if self.config.bond_orders:
            elements = torch.cat([elements, ORDER_SCALE * batch["atom.order"]], dim=1)
        embedded: Tensor = self.embedding(elements)
        return embedded

    def _edges(self, batch: Batch) -> Tensor:
        expanded: Tensor = self.lengths(batch["edge.distance_A"])
        if not self.config.reduced_lengths:
            return expanded
        return torch.cat([expanded, self.reduced(batch["edge.reduced_length"])], dim=1)

    def forward(self, batch: Batch) -> Tensor:
        """Standardised targets, shape (n_crystals, n_targets)."""
        atoms = self._atoms(batch)
        edges = self._edges(batch)
        centre, neighbour = batch["edge.centre"], batch["edge.neighbour"]
        for convolution in self.convolutions:
            atoms = convolution(atoms, edges, centre, neighbour, batch["edge.weight"])
        shares = atoms.float() * batch["atom.share"][:, None]
        pooled = torch.zeros(*atoms.shape[:-2], batch.size, atoms.shape[-1], device=atoms.device)
        h = softplus(pooled.index_add_(-2, batch.sample_of["atom"], shares))
        if self.state_norm is not None:
            h = torch.cat([h, self.state_norm(batch["sample.state"])], dim=-1)
        for layer in self.hidden:
            h = softplus(layer(h))
        output: Tensor = self.output(h)
        return output
