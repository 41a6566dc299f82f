"""Speed of elastic_cgcnn, each number beside what a user would have instead, in one run.

    python -m benchmarks.elastic_cgcnn_speed [--source PATH]

PATH is a file or directory that ``matops ingest elastic_cgcnn`` reads; without it, only the
project's own alloys are used. Everything runs with one thread.
"""

import os
import socket
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated, Any, cast
from unittest.mock import patch

import httpx
import numpy as np
import torch
import typer
from numpy.typing import NDArray
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure
from pymatgen.io.cif import CifWriter
from rich.console import Console
from rich.progress import track

from matops.core.data.record import Provenance
from matops.core.data.target import SAMPLE_AXIS
from matops.core.learning.features import PackedFeatures
from matops.core.learning.training import Ensemble
from matops.core.predictor import Predictor
from matops.core.quality.domain import fit_domain
from matops.core.quality.uncertainty import Conformal
from matops.families import get_family
from matops.families.elastic_cgcnn import features
from matops.families.elastic_cgcnn.config import ElasticConfig
from matops.families.elastic_cgcnn.crystals.cif.reading import from_cif
from matops.families.elastic_cgcnn.crystals.crystal import Crystal, make_crystal
from matops.families.elastic_cgcnn.graph.neighbours import Neighbours
from matops.families.elastic_cgcnn.graph.quotient import Atoms, QuotientGraph
from matops.simulators.alloys import enumerate_alloys
from matops.steps.learning.samples import gather_samples

FAMILY = get_family("elastic_cgcnn")
CONFIG = cast(ElasticConfig, FAMILY.presets["full"])
RADIUS_A = CONFIG.graph.radius_A
GRAPH_CRYSTALS, GRAPH_REPEATS = 100, 5
TRAINING_CRYSTALS, TRAINING_ROUNDS, EPOCHS_A_ROUND = 640, 2, 2
REQUESTS, WARM_UP = 300, 20
START_SECONDS = 120
SIDE = Console(stderr=True)

Work = Callable[[], object]
Seconds = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Crystals:
    """Crystals of one origin."""

    name: str
    structures: list[Structure]

    def sample(self, count: int) -> list[Structure]:
        """At most ``count`` of them, drawn at random with a fixed seed."""
        order = np.random.default_rng(0).permutation(len(self.structures))
        return [self.structures[i] for i in order[:count]]


def _structure(crystal: Crystal) -> Structure:
    return Structure(Lattice(crystal.lattice_A), crystal.symbols, crystal.frac_coords)


def _crystal(structure: Structure) -> Crystal:
    symbols = [site.specie.symbol for site in structure]
    return make_crystal(structure.lattice.matrix, symbols, structure.frac_coords)


def catalogue() -> Crystals:
    """The project's own alloys, unrelaxed."""
    alloys = enumerate_alloys(TRAINING_CRYSTALS)
    structures = [Structure(a.lattice_A, list(a.species), a.frac_coords) for a in alloys]
    return Crystals("alloy catalogue", structures)


def from_source(source: Path) -> Crystals:
    """The good crystals of a source."""
    samples, _ = gather_samples(FAMILY, FAMILY.read(source, Provenance("", "")))
    crystals = [_structure(FAMILY.parse(record.payload)) for record in samples.records]
    return Crystals(source.name, crystals)


