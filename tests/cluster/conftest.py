"""A real cluster, its parts, and a namespace for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.cluster import Cluster, Namespace, chosen_cluster
from tests.support.cluster_parts import PARTS

LOOKED_AT = pytest.StashKey[dict[str, bool]]()


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    """The cluster that KUBECONFIG or MATOPS_KUBERNETES_CONTEXT names."""
    return chosen_cluster()


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[Namespace]:
    """A namespace of this test's own."""
    with cluster.namespace() as own:
        yield own


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test that is marked ``needs`` where the cluster lacks a part, before any fixture."""
    looked_at = item.config.stash.setdefault(LOOKED_AT, {})
    for part in [part for mark in item.iter_markers("needs") for part in mark.args]:
        if part not in looked_at:
            looked_at[part] = PARTS[part](chosen_cluster())
        if not looked_at[part]:
            pytest.skip(f"the cluster lacks: {part}")


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """One line for each part that was asked for and is missing."""
    for part, present in config.stash.get(LOOKED_AT, {}).items():
        if not present:
            terminalreporter.write_line(f"the cluster lacks: {part}")
