"""A family with arrays: atoms in a harmonic trap, their energy, dipole and forces.

E = k/2 Σ r², p = q Σ r and F = −k r are learnt exactly by three numbers, and the network's forces
are the derivative of its energy. It lives in a module of its own, so that servers can import it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from matops.artifacts.data.dataset import write_part
from matops.artifacts.data.prepared import read_prepared
from matops.core.data.record import Provenance, Quarantined, Record, make_record
from matops.core.data.split import SplitConfig
from matops.core.data.target import Target
from matops.core.errors import BadInput
from matops.core.family import EvaluationConfig, Family, FamilyConfig, PayloadForm, SourceForm
from matops.core.learning.features import Batch, PackedFeatures
from matops.core.learning.training_config import TrainingConfig
from matops.core.quality.domain import Descriptors
from matops.core.quality.gate import Gate, Measurement
from matops.steps.learning.preprocess import preprocess
from matops.steps.learning.train import train
from matops.steps.ports import DatasetVersion
from matops.steps.quality.evaluate import evaluate
from tests.support.outside_family import announce, on_path

STIFFNESS, CHARGE = 2.0, 0.5
"""In eV/Å² and e."""
ENERGY = Target("energy", "eV", "energy in the trap", quantity="potential")
DIPOLE = Target("dipole", "e*A", "dipole about the centre", shape=(3,))
FORCES = Target(
    "forces", "eV/A", "force on each atom", quantity="potential", axis="atom", shape=(3,)
)
TARGETS = (ENERGY, DIPOLE, FORCES)


def tiny_config() -> FamilyConfig:
    training = TrainingConfig(
        members=2, epochs=80, batch_size=16, learning_rate=0.1, weight_decay=0.0, device="cpu"
    )
    evaluation = EvaluationConfig(
        coverage=0.8, golden_requests=3, latency_requests=2, physics_samples=4, learning_curve=()
    )
    return FamilyConfig(SplitConfig(calibration=0.25, test=0.25), training, evaluation)


class TrapNetwork(nn.Module):
    """Three numbers, of which the stiffness gives energy and forces."""

    def __init__(self) -> None:
        super().__init__()
        self.stiffness = nn.Parameter(torch.rand(1))
        self.offset = nn.Parameter(torch.zeros(1))
        self.charge = nn.Parameter(torch.rand(1))

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        owner = batch.sample_of["atom"]
        with torch.enable_grad():
            positions = batch["atom.position"].detach().requires_grad_()
            summed = torch.zeros(batch.size, 3).index_add(0, owner, positions**2)
            energy = self.stiffness * summed.sum(1) + self.offset
            [slope] = torch.autograd.grad(energy.sum(), positions, create_graph=self.training)
        dipole = self.charge * torch.zeros(batch.size, 3).index_add(0, owner, positions)
        return {"sample": torch.cat([energy[:, None], dipole], 1), "atom": -slope}


@dataclass(frozen=True)
class Trapped:
    """Positions of the atoms, (n, 3) in Å."""

    positions_A: NDArray[np.float64]


class TrappedAtoms(Family[FamilyConfig, Trapped]):
    """Atoms in a trap."""

    name = "trapped_atoms"
    title = "Atoms in a harmonic trap"
    paper = "Hooke, De potentia restitutiva (1678)"
    targets = TARGETS
    derived = (Target("largest_force", "eV/A", "largest component of any force", lower=0.0),)
    descriptor_names = ("n_atoms",)
    config_type = FamilyConfig
    presets: ClassVar[Any] = {"demo": tiny_config(), "full": tiny_config()}
    sources = (SourceForm("manifest", "files of positions beside a manifest"),)
    payload_forms = (
        PayloadForm("positions_A", "positions / Å", [[0.0, 0.5, 1.0]], {"type": "array"}),
    )
    size_unit = "atoms"
    largest_sample = 50

    def read(self, source: Path, stated: Provenance) -> Iterator[Record | Quarantined]:
        raise BadInput(f"{source}: this family reads nothing")

    def parse(self, payload: Any) -> Trapped:
        try:
            positions = np.asarray(payload["positions_A"], dtype=float)
        except (KeyError, TypeError, ValueError):
            raise BadInput("positions_A is no list of positions") from None
        if positions.ndim != 2 or positions.shape[1] != 3 or not len(positions):
            raise BadInput("positions_A is no list of positions")
        return Trapped(positions)

    def size(self, sample: Trapped) -> int:
        return len(sample.positions_A)

    def featurize(self, samples: Sequence[Trapped], config: FamilyConfig) -> PackedFeatures:
        positions = np.concatenate([sample.positions_A for sample in samples])
        counts = [len(sample.positions_A) for sample in samples]
        packed = {"atom.position": torch.from_numpy(positions).float()}
        return PackedFeatures(packed, {"atom": torch.tensor(counts)})

    def describe(self, samples: Sequence[Trapped], features: Any) -> Descriptors:
        sizes = np.array([[float(len(sample.positions_A))] for sample in samples])
        return Descriptors(sizes, [frozenset({"atom"})] * len(samples))

    def network(self, config: FamilyConfig) -> nn.Module:
        return TrapNetwork()

    def derive(self, values: Any) -> dict[str, NDArray[np.float64]]:
        return {"largest_force": np.abs(values["forces"]).max(axis=(-2, -1))}

    def measure_physics(
        self, predict: Any, payloads: Any, config: FamilyConfig
    ) -> dict[str, Measurement]:
        """The forces of an ensemble are the mean derivative of its energies."""
        step_A, moved = 1e-2, []
        for payload in payloads:
            for sign in (1, -1):
                positions = np.array(payload["positions_A"])
                positions[0, 0] += sign * step_A
                moved.append({"positions_A": positions.tolist()})
        energy = predict(moved)[:, 0].reshape(-1, 2)
        first = np.cumsum([0, *(len(p["positions_A"]) for p in payloads)])[:-1]
        force = predict(payloads, "atom")[first, 0]
        off = np.abs(force + (energy[:, 0] - energy[:, 1]) / (2 * step_A)).max()
        return {"physics.conservation": Measurement(float(off), "eV/A", rows=len(payloads))}

    def gates(self, config: FamilyConfig) -> tuple[Gate, ...]:
        found = [gate for target in TARGETS for gate in target_gates(target)]
        physics = Gate("conservation", "physics.conservation", "<=", 0.02, "eV/A", "F = -dE/dr")
        return (*found, physics)


def target_gates(target: Target) -> list[Gate]:
    name, unit, source = target.name, target.unit, "labels have an error of 0.05"
    return [
        Gate(f"{name} error", f"{name}.mae", "<=", 0.2, unit, source),
        Gate(f"{name} width", f"{name}.interval_half_width", "<=", 0.5, unit, source),
        Gate(f"{name} coverage", f"{name}.coverage_high", ">=", 0.8, "1", "as promised"),
    ]


FAMILY = TrappedAtoms()


def true_values(positions_A: NDArray[np.float64]) -> dict[str, Any]:
    """What physics says of positions (n, 3) in Å."""
    return {
        "energy": float(STIFFNESS / 2 * (positions_A**2).sum()),
        "dipole": CHARGE * positions_A.sum(0),
        "forces": -STIFFNESS * positions_A,
    }


def trapped_record(index: int, n_atoms: int, noise: float = 0.05) -> Record:
    """A record of random atoms whose labels have an error, that of the group included."""
    rng = np.random.default_rng(index)
    positions = rng.normal(size=(n_atoms, 3)).round(6)
    shared = rng.normal()
    values = {
        name: np.asarray(value) + noise * (shared + rng.normal(size=np.shape(value))) / np.sqrt(2)
        for name, value in true_values(positions).items()
    }
    stated = Provenance("simulation", f"trap {index}", "trap 1", "harmonic", "", "CC0")
    payload, rows = {"positions_A": positions.tolist()}, {"atom": n_atoms}
    return make_record(f"g{index}", payload, values, TARGETS, stated, rows)


def trapped_records(count: int, noise: float = 0.05) -> list[Record]:
    """Records of one to six atoms, a group each."""
    return [trapped_record(i, 1 + i % 6, noise) for i in range(count)]


def run_all_steps(root: Path, records: Sequence[Record]) -> Path:
    """Data, features, training and evaluation in a directory; the candidate's evaluation."""
    config, data = FAMILY.preset("demo"), DatasetVersion("traps-1", root / "data")
    write_part(data.directory, records, TARGETS)
    preprocess(FAMILY, data, config, root / "prepared", root / "cache")
    train(root / "prepared", FAMILY, config, root / "model", 1, lambda *_: None)
    prepared = read_prepared(root / "prepared", FAMILY, config)
    evaluate(prepared, root / "model", None, "c0ffee", root / "evaluation")
    return root / "evaluation"


@contextmanager
def installed(site: Path) -> Iterator[Path]:
    """The family as one that is installed, for this process; for others, a site to search."""
    announce(site, "trapped_atoms", "tests.support.trapped_atoms")
    with on_path(site):
        yield site
