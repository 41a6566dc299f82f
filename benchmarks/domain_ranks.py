"""Does the domain score rank what a model was not trained on above what it was?

    python -m benchmarks.domain_ranks --source PATH [--more PATH]

PATH is a file of crystals that ``matops ingest elastic_cgcnn`` reads. Of each class of chemistry
the rows are left out, a domain is fitted to the rest but for a share of the formulas, and these are
compared with the class: the area under the receiver operating characteristic is the probability
that a crystal of the class scores higher. Altered crystals, and those of another source
(``--more``), are compared with the same share. Structures of nanoporous metal are drawn here. No
network takes part.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray
from scipy.stats import mannwhitneyu

from matops.core.data.record import Provenance
from matops.core.data.split import SplitConfig, assign_part
from matops.core.errors import BadInput
from matops.core.family import Family
from matops.core.quality.domain import Descriptors, Domain, fit_domain
from matops.families import get_family
from matops.families.elastic_cgcnn.crystals.crystal import Crystal
from matops.families.nanoporous_cnn3d.metal.structure import (
    LevelledWaves,
    NanoporousMetal,
    VoxelGrid,
)
from matops.physics.levelled_waves import wave_vectors
from matops.steps.learning.samples import gather_samples

PERIODIC_TABLE = {
    "metalloids": "B C N O F Si P S Cl Ge As Se Br Sb Te I H",
    "f block": "La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Ac Th Pa U Np Pu",
    "transition": "Sc Ti V Cr Mn Fe Co Ni Cu Zn Y Zr Nb Mo Tc Ru Rh Pd Ag Cd "
    "Hf Ta W Re Os Ir Pt Au Hg",
}
METALLOIDS, F_BLOCK, TRANSITION = (frozenset(row.split()) for row in PERIODIC_TABLE.values())
ALKALI, HALOGENS = frozenset({"Li", "Na", "K", "Rb", "Cs"}), frozenset({"F", "Cl", "Br", "I"})
OF_ELEMENTS = {
    "C, N, B": "C N B",
    "pnictides": "P As Sb Bi",
    "halides": "F Cl Br I",
    "oxides": "O",
    "chalcogenides": "S Se Te",
    "alkali compounds": "Li Na K Rb Cs",
    "alkaline earth compounds": "Be Mg Ca Sr Ba",
    "hydrides": "H",
    "noble metals": "Ru Rh Pd Ag Os Ir Pt Au",
    "silicides, germanides": "Si Ge",
    "aluminides, gallides, indides": "Al Ga In Tl",
    "Fe": "Fe",
}
OF_PAIRS: dict[str, Callable[[frozenset[str]], bool]] = {
    "f elements with metals": lambda s: bool(s & F_BLOCK) and not s & METALLOIDS,
    "f elements with metalloids": lambda s: bool(s & F_BLOCK) and bool(s & METALLOIDS),
    "transition metals alone": lambda s: s <= TRANSITION,
    "alkali halides": lambda s: bool(s & ALKALI) and bool(s & HALOGENS),
    "transition metals with O, S, Se, Te": lambda s: (
        bool(s & TRANSITION) and bool(s & {"O", "S", "Se", "Te"})
    ),
}
"""Classes all of whose elements are known from other compounds."""


def _moved(length_A: float) -> Callable[[Crystal, np.random.Generator], Crystal]:
    def move(crystal: Crystal, rng: np.random.Generator) -> Crystal:
        steps_A = rng.normal(size=crystal.frac_coords.shape) * length_A / np.sqrt(3)
        frac = crystal.frac_coords + steps_A @ np.linalg.inv(crystal.lattice_A)
        return Crystal(crystal.lattice_A, frac % 1.0 % 1.0, crystal.numbers)

    return move


def _scaled(factor: float) -> Callable[[Crystal, np.random.Generator], Crystal]:
    return lambda c, _: Crystal(c.lattice_A * factor, c.frac_coords, c.numbers)


def _scattered(c: Crystal, rng: np.random.Generator) -> Crystal:
    return Crystal(c.lattice_A, rng.random(c.frac_coords.shape), c.numbers)


ALTERED: dict[str, Callable[[Crystal, np.random.Generator], Crystal]] = {
    "atoms moved by 0.25 Å": _moved(0.25),
    "atoms moved by 0.5 Å": _moved(0.5),
    "stretched by 10 %": _scaled(1.1),
    "stretched by 15 %": _scaled(1.15),
    "compressed by 10 %": _scaled(0.9),
    "random positions": _scattered,
}


def _scores(domain: Domain, described: Descriptors) -> NDArray[np.float64]:
    return np.array([found.score for found in domain.assess(described)])


def _row(name: str, inside: NDArray[np.float64], outside: NDArray[np.float64]) -> None:
    if not len(outside):
        return
    area = mannwhitneyu(outside, inside).statistic / (len(inside) * len(outside))
    flagged = f"{np.mean(inside > 1):.1%} | {np.mean(outside > 1):.0%}"
    print(f"| {name} | {len(outside)} | {area:.3f} | {flagged} |", flush=True)


def _describe(family: Family, samples: Sequence[Any]) -> Descriptors:
    return family.describe(samples, family.featurize(samples, family.preset("full")))


def _some(described: Descriptors, rows: NDArray[np.bool_]) -> Descriptors:
    tokens = [described.tokens[i] for i in np.flatnonzero(rows).tolist()]
    return Descriptors(described.vectors[rows], tokens, described.views)


def _altered(family: Family, crystals: Sequence[Crystal], change: Any) -> Iterator[Crystal]:
    """The crystals changed; those whose atoms then overlap are left out."""
    rng = np.random.default_rng(0)
    for crystal in crystals:
        changed = change(crystal, rng)
        try:
            family.featurize([changed], family.preset("full"))
        except BadInput:
            continue
        yield changed


def crystals(source: Path, more: Path | None) -> None:
    """The table of elastic_cgcnn."""
    family = get_family("elastic_cgcnn")
    samples, _ = gather_samples(family, family.read(source, Provenance("", "")))
    known = [family.parse(record.payload) for record in samples.records]
    described, sets = _describe(family, known), [frozenset(c.symbols) for c in known]
    apart = SplitConfig(calibration=0.0, test=0.15)
    held = np.array([assign_part(group, apart) == "test" for group in samples.groups])

    def compare(name: str, left_out: NDArray[np.bool_]) -> None:
        train = ~held & ~left_out
        domain = fit_domain(_some(described, train), samples.groups[train].tolist())
        inside = _scores(domain, _some(described, held & ~left_out))
        _row(name, inside, _scores(domain, _some(described, left_out)))

    for name, elements in OF_ELEMENTS.items():
        wanted = frozenset(elements.split())
        compare(name, np.array([bool(s & wanted) for s in sets]))
    for name, belongs in OF_PAIRS.items():
        compare(name, np.array([belongs(s) for s in sets]))
    domain = fit_domain(_some(described, ~held), samples.groups[~held].tolist())
    inside = _scores(domain, _some(described, held))
    kept = [known[i] for i in np.flatnonzero(held)]
    for name, change in ALTERED.items():
        changed = list(_altered(family, kept, change))
        _row(name, inside, _scores(domain, _describe(family, changed)))
    if more:
        others, _ = gather_samples(family, family.read(more, Provenance("", "")))
        several = [family.parse(record.payload) for record in others.records]
        several = [crystal for crystal in several if len(set(crystal.symbols)) > 2]
        name = f"more than two elements ({more.name.split('.')[0]})"
        _row(name, inside, _scores(domain, _describe(family, several)))


def metals() -> None:
    """The table of nanoporous_cnn3d: 400 structures known, 150 of their kind, 60 of each other."""
    family, rng = get_family("nanoporous_cnn3d"), np.random.default_rng(0)

    def made(
        n: int, square: int = 9, fraction: float = 0.35, cell_A: float = 508.8, metal: str = "Au"
    ) -> list[NanoporousMetal]:
        count = len(wave_vectors(square))
        phases = [tuple(rng.uniform(0, 2 * np.pi, count)) for _ in range(n)]
        waves = [LevelledWaves(square, fraction, own) for own in phases]
        return [NanoporousMetal(metal, cell_A, own) for own in waves]

    noise = [VoxelGrid.pack(rng.random((40, 40, 40)) < 0.35) for _ in range(60)]
    domain = fit_domain(family.describe(made(400), None))  # type: ignore[arg-type]
    others = {
        "solid fraction 0.25": made(60, fraction=0.25),
        "solid fraction 0.30": made(60, fraction=0.30),
        "solid fraction 0.40": made(60, fraction=0.40),
        "waves with h² + k² + l² = 6": made(60, 6),
        "waves with h² + k² + l² = 14": made(60, 14),
        "cell 0.8 times as large": made(60, cell_A=407.0),
        "cell 1.25 times as large": made(60, cell_A=636.0),
        "silver": made(60, metal="Ag"),
        "random voxels": [NanoporousMetal("Au", 508.8, grid) for grid in noise],
    }
    inside = _scores(domain, family.describe(made(150), None))  # type: ignore[arg-type]
    for name, strange in others.items():
        _row(name, inside, _scores(domain, family.describe(strange, None)))  # type: ignore[arg-type]


def main(
    source: Annotated[Path, typer.Option(help="Crystals with K_VRH and G_VRH")],
    more: Annotated[Path | None, typer.Option(help="Crystals of other compositions")] = None,
) -> None:
    """Print the tables of both families."""
    print("| left out of training | rows | AUROC | outside: known kind | left out |")
    print("|---|---|---|---|---|")
    metals()
    crystals(source, more)


if __name__ == "__main__":
    typer.run(main)