def interleaved(works: Mapping[str, Work], repeats: int, words: str) -> Seconds:
    """Seconds of every repeat of each work, taken in turns so that a busy machine hits all."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for work in works.values():
        work()
    for _ in track(range(repeats), words, console=SIDE):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            taken[name].append(time.perf_counter() - start)
    return {name: np.array(values) for name, values in taken.items()}


# Graphs


def _pymatgen_graphs(texts: Sequence[str]) -> None:
    with warnings.catch_warnings():
        # It warns of each coordinate that it rounds to a special position.
        warnings.simplefilter("ignore", UserWarning)
        for text in texts:
            Structure.from_str(text, fmt="cif").get_all_neighbors(RADIUS_A)


def _our_graphs(texts: Sequence[str]) -> None:
    FAMILY.featurize([from_cif(text) for text in texts], CONFIG)


def _our_graphs_one_by_one(texts: Sequence[str]) -> None:
    for text in texts:
        _our_graphs([text])


def graph_rows(crystals: Crystals) -> Iterator[tuple[str, ...]]:
    """Crystals a second from CIF text to a graph."""
    texts = [str(CifWriter(structure)) for structure in crystals.sample(GRAPH_CRYSTALS)]
    ours = {"all at once": _our_graphs, "one at a time": _our_graphs_one_by_one}
    works = {"pymatgen": _pymatgen_graphs, **ours}
    seconds = interleaved(
        {name: (lambda work=work: work(texts)) for name, work in works.items()},  # type: ignore[misc]
        GRAPH_REPEATS,
        f"graphs, {crystals.name}",
    )
    rate = {name: len(texts) / float(np.median(values)) for name, values in seconds.items()}
    for name in ours:
        yield (
            f"graphs from CIF, {name}: {crystals.name}",
            f"{rate[name]:,.0f} /s",
            f"{rate['pymatgen']:,.0f} /s (pymatgen)",
            f"{rate[name] / rate['pymatgen']:.1f} times faster",
        )


# Training


def full_graph(atoms: Atoms, edges: Neighbours) -> QuotientGraph:
    """The graph as it is: every atom a node, every neighbour an edge."""
    return QuotientGraph(
        nodes=atoms,
        share=1.0 / np.bincount(atoms.crystal)[atoms.crystal],
        centre=edges.centre,
        neighbour=edges.neighbour,
        distance_A=edges.distance_A,
        weight=edges.weight,
    )


def full_features(crystals: Sequence[Crystal]) -> PackedFeatures:
    """Features of the full graphs."""
    with patch.object(features, "quotient_graph", full_graph):
        return FAMILY.featurize(crystals, CONFIG)


def largest_difference(first: PackedFeatures, second: PackedFeatures) -> float:
    """Largest difference between the answers of one network on two kinds of features."""
    torch.manual_seed(0)
    network = Ensemble([FAMILY.network(CONFIG).eval()], torch.zeros(2), torch.ones(2))
    one, other = (network.predict(features)[SAMPLE_AXIS] for features in (first, second))
    return float(np.abs(one - other).max())


def _train(packed: PackedFeatures) -> None:
    training = replace(CONFIG.training, epochs=EPOCHS_A_ROUND, device="cpu")
    targets = torch.randn(len(packed), len(FAMILY.targets))
    FAMILY.fit_member(packed, targets, replace(CONFIG, training=training))


def training_row(crystals: Crystals) -> tuple[str, ...]:
    """Seconds an epoch and 1,000 crystals."""
    chosen = [_crystal(structure) for structure in crystals.sample(TRAINING_CRYSTALS)]
    packed = {"ours": FAMILY.featurize(chosen, CONFIG), "full": full_features(chosen)}
    difference = largest_difference(packed["ours"], packed["full"])
    if difference > 1e-3:
        raise RuntimeError(f"the two graphs are not equivalent: answers differ by {difference:g}")
    seconds = interleaved(
        {name: (lambda some=some: _train(some)) for name, some in packed.items()},  # type: ignore[misc]
        TRAINING_ROUNDS,
        f"training, {crystals.name}",
    )
    scale = 1000 / (len(chosen) * EPOCHS_A_ROUND)
    ours, full = (float(np.median(seconds[name])) * scale for name in ("ours", "full"))
    return (
        f"training, s an epoch and 1,000 crystals, batch {CONFIG.training.batch_size}: "
        f"{crystals.name}",
        f"{ours:.2f} s",
        f"{full:.2f} s (full graph)",
        f"{full / ours:.1f} times faster",
    )


# Latency


def heusler_cif() -> str:
    """LiGdAu2, a full Heusler alloy (L2_1), in its conventional cell of 16 atoms."""
    cell = Structure.from_spacegroup(
        "Fm-3m",
        Lattice.cubic(6.916),
        ["Li", "Gd", "Au"],
        [[0, 0, 0], [0.5, 0.5, 0.5], [0.25, 0.25, 0.25]],
    )
    return str(CifWriter(cell))


def predictor() -> Predictor:
    """A predictor of full size with initial weights, which take as long as trained ones."""
    torch.set_num_threads(1)
    members = [FAMILY.network(CONFIG).eval() for _ in range(CONFIG.training.members)]
    n = len(FAMILY.targets)
    ensemble = Ensemble(members, torch.full((n,), 2.0), torch.ones(n))
    answered = len(FAMILY.properties)
    conformal = Conformal(0.9, (0.01,) * answered, ((1.0,),) * answered, rows=100, groups=100)
    known = [_crystal(structure) for structure in catalogue().structures]
    domain = fit_domain(FAMILY.describe(known, FAMILY.featurize(known, CONFIG)))
    return Predictor(FAMILY, CONFIG, ensemble, conformal, domain, "benchmark", "none")


def _silence() -> None:
    with open(os.devnull, "w") as nowhere:
        for stream in (1, 2):
            os.dup2(nowhere.fileno(), stream)


def serve_ours(port: int) -> None:
    """Serve a model of full size."""
    from matops.adapters.serving.batches.computing import Computing
    from matops.adapters.serving.limits import Limits
    from matops.adapters.serving.served import Served
    from matops.adapters.serving.server import Ports, Running, serve

    _silence()
    with closing(Computing(predictor, Limits())) as computing:
        serve(Served(FAMILY, "benchmark", "none", 0.9), computing, Running(Ports(port)))


def serve_empty(port: int) -> None:
    """Serve a model that answers without looking."""
    from kserve import Model, ModelServer

    class Empty(Model):  # type: ignore[misc]
        """Answers without looking."""

        async def predict(self, *_: Any, **__: Any) -> dict[str, Any]:
            """Nothing."""
            return {"predictions": []}

    _silence()
    empty = Empty(FAMILY.name)
    empty.ready = True
    ModelServer(http_port=port, enable_grpc=False, workers=1).start([empty])


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_ready(client: httpx.Client) -> None:
    """Wait for a server.

    Raises:
        RuntimeError: it did not start.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            if client.get("/v2/health/ready").status_code == httpx.codes.OK:
                return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise RuntimeError("a server did not start")


