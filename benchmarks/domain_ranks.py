"""Does the domain score rank what a model was not trained on above what it was?

    python -m benchmarks.domain_ranks --source PATH [--more PATH]

PATH is a file of crystals that ``matops ingest elastic_cgcnn`` reads. Its formulas are dealt to
five folds. For each of ``--fold`` a domain is fitted to the other folds without a class of
chemistry, and the fold's crystals of the class are compared with its others: the area under the
receiver operating characteristic is the probability that one of the class scores higher, and the
mean over the folds is printed. Altered crystals of a fold, and those of another source
(``--more``), are compared with it as it is. Structures of nanoporous metal are drawn here. No
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
from matops.core.data.split import grouped_folds
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

FOLDS, SEED = 5, 2026
PERIODIC_TABLE = {
    "metalloids": "B C N O F Si P S Cl Ge As Se Br Sb Te I H",
    "f block": "La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Ac Th Pa U Np Pu",
    "transition": "Sc Ti V Cr Mn Fe Co Ni Cu Zn Y Zr Nb Mo Tc Ru Rh Pd Ag Cd "
    "Hf Ta W Re Os Ir Pt Au Hg",
}
METALLOIDS, F_BLOCK, TRANSITION = (frozenset(row.split()) for row in PERIODIC_TABLE.values())
SOME_F = F_BLOCK - {"Pm"}
"""Twelve compounds of promethium, left in training, must not make known what these classes are."""
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
    "f elements but Pm with metals": lambda s: bool(s & SOME_F) and not s & (METALLOIDS | {"Pm"}),
    "f elements but Pm with metalloids": lambda s: bool(s & SOME_F) and bool(s & METALLOIDS),
    "transition metals alone": lambda s: s <= TRANSITION,
    "alkali halides": lambda s: bool(s & ALKALI) and bool(s & HALOGENS),
    "transition metals with O, S, Se, Te": lambda s: (
        bool(s & TRANSITION) and bool(s & {"O", "S", "Se", "Te"})
    ),
}
"""Classes all of whose elements are known from other compounds."""


Compared = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Scores of a fold's known kinds, and of what is new."""


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


def _row(name: str, folds: Sequence[Compared]) -> None:
    """A line of the table, from the scores of what is known and of what is not in each fold."""
    folds = [pair for pair in folds if len(pair[1])]
    if not folds:
        return
    areas = [mannwhitneyu(new, old).statistic / (len(old) * len(new)) for old, new in folds]
    inside, outside = (np.concatenate(scores) for scores in zip(*folds, strict=True))
    flagged = f"{np.mean(inside > 1):.1%} | {np.mean(outside > 1):.0%}"
    print(f"| {name} | {len(outside)} | {np.mean(areas):.3f} | {flagged} |", flush=True)


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


def crystals(source: Path, more: Path | None, folds: Sequence[int]) -> None:
    """The table of elastic_cgcnn."""
    family = get_family("elastic_cgcnn")
    samples, _ = gather_samples(family, family.read(source, Provenance("", "")))
    known = [family.parse(record.payload) for record in samples.records]
    described, sets = _describe(family, known), [frozenset(c.symbols) for c in known]
    fold_of = grouped_folds(samples.groups.tolist(), FOLDS, SEED)

    def fit(train: NDArray[np.bool_]) -> Domain:
        return fit_domain(_some(described, train), samples.groups[train].tolist())

    def without(left_out: NDArray[np.bool_], fold: int) -> Compared:
        domain, held = fit((fold_of != fold) & ~left_out), fold_of == fold
        old, new = (_some(described, held & rows) for rows in (~left_out, left_out))
        return _scores(domain, old), _scores(domain, new)

    classes = {
        name: [bool(own & frozenset(elements.split())) for own in sets]
        for name, elements in OF_ELEMENTS.items()
    }
    classes |= {name: [belongs(own) for own in sets] for name, belongs in OF_PAIRS.items()}
    for name, members in classes.items():
        _row(name, [without(np.array(members), fold) for fold in folds])
    domains = {fold: fit(fold_of != fold) for fold in folds}
    inside = {fold: _scores(domains[fold], _some(described, fold_of == fold)) for fold in folds}
    for name, change in ALTERED.items():
        pairs = []
        for fold in folds:
            kept = [known[i] for i in np.flatnonzero(fold_of == fold)]
            changed = list(_altered(family, kept, change))
            pairs.append((inside[fold], _scores(domains[fold], _describe(family, changed))))
        _row(name, pairs)
    if more:
        others, _ = gather_samples(family, family.read(more, Provenance("", "")))
        several = [family.parse(record.payload) for record in others.records]
        several = [crystal for crystal in several if len(set(crystal.symbols)) > 2]
        apart = _describe(family, several)
        name = f"more than two elements ({more.name.split('.')[0]})"
        _row(name, [(inside[fold], _scores(domains[fold], apart)) for fold in folds])


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
        scores = _scores(domain, family.describe(strange, None))  # type: ignore[arg-type]
        _row(name, [(inside, scores)])


def main(
    source: Annotated[Path, typer.Option(help="Crystals with K_VRH and G_VRH")],
    more: Annotated[Path | None, typer.Option(help="Crystals of other compositions")] = None,
    fold: Annotated[list[int] | None, typer.Option(help="Folds to measure on")] = None,
) -> None:
    """Print the tables of both families."""
    print("| left out of training | rows | AUROC | outside: known kind | left out |")
    print("|---|---|---|---|---|")
    metals()
    crystals(source, more, fold or range(FOLDS))


if __name__ == "__main__":
    typer.run(main)
