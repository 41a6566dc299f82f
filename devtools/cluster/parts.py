"""What runs on the node: a folder each, with its objects and what builds its programs."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import yaml

from devtools.cluster.images import Image, program_image
from devtools.cluster.place import FOLDER, TOOLS, Place
from devtools.cluster.programs import Program

ROLLOUT_S = 60


@dataclass(frozen=True)
class Part:
    """A part of the cluster.

    Attributes:
        folder: beside this file; what builds it, and its kustomization if it has objects.
        programs: that its pods run, one an image.
        process: a program that the node itself runs.
        tag: by which manifests of others name its one image; else ``local/PROGRAM:1``.
        kinds: folders of definitions in .tools/crds that come first.
        namespaces: that its objects need and don't bring.
    """

    folder: str
    programs: tuple[str, ...] = ()
    process: Program | None = None
    tag: str | None = None
    kinds: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()

    def is_built(self) -> bool:
        """Whether its programs and its definitions are here."""
        names = (*self.programs, *([self.process.name] if self.process else []))
        programs = all((TOOLS / "bin" / name).exists() for name in names)
        return programs and all((TOOLS / "crds" / kind).is_dir() for kind in self.kinds)

    def images(self) -> list[Image]:
        """What its pods are made of."""
        return [program_image(TOOLS / "bin" / program, self.tag) for program in self.programs]


PARTS = (
    Part("dns", ("coredns",)),
    Part("storage", ("storage-provisioner",)),
    Part("gateway", ("traefik",), kinds=("gateway-api",), namespaces=("kserve",)),
    # manifests/components/prometheus brings the objects.
    Part("prometheus", ("prometheus",), tag="docker.io/prom/prometheus:v3.16.0"),
    Part("argo", ("workflow-controller", "argoexec"), kinds=("argo",)),
    Part(
        "policies",
        process=Program(
            "policies",
            (
                *("--kubeconfig", "@CERTIFICATES@/policies.conf"),
                *("--node", "@NODE@", "--services", "@SERVICES@"),
            ),
        ),
    ),
)


def chosen(folders: str) -> list[Part]:
    """Parts by the names of their folders; all if none is named."""
    known = {part.folder: part for part in PARTS}
    for folder in folders.split():
        if folder not in known:
            raise SystemExit(f"{folder}: no such part; there are {', '.join(known)}")
    return [known[folder] for folder in folders.split()] or list(PARTS)


def kubectl(place: Place, *arguments: str, given: str = "") -> str:
    """What kubectl prints, as the administrator."""
    command = [str(TOOLS / "bin/kubectl"), "--kubeconfig", str(place.kubeconfig), *arguments]
    done = subprocess.run(command, input=given, capture_output=True, text=True)  # noqa: S603
    if done.returncode:
        raise SystemExit(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


def apply(place: Place, part: Part) -> list[Any]:
    """Give a part's objects to the API server; returns them."""
    for kind in part.kinds:
        paths = sorted((TOOLS / "crds" / kind).glob("*.yaml"))
        _server_side(place, *(f"--filename={path}" for path in paths))
    for namespace in part.namespaces:
        text = f"{{apiVersion: v1, kind: Namespace, metadata: {{name: {namespace}}}}}"
        _server_side(place, "--filename=-", given=text)
    folder = FOLDER / part.folder
    if not (folder / "kustomization.yaml").exists():
        return []
    text = place.filled(kubectl(place, "kustomize", str(folder)))
    _server_side(place, "--filename=-", given=text)
    return list(yaml.safe_load_all(text))


def _server_side(place: Place, *arguments: str, given: str = "") -> None:
    # Definitions are larger than the annotation that a client's apply keeps.
    kubectl(place, "apply", "--server-side", *arguments, given=given)


def wait(place: Place, objects: Iterable[Any]) -> None:
    """Wait until the pods of objects are ready."""
    for item in objects:
        if item["kind"] in ("Deployment", "DaemonSet", "StatefulSet"):
            name, namespace = item["metadata"]["name"], item["metadata"].get("namespace", "default")
            what = (f"{item['kind']}/{name}", f"--namespace={namespace}")
            kubectl(place, "rollout", "status", *what, f"--timeout={ROLLOUT_S}s")
