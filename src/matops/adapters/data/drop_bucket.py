"""A prefix of an S3 bucket into which others put files."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from matops.adapters.storage.file_store import FileStore
from matops.core.errors import BadInput
from matops.steps.data.deposits import TOP, Deposit, group_deposits


class DropBucket:
    """A prefix; the files of a deposit are fetched into a temporary directory."""

    def __init__(self, store: FileStore) -> None:
        self.store = store

    def look(self) -> list[Deposit]:
        """What lies there now, by ETag; BadInput where the bucket can't be asked."""
        return group_deposits(self.store.etags())

    @contextmanager
    def fetched(self, deposit: Deposit) -> Iterator[Path]:
        """A temporary directory with the deposit's files.

        Raises:
            BadInput: a file can't be had, has changed, or its key leads out of the directory.
        """
        with TemporaryDirectory(prefix="matops-drop-") as root:
            for name, stamp in deposit.files.items():
                path = Path(root, name)
                if not path.resolve().is_relative_to(Path(root).resolve()):
                    raise BadInput(f"{self.address(name)}: the key leads out of its prefix")
                path.parent.mkdir(parents=True, exist_ok=True)
                if self.store.download(name, path) != stamp:
                    raise BadInput(f"{self.address(name)}: changed while it was fetched")
            yield Path(root)

    def unchanged(self, deposit: Deposit) -> bool:
        """Always: what was fetched is a copy, whose ETags were compared."""
        return True

    def address(self, name: str) -> str:
        """The S3 URL."""
        return self.store.address_of("" if name == TOP else name)
