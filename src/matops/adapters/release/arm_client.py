"""Asking one arm of a release over the V1 protocol, for comparisons."""

from math import nan
from typing import Any

import httpx

from matops.adapters.release.comparing import COMPARISON, RECENT
from matops.artifacts.jsonfile import from_json, to_json
from matops.core.data.record import Payload
from matops.core.errors import BadInput
from matops.core.family import Family
from matops.core.quality.prediction import Prediction


class HttpArmClient:
    """The port ``ArmClient`` over HTTP.

    Args:
        token: by which the arms know that no client asks; without one they count what is asked.
        timeout_s: longest wait for an answer.
    """

    def __init__(self, token: str = "", timeout_s: float = 10.0) -> None:
        self.client = httpx.Client(timeout=timeout_s)
        self._marked = {COMPARISON: token} if token else {}

    def ask(self, url: str, family: Family, payload: Payload) -> Prediction | None:
        """The answer to one sample, or None where there is none; what is no number is NaN."""
        body = to_json({"instances": [dict(payload)]})
        headers = {"content-type": "application/json", **self._marked}
        path = f"{url}/v1/models/{family.name}:predict"
        try:
            response = self.client.post(path, content=body, headers=headers)
            [answer] = response.raise_for_status().json()["predictions"]
            answer["estimates"] = {n: _numbers(e) for n, e in answer["estimates"].items()}
            return from_json(to_json(answer), Prediction, url)
        except (httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError, BadInput):
            return None

    def recent(self, url: str) -> list[Payload]:
        """Samples that the arm was asked about lately; none where it keeps none."""
        try:
            response = self.client.get(url + RECENT).raise_for_status()
            return [dict(payload) for payload in response.json()["instances"]]
        except (httpx.HTTPError, ValueError, KeyError, TypeError):
            return []


def _numbers(estimate: dict[str, Any]) -> dict[str, Any]:
    """JSON has no NaN, and says null."""
    return {name: nan if value is None else value for name, value in estimate.items()}
