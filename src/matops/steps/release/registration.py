"""Released packages are told to a registry of models, which never holds up a release."""

import logging
import socket
from pathlib import Path
from urllib.parse import quote

from matops.artifacts.model.package import read_card
from matops.artifacts.model.signature import SIGNATURE
from matops.core.errors import BadInput
from matops.core.family import Family
from matops.families import about_family
from matops.steps.ports import ModelRegistry, Registration, Serving

log = logging.getLogger(__name__)


def describe_release(package: Path, address: str) -> Registration:
    """What a registry keeps of a released package.

    Args:
        package: its directory.
        address: where servers read it: a URL, or a path on this machine.

    Raises:
        BadInput: the package has no readable card.
    """
    card = read_card(package)
    signed = (package / SIGNATURE).is_file()
    return Registration(
        family=card.family,
        title=about_family(card.family).title,
        version=card.version,
        address=address if "://" in address else _on_this_machine(Path(address)),
        tags={
            "matops.family": card.family,
            "matops.data_version": card.data.version,
            "matops.verdict": card.verdict.outcome,
            "matops.commit": card.environment.commit or "not known",
            "matops.signature": "signed" if signed else "not signed",
        },
    )


def _on_this_machine(package: Path) -> str:
    """Registries refuse paths, and rightly: theirs is another machine."""
    return f"matops://{socket.gethostname()}{quote(str(package.resolve()))}"


def register_or_warn(
    registry: ModelRegistry | None, family: Family, package: Path, serving: Serving
) -> None:
    """Register a released package where there is a registry; what fails is a line in the log."""
    if registry is None:
        return
    try:
        registry.register(describe_release(package, serving.location(family, package)))
    except BadInput as error:
        log.warning(
            "%s is released but not registered: %s; the next look tries again, and so does: "
            "matops release register %s",
            package.name,
            error,
            family.name,
        )
