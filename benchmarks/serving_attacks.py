"""Requests that cost as much as a client can make them, and what a small one beside them feels.

    python -m benchmarks.serving_attacks PACKAGE [--seconds 10]

Starts ``matops serve`` on a package of elastic_cgcnn, HTTP and gRPC. While each attack goes on, a
bystander asks about one atom over HTTP, then over gRPC, and whether the server is ready. Prints the
bystander's latencies, what became of the attack, and memory; then ends the server by SIGTERM in the
middle of the dearest one.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import grpc
import httpx
import numpy as np
import orjson
import psutil
import typer
from kserve.protocol.grpc import grpc_predict_v2_pb2 as messages
from kserve.protocol.grpc.grpc_predict_v2_pb2_grpc import GRPCInferenceServiceStub

from benchmarks.elastic_cgcnn_speed import free_port

NAME = "elastic_cgcnn"
PATH = f"/v1/models/{NAME}:predict"
COPPER = {
    "crystal": {
        "lattice_A": [[0.0, 1.81, 1.81], [1.81, 0.0, 1.81], [1.81, 1.81, 0.0]],
        "species": ["Cu"],
        "frac_coords": [[0.0, 0.0, 0.0]],
    }
}
MEGABYTE = 2**20
LONGEST_S = 1.0
"""What the bystander's 99th percentile may be."""
GRACE_S = 30.0
"""In which a server that is told to end has ended."""
PAUSE_S = 0.02
ATTACKERS = 8


@dataclass(frozen=True)
class Target:
    """A server that listens."""

    process: psutil.Process
    http: int
    grpc: int

    @property
    def url(self) -> str:
        """Of HTTP."""
        return f"http://127.0.0.1:{self.http}"

    def memory_MiB(self) -> float:
        """Resident memory of all its processes."""
        family = [self.process, *self.process.children(recursive=True)]
        return float(sum(each.memory_info().rss for each in family)) / MEGABYTE


@dataclass
class Seen:
    """What the bystander saw, and what became of the attack."""

    latency_s: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    memory_MiB: list[float] = field(default_factory=list)


Attack = Callable[[Target, threading.Event, Seen], None]
"""One attacker's work, again and again until the event is set."""


def large_crystal(atoms: int, seed: int = 0) -> dict[str, Any]:
    """A cell with atoms of three elements near the places of a lattice: none equals another."""
    rng = np.random.default_rng(seed)
    edges = np.array([13, 13, 12])
    places = np.stack(np.unravel_index(np.arange(atoms), edges), axis=1) / edges
    frac = (places + rng.normal(scale=0.003, size=places.shape)).round(5) % 1
    species = rng.choice(["Cu", "Au", "Ag"], atoms).tolist()
    lattice_A = np.diag(2.7 * edges).tolist()
    return {"crystal": {"lattice_A": lattice_A, "species": species, "frac_coords": frac.tolist()}}


def _posting(body: bytes) -> Attack:
    def post(target: Target, end: threading.Event, seen: Seen) -> None:
        with httpx.Client(base_url=target.url, timeout=120) as client:
            while not end.is_set():
                try:
                    answer = client.post(PATH, content=body)
                    seen.statuses[str(answer.status_code)] += 1
                except httpx.HTTPError as error:
                    seen.statuses[type(error).__name__] += 1

    return post


def _crystals(count: int, atoms: int = 1990) -> Attack:
    samples = [large_crystal(atoms, seed) for seed in range(count)]
    return _posting(orjson.dumps({"instances": samples}))


def _calling(request: Any) -> Attack:
    def call(target: Target, end: threading.Event, seen: Seen) -> None:
        options = [("grpc.max_send_message_length", -1), ("grpc.use_local_subchannel_pool", 1)]
        with grpc.insecure_channel(f"127.0.0.1:{target.grpc}", options) as channel:
            stub = GRPCInferenceServiceStub(channel)
            while not end.is_set():
                # Five at once from each of eight: forty.
                calls = [stub.ModelInfer.future(request, timeout=60) for _ in range(5)]
                for each in calls:
                    code = each.code()
                    seen.statuses[code.name] += 1

    return call


