"""The training on several nodes: its parts fit together and to the command that they run."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import typer
import yaml

from matops.entrypoints.cli import app
from matops.families import family_names, get_family
from tests.support.places import REPOSITORY

MANIFESTS = REPOSITORY / "manifests" / "training"


def read(name: str) -> dict[str, Any]:
    return yaml.safe_load((MANIFESTS / name).read_text())


def test_the_job_uses_the_runtime_and_a_command_that_exists() -> None:
    job, runtime = read("job.yaml")["spec"], read("runtime.yaml")
    assert job["runtimeRef"]["name"] == runtime["metadata"]["name"]
    assert job["runtimeRef"]["kind"] == runtime["kind"]
    module, program, command, family, *options = job["trainer"]["args"]
    assert (job["trainer"]["command"], module, program) == (["torchrun"], "-m", "matops")
    assert family in family_names()
    known = typer.main.get_command(app).commands[command]  # type: ignore[attr-defined]
    named = {opt for parameter in known.params for opt in parameter.opts}
    given = dict(zip(options[::2], options[1::2], strict=True))
    assert set(given) <= named
    assert given["--preset"] in get_family(family).presets
    assert given["--out"].startswith("/workspace/")
    limits = job["trainer"]["resourcesPerNode"]["limits"]
    assert limits["nvidia.com/gpu"] == str(job["trainer"]["numProcPerNode"])


def test_pods_may_do_and_write_no_more_than_they_must() -> None:
    job = read("runtime.yaml")["spec"]["template"]["spec"]["replicatedJobs"][0]["template"]["spec"]
    pod = job["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    volumes = {volume["name"] for volume in pod["volumes"]}
    assert {mount["name"] for mount in container["volumeMounts"]} == volumes
    # Two checkpoints of a minute each must fit into the time that a pod has to end.
    assert pod["terminationGracePeriodSeconds"] >= 60


def test_its_processes_may_talk_to_each_other_and_to_s3() -> None:
    policy = read("network.yaml")["spec"]
    pods = read("runtime.yaml")["spec"]["template"]["spec"]["replicatedJobs"][0]
    labels = pods["template"]["spec"]["template"]["metadata"]["labels"]
    chosen = policy["podSelector"]["matchLabels"]
    assert chosen.items() <= labels.items()
    assert policy["ingress"] == [{"from": [{"podSelector": {"matchLabels": chosen}}]}]
    among, storage = policy["egress"]
    assert among == {"to": [{"podSelector": {"matchLabels": chosen}}]}
    assert storage == {"ports": [{"port": 443, "protocol": "TCP"}]}


def test_torchrun_takes_its_place_from_the_variables_that_trainer_sets() -> None:
    """As Trainer's PET_NNODES and its like say it, without any option."""
    variables = {
        "PET_NNODES": "1",
        "PET_NPROC_PER_NODE": "2",
        "PET_NODE_RANK": "0",
        "PET_MASTER_ADDR": "127.0.0.1",
        "PET_MASTER_PORT": "0",
    }
    code = (
        "from torch.distributed.run import get_args_parser;"
        "a = get_args_parser().parse_args(['-m', 'matops']);"
        "print(a.nnodes, a.nproc_per_node, a.node_rank, a.master_addr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["1", "2", "0", "127.0.0.1"]
