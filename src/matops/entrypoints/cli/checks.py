"""What can be seen of an argument at once, before anything heavy is imported."""

import socket
from pathlib import Path

from matops.artifacts.model.card_file import check_is_package
from matops.core.errors import BadInput
from matops.families import check_family


def known_family(name: str | None) -> str | None:
    """A family's name; BadInput where no family has it."""
    if name is not None:
        check_family(name)
    return name


def field_values(pairs: list[str]) -> list[str]:
    """Texts of the form ``name=value``; BadInput where one is of another form."""
    for pair in pairs:
        if "=" not in pair:
            raise BadInput(f"{pair!r} is not of the form name=value")
    return pairs


def package_directory(directory: Path) -> Path:
    """A directory that is a package; BadInput where it is none."""
    check_is_package(directory)
    return directory


def model_address(where: str) -> str:
    """The URL of a server, or a directory that is a package; BadInput where it is neither."""
    if not where.startswith(("http://", "https://", "s3://")):
        check_is_package(Path(where))
    return where


def free_port(port: int | None) -> int | None:
    """A port on which this machine can listen; BadInput where it, or this user, can't."""
    if port is None:
        return None
    if not 0 < port < 2**16:
        raise BadInput(f"port {port}: not between 1 and 65535")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", port))  # noqa: S104  as a server would
        except OSError as error:
            raise BadInput(f"port {port}: {error.strerror}") from None
    return port
