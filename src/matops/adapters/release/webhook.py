"""Each move of a release, told to a webhook as a CloudEvent."""

import base64
import hashlib
import hmac
import json
import logging
from typing import Any

import httpx

from matops.core.errors import BadInput
from matops.core.family import Family
from matops.core.release.decision import Decision
from matops.processes.retry import OVERLOADED, RetryPolicy

log = logging.getLogger(__name__)

TYPE = "org.matops.release"
TIMEOUT_S = 3.0
RETRY = RetryPolicy(attempts=3, pause_s=0.5, longest_pause_s=2.0, total_s=8.0)
"""No try begins after 8 s, and its parts (connect, write, read) have 3 s each: 17 s at most."""


def event(family: Family, decision: Decision) -> dict[str, Any]:
    """A decision as a CloudEvent; the same decision told again has the same id.

    Source: CloudEvents 1.0.2, structured content mode in JSON.
    """
    after, move = decision.after, decision.ruling.move
    told = after.move if after.move == "start" else move
    return {
        "specversion": "1.0",
        "id": f"{family.name}-{after.generation}",
        "source": f"/matops/families/{family.name}",
        "type": f"{TYPE}.{told}",
        "subject": decision.version,
        "time": decision.at,
        "datacontenttype": "application/json",
        "data": {
            "family": family.name,
            "version": decision.version,
            "move": told,
            "reason": decision.ruling.reason,
            "share_percent": after.share_percent,
            "mirrored": after.is_mirrored,
            "champion": after.champion.version,
            "report": after.report,
        },
    }


class Webhook:
    """The port ``Announcer`` over HTTP; it tells in bounded time, and never fails a release.

    With a secret the event is signed: HMAC-SHA256 over id, time and body, as the headers
    ``webhook-id``, ``webhook-timestamp`` and ``webhook-signature`` of Standard Webhooks.
    """

    def __init__(self, url: str, secret: str = "", retry: RetryPolicy = RETRY) -> None:
        try:
            parsed = httpx.URL(url)
        except httpx.InvalidURL as error:
            raise BadInput(f"MATOPS_WEBHOOK {url}: {error}") from None
        if parsed.scheme not in ("http", "https") or not parsed.host:
            raise BadInput(f"MATOPS_WEBHOOK {url}: not the URL of a web server")
        self._url, self._secret, self._retry = url, secret.encode(), retry

    def announce(self, family: Family, decision: Decision) -> None:
        """Tell a move; what can't be told is a warning in the log."""
        told = event(family, decision)
        body = json.dumps(told, ensure_ascii=False).encode()
        headers = {
            "content-type": "application/cloudevents+json; charset=utf-8",
            **self._signature(told["id"], decision.at, body),
        }
        try:
            self._retry.call(lambda: self._post(body, headers), _is_transient)
        except httpx.HTTPError as error:
            log.warning("the webhook was not told of %s: %s", told["id"], error or type(error))

    def _post(self, body: bytes, headers: dict[str, str]) -> None:
        # The answer is not read: it may never end.
        with httpx.stream(
            "POST", self._url, content=body, headers=headers, timeout=TIMEOUT_S
        ) as response:
            response.raise_for_status()

    def _signature(self, name: str, at: str, body: bytes) -> dict[str, str]:
        if not self._secret:
            return {}
        signed = hmac.digest(self._secret, f"{name}.{at}.".encode() + body, hashlib.sha256)
        signature = f"v1,{base64.b64encode(signed).decode()}"
        return {"webhook-id": name, "webhook-timestamp": at, "webhook-signature": signature}


def _is_transient(error: BaseException) -> bool:
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code in OVERLOADED
    return isinstance(error, httpx.TransportError)
