"""Sources of crystals with measured or calculated moduli, in the layouts in which groups keep them.

A single bad record never stops a source: it is yielded as quarantined, with its reason.
"""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matops.core.data.file_content import unpacked_name
from matops.core.data.record import Provenance, Record
from matops.core.data.sources import unknown_layout
from matops.core.errors import BadInput
from matops.core.family import Incoming
from matops.families.elastic_cgcnn.about import ID_PROP, LAYOUTS, TARGETS
from matops.families.elastic_cgcnn.crystals.formats import parse_crystal
from matops.families.elastic_cgcnn.crystals.tensors import moduli_of_tensor
from matops.families.elastic_cgcnn.files import load_request
from matops.families.elastic_cgcnn.sources.cif_directory import read_cif_directory
from matops.families.elastic_cgcnn.sources.documents import read_json
from matops.families.elastic_cgcnn.sources.outcars import find_outcars, is_vasprun, read_outcars
from matops.families.elastic_cgcnn.sources.record import labelled_crystal
from matops.simulators.output.manifest import Entry, read_labelled
from matops.simulators.output.manifest_table import columns_of, find_manifest
from matops.simulators.output.stiffness import STIFFNESS, unless_stated

log = logging.getLogger(__name__)


def read_source(source: Path, stated: Provenance) -> Incoming:
    """Records of a file or directory in one of the ``LAYOUTS``.

    Raises:
        BadInput: there is no such path, or it is in none of the layouts.
    """
    manifest = find_manifest(source)
    if manifest:
        return read_labelled(manifest, (*columns_of(TARGETS), STIFFNESS), stated, _manifest_record)
    if source.is_dir() and (source / ID_PROP).is_file():
        return read_cif_directory(source, stated)
    outcars = find_outcars(source)
    files = sorted(source.glob("*.json*")) if source.is_dir() else [source]
    if outcars:
        if source.is_dir() and files:
            log.warning("%s: beside OUTCARs, %d JSON files are not read", source, len(files))
        return read_outcars(outcars, stated)
    if source.exists() and files and all(unpacked_name(p).endswith(".json") for p in files):
        return read_json(files, stated)
    if any(is_vasprun(path) for path in (source, *source.glob("*"))):
        raise BadInput(f"{source}: no elastic moduli in a vasprun.xml: VASP prints them in OUTCAR")
    raise unknown_layout(source, LAYOUTS)


def _manifest_record(entry: Entry) -> Record:
    crystal = parse_crystal(load_request(entry.path, entry.species))
    return labelled_crystal(crystal, _moduli_GPa(entry), entry.provenance)


def _moduli_GPa(entry: Entry) -> Mapping[str, Any]:
    """Stated moduli, or else those of the stiffness after Voigt, Reuss and Hill."""
    stiffness_GPa = unless_stated(entry, TARGETS)
    if stiffness_GPa is None:
        return entry.values
    return moduli_of_tensor(stiffness_GPa)
