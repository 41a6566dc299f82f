"""Appending in a process of its own, which a test may kill or starve."""

from __future__ import annotations

import os
import resource
import signal
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import s3fs

from matops.adapters.data.dvc_store import DvcStore
from matops.adapters.data.dvc_workspace import RemoteSettings
from matops.core.errors import BadInput
from tests.adapters.data.test_dvc_store import METALS, records

RETRIES = 2
"""Of a request whose connection broke; by default five, with growing pauses."""

# Forked from a process that has everything imported and no thread: a start costs milliseconds.
context = get_context("forkserver")
context.set_forkserver_preload([__name__, "dvc_s3"])


def append(
    workspace: Path,
    remote: RemoteSettings,
    densities: list[float],
    largest_file: int | None,
    variables: dict[str, str],
    answer: Connection,
) -> None:
    """Append, and answer with the number of added records, or with the one line of the error."""
    os.environ.update(variables)
    s3fs.S3FileSystem.retries = RETRIES
    if largest_file is not None:
        # As on a full disk, a write fails after so many bytes.
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
    try:
        answer.send(DvcStore(workspace, remote).append(METALS, records(*densities)).added)
    except BadInput as error:
        answer.send(str(error))


def start_append(
    workspace: Path,
    remote: RemoteSettings,
    densities: list[float],
    largest_file: int | None = None,
) -> tuple[BaseProcess, Connection]:
    """A process that appends, and where its answer will be."""
    receiver, sender = context.Pipe(duplex=False)
    # The process from which it is forked has the variables of when that one was started.
    variables = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    arguments = (workspace, remote, densities, largest_file, variables, sender)
    process = context.Process(target=append, args=arguments)
    process.start()
    sender.close()
    return process, receiver
