"""Closed forms of surface elasticity beside trees, a line, and the metal's own mean.

    python -m benchmarks.surface_eql_accuracy --work WORK --orientations 100
    make accuracy FAMILY=surface_eql SOURCE=surfaces.csv

What ``WORK`` lacks is simulated first.
R² is taken within each metal and averaged over metals: pooled, the metals' means flatter it.
Orientations are held out in five folds, each in all metals; then a metal is held out with all its
orientations, beside the answer of the metal whose bulk properties are nearest.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import combinations
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import numpy as np
import torch
import typer
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesRegressor

from matops.core.data.record import Provenance, Record
from matops.core.data.split import grouped_folds
from matops.families.surface_eql.config import SurfaceConfig
from matops.families.surface_eql.equations.units import INPUTS, KINDS
from matops.families.surface_eql.family import FAMILY
from matops.families.surface_eql.learning import learn_equations
from matops.families.surface_eql.model import EquationNetwork
from matops.families.surface_eql.surfaces.surface import SURFACE_OF_BULK, Surface
from matops.physics.arrays import IntArray
from matops.simulators.lammps.library import SHIPPED
from matops.simulators.lammps.surfaces.lattice import Miller
from matops.simulators.lammps.surfaces.task import bulk_properties, run_surface_task, surface_task

Array = NDArray[np.float64]
Fit = Callable[[Array, Array], Array]
"""Training rows and rows to answer, as masks, to answers."""

FULL = FAMILY.presets["full"]
SHORT = replace(FULL, equation=replace(FULL.equation, max_terms=10))
NAMES = [target.name for target in FAMILY.targets]
FOLDS, SEEDS = 5, 4
VICINAL = (
    *((11, 10, 9), (13, 2, 1), (12, 7, 5), (15, 4, 2)),
    *((14, 13, 1), (13, 12, 11), (16, 5, 4), (12, 11, 3)),
)
"""Of higher indices than any of the grid's: near low ones, and in between."""
OTHERS = (("Cu", "Cu_mishin1.eam.alloy"), ("Ni", "Ni_smf7.eam"), ("Al", "Al_zhou.eam.alloy"))
"""Further potentials that come with LAMMPS: to the equations, further metals."""
LOW = ((1, 0, 0), (1, 1, 0), (1, 1, 1), (3, 2, 1))


