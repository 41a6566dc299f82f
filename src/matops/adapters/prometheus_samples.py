"""Raw samples from Prometheus, and what a counter gained over them."""

import json
import logging
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

import httpx

from matops.core.errors import BadInput

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Series:
    """Samples of one time series.

    Attributes:
        name: name of the metric.
        labels: all its labels, without the name.
        samples: time (seconds since 1970) and value, in order of time.
    """

    name: str
    labels: Mapping[str, str]
    samples: tuple[tuple[float, float], ...]

    @property
    def last_s(self) -> float:
        """Time of the last sample, seconds since 1970."""
        return self.samples[-1][0]


def selector(names: Iterable[str], **labels: str) -> str:
    """PromQL for some metrics with these labels."""
    # JSON's strings are PromQL's, quotes and backslashes included.
    matchers = [f"{label}={json.dumps(value)}" for label, value in labels.items()]
    return f'{{__name__=~"{"|".join(names)}",{",".join(matchers)}}}'


def samples(
    client: httpx.Client, selected: str, since: datetime, until: datetime
) -> list[Series] | None:
    """Every stored sample in a window, or None while Prometheus can't be asked.

    Raises:
        BadInput: what answers is no Prometheus, or it refuses the query.
    """
    seconds = max(1, math.ceil((until - since).total_seconds()))
    query = {"query": f"{selected}[{seconds}s]", "time": str(until.timestamp())}
    try:
        response = client.post("/api/v1/query", data=query)
    except httpx.HTTPError as error:
        log.warning("%s: no answer from Prometheus: %s", client.base_url, error)
        return None
    if response.status_code == httpx.codes.TOO_MANY_REQUESTS or response.status_code >= 500:
        log.warning("%s: Prometheus answers %s", client.base_url, response.status_code)
        return None
    return [_series(found) for found in _result(response, str(client.base_url))]


def increase(series: Series, since: datetime) -> float | None:
    """What a counter gained after a time; None where it has no later sample.

    The difference of what was counted, not extrapolated as PromQL's ``increase`` is. A counter
    that appears later began at zero then, so that its first value counts. One that falls was
    restarted, and counts anew from zero; what it gained after its last sample is lost.
    """
    began_s = since.timestamp()
    before = [value for time_s, value in series.samples if time_s <= began_s]
    later = [value for time_s, value in series.samples if time_s > began_s]
    if not later:
        return None
    values = [before[-1] if before else 0.0, *later]
    gains = (b - a if b >= a else b for a, b in pairwise(values))
    # A value that is not a number makes all of it unknown.
    return sum(gains) if all(map(math.isfinite, values)) else math.nan


def _result(response: httpx.Response, url: str) -> list[Any]:
    try:
        answer = response.json()
        if answer["status"] == "success":
            return list(answer["data"]["result"])
        reason = answer["error"]
    except (ValueError, KeyError, TypeError):
        reason = f"not an answer of Prometheus ({response.status_code})"
    raise BadInput(f"{url}: {reason}")


def _series(found: Any) -> Series:
    labels = dict(found["metric"])
    values = tuple((float(time_s), float(value)) for time_s, value in found["values"])
    return Series(labels.pop("__name__"), labels, values)
