"""One image a file: what ``matops predict`` reads, and the demo's example."""

import json
from collections.abc import Sequence
from pathlib import Path

from matops.core.data.payloads import read_payload
from matops.core.data.record import Payload
from matops.families.diffusivity_cnn2d.images.payload_forms import PAYLOAD_FORMS
from matops.families.diffusivity_cnn2d.images.pore_image import write_payload
from matops.families.diffusivity_cnn2d.images.stated_files import is_image_file, read_image_file
from matops.families.diffusivity_cnn2d.simulation import demo_sample


def load_request(path: Path, species: Sequence[str] = ()) -> Payload:
    """The payload of a file with one image; its name says which pixels are pores.

    Raises:
        BadInput: the file can't be read, is of no kind that a form names, or doesn't say it.
    """
    if is_image_file(path):
        return write_payload(read_image_file(path).pores)
    return read_payload(path, PAYLOAD_FORMS)


def write_example(directory: Path) -> Path:
    """Write an image of the kind that the demo simulates."""
    path = directory / "pores.json"
    path.write_text(json.dumps(write_payload(demo_sample().pores), indent=2))
    return path
