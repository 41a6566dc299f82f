"""What computes: the predictor in a process of its own, apart from the one that listens.

The listening process stays responsive whatever is read or computed, and a sample that brings the
computing one down costs no other request.
"""

from __future__ import annotations

import gc
import select
import signal
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from matops.adapters.serving.batches.told import Warm
from matops.adapters.serving.limits import Limits
from matops.core.errors import BadInput

if TYPE_CHECKING:
    from matops.adapters.serving.batches.course import Model
    from matops.core.predictor import Predictor

Load = Callable[[], "Predictor"]
"""Picklable factory of a predictor."""


def compute(load: Load, limits: Limits, connection: Connection) -> None:
    """All that a process does: load, say so, and answer until the connection ends."""
    try:
        model = warm_model(load, limits)
    except BadInput as error:
        connection.send(Warm(str(error)))
        return
    connection.send(Warm())
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        _answer(model, connection)


def warm_model(load: Load, limits: Limits) -> Model:
    """Load this process's model, and all that its first requests need.

    Raises:
        BadInput: the package is damaged.
    """
    # Of the libraries of models, the process that listens needs none.
    from matops.adapters.serving.batches.counting import count_descriptors
    from matops.adapters.serving.batches.course import Model, ring

    signal.signal(signal.SIGALRM, ring)
    model = Model.of(count_descriptors(load()), limits)
    _import_parsers(model.predictor)
    freeze_gc()
    return model


def _import_parsers(predictor: Predictor) -> None:
    """Read an example of each form: what reads it is imported by the first that needs it."""
    for form in predictor.family.payload_forms:
        with suppress(BadInput):
            predictor.family.parse({form.key: form.example})


def freeze_gc() -> None:
    """Exempt the objects that are in memory now from garbage collection: they stay to the end.

    That is about a million objects of libraries. A full collection stops a process for a fifth of
    a second, and under load there would be one every few hundred requests.
    """
    gc.collect()
    gc.freeze()


def _answer(model: Model, connection: Connection) -> None:
    from matops.adapters.serving.batches.desk import Desk

    desk, arrived = Desk(model), select.poll()
    arrived.register(connection, select.POLLIN)
    while True:
        while arrived.poll(0 if desk.has_work else None):
            desk.take(connection.recv())
        for turn in desk.turns():
            connection.send(turn)
