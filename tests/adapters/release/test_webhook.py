"""Moves of a release as CloudEvents, told to a real web server."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from matops.adapters.release.webhook import Webhook
from matops.core.errors import BadInput
from matops.core.release.decision import Decision, Evidence
from matops.core.release.rollout import next_rollout
from matops.core.release.ruling import Ruling
from matops.families import get_family
from matops.processes.retry import RetryPolicy
from tests.support.canary_cases import NOON, POLICY, ROLLOUT

FAMILY = get_family("elastic_cgcnn")
QUICK = RetryPolicy(attempts=3, pause_s=0.01, longest_pause_s=0.05, total_s=5.0)
SECRET = "a secret of these tests"


class Hook:
    """A web server that answers with the statuses it is given, and then 204."""

    def __init__(self, *statuses: int) -> None:
        self.told: list[tuple[dict[str, str], bytes]] = []
        self.statuses, self.pause_s = list(statuses), 0.0
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                hook.told.append((headers, body))
                time.sleep(hook.pause_s)
                self.send_response(hook.statuses.pop(0) if hook.statuses else 204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/releases"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def hook() -> Iterator[Hook]:
    hook = Hook()
    yield hook
    hook.server.shutdown()


def decision(move: str = "advance") -> Decision:
    ruling = Ruling(move, "every check passed at 20 %")  # type: ignore[arg-type]
    after = next_rollout(ROLLOUT, ruling, NOON, POLICY)
    return Decision(NOON.isoformat(), "m2", ruling, Evidence(), ROLLOUT, after)


def test_a_move_is_a_signed_cloud_event(hook: Hook) -> None:
    Webhook(hook.url, SECRET, QUICK).announce(FAMILY, decision())
    [(headers, body)] = hook.told
    assert headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    event = json.loads(body)
    assert event["specversion"] == "1.0"
    assert event["type"] == "org.matops.release.advance"
    assert event["source"] == "/matops/families/elastic_cgcnn"
    assert (event["subject"], event["time"]) == ("m2", NOON.isoformat())
    assert event["data"]["share_percent"] == 100
    assert event["data"]["reason"] == "every check passed at 20 %"
    signed = f"{event['id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.digest(SECRET.encode(), signed, hashlib.sha256)).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert headers["webhook-id"] == event["id"]


def test_without_a_secret_nothing_is_signed(hook: Hook) -> None:
    Webhook(hook.url, retry=QUICK).announce(FAMILY, decision("roll_back"))
    [(headers, body)] = hook.told
    assert json.loads(body)["type"] == "org.matops.release.roll_back"
    assert "webhook-signature" not in headers


def test_an_overloaded_server_is_told_again_the_same(hook: Hook) -> None:
    hook.statuses = [503, 429]
    Webhook(hook.url, SECRET, QUICK).announce(FAMILY, decision())
    assert len(hook.told) == 3
    assert len({body for _, body in hook.told}) == 1


@pytest.mark.parametrize(("statuses", "times"), [([503] * 9, 3), ([400], 1), ([302], 1)])
def test_who_is_not_to_be_told_stops_no_release(
    hook: Hook, statuses: list[int], times: int, caplog: pytest.LogCaptureFixture
) -> None:
    hook.statuses = list(statuses)
    Webhook(hook.url, SECRET, QUICK).announce(FAMILY, decision())
    assert len(hook.told) == times
    assert "the webhook was not told of elastic_cgcnn-3" in caplog.text
    assert SECRET not in caplog.text


def test_a_server_that_hangs_or_is_gone_costs_bounded_time(
    hook: Hook, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("matops.adapters.release.webhook.TIMEOUT_S", 0.2)
    hook.pause_s = 5.0
    began = time.monotonic()
    Webhook(hook.url, retry=QUICK).announce(FAMILY, decision())
    hook.server.server_close()
    Webhook(hook.url.replace("/releases", "0/"), retry=QUICK)
    assert time.monotonic() - began < 4.0
    assert "was not told" in caplog.text


@pytest.mark.parametrize("url", ["", "ftp://here/x", "http://", "nowhere", "http://[::1"])
def test_what_is_no_web_servers_url_is_refused(url: str) -> None:
    with pytest.raises(BadInput, match="MATOPS_WEBHOOK"):
        Webhook(url)
