"""Images of one layer, made of programs on this machine: no registry is needed."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from devtools.cluster.namespaces import enter
from devtools.cluster.place import Place

USER = "65532"
PATH = "PATH=/bin:/sbin:/usr/bin:/usr/sbin"


@dataclass(frozen=True)
class Image:
    """What is in an image.

    Attributes:
        name: of the program which it runs.
        files: from paths in the image to files here.
        links: from paths in the image to what they lead to.
        tag: as a pod names it.
    """

    name: str
    files: dict[str, Path]
    links: dict[str, str]
    tag: str


def program_image(program: Path, tag: str | None = None) -> Image:
    """An image of one static program."""
    name = program.name
    return Image(name, {f"bin/{name}": program}, {}, tag or f"local/{name}:1")


def busybox_image(program: Path) -> Image:
    """A shell and its commands, for tests."""
    listed = subprocess.run([program, "--list"], capture_output=True, text=True, check=True)  # noqa: S603
    commands = [name for name in listed.stdout.split() if name != "busybox"]
    links = {f"bin/{name}": "busybox" for name in commands}
    return Image("busybox", {"bin/busybox": program}, links, "local/busybox:1")


def layer(image: Image) -> bytes:
    """The files as an archive, the same for the same files."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        for name in ("bin", "etc", "tmp", "var"):
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if name == "tmp" else 0o755
            archive.addfile(entry)
        for name, path in image.files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = path.stat().st_size, 0o755
            with path.open("rb") as content:
                archive.addfile(entry, content)
        for name, target in image.links.items():
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            archive.addfile(entry)
    return written.getvalue()


def docker_archive(image: Image) -> bytes:
    """The image as ``docker save`` would write it."""
    content = layer(image)
    digest = hashlib.sha256(content).hexdigest()
    run = {"Entrypoint": [f"/bin/{image.name}"], "User": USER, "Env": [PATH], "WorkingDir": "/"}
    configuration = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": run,
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
        }
    ).encode()
    named = f"{hashlib.sha256(configuration).hexdigest()}.json"
    manifest = [{"Config": named, "RepoTags": [image.tag], "Layers": [f"{digest}.tar"]}]
    files = {
        named: configuration,
        f"{digest}.tar": content,
        "manifest.json": json.dumps(manifest).encode(),
    }
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text))
    return written.getvalue()


def load(place: Place, images: Iterable[Image]) -> None:
    """Hand images to the node's containerd, which keeps those that it has."""
    for image in images:
        command = enter(place, "ctr", "--namespace", "k8s.io", "images", "import", "-")
        done = subprocess.run(command, input=docker_archive(image), capture_output=True)  # noqa: S603
        if done.returncode:
            raise SystemExit(f"{image.tag}: {done.stderr.decode().strip()}")
