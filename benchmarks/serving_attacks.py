"""Requests that cost as much as a client can make them, and what a small one beside them feels.

    python -m benchmarks.serving_attacks PACKAGE [--seconds 10]

Starts ``matops serve`` on a package of elastic_cgcnn, nanoporous_cnn3d or diffusivity_cnn2d, HTTP
and gRPC. While each attack goes on, a bystander in a process of its own asks about one small sample
over HTTP, then over gRPC, and whether the server is ready. Prints the bystander's latencies, what
became of the attack, and memory; then ends the server by SIGTERM in the middle of the dearest one.
"""

import base64
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
from dataclasses import dataclass, field, replace
from io import BytesIO
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
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
from PIL import Image

from benchmarks.elastic_cgcnn_speed import free_port
from matops.artifacts.model.package import read_card, read_golden

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

    pid: int
    http: int
    grpc: int
    model: str  # the family's name
    small: bytes  # a small sample as JSON

    @property
    def path(self) -> str:
        """Where V1 predictions are asked for."""
        return f"/v1/models/{self.model}:predict"

    @property
    def url(self) -> str:
        """Of HTTP."""
        return f"http://127.0.0.1:{self.http}"

    def memory_MiB(self) -> float:
        """Resident memory of all its processes."""
        process = psutil.Process(self.pid)
        family = [process, *process.children(recursive=True)]
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
                    answer = client.post(target.path, content=body)
                    seen.statuses[str(answer.status_code)] += 1
                except httpx.HTTPError as error:
                    seen.statuses[type(error).__name__] += 1

    return post


def _asking(*samples: Any) -> Attack:
    return _posting(orjson.dumps({"instances": samples}))


def _crystals(count: int, atoms: int = 1990) -> Attack:
    return _asking(*(large_crystal(atoms, seed) for seed in range(count)))


