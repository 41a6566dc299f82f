"""Asking a running model server, over the V1 protocol."""

from collections.abc import Sequence
from typing import Any

import httpx

from matops.artifacts.jsonfile import from_json, to_json
from matops.core.errors import BadInput
from matops.core.prediction import Prediction
from matops.core.record import Payload


def served_family(url: str) -> str:
    """Name of the model that a server at ``url`` serves.

    Raises:
        BadInput: no server answers there, or it serves no model.
    """
    models = _ask(url, "GET", "/v1/models").get("models", [])
    if not models:
        raise BadInput(f"{url}: the server has no model")
    return str(models[0])


def ask_server(url: str, family: str, payloads: Sequence[Payload]) -> list[Prediction]:
    """Predictions of a served model.

    Raises:
        BadInput: no server answers, or it refuses the request.
    """
    body = {"instances": list(payloads)}
    found = _ask(url, "POST", f"/v1/models/{family}:predict", body).get("predictions")
    if not isinstance(found, list) or len(found) != len(payloads):
        raise BadInput(f"{url}: the answer does not have one prediction for each sample")
    return [from_json(to_json(item), Prediction, url) for item in found]


def _ask(url: str, method: str, path: str, body: Any = None) -> dict[str, Any]:
    try:
        response = httpx.request(method, url.rstrip("/") + path, json=body, timeout=30.0)
    except httpx.HTTPError as error:
        raise BadInput(f"{url}: no answer: {error}") from None
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        answer = {"error": f"{response.reason_phrase}, but not a model server's answer"}
    elif response.status_code == httpx.codes.OK:
        return answer
    reason = answer.get("error", response.reason_phrase)
    raise BadInput(f"{url}: {response.status_code}: {reason}")
