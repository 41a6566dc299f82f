"""From crystals to the tensors that the network reads."""

from collections.abc import Sequence

import numpy as np
import torch

from matops.core.features import PackedFeatures
from matops.families.elastic_cgcnn.config import GraphConfig
from matops.families.elastic_cgcnn.crystal import Crystal
from matops.families.elastic_cgcnn.descriptors import crystal_state, reduced_lengths
from matops.families.elastic_cgcnn.graphs import Neighbours, merge_parallel, nearest_neighbours

POINTERS = {"edge.centre": "atom", "edge.neighbour": "atom"}


def crystal_graph(crystal: Crystal, config: GraphConfig) -> Neighbours:
    """The edges of one crystal's graph.

    Raises:
        BadInput: atoms overlap.
    """
    edges = nearest_neighbours(crystal, config.neighbours, config.radius_A, config.whole_shells)
    return merge_parallel(edges) if config.whole_shells else edges


def featurize(crystals: Sequence[Crystal], config: GraphConfig) -> PackedFeatures:
    """Packed graphs of crystals: axes ``sample``, ``atom`` and ``edge``.

    Raises:
        BadInput: atoms overlap.
    """
    graphs = [crystal_graph(crystal, config) for crystal in crystals]
    pairs = list(zip(crystals, graphs, strict=True))
    tensors = {
        "atom.number": torch.from_numpy(np.concatenate([c.numbers for c in crystals])),
        "edge.centre": torch.from_numpy(np.concatenate([g.centre for g in graphs])),
        "edge.neighbour": torch.from_numpy(np.concatenate([g.neighbour for g in graphs])),
        "edge.distance_A": _float32([g.distance_A for g in graphs]),
        "edge.reduced_length": _float32([reduced_lengths(c, g) for c, g in pairs]),
        "edge.weight": _float32([g.weight for g in graphs]),
        "sample.state": _float32([crystal_state(c, g)[None] for c, g in pairs]),
    }
    counts = {
        "atom": torch.tensor([len(c.numbers) for c in crystals]),
        "edge": torch.tensor([len(g.centre) for g in graphs]),
    }
    return PackedFeatures(tensors, counts, POINTERS)


def _float32(arrays: list[np.ndarray]) -> torch.Tensor:
    return torch.from_numpy(np.concatenate(arrays).astype(np.float32))