def _grid(edge: int, seed: int = 0) -> dict[str, Any]:
    """A metal of random voxels: pores and ligaments of any size, all in contact."""
    bits = np.random.default_rng(seed).bytes(edge**3 // 8)
    voxels = {"metal": "Au", "cell_A": 400.0, "shape": [edge] * 3}
    return {"voxels": {**voxels, "bits": base64.b64encode(bits).decode()}}


def _nested_grid(edge: int) -> dict[str, Any]:
    """The same as nested lists."""
    solid = np.random.default_rng(0).integers(0, 2, (edge,) * 3).tolist()
    return {"arrays": {"metal": "Au", "cell_A": 400.0, "solid": solid}}


def _image(rows: int, columns: int, is_noise: bool = True) -> dict[str, Any]:
    """A PNG in black and white; without noise it packs a thousandfold."""
    pixels = np.zeros((rows, columns), dtype=np.uint8)
    if is_noise:
        pixels = np.random.default_rng(0).integers(0, 2, (rows, columns), dtype=np.uint8)
    file = BytesIO()
    Image.fromarray(255 * pixels).save(file, "PNG")
    return {"image": base64.b64encode(file.getvalue()).decode(), "pores": "white", "threshold": 128}


def _bits(edge: int) -> dict[str, Any]:
    packed = np.random.default_rng(0).bytes(edge**2 // 8)
    return {"bits": {"shape": [edge] * 2, "bits": base64.b64encode(packed).decode()}}


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


def _texts(model: str, size: int) -> Any:
    request = messages.ModelInferRequest(model_name=model)
    tensor = request.inputs.add(name="instances", datatype="BYTES", shape=[1])
    tensor.contents.bytes_contents.append(b"[" + b" " * size + b"]")
    return request


def _integers(model: str, count: int) -> Any:
    request = messages.ModelInferRequest(model_name=model)
    tensor = request.inputs.add(name="instances", datatype="INT64", shape=[count])
    tensor.contents.int64_contents.extend([1] * count)
    return request


def _never_reading(target: Target, end: threading.Event, seen: Seen) -> None:
    """Pipeline POSTs of nearly 8 MiB and read no answer."""
    body = b" " * (8 * MEGABYTE - 1)
    head = f"POST {target.path} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n".encode()
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
    line = f"POST {target.path} HTTP/1.1\r\nhost: x\r\n"
    head = f"{line}content-length: {len(body) + 1}\r\n\r\n".encode()
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


OF_FAMILY: dict[str, Callable[[], dict[str, Attack]]] = {
    "elastic_cgcnn": lambda: {
        "4 crystals of 1,990 atoms, the most there may be": _crystals(4),
        "20 crystals of 1,990 atoms": _crystals(20),
        "100 crystals of 1,990 atoms": _crystals(100),
        "one of 2,000 atoms": _crystals(1, 2000),
    },
    "nanoporous_cnn3d": lambda: {
        "4 grids of 160³, the most there may be": _asking(*(_grid(160, s) for s in range(4))),
        "one grid of 160³ voxels": _asking(_grid(160)),
        "grids of 64³ voxels": _asking(*(_grid(64, seed) for seed in range(16))),
        "8 grids of 160³ voxels": _asking(*(_grid(160, seed) for seed in range(8))),
        "a grid of 160³ voxels as lists": _asking(_nested_grid(160)),
        "a grid of 96³ voxels as lists": _asking(_nested_grid(96)),
    },
    "diffusivity_cnn2d": lambda: {
        "4 images of 1024² pixels, the most there may be": _asking(*[_bits(1024)] * 4),
        "64 images of 1024² pixels": _asking(*[_bits(1024)] * 64),
        "64 images of 256² pixels": _asking(*[_bits(256)] * 64),
        "8 PNGs of 1024² pixels": _asking(*[_image(1024, 1024)] * 8),
        "PNG bombs of 20,000² pixels": _asking(*[_image(20_000, 20_000, is_noise=False)] * 8),
    },
}
"""Attacks by samples, the dearest of each family first."""


def attacks_on(model: str) -> dict[str, Attack]:
    """All attacks on a server of a family's model."""
    return {
        **OF_FAMILY[model](),
        "2.7 million lists": _posting(b"[" + b"[],[]," * 1_340_000 + b"[]]"),
        "8 MiB posts, never reading": _never_reading,
        "small requests, never reading": _never_asking_again,
        "bodies that never end": _stalling,
        "40 gRPC calls of 8 MB": _calling(_texts(model, 8_000_000)),
        "gRPC, 8 million numbers": _calling(_integers(model, 8_000_000)),
    }


def watch(target: Target, end: Event, said: Connection) -> None:
    """Ask small things, one after the other, and say how long each took."""
    seen, body = Seen(), b'{"instances": [' + target.small + b"]}"
    tensor = messages.ModelInferRequest(model_name=target.model)
    texts = tensor.inputs.add(name="instances", datatype="BYTES", shape=[1])
    texts.contents.bytes_contents.append(target.small)
    with (
        httpx.Client(base_url=target.url, timeout=60) as client,
        grpc.insecure_channel(f"127.0.0.1:{target.grpc}") as channel,
    ):
        stub = GRPCInferenceServiceStub(channel)
        asks: Sequence[Callable[[], Any]] = (
            lambda: client.post(target.path, content=body).raise_for_status(),
            lambda: stub.ModelInfer(tensor, timeout=60),
            lambda: client.get("/v2/health/ready").raise_for_status(),
            lambda: stub.ServerReady(messages.ServerReadyRequest(), timeout=60),
        )
        said.send(None)
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
    said.send(seen)


def attack(target: Target, attacker: Attack, seconds: float, attackers: int = ATTACKERS) -> Seen:
    """Let some attackers work for a while, beside a bystander."""
    spawn, noted, end = get_context("spawn"), Seen(), threading.Event()
    ours, theirs = spawn.Pipe()
    is_over = spawn.Event()
    bystander = spawn.Process(target=watch, args=(target, is_over, theirs))
    bystander.start()
    ours.recv()
    threads = [
        threading.Thread(target=attacker, args=(target, end, noted)) for _ in range(attackers)
    ]
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    is_over.set()
    seen: Seen = ours.recv()
    end.set()
    for thread in threads:
        thread.join()
    bystander.join()
    return replace(seen, statuses=noted.statuses)


def seconds_to_end(target: Target, process: "subprocess.Popen[bytes]", work: Attack) -> float:
    """How long a server takes to end that is told to in the middle of an attack."""
    end, seen = threading.Event(), Seen()
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
    requests = (orjson.dumps(request) for request in read_golden(package).requests)
    small = min(requests, key=len)
    target = Target(process.pid, http, grpc_port, read_card(package).family, small)
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
    package: Annotated[Path, typer.Argument(help="Directory of a package")],
    seconds: Annotated[float, typer.Option(help="Of each attack")] = 10.0,
    only: Annotated[str, typer.Option(help="Attacks whose names have this text")] = "",
) -> None:
    """Print a Markdown table; exit with 1 where the bystander waited, or failed."""
    is_good = True
    with TemporaryDirectory() as directory, served(package, Path(directory)) as (target, process):
        attacks = attacks_on(target.model)
        dearest, *_ = attacks.values()
        attack(target, _posting(b"{}"), 2.0, 1)
        alone = attack(target, dearest, seconds / 2, 0)
        print("| attack | bystander p50 | p99 | failed | memory before, most | answers |")
        print("|---|---|---|---|---|---|")
        print(_row("none", alone, target.memory_MiB()), flush=True)
        for name, attacker in attacks.items():
            if only in name:
                before_MiB = target.memory_MiB()
                seen = attack(target, attacker, seconds)
                print(_row(name, seen, before_MiB), flush=True)
                longest_s = float(np.quantile(seen.latency_s, 0.99))
                is_good &= not seen.failures and longest_s <= LONGEST_S
        end_s = seconds_to_end(target, process, dearest)
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
