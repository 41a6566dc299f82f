"""Whose credentials S3 is asked with: botocore's real chain, against servers on this machine."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from matops.adapters.storage.file_store import FileStore
from matops.core.errors import BadInput
from matops.processes.retry import RetryPolicy

ROLE = "arn:aws:iam::000000000000:role/reader"
TOKEN = "token-of-the-service-account"
END = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
ASSUMED = (
    '<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
    "<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>OF-WEB-IDENTITY</AccessKeyId>"
    "<SecretAccessKey>secret</SecretAccessKey><SessionToken>session</SessionToken>"
    f"<Expiration>{END}</Expiration></Credentials></AssumeRoleWithWebIdentityResult>"
    "</AssumeRoleWithWebIdentityResponse>"
)


class Servers(ThreadingHTTPServer):
    """S3, the token service, and the credentials of containers, all at one address."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.keys: list[str] = []
        self.session_tokens: list[str] = []
        self.asked_s: list[float] = []
        self.role_requests: list[str] = []
        self.overloaded = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Servers

    def do_GET(self) -> None:
        if self.path == "/container":
            keys = {"AccessKeyId": "OF-CONTAINER", "SecretAccessKey": "secret"}
            self._answer(200, json.dumps({**keys, "Token": "session", "Expiration": END}).encode())
            return
        found = re.search("Credential=([^/]+)/", self.headers.get("Authorization", ""))
        self.server.keys.append(found[1] if found else "")
        self.server.session_tokens.append(self.headers.get("X-Amz-Security-Token", ""))
        self.server.asked_s.append(time.monotonic())
        self.server.overloaded -= 1
        if self.server.overloaded >= 0:
            self._answer(503, b"<Error><Code>SlowDown</Code></Error>")
        else:
            self._answer(200, b"content")

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self.server.role_requests.append(self.rfile.read(length).decode())
        self._answer(200, ASSUMED.encode())

    def _answer(self, status: int, content: bytes) -> None:
        self.send_response(status)
        if status == 503:
            self.send_header("Retry-After", "1")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Servers]:
    """Running, in an environment without any credentials, home directory or machine's role."""
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN", "PROFILE"):
        monkeypatch.delenv(f"AWS_{name}", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    running = Servers()
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield running
    finally:
        running.shutdown()
        thread.join()
        running.server_close()


def store(servers: Servers) -> FileStore:
    retry = RetryPolicy(attempts=3, pause_s=0.01)
    return FileStore("s3://bucket/prefix", servers.url, 5.0, retry)


def test_keys_of_the_environment(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "OF-ENVIRONMENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    assert store(servers).read("name") == b"content"
    assert servers.keys == ["OF-ENVIRONMENT"]


def test_a_profile_of_a_shared_file(
    servers: Servers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shared = tmp_path / "shared"
    shared.write_text("[lab]\naws_access_key_id = OF-PROFILE\naws_secret_access_key = secret\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(shared))
    monkeypatch.setenv("AWS_PROFILE", "lab")
    assert store(servers).read("name") == b"content"
    assert servers.keys == ["OF-PROFILE"]


def test_the_role_of_a_container(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{servers.url}/container")
    assert store(servers).read("name") == b"content"
    assert (servers.keys, servers.session_tokens) == (["OF-CONTAINER"], ["session"])


def test_the_role_of_a_service_account(
    servers: Servers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text(TOKEN)
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token))
    monkeypatch.setenv("AWS_ROLE_ARN", ROLE)
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", servers.url)
    assert store(servers).read("name") == b"content"
    assert (servers.keys, servers.session_tokens) == (["OF-WEB-IDENTITY"], ["session"])
    (request,) = servers.role_requests
    assert TOKEN in request
    assert "AssumeRoleWithWebIdentity" in request


def test_without_any_credentials_it_is_one_line_and_nobody_is_asked(servers: Servers) -> None:
    with pytest.raises(BadInput, match=r"^s3://bucket/prefix/name: Unable to locate credentials$"):
        store(servers).read("name")
    assert servers.keys == []


def test_an_overloaded_server_is_asked_again_after_its_own_time(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    servers.overloaded = 1
    assert store(servers).read("name") == b"content"
    first, second = servers.asked_s
    assert second - first >= 1.0
    servers.overloaded = 99
    with pytest.raises(BadInput, match=r"^s3://bucket/prefix/name: "):
        store(servers).read("name")
    assert len(servers.asked_s) == 5, "no client below repeats anything by itself"