@contextmanager
def serving(serve: Callable[[int], None]) -> Iterator[httpx.Client]:
    """A server in a process of its own, and a client with one open connection to it."""
    port = free_port()
    process = get_context("spawn").Process(target=serve, args=(port,))
    process.start()
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            wait_until_ready(client)
            yield client
    finally:
        process.terminate()
        process.join()


def latency_rows() -> Iterator[tuple[str, ...]]:
    """Milliseconds of a request with one crystal, as CIF text."""
    body = {"instances": [{"cif": heusler_cif()}]}
    path = f"/v1/models/{FAMILY.name}:predict"
    with serving(serve_ours) as ours, serving(serve_empty) as empty:
        works: dict[str, Work] = {
            "ours": lambda: ours.post(path, json=body).raise_for_status(),
            "empty": lambda: empty.post(path, json=body).raise_for_status(),
        }
        for _ in range(WARM_UP):
            for work in works.values():
                work()
        seconds = interleaved(works, REQUESTS, "requests")
    for name, level in {"p50": 0.5, "p99": 0.99}.items():
        mine, floor = (1e3 * float(np.quantile(seconds[k], level)) for k in ("ours", "empty"))
        yield (
            f"HTTP request, 16-atom LiGdAu2, {name} of {REQUESTS}",
            f"{mine:.1f} ms",
            f"{floor:.1f} ms (empty KServe model)",
            f"{mine / floor:.1f} times the floor",
        )


def main(
    source: Annotated[Path | None, typer.Option(help="Crystals beside the alloys")] = None,
) -> None:
    """Print a Markdown table of speeds, and of what they are compared with."""
    torch.set_num_threads(1)
    own = catalogue()
    groups = [own, from_source(source)] if source else [own]
    rows = [row for crystals in groups for row in graph_rows(crystals)]
    rows += [training_row(crystals) for crystals in groups]
    rows += latency_rows()
    print("One thread; medians of interleaved repeats.\n")
    print("| what | matops | instead | ratio |\n|---|---|---|---|")
    for row in rows:
        print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    typer.run(main)
