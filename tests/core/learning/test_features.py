"""Packed features: gathering gives what a plain loop over the samples gives."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from matops.core.learning.features import PackedFeatures

POINTERS = {"edge.centre": "atom", "edge.neighbour": "atom"}


@dataclass(frozen=True)
class Graph:
    """One sample as somebody would write it: its own arrays, pointers from zero."""

    state: Tensor
    numbers: Tensor
    lengths: Tensor
    centre: Tensor
    neighbour: Tensor


def make_graph(n_atoms: int, n_edges: int, seed: int) -> Graph:
    g = torch.Generator().manual_seed(seed)
    ends = torch.randint(0, max(n_atoms, 1), (2, n_edges), generator=g)
    return Graph(
        torch.randn(2, generator=g),
        torch.randint(1, 90, (n_atoms,), generator=g),
        torch.rand(n_edges, generator=g),
        ends[0],
        ends[1],
    )


def pack(graphs: list[Graph]) -> PackedFeatures:
    return PackedFeatures(
        {
            "sample.state": torch.stack([g.state for g in graphs]),
            "atom.number": torch.cat([g.numbers for g in graphs]),
            "edge.length": torch.cat([g.lengths for g in graphs]),
            "edge.centre": torch.cat([g.centre for g in graphs]),
            "edge.neighbour": torch.cat([g.neighbour for g in graphs]),
        },
        {
            "atom": torch.tensor([len(g.numbers) for g in graphs]),
            "edge": torch.tensor([len(g.lengths) for g in graphs]),
        },
        POINTERS,
    )


def loop_over(graphs: list[Graph]) -> dict[str, Tensor]:
    """The batch as a plain loop makes it: each graph's pointers shifted by the atoms before."""
    shift, centres, neighbours, owners = 0, [], [], []
    for row, graph in enumerate(graphs):
        centres += (graph.centre + shift).tolist()
        neighbours += (graph.neighbour + shift).tolist()
        owners += [row] * len(graph.numbers)
        shift += len(graph.numbers)
    return {
        "edge.centre": torch.tensor(centres, dtype=torch.long),
        "edge.neighbour": torch.tensor(neighbours, dtype=torch.long),
        "owner": torch.tensor(owners, dtype=torch.long),
        "sample.state": torch.stack([g.state for g in graphs]),
        "atom.number": torch.cat([g.numbers for g in graphs]),
        "edge.length": torch.cat([g.lengths for g in graphs]),
    }


def assert_same(found: PackedFeatures, expected: PackedFeatures) -> None:
    assert found.flat().keys() == expected.flat().keys()
    for name, tensor in expected.flat().items():
        torch.testing.assert_close(found.flat()[name], tensor, rtol=0, atol=0)


GRAPHS = st.lists(
    st.tuples(st.integers(1, 5), st.integers(0, 7), st.integers(0, 999)), min_size=1, max_size=8
)
PICKS = st.lists(st.integers(0, 7), min_size=1, max_size=10)


@settings(max_examples=25, deadline=None)
@given(GRAPHS, PICKS)
def test_batch_is_what_a_plain_loop_gives_in_any_order_and_with_repeats(
    sizes: list[tuple[int, int, int]], picks: list[int]
) -> None:
    graphs = [make_graph(*size) for size in sizes]
    rows = [pick % len(graphs) for pick in picks]
    batch, expected = pack(graphs).batch(torch.tensor(rows)), loop_over([graphs[i] for i in rows])
    assert batch.size == len(rows)
    torch.testing.assert_close(batch.sample_of["atom"], expected.pop("owner"))
    for name, tensor in expected.items():
        torch.testing.assert_close(batch[name], tensor, rtol=0, atol=0)


@settings(max_examples=25, deadline=None)
@given(GRAPHS, st.integers(0, 7), st.integers(1, 8))
def test_a_part_is_the_batch_of_its_rows(
    sizes: list[tuple[int, int, int]], first: int, count: int
) -> None:
    packed = pack([make_graph(*size) for size in sizes])
    first %= len(packed)
    rows = torch.arange(first, min(first + count, len(packed)))
    part, expected = packed.part(first, first + count), packed.batch(rows)
    assert part.size == expected.size
    for ours, theirs in ((part.tensors, expected.tensors), (part.sample_of, expected.sample_of)):
        assert ours.keys() == theirs.keys()
        for name, tensor in theirs.items():
            torch.testing.assert_close(ours[name], tensor, rtol=0, atol=0)


@settings(max_examples=25, deadline=None)
@given(GRAPHS, PICKS)
def test_taking_rows_is_packing_only_these_samples(
    sizes: list[tuple[int, int, int]], picks: list[int]
) -> None:
    graphs = [make_graph(*size) for size in sizes]
    rows = [pick % len(graphs) for pick in picks]
    assert_same(pack(graphs).take(torch.tensor(rows)), pack([graphs[i] for i in rows]))


def test_taking_twice_is_taking_the_rows_of_the_rows() -> None:
    packed = pack([make_graph(n, 2 * n, n) for n in (1, 3, 2, 4, 5)])
    first, second = torch.tensor([4, 0, 3]), torch.tensor([2, 0])
    assert_same(packed.take(first).take(second), packed.take(first[second]))


def test_edges_of_a_batch_join_atoms_of_the_same_sample() -> None:
    packed = pack([make_graph(n, 3 * n, n) for n in (2, 5, 3, 1)])
    batch = packed.batch(torch.tensor([3, 1, 1, 0]))
    owner, edge_owner = batch.sample_of["atom"], batch.sample_of["edge"]
    torch.testing.assert_close(owner[batch["edge.centre"]], edge_owner)
    torch.testing.assert_close(owner[batch["edge.neighbour"]], edge_owner)


@pytest.mark.parametrize("empty_at", [0, 1, 2])
def test_sample_without_edges_disturbs_no_other(empty_at: int) -> None:
    graphs = [make_graph(3, 0 if i == empty_at else 4, i) for i in range(3)]
    batch, expected = pack(graphs).batch(torch.arange(3)), loop_over(graphs)
    torch.testing.assert_close(batch["edge.centre"], expected["edge.centre"])
    assert empty_at not in batch.sample_of["edge"].tolist()


def test_batch_of_only_samples_without_edges_has_none() -> None:
    batch = pack([make_graph(2, 0, 0), make_graph(1, 0, 1)]).batch(torch.tensor([1, 0]))
    assert len(batch["edge.centre"]) == len(batch.sample_of["edge"]) == 0
    assert batch.sample_of["atom"].tolist() == [0, 1, 1]


def test_flat_form_rebuilds_the_same_features() -> None:
    packed = pack([make_graph(2, 3, 0), make_graph(4, 1, 1)])
    rebuilt = PackedFeatures.from_flat(packed.flat(), POINTERS)
    assert_same(rebuilt, packed)
    assert len(rebuilt) == len(packed) == 2


def test_features_without_ragged_axes_are_rows_of_a_table() -> None:
    table = torch.arange(12.0).reshape(6, 2)
    packed = PackedFeatures({"sample.x": table})
    assert len(packed) == 6
    torch.testing.assert_close(packed.batch(torch.tensor([5, 1]))["sample.x"], table[[5, 1]])
    torch.testing.assert_close(packed.take(torch.tensor([2])).tensors["sample.x"], table[[2]])
