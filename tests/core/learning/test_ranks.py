"""Two processes that share every batch learn what one does, but for rounding."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from matops.core.learning.ranks import Ranks
from tests.support.rank_process import Mixed, fitted, handed_round, normed, together


def test_two_processes_train_the_network_that_one_trains(tmp_path: Path) -> None:
    threads = torch.get_num_threads()
    alone = fitted()
    torch.set_num_threads(threads)
    first, second = together(fitted, tmp_path)
    for name, value in alone.items():
        assert torch.equal(first[name], second[name]), name
        torch.testing.assert_close(first[name], value, rtol=1e-4, atol=1e-5, msg=name)
    # The optimiser would have shrunk it, had it been given a gradient of zero.
    assert torch.equal(first["idle"], torch.ones(3))


def test_a_norm_over_unequal_shares_is_that_of_the_whole_batch(tmp_path: Path) -> None:
    whole, (first, second) = normed(), together(normed, tmp_path)
    for name in ("y", "x"):
        joined = torch.cat([first[name], second[name]])
        torch.testing.assert_close(joined, whole[name], rtol=1e-3, atol=1e-4, msg=name)
    for name in ("weight", "mean", "variance"):
        torch.testing.assert_close(first[name], whole[name], rtol=1e-3, atol=1e-3, msg=name)
        assert torch.equal(first[name], second[name])


def test_what_the_first_process_says_all_hear(tmp_path: Path) -> None:
    for heard in together(handed_round, tmp_path):
        assert heard["heard"].tolist() == list(range(256))
        assert heard["empty"] == 0


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_shares_are_the_batch_and_differ_by_a_row_at_most(size: int) -> None:
    rows = torch.randperm(31)
    shares = [Ranks(rank, size).share(rows) for rank in range(size)]
    assert torch.equal(torch.cat(shares), rows)
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_a_process_of_its_own_is_alone_and_changes_nothing() -> None:
    ranks, network = Ranks.joined(), Mixed()
    assert (ranks, ranks.first) == (Ranks(0, 1), True)
    before = {type(module) for module in network.modules()}
    with ranks.shared_norms(network):
        assert {type(module) for module in network.modules()} == before
    assert ranks.add_up(network.parameters(), (1.5, 0.0)) == [1.5, 0.0]


def test_norms_are_what_they_were_after_they_shared() -> None:
    network = nn.Sequential(nn.BatchNorm1d(2), nn.BatchNorm2d(2), nn.BatchNorm3d(2))
    with Ranks(0, 2).shared_norms(network):
        assert not {type(module) for module in network} & {nn.BatchNorm1d, nn.BatchNorm2d}
        assert isinstance(network[0], nn.BatchNorm1d)
    assert [type(m) for m in network] == [nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d]
