"""Export: a package as other programs read it, with what is known of it and of its data."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from matops.artifacts.model.package import check_files
from matops.artifacts.pages.exchange.croissant import render_croissant
from matops.artifacts.pages.exchange.model_card import render_model_card
from matops.artifacts.pages.exchange.publication import (
    CROISSANT,
    DATA,
    MODEL_CARD,
    PACKAGE,
    Publication,
    Statement,
    describe_parts,
)
from matops.artifacts.pages.exchange.research_object import write_research_object
from matops.core.errors import BadInput
from matops.core.quality.card import Card
from matops.families import get_family
from matops.processes.atomic import atomic
from matops.steps.ports import DatasetStore


def export_package(
    package: Path,
    out: Path,
    store: DatasetStore,
    stated: Statement,
    with_data: bool = False,
) -> Publication:
    """Write an export into a new or empty directory; it appears whole or not at all.

    Args:
        package: what is exported; its files must be those on its card.
        out: the directory.
        store: has the data that trained the model, or says why not.
        stated: by who exports.
        with_data: copy the data's parts, so that the export needs no remote.

    Raises:
        BadInput: the package is damaged, the directory is not empty, or the data are to be copied
            and can't be had.
    """
    card = check_files(package)
    family = get_family(card.family)
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise BadInput(f"{out}: not an empty directory")
    published = Publication(card, family.title, family.paper, stated)
    with atomic(out) as unfinished:
        shutil.copytree(package, unfinished / PACKAGE)
        published = _with_data(published, unfinished, store, with_data)
        if published.parts:
            (unfinished / CROISSANT).write_text(render_croissant(published), encoding="utf-8")
        (unfinished / MODEL_CARD).write_text(render_model_card(published), encoding="utf-8")
        write_research_object(unfinished, published)
    return published


def _with_data(
    published: Publication, export: Path, store: DatasetStore, copy: bool
) -> Publication:
    """What is known of the data; where it can't be had, why."""
    card = published.card
    try:
        directory, addresses = _locate(card, store)
    except BadInput as error:
        if copy:
            raise
        return replace(published, missing_data=str(error))
    if copy:
        shutil.copytree(directory, export / DATA)
        addresses = {name: f"{DATA}/{name}" for name in addresses}
    return replace(published, parts=describe_parts(directory, addresses))


def _locate(card: Card, store: DatasetStore) -> tuple[Path, Mapping[str, str]]:
    family = get_family(card.family)
    data = store.open(family, card.data.version)
    return data.directory, store.addresses(family, card.data.version)
