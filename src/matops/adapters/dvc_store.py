"""Versioned data with DVC: ``data/<family>/part-*.parquet`` under one pointer, ``data.dvc``."""

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from dvc.config_schema import RelPath
from dvc.exceptions import DvcException
from dvc.fs import LocalFileSystem
from dvc.repo import Repo
from dvc_data.hashfile.checkout import CheckoutError, checkout
from dvc_data.hashfile.hash_info import HashInfo
from dvc_data.hashfile.tree import Tree

from matops.artifacts.dataset import write_part
from matops.core.errors import BadInput
from matops.core.family import Family
from matops.core.record import Record
from matops.steps.ports import DatasetVersion

DATA, POINTER, REMOTE_NAME = "data", "data.dvc", "store"
EMPTY_TREE = "d751713988987e9331980363e24189ce.dir"
"""DVC's hash of a directory without files: the pointer of a workspace that has no data yet."""


class DvcStore:
    """A workspace's data.

    The version of a family's data is the DVC hash of its subdirectory, so that new data of one
    family leaves the versions of the others alone.
    """

    def __init__(self, workspace: Path, remote: str | None = None) -> None:
        """Name the places; nothing is read or written yet.

        Args:
            workspace: directory with (or for) ``data.dvc``.
            remote: DVC URL; by default the one in ``.dvc/config``, or else the directory
                ``.matops/remote`` of the workspace.
        """
        self.workspace = workspace.resolve()
        self.remote = remote

    def checkout(self, family: Family) -> DatasetVersion | None:
        """The published version, fetched from the remote where it is not at hand.

        Raises:
            BadInput: neither cache nor remote has it, or its files were changed by hand.
        """
        pointer = self.workspace / POINTER
        if not pointer.is_file() or EMPTY_TREE in pointer.read_text():
            return None
        with self._repo() as repo:
            try:
                repo.pull(targets=[str(pointer)])
                return self._version(repo, family)
            except DvcException as error:
                reason = str(error).splitlines()[0]
                raise BadInput(f"{pointer}: the data it names can't be had: {reason}") from None

    def append(self, family: Family, records: Sequence[Record]) -> DatasetVersion:
        """Write one part, push it and publish the new version.

        Raises:
            BadInput: the remote can't be written.
        """
        write_part(self.workspace / DATA / family.name, records, family.targets)
        with self._repo() as repo:
            try:
                repo.add(str(self.workspace / DATA))
                repo.push()
            except DvcException as error:
                raise BadInput(f"the data can't be stored: {str(error).splitlines()[0]}") from None
            found = self._version(repo, family)
        if found is None:
            raise BadInput(f"{POINTER}: DVC did not take up the new part")
        return found

    def open(self, family: Family, version: str) -> DatasetVersion:
        """A version by its hash: the published one, or one of which the cache knows the listing.

        Raises:
            BadInput: the cache does not know it, or its parts can't be had.
        """
        current = self.checkout(family)
        if current and current.version == version:
            return current
        with self._repo() as repo:
            listing = self._listing(repo, family, version)
            directory = self.workspace / ".matops" / "versions" / family.name / version
            try:
                repo.cloud.pull({part for _, _, part in listing})
                checkout(str(directory), LocalFileSystem(), listing, repo.cache.local, force=True)
            except (DvcException, CheckoutError) as error:
                raise BadInput(f"{family.name} data {version}: {_first_line(error)}") from None
        return DatasetVersion(version, directory)

    def _listing(self, repo: Repo, family: Family, version: str) -> Tree:
        cache = repo.cache.local
        for oid in cache.all():
            if not oid.endswith(".dir") or oid == EMPTY_TREE:
                continue
            listing = Tree.load(cache, HashInfo("md5", oid)).get_obj(cache, (family.name,))
            if (
                isinstance(listing, Tree)
                and str(listing.hash_info.value).removesuffix(".dir") == version
            ):
                return listing
        raise BadInput(f"{family.name} data {version}: not a version that is known here")

    def pointer(self) -> str:
        """Content of ``data.dvc``: with it and the remote, another workspace has the same data.

        Raises:
            BadInput: nothing is published yet.
        """
        path = self.workspace / POINTER
        if not path.is_file():
            raise BadInput(f"{path}: no such file; nothing is published yet")
        return path.read_text()

    def _version(self, repo: Repo, family: Family) -> DatasetVersion | None:
        output = repo.find_outs_by_path(str(self.workspace / DATA))[0]
        subtree = output.get_obj().get_obj(output.cache, (family.name,))
        if subtree is None:
            return None
        version = str(subtree.hash_info.value).removesuffix(".dir")
        return DatasetVersion(version, self.workspace / DATA / family.name)

    @contextmanager
    def _repo(self) -> Iterator[Repo]:
        """The workspace's DVC repository, made where there is none."""
        # Analytics would need the network, and its progress bars would mix with ours.
        os.environ.setdefault("DVC_NO_ANALYTICS", "1")
        logging.getLogger("dvc").setLevel(logging.ERROR)
        if not (self.workspace / ".dvc").is_dir():
            self.workspace.mkdir(parents=True, exist_ok=True)
            Repo.init(str(self.workspace), no_scm=True).close()
        with Repo(str(self.workspace)) as repo:
            self._configure(repo)
            yield repo

    def _configure(self, repo: Repo) -> None:
        """Name the remote; one that the configuration already has stays unless another is asked."""
        known = repo.config["remote"].get(REMOTE_NAME, {}).get("url")
        if known and not self.remote:
            return
        # The default is stored relative to the configuration, so that a workspace can be moved.
        url = self.remote or RelPath(self.workspace / ".matops" / "remote")
        if known == url:
            return
        with repo.config.edit() as config:
            config["remote"][REMOTE_NAME] = {"url": url}
            config["core"]["remote"] = REMOTE_NAME
        repo.config.load()


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
