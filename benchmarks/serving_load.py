"""How many crystals a server answers a second, beside what KServe itself costs.

    python -m benchmarks.serving_load [--requests N] [--cores 0,1] [--client-cores 2,3] [--soak]

The server of elastic_cgcnn (full size, initial weights, which take as long as trained ones) and the
same KServe with a model that answers without looking get the same requests, one 16-atom crystal
each as CIF text, no two alike: face-centred ones, whose primitive cell has 4 atoms, and others
with two atoms exchanged, which are primitive. Both run on the same two cores, one after the other,
in turns. With ``--soak``, 100,000 requests go to our server alone: failures and memory are printed.
"""

import asyncio
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Annotated

import httpx
import numpy as np
import orjson
import psutil
import typer
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure
from pymatgen.io.cif import CifWriter

from benchmarks.elastic_cgcnn_speed import (
    FAMILY,
    free_port,
    serve_empty,
    serve_ours,
    wait_until_ready,
)

PATH = f"/v1/models/{FAMILY.name}:predict"
CLIENTS = (1, 8, 64)
ROUNDS = 3
DISTINCT = 512
SOAK_REQUESTS = 100_000
ELEMENTS = ("Ag", "Au", "Cu", "Ni", "Pd", "Pt")
FCC = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
HEUSLER = np.concatenate([FCC + shift for shift in (0.0, 0.5, 0.25, 0.75)])
"""Fractional coordinates of X, Y and Z2, Z2 last."""
CELLS = {"face-centred": (0, 0), "primitive": (3, 8)}
"""Kinds of cells of 16 atoms, and which two of a Heusler cell's change places: X and Z, or none."""
LEAST_SHARES = {1: 0.25, 64: 0.7}
"""Of the floor's throughput by number of clients, which the server is meant to reach."""

Serve = Callable[[int], None]


@dataclass(frozen=True)
class Load:
    """What one run of requests took.

    Attributes:
        latency_s: of each request.
        wall_s: of all.
        server_cpu_s: processor time of the server's processes.
    """

    latency_s: np.ndarray
    wall_s: float
    server_cpu_s: float

    @property
    def per_second(self) -> float:
        """Throughput."""
        return float(len(self.latency_s) / self.wall_s)


@dataclass(frozen=True)
class Server:
    """A running server."""

    port: int
    process: psutil.Process

    def everything(self) -> list[psutil.Process]:
        """The server's process and those that it has started."""
        return [self.process, *self.process.children(recursive=True)]

    def cpu_s(self) -> float:
        """Processor time so far."""
        times = [each.cpu_times() for each in self.everything()]
        return float(sum(each.user + each.system for each in times))

    def memory_MiB(self) -> float:
        """Resident memory of all its processes."""
        return float(sum(each.memory_info().rss for each in self.everything())) / 2**20


def crystals(count: int, kind: str) -> list[bytes]:
    """Requests with one crystal each: full Heusler cells of 16 atoms, no two alike."""
    one, other = CELLS[kind]
    rng = np.random.default_rng(0)
    bodies = []
    for _ in range(count):
        lattice = Lattice.cubic(rng.uniform(5.6, 6.6))
        a, b, c = (str(symbol) for symbol in rng.choice(ELEMENTS, 3, replace=False))
        species = [a] * 4 + [b] * 4 + [c] * 8
        species[one], species[other] = species[other], species[one]
        cell = Structure(lattice, species, HEUSLER)
        bodies.append(orjson.dumps({"instances": [{"cif": str(CifWriter(cell))}]}))
    return bodies


@contextmanager
def running(serve: Serve, cores: Sequence[int]) -> Iterator[Server]:
    """A server in processes of its own, on some cores."""
    port = free_port()
    process = get_context("spawn").Process(target=_serve_on, args=(serve, port, cores))
    process.start()
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            wait_until_ready(client)
        yield Server(port, psutil.Process(process.pid))
    finally:
        process.terminate()
        process.join()


def _serve_on(serve: Serve, port: int, cores: Sequence[int]) -> None:
    os.sched_setaffinity(0, cores)
    serve(port)


