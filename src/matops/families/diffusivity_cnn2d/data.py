"""Sources of images: with their labels, or labelled here."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

from matops.core.data.file_content import unpacked_name
from matops.core.data.record import Provenance, Record, make_record, or_quarantined
from matops.core.data.sources import unknown_layout
from matops.core.errors import BadInput
from matops.core.family import Incoming
from matops.families.diffusivity_cnn2d.about import LAYOUTS, TARGETS
from matops.families.diffusivity_cnn2d.images.pore_image import PoreImage, group_of, write_payload
from matops.families.diffusivity_cnn2d.images.stated_files import (
    is_image_file,
    read_image_file,
    read_pixel_table,
)
from matops.families.diffusivity_cnn2d.simulation import label_pores, labelled, stated_here
from matops.simulators.output.manifest import Entry, read_labelled
from matops.simulators.output.manifest_table import columns_of, find_manifest


def read_source(source: Path, stated: Provenance) -> Incoming:
    """Records of a file or directory in one of the ``LAYOUTS``.

    Raises:
        BadInput: there is no such path, or it is in none of the layouts.
    """
    manifest = find_manifest(source)
    if manifest:
        return read_labelled(manifest, columns_of(TARGETS), stated, _manifest_record)
    if source.is_dir():
        images = sorted(path for path in source.iterdir() if is_image_file(path))
        if not images:
            raise unknown_layout(source, LAYOUTS)
        return _labelled_here((str(path), partial(read_image_file, path)) for path in images)
    if source.is_file() and is_image_file(source):
        return _labelled_here([(str(source), partial(read_image_file, source))])
    if source.is_file() and unpacked_name(source).lower().endswith(".csv"):
        return _labelled_here(
            (f"{source}: {name}", partial(PoreImage, pores))
            for name, pores in read_pixel_table(source)
        )
    raise unknown_layout(source, LAYOUTS)


def _manifest_record(entry: Entry) -> Record:
    image = read_image_file(entry.path)
    group, payload = group_of(image.pores), write_payload(image.pores)
    return make_record(group, payload, entry.values, TARGETS, entry.provenance)


def _labelled_here(images: Iterable[tuple[str, Callable[[], PoreImage]]]) -> Incoming:
    """A record for each image, by our own solver; one that is refused is yielded as such."""
    for origin, image in images:
        provenance = replace(stated_here("images"), origin=origin)
        yield or_quarantined(origin, partial(_record, image, provenance))


def _record(image: Callable[[], PoreImage], provenance: Provenance) -> Record:
    outcome = label_pores(image())
    if not outcome["accepted"]:
        raise BadInput(f"{outcome['reason']}: {outcome['detail']}")
    return labelled(outcome, provenance)
