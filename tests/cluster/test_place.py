"""Where a cluster of one's own lies: addresses that don't meet, and what is refused."""

from __future__ import annotations

from ipaddress import IPv4Network
from itertools import combinations
from pathlib import Path

import pytest

from devtools.cluster.place import FOLDER, Place, find

DIRECTORY = Path("/home/me/matops/.tools/cluster")


def place(name: str = "mine", directory: Path = DIRECTORY, subnet: str = "10.7.0.0/16") -> Place:
    return Place(name, directory, IPv4Network(subnet))


@pytest.mark.parametrize("subnet", ["10.7.0.0/16", "172.20.16.0/20"])
def test_addresses_lie_in_the_subnet_and_apart(subnet: str) -> None:
    mine = place(subnet=subnet)
    networks = (mine.link, mine.services, mine.pods)
    assert all(network.subnet_of(mine.subnet) for network in networks)
    assert not any(one.overlaps(other) for one, other in combinations(networks, 2))
    assert {mine.machine_ip, mine.node_ip} <= set(mine.link)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"name": "Mine"}, "a letter first"),
        ({"name": "longer-than-a-link"}, "at most 12"),
        ({"subnet": "10.7.0.0/24"}, "/20 or larger"),
        ({"directory": Path("/var/lib/jenkins")}, "directory of its own"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(change: dict[str, object], reason: str) -> None:
    with pytest.raises(SystemExit, match=reason):
        place(**change)  # type: ignore[arg-type]


def test_a_cluster_is_found_by_its_directory(tmp_path: Path) -> None:
    assert find(tmp_path) is None
    place(directory=tmp_path).save()
    assert find(tmp_path) == place(directory=tmp_path)


def test_every_file_names_only_what_a_cluster_has() -> None:
    files = [path for path in FOLDER.rglob("*") if path.suffix in (".yaml", ".toml", ".conflist")]
    assert len(files) > 4
    for path in files:
        place().filled(path.read_text())
