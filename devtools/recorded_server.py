"""A model server that answers as the package recorded, for what is not about the model.

    python -m devtools.recorded_server PACKAGE --port 8080 --variant local

It speaks as much of V1 and of the health checks as a deployment asks for, knows the package's
golden requests only, starts in a moment and computes nothing: a hundred releases of it take
minutes, and what is measured is the deployment.
"""

import json
import sys
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ANSWER_S = 0.005
"""Time that an answer takes, so that requests are under way when shares change."""


class Recorded(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    answers: dict[str, Any]

    def do_GET(self) -> None:
        """Say that the server is ready."""
        known = self.path == "/v2/health/ready"
        self._say(HTTPStatus.OK if known else HTTPStatus.NOT_FOUND, {"ready": known})

    def do_POST(self) -> None:
        """Answer golden requests."""
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        found = [self.answers.get(_key(payload)) for payload in body["instances"]]
        time.sleep(ANSWER_S)
        if None in found:
            self._say(HTTPStatus.BAD_REQUEST, {"error": "this sample was not recorded"})
        else:
            self._say(HTTPStatus.OK, {"predictions": found})

    def _say(self, status: HTTPStatus, content: Any) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing of single requests."""


class Server(ThreadingHTTPServer):
    """As many connections at once as come."""

    request_queue_size = 128
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that leave early: the proxy's checks do."""


def _key(payload: Any) -> str:
    return json.dumps(payload, sort_keys=True)


def recorded_answers(package: Path) -> dict[str, Any]:
    """A package's golden answers by request."""
    golden = json.loads((package / "golden.json").read_text())
    return dict(zip(map(_key, golden["requests"]), golden["answers"], strict=True))


def main(package: Path, port: int) -> None:
    """Answer until the process is ended."""
    Recorded.answers = recorded_answers(package)
    Server(("127.0.0.1", port), Recorded).serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[sys.argv.index("--port") + 1]))