class Table:
    """Surfaces with their invariants."""

    def __init__(self, records: Sequence[Record]) -> None:
        self.samples = [FAMILY.parse(record.payload) for record in records]
        self.groups = [record.group for record in records]
        self.values = np.array([[r.targets[name] for name in NAMES] for r in records])
        self.directions = np.array([s.direction for s in self.samples])
        self.bulk = np.array([list(s.bulk.features.values()) for s in self.samples])
        self.metal = np.unique(self.bulk, axis=0, return_inverse=True)[1].ravel()

    def equations(self, config: SurfaceConfig, seed: int = 0) -> Fit:
        """The family's own fit, one member."""
        features = FAMILY.featurize(self.samples, config)
        targets = torch.tensor(self.values, dtype=torch.float32)
        config = replace(config, training=replace(config.training, seed=seed))

        def fit(train: Array, test: Array) -> Array:
            rows, asked = (torch.from_numpy(np.flatnonzero(mask)) for mask in (train, test))
            network, _ = learn_equations(
                features.take(rows), targets[rows], config, 0, None, None, None
            )
            with torch.no_grad():
                return np.asarray(network(features.batch(asked)))

        return fit

    @cached_property
    def _fitted(self) -> EquationNetwork:
        features = FAMILY.featurize(self.samples, SHORT)
        targets = torch.tensor(self.values, dtype=torch.float32)
        return learn_equations(features, targets, SHORT, 0, None, None, None)[0]

    def answer(self, samples: Sequence[Surface]) -> Array:
        """Of one fit of all rows, (n, 7)."""
        network, features = self._fitted, FAMILY.featurize(samples, SHORT)
        with torch.no_grad():
            return np.asarray(network(features.batch(torch.arange(len(samples)))))

    def trees(self, train: Array, test: Array) -> Array:
        """Extremely randomised trees on cosines and bulk properties."""
        inputs = np.hstack([self.directions, self.bulk])
        model = ExtraTreesRegressor(200, random_state=0, n_jobs=1)
        return np.asarray(model.fit(inputs[train], self.values[train]).predict(inputs[test]))

    def own_metal(self, inputs: Array) -> Fit:
        """Least squares for each metal alone."""

        def fit(train: Array, test: Array) -> Array:
            answers: Array = np.zeros_like(self.values)
            for metal in np.unique(self.metal):
                own = train & (self.metal == metal)
                answers[self.metal == metal] = (
                    inputs[self.metal == metal]
                    @ np.linalg.lstsq(inputs[own], self.values[own], rcond=None)[0]
                )
            return np.asarray(answers[test])

        return fit

    def nearest_metal(self, train: Array, test: Array) -> Array:
        """The same orientation of the metal with the nearest standardised bulk properties."""
        standard = (self.bulk - self.bulk.mean(0)) / self.bulk.std(0)
        groups = np.array(self.groups)
        answers = []
        for row in np.flatnonzero(test):
            known = np.flatnonzero(train & (groups == groups[row]))
            apart = np.linalg.norm(standard[known] - standard[row], axis=1)
            answers.append(self.values[known[apart.argmin()]])
        return np.array(answers)

    def held_out(self, fit: Fit, places: IntArray) -> Array:
        """Answers to each row by a fit of the rows in other places."""
        answers = np.zeros_like(self.values)
        for place in np.unique(places):
            answers[places == place] = fit(places != place, places == place)
        return answers

    def r2_within(self, answers: Array) -> Array:
        """R² within each metal, averaged, (7,)."""
        ratios = []
        for metal in np.unique(self.metal):
            own, mine = self.values[self.metal == metal], answers[self.metal == metal]
            ratios.append(1 - ((own - mine) ** 2).sum(0) / ((own - own.mean(0)) ** 2).sum(0))
        return np.asarray(np.mean(ratios, axis=0))


def _line(name: str, numbers: Array) -> None:
    print(f"| {name} | " + " | ".join(f"{number:.3f}" for number in numbers) + " |", flush=True)


def _heading(what: str) -> None:
    print(f"\n| {what} | " + " | ".join(NAMES) + " |\n" + "|---" * 8 + "|")


def _forms(network: Any) -> list[set[str]]:
    """Kinds and inputs of the terms of each target's equation."""
    used = network.equations.functions.abs().sum(dim=1) > 0
    each, names = network.units.each, ["1", *INPUTS]
    for row, weights in enumerate(network.units.weight):
        inputs = [INPUTS[i] for i in torch.nonzero(weights[:, :-1].abs().sum(0)).ravel()]
        names.append(f"{list(KINDS)[row // each]} of {' '.join(inputs)}")
    return [{name for name, on in zip(names, row, strict=True) if on} for row in used]


def _stability(table: Table, config: SurfaceConfig) -> Array:
    """Terms of the same kind and inputs that the equations of two seeds share, of all they have."""
    features = FAMILY.featurize(table.samples, config)
    targets = torch.tensor(table.values, dtype=torch.float32)
    forms = []
    for seed in range(SEEDS):
        seeded = replace(config, training=replace(config.training, seed=seed))
        forms.append(_forms(learn_equations(features, targets, seeded, 0, None, None, None)[0]))
    pairs = list(combinations(forms, 2))
    return np.array(
        [np.mean([len(a[t] & b[t]) / len(a[t] | b[t]) for a, b in pairs]) for t in range(7)]
    )


