"""Exports of packages, with the workspace's data and whom it trusts."""

from pathlib import Path

from matops.artifacts.model.signature import signature_words
from matops.artifacts.pages.exchange.publication import Publication, Statement
from matops.entrypoints.settings import read_settings
from matops.entrypoints.wiring import dataset_store, trust
from matops.steps.release.export import export_package


def export_for_others(package: Path, out: Path, licence: str, with_data: bool) -> Publication:
    """Write an export; the licence is the model's, as an SPDX identifier, or empty.

    Raises:
        BadInput: the package is damaged or not trusted, the directory is not empty, or the data
            are to be copied and can't be had.
    """
    settings = read_settings()
    stated = Statement(settings.author, licence, signature_words(package, trust(settings)))
    return export_package(package, out, dataset_store(settings), stated, with_data)