def _texts(size: int) -> Any:
    request = messages.ModelInferRequest(model_name=NAME)
    tensor = request.inputs.add(name="instances", datatype="BYTES", shape=[1])
    tensor.contents.bytes_contents.append(b"[" + b" " * size + b"]")
    return request


def _integers(count: int) -> Any:
    request = messages.ModelInferRequest(model_name=NAME)
    tensor = request.inputs.add(name="instances", datatype="INT64", shape=[count])
    tensor.contents.int64_contents.extend([1] * count)
    return request


def _never_reading(target: Target, end: threading.Event, seen: Seen) -> None:
    """Pipeline POSTs of nearly 8 MiB and read no answer."""
    body = b" " * (8 * MEGABYTE - 1)
    head = f"POST {PATH} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n".encode()
    _send_for_ever(head + body, target, end, seen)


def _never_asking_again(target: Target, end: threading.Event, seen: Seen) -> None:
    """Ask for many small answers and read none."""
    _send_for_ever(b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n" * 50, target, end, seen)


def _send_for_ever(request: bytes, target: Target, end: threading.Event, seen: Seen) -> None:
    """Send a request again and again on one connection, and read nothing from it."""
    while not end.is_set():
        with suppress(OSError), socket.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect(("127.0.0.1", target.http))
            connection.settimeout(1.0)
            while not end.is_set():
                _send_all(connection, request, end)
                seen.statuses["sent"] += 1


def _send_all(connection: socket.socket, content: bytes, end: threading.Event) -> None:
    unsent = memoryview(content)
    while unsent and not end.is_set():
        with suppress(TimeoutError):
            unsent = unsent[connection.send(unsent) :]


def _stalling(target: Target, end: threading.Event, seen: Seen) -> None:
    """Send all of a body of 8 MiB but its last byte, and wait."""
    body = b" " * (8 * MEGABYTE - 2)
    head = f"POST {PATH} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body) + 1}\r\n\r\n".encode()
    while not end.is_set():
        with suppress(OSError), socket.create_connection(("127.0.0.1", target.http)) as connection:
            connection.settimeout(1.0)
            _send_all(connection, head + body, end)
            seen.statuses["sent"] += 1
            while not end.is_set():
                with suppress(TimeoutError):
                    answered = connection.recv(64)
                    seen.statuses[answered[9:12].decode() or "closed"] += 1
                    break


ATTACKS: dict[str, Attack] = {
    "20 crystals of 1,990 atoms": _crystals(20),
    "100 crystals of 1,990 atoms": _crystals(100, 1990),
    "4 of them, the most there may be": _crystals(4),
    "one of 2,000 atoms": _crystals(1, 2000),
    "2.7 million lists": _posting(b"[" + b"[],[]," * 1_340_000 + b"[]]"),
    "8 MiB posts, never reading": _never_reading,
    "small requests, never reading": _never_asking_again,
    "bodies that never end": _stalling,
    "40 gRPC calls of 8 MB": _calling(_texts(8_000_000)),
    "gRPC, 8 million numbers": _calling(_integers(8_000_000)),
}


def watch(target: Target, end: threading.Event, seen: Seen) -> None:
    """Ask small things, one after the other, and note how long each takes."""
    tensor = messages.ModelInferRequest(model_name=NAME)
    tensor.inputs.add(name="instances", datatype="BYTES", shape=[1]).contents.bytes_contents.append(
        orjson.dumps(COPPER)
    )
    with (
        httpx.Client(base_url=target.url, timeout=60) as client,
        grpc.insecure_channel(f"127.0.0.1:{target.grpc}") as channel,
    ):
        stub = GRPCInferenceServiceStub(channel)
        asks: Sequence[Callable[[], Any]] = (
            lambda: client.post(PATH, json={"instances": [COPPER]}).raise_for_status(),
            lambda: stub.ModelInfer(tensor, timeout=60),
            lambda: client.get("/v2/health/ready").raise_for_status(),
            lambda: stub.ServerReady(messages.ServerReadyRequest(), timeout=60),
        )
        while not end.is_set():
            for ask in asks:
                began = time.perf_counter()
                try:
                    ask()
                except (httpx.HTTPError, grpc.RpcError) as error:
                    seen.failures.append(f"{error!r}"[:160])
                seen.latency_s.append(time.perf_counter() - began)
                time.sleep(PAUSE_S)
            seen.memory_MiB.append(target.memory_MiB())


def attack(target: Target, attacker: Attack, seconds: float, attackers: int = ATTACKERS) -> Seen:
    """Let some attackers work for a while, beside a bystander."""
    seen, end = Seen(), threading.Event()
    works = [(watch, seen), *[(attacker, seen)] * attackers]
    threads = [threading.Thread(target=work, args=(target, end, noted)) for work, noted in works]
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    end.set()
    for thread in threads:
        thread.join()
    return seen


def seconds_to_end(target: Target, process: "subprocess.Popen[bytes]") -> float:
    """How long a server takes to end that is told to in the middle of the dearest attack."""
    end, seen = threading.Event(), Seen()
    work = ATTACKS["4 of them, the most there may be"]
    threads = [
        threading.Thread(target=work, args=(target, end, seen), daemon=True)
        for _ in range(ATTACKERS)
    ]
    for thread in threads:
        thread.start()
    time.sleep(2)
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    end.set()
    process.wait(timeout=120)
    return time.monotonic() - began


@contextmanager
def served(package: Path, directory: Path) -> Iterator[tuple[Target, "subprocess.Popen[bytes]"]]:
    """``matops serve`` on a package."""
    http, grpc_port = free_port(), free_port()
    command = [sys.executable, "-m", "matops", "serve", str(package), "--port", str(http)]
    command += ["--grpc-port", str(grpc_port)]
    with (directory / "server.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    target = Target(psutil.Process(process.pid), http, grpc_port)
    try:
        while True:
            with suppress(httpx.HTTPError):
                if httpx.get(f"{target.url}/v2/health/ready").status_code == httpx.codes.OK:
                    break
            if process.poll() is not None:
                raise RuntimeError((directory / "server.log").read_text())
            time.sleep(0.2)
        yield target, process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def main(
    package: Annotated[Path, typer.Argument(help="Directory of a package of elastic_cgcnn")],
    seconds: Annotated[float, typer.Option(help="Of each attack")] = 10.0,
    only: Annotated[str, typer.Option(help="Attacks whose names have this text")] = "",
) -> None:
    """Print a Markdown table; exit with 1 where the bystander waited, or failed."""
    is_good = True
    with TemporaryDirectory() as directory, served(package, Path(directory)) as (target, process):
        attack(target, _posting(b"{}"), 2.0, 1)
        alone = attack(target, ATTACKS["one of 2,000 atoms"], seconds / 2, 0)
        print("| attack | bystander p50 | p99 | failed | memory before, most | answers |")
        print("|---|---|---|---|---|---|")
        print(_row("none", alone, target.memory_MiB()))
        for name, attacker in ATTACKS.items():
            if only in name:
                before_MiB = target.memory_MiB()
                seen = attack(target, attacker, seconds)
                print(_row(name, seen, before_MiB), flush=True)
                longest_s = float(np.quantile(seen.latency_s, 0.99))
                is_good &= not seen.failures and longest_s <= LONGEST_S
        end_s = seconds_to_end(target, process)
    print(f"\nended {end_s:.1f} s after SIGTERM, with status {process.returncode}")
    raise typer.Exit(0 if is_good and end_s < GRACE_S and process.returncode == 0 else 1)


def _row(name: str, seen: Seen, before_MiB: float) -> str:
    p50, p99 = 1e3 * np.quantile(seen.latency_s, (0.5, 0.99))
    answers = ", ".join(f"{n} × {status}" for status, n in sorted(seen.statuses.items()))
    failed = f"{len(seen.failures)} of {len(seen.latency_s)}"
    memory = f"{before_MiB:.0f}, {max(seen.memory_MiB):.0f} MiB"
    for failure in set(seen.failures[:3]):
        print(f"  {failure}", file=sys.stderr)
    return f"| {name} | {p50:.0f} ms | {p99:.0f} ms | {failed} | {memory} | {answers} |"


if __name__ == "__main__":
    typer.run(main)
