"""A prefix of an S3 bucket into which others put files."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from matops.adapters.storage.s3_place import S3Place, one_line
from matops.core.errors import BadInput
from matops.steps.data.deposits import TOP, Deposit, group_deposits


class DropBucket:
    """A prefix; the files of a deposit are fetched into a temporary directory."""

    def __init__(self, url: str, endpoint: str | None) -> None:
        """Name the prefix; see :class:`~matops.adapters.storage.s3_place.S3Place`.

        Raises:
            BadInput: the URL names no bucket, or the endpoint is not a URL.
        """
        self.place = S3Place(url, endpoint)

    def look(self) -> list[Deposit]:
        """What lies there now, by ETag.

        Raises:
            BadInput: no such bucket, no access, or no answer.
        """
        bucket, prefix = self.place.bucket, self.place.prefix
        with one_line(self.address(TOP)):
            found = list(self.place.client.list_objects(bucket, prefix, recursive=True))
        keys = {str(item.object_name).removeprefix(prefix): item for item in found}
        return group_deposits(
            {key: str(item.etag) for key, item in keys.items() if key and not key.endswith("/")}
        )

    @contextmanager
    def fetched(self, deposit: Deposit) -> Iterator[Path]:
        """A temporary directory with the deposit's files.

        Raises:
            BadInput: a file can't be had, has changed, or its key leads out of the directory.
        """
        bucket, client = self.place.bucket, self.place.client
        with TemporaryDirectory(prefix="matops-drop-") as root:
            for name, stamp in deposit.files.items():
                path = Path(root, name)
                if not path.resolve().is_relative_to(Path(root).resolve()):
                    raise BadInput(f"{self.address(name)}: the key leads out of its prefix")
                with one_line(self.address(name)):
                    got = client.fget_object(bucket, self.place.key(name), str(path))
                if got.etag != stamp:
                    raise BadInput(f"{self.address(name)}: changed while it was fetched")
            yield Path(root)

    def unchanged(self, deposit: Deposit) -> bool:
        """Always: what was fetched is a copy, whose ETags were compared."""
        return True

    def address(self, name: str) -> str:
        """The S3 URL."""
        return self.place.address("" if name == TOP else name)
