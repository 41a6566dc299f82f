"""What tells a package from any other directory; no model code is imported to see it."""

from pathlib import Path

from matops.core.errors import BadInput

CARD = "card.json"


def check_is_package(directory: Path) -> None:
    """Whether a directory has a package's card, which is not read.

    Raises:
        BadInput: it has none.
    """
    if not (directory / CARD).is_file():
        raise BadInput(f"{directory / CARD}: no such file, so that {directory} is no model package")
