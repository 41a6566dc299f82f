"""Constant load of clients through a proxy, and what became of each request."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any

import httpx


@dataclass
class Load:
    """What clients saw.

    Attributes:
        answered: answers by model version.
        failed: everything else, by what the client saw.
    """

    answered: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)

    @property
    def requests(self) -> int:
        return self.answered.total() + self.failed.total()

    def ask(self, client: httpx.Client, url: str, payload: Any, samples: int) -> None:
        try:
            response = client.post(url, json={"instances": [payload] * samples})
        except httpx.HTTPError as error:
            self.failed[type(error).__name__] += 1
            return
        if response.status_code == httpx.codes.OK:
            self.answered[response.json()["predictions"][0]["model_version"]] += 1
        else:
            self.failed[f"{response.status_code} {response.text[:80]}"] += 1


@contextmanager
def constant_load(
    url: str, payloads: Sequence[Any], clients: int = 4, pause_s: float = 0.05, samples: int = 1
) -> Iterator[Load]:
    """Clients that ask again and again, each on one connection, until the block ends.

    A request has one of the payloads, ``samples`` times.
    """
    load, end = Load(), Event()

    def ask_on(number: int) -> None:
        with httpx.Client(timeout=60, verify=False) as client:
            for payload in itertools.islice(itertools.cycle(payloads), number, None):
                if end.is_set():
                    return
                load.ask(client, url, payload, samples)
                time.sleep(pause_s)

    threads = [Thread(target=ask_on, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        end.set()
        for thread in threads:
            thread.join()
