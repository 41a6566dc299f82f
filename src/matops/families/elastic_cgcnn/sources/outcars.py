"""OUTCARs of runs that computed elastic moduli: structure and label in one file."""

from dataclasses import replace
from functools import partial
from pathlib import Path

from matops.core.data.payloads import form_of_file
from matops.core.data.record import Provenance, Record, or_quarantined
from matops.core.errors import BadInput
from matops.core.family import Incoming
from matops.families.elastic_cgcnn.crystals.formats import parse_crystal
from matops.families.elastic_cgcnn.crystals.payload_forms import PAYLOAD_FORMS
from matops.families.elastic_cgcnn.crystals.tensors import moduli_of_tensor
from matops.families.elastic_cgcnn.files import load_request
from matops.families.elastic_cgcnn.sources.record import (
    AVERAGED,
    ELASTIC_TENSOR,
    labelled_crystal,
)
from matops.simulators.output.outcar import TOTAL, is_outcar, read_outcar_run


def is_vasprun(path: Path) -> bool:
    """Whether a file is a vasprun.xml, which has the structure of a run and no elastic moduli."""
    form = form_of_file(path, PAYLOAD_FORMS)
    return form is not None and form.key == "vasprun" and path.is_file()


def find_outcars(source: Path) -> list[Path]:
    """OUTCARs of a source: itself, or what lies in it, a folder a run."""
    paths = sorted(source.rglob("*")) if source.is_dir() else [source]
    return [path for path in paths if is_outcar(path) and path.is_file()]


def read_outcars(paths: list[Path], stated: Provenance) -> Incoming:
    """A record for each OUTCAR whose run computed elastic moduli."""
    for path in paths:
        yield or_quarantined(str(path), partial(_outcar_record, path, stated))


def _outcar_record(path: Path, stated: Provenance) -> Record:
    run = read_outcar_run(path)
    if run.stiffness_GPa is None:
        raise BadInput(f"no {TOTAL}: they come from a run with IBRION = 6 and ISIF = 3")
    provenance = replace(
        stated,
        source=ELASTIC_TENSOR,
        origin=f"{path}: {AVERAGED} {TOTAL}",
        engine=run.engine if run.engine and stated.engine == "unknown" else stated.engine,
    )
    crystal = parse_crystal(load_request(path))
    return labelled_crystal(crystal, moduli_of_tensor(run.stiffness_GPa), provenance)
