"""A real S3 server on this machine, for development, tests and benchmarks.

    python -m devtools.object_store [--server minio] [--port 9000]

It runs until Ctrl-C and first prints the settings that make matops use it. Credentials come from
``AWS_ACCESS_KEY_ID`` and ``AWS_SECRET_ACCESS_KEY``, or are made up once and kept beside the data,
readable by the owner only.
"""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer
from minio import Minio

BUCKET = "matops"
TOOLS = Path(__file__).parents[1] / ".tools" / "bin"
START_S = 60.0


@dataclass(frozen=True)
class Credentials:
    """Key and secret of one user."""

    key: str
    secret: str

    def environment(self) -> dict[str, str]:
        """The variables from which every S3 client takes them."""
        return {"AWS_ACCESS_KEY_ID": self.key, "AWS_SECRET_ACCESS_KEY": self.secret}


@dataclass(frozen=True)
class Kind:
    """A program that speaks S3.

    Attributes:
        program: its file name.
        arguments: from data directory, port and credentials.
        environment: variables that hand it the credentials.
    """

    program: str
    arguments: Callable[[Path, int, Credentials], list[str]]
    environment: Callable[[Credentials], Mapping[str, str]] = lambda credentials: {}

    def find(self) -> str | None:
        """Path of the program, on the PATH or among the tools of this checkout."""
        return shutil.which(self.program) or shutil.which(self.program, path=str(TOOLS))


def _minio(data: Path, port: int, credentials: Credentials) -> list[str]:
    return ["server", str(data), "--address", f"127.0.0.1:{port}", "--quiet"]


def _minio_environment(credentials: Credentials) -> dict[str, str]:
    return {
        "MINIO_ROOT_USER": credentials.key,
        "MINIO_ROOT_PASSWORD": credentials.secret,
        "MINIO_BROWSER": "off",
    }


def _versitygw(data: Path, port: int, credentials: Credentials) -> list[str]:
    return ["--port", f"127.0.0.1:{port}", "--quiet", "posix", str(data)]


def _versitygw_environment(credentials: Credentials) -> dict[str, str]:
    return {"ROOT_ACCESS_KEY": credentials.key, "ROOT_SECRET_KEY": credentials.secret}


def _seaweedfs(data: Path, port: int, credentials: Credentials) -> list[str]:
    """Master, volume, filer and gateway in one process, on ports of their own."""
    user = {
        "name": "matops",
        "credentials": [{"accessKey": credentials.key, "secretKey": credentials.secret}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }
    configuration = data.with_name(data.name + ".json")
    _write_secret(configuration, json.dumps({"identities": [user]}))
    others = [f"-{part}.port={free_port()}" for part in ("master", "volume", "filer")]
    return [
        "server",
        f"-dir={data}",
        "-ip=127.0.0.1",
        "-s3",
        f"-s3.port={port}",
        f"-s3.config={configuration}",
        *others,
    ]


KINDS = {
    "minio": Kind("minio", _minio, _minio_environment),
    "seaweedfs": Kind("weed", _seaweedfs),
    "versitygw": Kind("versitygw", _versitygw, _versitygw_environment),
}


@dataclass
class ObjectStore:
    """A server that can be stopped and started again, with its data.

    Attributes:
        kind: which program.
        directory: where data, log and credentials lie.
        port: where it listens, on this machine only.
        credentials: of its one user.
    """

    kind: Kind
    directory: Path
    port: int
    credentials: Credentials
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def endpoint(self) -> str:
        """URL of the server."""
        return f"http://127.0.0.1:{self.port}"

    def client(self) -> Minio:
        """A client that is no part of what is tested with it."""
        return Minio(
            f"127.0.0.1:{self.port}", self.credentials.key, self.credentials.secret, secure=False
        )

    def start(self) -> None:
        """Start the program and wait until it answers and has the bucket."""
        program = self.kind.find()
        if program is None:
            raise SystemExit(f"{self.kind.program}: not found; try: make minio")
        data = self.directory / "data"
        data.mkdir(parents=True, exist_ok=True)
        arguments = self.kind.arguments(data, self.port, self.credentials)
        environment = {**os.environ, **self.kind.environment(self.credentials)}
        with (self.directory / "server.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603
                [program, *arguments], env=environment, stdout=log, stderr=log
            )
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + START_S
        while True:
            try:
                if not self.client().bucket_exists(BUCKET):
                    self.client().make_bucket(BUCKET)
                return
            except Exception:
                if time.monotonic() > deadline or self.wait(0.1) is not None:
                    raise SystemExit(f"no answer; see {self.directory / 'server.log'}") from None

    def wait(self, timeout_s: float | None = None) -> int | None:
        """Wait for its end; None if it still runs."""
        if self._process is None:
            return 0
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None

    def kill(self) -> None:
        """Stop it at once, as a power cut would."""
        if self._process:
            self._process.kill()
            self._process.wait()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _write_secret(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)


def find_credentials(directory: Path) -> Credentials:
    """Those of the environment, or those made up for this directory."""
    if "AWS_ACCESS_KEY_ID" in os.environ:
        return Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
    path = directory / "credentials.json"
    if not path.exists():
        directory.mkdir(parents=True, exist_ok=True)
        made_up = {"key": secrets.token_hex(8), "secret": secrets.token_hex(20)}
        _write_secret(path, json.dumps(made_up))
    return Credentials(**json.loads(path.read_text()))


@contextmanager
def running_store(name: str, directory: Path, port: int = 0) -> Iterator[ObjectStore]:
    """A server that runs for as long as the ``with`` block."""
    store = ObjectStore(KINDS[name], directory, port or free_port(), find_credentials(directory))
    store.start()
    try:
        yield store
    finally:
        store.kill()


def main(
    server: Annotated[str, typer.Option(help=f"One of: {', '.join(KINDS)}")] = "minio",
    port: Annotated[int, typer.Option(help="Port on this machine")] = 9000,
    directory: Annotated[Path, typer.Option(help="Data and credentials")] = Path(
        ".matops/object-store"
    ),
) -> None:
    """Run an S3 server until Ctrl-C, and print the settings that make matops use it."""
    with running_store(server, directory.resolve(), port) as store:
        print(f"export MATOPS_REMOTE=s3://{BUCKET}/data")
        print(f"export MATOPS_S3_ENDPOINT={store.endpoint}")
        if "AWS_ACCESS_KEY_ID" not in os.environ:
            for name, value in store.credentials.environment().items():
                print(f"export {name}={value}")
        sys.stdout.flush()
        try:
            store.wait()
        except KeyboardInterrupt:
            print(f"stopped; the data stays in {store.directory}", file=sys.stderr)


if __name__ == "__main__":
    typer.run(main)
