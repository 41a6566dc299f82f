"""A prefix of an S3 bucket into which others put files."""

from collections.abc import Iterator
from pathlib import Path

from matops.adapters.storage.errors import one_line
from matops.adapters.storage.file_store import FileStore
from matops.core.errors import BadInput
from matops.steps.data.deposits import TOP, Deposit, Listed, group_deposits
from matops.steps.data.file_names import shown


class DropBucket:
    """A prefix; the files of a deposit are downloaded."""

    def __init__(self, store: FileStore) -> None:
        self.store = store

    def look(self) -> Iterator[Deposit]:
        """What lies there now, by ETag; BadInput where the bucket can't be asked."""
        return group_deposits(
            {key: Listed(etag, size) for key, (etag, size) in self.store.objects().items()}
        )

    def fetch(self, deposit: Deposit, directory: Path) -> None:
        """Download the deposit's files.

        Raises:
            BadInput: a file can't be had, has changed, or its key leads out of the directory.
        """
        for key, etag in deposit.files.items():
            path = directory / key
            if not path.resolve().is_relative_to(directory.resolve()):
                raise BadInput(f"{self.address(key)}: the key leads out of its prefix")
            with one_line(self.address(key)):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch(exist_ok=False)  # where two keys are one name, neither is overwritten
            if self.store.download(key, path) != etag:
                raise BadInput(f"{self.address(key)}: changed while it was fetched")

    def address(self, name: str) -> str:
        """The S3 URL."""
        return shown(self.store.address_of("" if name == TOP else name))
