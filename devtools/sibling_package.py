"""Another version of a model package, for what needs versions and not a better model."""

from pathlib import Path

import torch

from matops.artifacts.model.package import (
    Golden,
    load_predictor,
    read_card,
    read_golden,
    write_package,
)


def write_sibling(package: Path, directory: Path, change: float = 1e-4) -> Path:
    """A package with all weights changed by a share, and golden answers of its own.

    Verdict and calibration stay those of the package that it was made from: it is no model to
    be trusted.
    """
    predictor = load_predictor(package)
    for network in predictor.ensemble.networks:
        with torch.no_grad():
            for weights in network.parameters():
                weights.mul_(1 + change)
    requests = read_golden(package).requests
    golden = Golden(requests, tuple(predictor.predict(requests)))
    write_package(directory, read_card(package), predictor.ensemble, predictor.domain, golden)
    return directory