def _beyond(table: Table, metals: Sequence[tuple[str, str]], triangle: Sequence[Miller]) -> Array:
    """Mean absolute error of rank 2 with 10 terms, fitted to all rows, on surfaces made here."""
    errors = []
    for metal, potential in metals:
        bulk = bulk_properties(metal, potential)
        for hkl in triangle:
            result = run_surface_task(surface_task(metal, hkl, potential))
            if not result["accepted"]:
                print(f"refused: {metal} {hkl} {result['reason']}")
                continue
            payload = {SURFACE_OF_BULK: {"hkl": list(hkl), "bulk": bulk}}
            answer = table.answer([FAMILY.parse(payload)])
            values = {**result, "gamma0": result["energy_J_per_m2"]}
            errors.append(np.abs(answer[0] - [values[name] for name in NAMES]))
    return np.asarray(np.mean(errors, axis=0))


def _records(work: Path | None, orientations: int, source: Path | None) -> list[Record]:
    if source:
        incoming = FAMILY.read(source, Provenance("", ""))
    else:
        assert work
        made = replace(FULL.simulation, orientations=orientations)
        config = replace(FULL, simulation=made)
        incoming = FAMILY.simulate(config, work, 1, lambda done, total, words: None)
    items = list(incoming)
    records = [item for item in items if isinstance(item, Record)]
    print(f"{len(records)} surfaces, {len(items) - len(records)} refused")
    return records


def main(
    work: Annotated[Path | None, typer.Option(help="Where simulations are kept")] = None,
    orientations: Annotated[int, typer.Option(help="Orientations a metal")] = 100,
    source: Annotated[Path | None, typer.Option(help="A table instead of simulations")] = None,
) -> None:
    """Print the tables of the family's README."""
    if not (work or source):
        raise typer.BadParameter("name a folder for simulations, --work, or a table, --source")
    table = Table(_records(work, orientations, source))
    folds = grouped_folds(table.groups, FOLDS, seed=0)
    ones = np.ones((len(table.values), 1))

    def forms(**changes: Any) -> SurfaceConfig:
        return replace(FULL, equation=replace(FULL.equation, **changes))

    untrained = replace(FULL.training, epochs=1, learning_rate=1e-9)
    rows: dict[str, Fit] = {
        "rank 1, 17 terms": table.equations(forms(rank=1)),
        "rank 2, 10 terms": table.equations(SHORT),
        "rank 2, 17 terms": table.equations(FULL),
        "own coefficients, 17 terms": table.equations(forms(rank=7)),
        "rank 2, 17 terms, units not trained": table.equations(replace(FULL, training=untrained)),
        "trees": table.trees,
        "line in the cosines, own metal": table.own_metal(np.hstack([ones, table.directions])),
        "mean of the metal": table.own_metal(ones),
    }
    _heading("R² within metals, orientations held out")
    answers = {}
    for name, fit in rows.items():
        start = perf_counter()
        answers[name] = table.held_out(fit, folds)
        _line(f"{name} ({perf_counter() - start:.0f} s)", table.r2_within(answers[name]))
    _heading("mean absolute error, J/m²")
    for name, answer in answers.items():
        _line(name, np.abs(answer - table.values).mean(0))
    _heading("the same, a metal held out")
    few = ("cohesive_eV", "a_A")
    left_out: dict[str, Fit] = {
        "rank 2, 10 terms, six bulk properties": table.equations(SHORT),
        f"rank 2, 10 terms, {' and '.join(few)}": table.equations(forms(max_terms=10, bulk=few)),
        "nearest metal": table.nearest_metal,
    }
    for name, fit in left_out.items():
        _line(name, np.abs(table.held_out(fit, table.metal) - table.values).mean(0))
    _heading("the same, beyond the grid")
    _line(f"{len(VICINAL)} orientations", _beyond(table, list(SHIPPED.items()), VICINAL))
    for metal, potential in OTHERS:
        _line(potential, _beyond(table, [(metal, potential)], LOW))
    _heading("terms that two seeds share")
    _line(f"{SEEDS} seeds", _stability(table, FULL))


if __name__ == "__main__":
    typer.run(main)
