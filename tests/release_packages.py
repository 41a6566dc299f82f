"""Small packages of different versions, and what a faulty server is told to do wrong."""

from __future__ import annotations

import json
from pathlib import Path

import torch

from matops.artifacts.package import Golden, load_predictor, read_card, read_golden, write_package

FAULT = "fault.json"


def sibling(package: Path, directory: Path, change: float = 1e-4) -> Path:
    """A package like another one, with all weights changed by a share: another version.

    Verdict and calibration are the other one's; its golden answers are its own.
    """
    predictor, card = load_predictor(package), read_card(package)
    for network in predictor.ensemble.networks:
        with torch.no_grad():
            for weights in network.parameters():
                weights.mul_(1 + change)
    requests = read_golden(package).requests
    golden = Golden(requests, tuple(predictor.predict(requests)))
    write_package(directory, card, predictor.ensemble, predictor.domain, golden)
    return directory


def with_fault(package: Path, fault: str) -> Path:
    """Tell the test's server that it is to do something wrong with this package."""
    (package / FAULT).write_text(json.dumps(fault))
    return package


def fault_of(package: Path) -> str:
    path = package / FAULT
    return str(json.loads(path.read_text())) if path.is_file() else ""
