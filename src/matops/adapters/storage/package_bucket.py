"""Packages in an S3 bucket, where a cluster's servers read them: ``<family>/<version>/``.

The card goes up last: files without one are no package yet, whatever stopped the copy, and the
next copy adds what is missing. What lies under a card is never overwritten.
"""

from pathlib import Path

from matops.adapters.storage.file_store import FileStore
from matops.artifacts.model.card_file import CARD
from matops.artifacts.model.package import GOLDEN, WEIGHTS, check_files
from matops.artifacts.model.signature import SIGNATURE, Trust, verify
from matops.core.errors import BadInput


class PackageBucket:
    """A prefix of a bucket with packages.

    Args:
        store: the prefix.
        trust: whose packages are fetched; None for anybody's.
    """

    def __init__(self, store: FileStore, trust: Trust | None = None) -> None:
        self.store, self.trust = store, trust

    def put(self, package: Path, name: str) -> None:
        """Copy a package to a name, as in ``elastic_cgcnn/8a727648abea``, unless it is there.

        Raises:
            BadInput: another package has this name, this one is damaged, or the bucket can't be
                read and written.
        """
        card = check_files(package)
        kept = self.store.find(f"{name}/{CARD}")
        if kept is not None and kept != (package / CARD).read_bytes():
            raise self._differs(package, f"{name}/{CARD}")
        for file, expected in card.files.items():
            there = self.store.sha256(f"{name}/{file}")
            if there == expected:
                continue
            if there and kept is not None:
                raise self._differs(package, f"{name}/{file}")
            self.store.upload(package / file, f"{name}/{file}")
        signed = (package / SIGNATURE).is_file()
        if signed and self.store.find(f"{name}/{SIGNATURE}") is None:
            self.store.upload(package / SIGNATURE, f"{name}/{SIGNATURE}")
        if kept is None:
            self.store.upload(package / CARD, f"{name}/{CARD}")

    def fetch(self, name: str, directory: Path) -> bool:
        """Copy a package into a new directory, and check it against its card.

        Returns:
            Whether there is one; without a card there is none.

        Raises:
            BadInput: it is damaged, another's or not to be trusted, or the bucket can't be read.
        """
        card = self.store.find(f"{name}/{CARD}")
        if card is None:
            return False
        directory.mkdir()
        (directory / CARD).write_bytes(card)
        for file in (WEIGHTS, GOLDEN):
            self.store.download(f"{name}/{file}", directory / file)
        signature = self.store.find(f"{name}/{SIGNATURE}")
        if signature is not None:
            (directory / SIGNATURE).write_bytes(signature)
        try:
            version = check_files(directory).version
            if self.trust:
                verify(directory, self.trust)
        except BadInput as error:
            reason = str(error).replace(str(directory), self.store.address_of(name), 1)
            raise BadInput(reason) from None
        if version != name.rpartition("/")[2]:
            raise BadInput(f"{self.store.address_of(name)}: holds the package {version}")
        return True

    def _differs(self, package: Path, name: str) -> BadInput:
        return BadInput(
            f"{self.store.address_of(name)}: differs from {package}, and a version is never "
            "overwritten; remove one of the two"
        )
