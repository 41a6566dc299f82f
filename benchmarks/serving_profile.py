"""Where the time of a request with one crystal goes, stage by stage.

    python -m benchmarks.serving_profile [--requests N] [--cores 0,1] [--client-cores 2,3]

The stages are those of the process that computes, each without the stages inside it: processor time
of this thread, the lower decile over the requests, since other programs only add to it. The same
requests then go over HTTP, one after the other, to a server and to KServe with an empty model, the
floor: processor time of all their processes. Requests are those of ``serving_load``.
"""

import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Annotated, Any
from unittest.mock import patch

import numpy as np
import typer

from benchmarks.elastic_cgcnn_speed import FAMILY, predictor, serve_empty, serve_ours
from benchmarks.serving_load import (
    CELLS,
    ROUNDS,
    Server,
    core_numbers,
    crystals,
    load,
    running,
)
from matops.adapters.serving.batches.course import Model, Ready, course
from matops.adapters.serving.limits import Limits
from matops.adapters.serving.protocols.asked import Asked
from matops.adapters.serving.protocols.spoken import Spoken
from matops.core import predictor as predicting
from matops.core.learning.training import Ensemble
from matops.core.pauses import without_pauses
from matops.core.quality.domain import Domain
from matops.core.quality.uncertainty import Conformal
from matops.families.elastic_cgcnn import features

STAGES: dict[str, tuple[Any, str]] = {
    "the body's JSON": (Spoken, "read"),
    "the crystal from CIF": (type(FAMILY), "parse"),
    "its primitive cell": (features, "primitive_cells"),
    "neighbours": (features, "nearest_neighbours"),
    "bond orders": (features, "bond_orders"),
    "quotient graph": (features, "quotient_graph"),
    "numbers of the crystal": (features, "crystal_states"),
    "tensors": (type(FAMILY), "featurize"),
    "networks": (Ensemble, "predicting"),
    "means, spreads, derived": (predicting, "mean_and_spread"),
    "intervals": (Conformal, "half_width"),
    "descriptors of the domain": (type(FAMILY), "describe"),
    "score of the domain": (Domain, "assess"),
    "the answer's JSON": (Spoken, "write"),
}
REST = "between the stages"
WARM_UP = 50


class Watch:
    """Adds up the processor time of stages, each without those inside it."""

    def __init__(self) -> None:
        self.taken_s: dict[str, float] = defaultdict(float)
        self._inside_s = [0.0]

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what is done in it."""
        self._inside_s.append(0.0)
        began = time.thread_time()
        yield
        whole_s = time.thread_time() - began
        self.taken_s[name] += whole_s - self._inside_s.pop()
        self._inside_s[-1] += whole_s

    def timed(self, name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """The same work, which is timed from now on."""

        def done(*arguments: Any) -> Any:
            with self.stage(name):
                return work(*arguments)

        def in_steps(*arguments: Any) -> Any:
            with self.stage(name):
                made = without_pauses(work(*arguments))
            return made
            yield

        return in_steps if name == "networks" else done


def stages(bodies: Sequence[bytes]) -> list[dict[str, float]]:
    """Seconds of each stage of each request."""
    model = Model.of(predictor(), Limits())
    taken = []
    for body in bodies:
        watch = Watch()
        with ExitStack() as patched:
            for name, (owner, attribute) in STAGES.items():
                timed = watch.timed(name, getattr(owner, attribute))
                own = vars(owner).get(attribute)
                work = staticmethod(timed) if isinstance(own, staticmethod) else timed
                patched.enter_context(patch.object(owner, attribute, work))
            with watch.stage(REST):
                _answer(model, body)
        taken.append(dict(watch.taken_s))
    return taken[WARM_UP:]


def _answer(model: Model, body: bytes) -> None:
    steps = course(Asked("v1", body), model)
    ready = next(each for each in steps if each is not None)
    assert isinstance(ready, Ready)
    with suppress(StopIteration):
        steps.send(model.predictor.answer(ready.samples))


def _stage_rows(bodies: Sequence[bytes]) -> dict[str, float]:
    """Milliseconds of each stage, and of all."""
    taken = stages(bodies)
    rows = {
        stage: 1e3 * float(np.quantile([each[stage] for each in taken], 0.1))
        for stage in (*STAGES, REST)
    }
    return {**rows, "**all that computes**": sum(rows.values())}


def _server_rows(ours: Server, floor: Server, bodies: Sequence[bytes]) -> dict[str, float]:
    """Milliseconds of the processors for a request, to a server and to the floor."""
    rows = {}
    for name, server in {"**the server's processes**": ours, "the floor's": floor}.items():
        loads = [load(server, 1, len(bodies), bodies) for _ in range(ROUNDS)]
        rows[name] = min(1e3 * each.server_cpu_s / len(bodies) for each in loads)
    return rows


def main(
    requests: Annotated[int, typer.Option(help="Requests of each kind")] = 500,
    cores: Annotated[str, typer.Option(help="Cores of the servers")] = "0,1",
    client_cores: Annotated[str, typer.Option(help="Cores of the client")] = "2,3",
) -> None:
    """Print a Markdown table: milliseconds of a processor."""
    own = core_numbers(cores)
    os.sched_setaffinity(0, core_numbers(client_cores))
    bodies = {kind: crystals(requests + WARM_UP, kind) for kind in CELLS}
    columns = {kind: _stage_rows(some) for kind, some in bodies.items()}
    with running(serve_ours, own) as ours, running(serve_empty, own) as floor:
        for kind, some in bodies.items():
            columns[kind] |= _server_rows(ours, floor, some)
    print(f"| ms | {' | '.join(CELLS)} |\n|---|{'---|' * len(CELLS)}")
    for name in next(iter(columns.values())):
        print(f"| {name} | {' | '.join(f'{columns[kind][name]:.2f}' for kind in CELLS)} |")


if __name__ == "__main__":
    typer.run(main)