async def _one_client(port: int, bodies: Sequence[bytes], taken_s: list[float]) -> None:
    """Ask one request after the other on one connection, as bare as possible."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for body in bodies:
        head = f"POST {PATH} HTTP/1.1\r\nhost: server\r\ncontent-length: {len(body)}\r\n"
        began = time.perf_counter()
        writer.write(f"{head}content-type: application/json\r\n\r\n".encode() + body)
        answered = await reader.readuntil(b"\r\n\r\n")
        if not answered.startswith(b"HTTP/1.1 200 "):
            raise RuntimeError(f"a request failed: {answered[:80]!r}")
        length = answered.lower().split(b"content-length: ")[1].split(b"\r", 1)[0]
        await reader.readexactly(int(length))
        taken_s.append(time.perf_counter() - began)
    writer.close()


async def _load(server: Server, clients: int, requests: int, bodies: Sequence[bytes]) -> Load:
    each = requests // clients
    shares = [[bodies[(i * each + k) % len(bodies)] for k in range(each)] for i in range(clients)]
    taken_s: list[float] = []
    began, cpu_s = time.perf_counter(), server.cpu_s()
    await asyncio.gather(*(_one_client(server.port, share, taken_s) for share in shares))
    wall_s = time.perf_counter() - began
    return Load(np.array(taken_s), wall_s, server.cpu_s() - cpu_s)


def load(server: Server, clients: int, requests: int, bodies: Sequence[bytes]) -> Load:
    """Ask a server with some clients at once.

    Raises:
        RuntimeError: a request was not answered with 200.
    """
    return asyncio.run(_load(server, clients, requests, bodies))


def compare(ours: Server, empty: Server, requests: int, kind: str) -> dict[int, float]:
    """Print a row for each number of clients; returns the shares of the floor."""
    shares, bodies = {}, crystals(DISTINCT, kind)
    for clients in CLIENTS:
        rounds = [
            (load(ours, clients, requests, bodies), load(empty, clients, requests, bodies))
            for _ in range(ROUNDS)
        ]
        ratios = [mine.per_second / floor.per_second for mine, floor in rounds]
        share = shares[clients] = float(np.median(ratios))
        for name, loads in zip(("matops", "empty model"), zip(*rounds, strict=True), strict=True):
            words = f"{kind}, {clients} clients, {name}"
            print(_row(words, loads, share if name == "matops" else None), flush=True)
    return shares


def _row(name: str, loads: Sequence[Load], share: float | None) -> str:
    latency_ms = 1e3 * np.concatenate([each.latency_s for each in loads])
    p50, p99 = np.quantile(latency_ms, (0.5, 0.99))
    rate = np.median([each.per_second for each in loads])
    cpu_ms = 1e3 * np.mean([each.server_cpu_s / len(each.latency_s) for each in loads])
    told = "" if share is None else f"{share:.0%} of the floor"
    return f"| {name} | {p50:.1f} ms | {p99:.1f} ms | {rate:,.0f} /s | {cpu_ms:.2f} ms | {told} |"


def soak(server: Server, bodies: Sequence[bytes]) -> None:
    """100,000 requests: none may fail, and memory must stay."""
    load(server, CLIENTS[-1], 5_000, bodies)
    before_MiB = server.memory_MiB()
    print(f"\nmemory after 5,000 requests: {before_MiB:.0f} MiB")
    part = SOAK_REQUESTS // 10
    for done in range(part, SOAK_REQUESTS + 1, part):
        found = load(server, CLIENTS[-1], part, bodies)
        print(f"{done:,} requests, {found.per_second:.0f} /s, {server.memory_MiB():.0f} MiB")
    print(f"no failure; memory changed by {server.memory_MiB() - before_MiB:+.0f} MiB")


def core_numbers(text: str) -> list[int]:
    """Numbers of cores."""
    return [int(core) for core in text.split(",")]


def main(
    requests: Annotated[int, typer.Option(help="Requests of each run")] = 1024,
    cores: Annotated[str, typer.Option(help="Cores of the server")] = "0,1",
    client_cores: Annotated[str, typer.Option(help="Cores of the clients")] = "2,3",
    long: Annotated[bool, typer.Option("--soak", help="100,000 requests more")] = False,
) -> None:
    """Print a Markdown table of latencies and throughputs, and the share of the floor."""
    own = core_numbers(cores)
    os.sched_setaffinity(0, core_numbers(client_cores))
    with running(serve_ours, own) as ours, running(serve_empty, own) as empty:
        bodies = crystals(DISTINCT, next(iter(CELLS)))
        for server in (ours, empty):
            load(server, CLIENTS[-1], DISTINCT, bodies)
        print("| | p50 | p99 | throughput | server CPU a request | |\n|---|---|---|---|---|---|")
        for kind in CELLS:
            shares = compare(ours, empty, requests, kind)
            words = (f"{shares[n]:.0%} at {n} ({least:.0%})" for n, least in LEAST_SHARES.items())
            print(f"\n{kind}, share of the floor (and aim): {', '.join(words)}\n")
        if long:
            soak(ours, bodies)


if __name__ == "__main__":
    typer.run(main)
