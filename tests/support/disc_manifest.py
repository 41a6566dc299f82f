"""A directory as a group would leave it: images of discs, a manifest, a file of forces for each."""

import base64
import csv
from pathlib import Path

import numpy as np
from disc_images.data import encode, parse, random_discs
from disc_images.physics import effective_diffusivity_m2_s, forces_eV_A, tortuosity

M2_PER_CM2 = 1e-4
EV_PER_MEV = 1e-3


def write_images(directory: Path, count: int, seed: int = 0) -> Path:
    """Images with their labels by formula, in units that are not the family's own."""
    directory.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        payload = encode(random_discs(rng, 6, 4.0, 7.0))
        discs = parse(payload)
        name = f"packing{number}"
        (directory / f"{name}.png").write_bytes(base64.b64decode(payload["png"]))
        np.save(directory / f"{name}.npy", forces_eV_A(discs.centres_A) / EV_PER_MEV)
        rows.append(
            {
                "file": f"{name}.png",
                "tortuosity [1]": float(tortuosity(discs.solid_fraction)),
                "D_eff [cm^2/s]": float(
                    effective_diffusivity_m2_s(discs.solid_fraction) / M2_PER_CM2
                ),
                "force [meV/A]": f"{name}.npy",
                "engine": "formula 1",
                "method": "Maxwell 1892",
            }
        )
    with (directory / "manifest.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return directory
