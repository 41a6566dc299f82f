"""Make MinIO's user that reads packages and nothing else, and take away the one before.

Key and secret are those of the Secret matops-s3-read; what they may stands in read-packages.json.
Twice does no harm. MinIO's own API of users wants bodies that its client encrypts; the one that
imports them takes a plain archive.
"""

import json
import os
import time
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import httpx
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

ENDPOINT = os.environ["MATOPS_S3_ENDPOINT"]
ROOT = Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
KEY, SECRET = os.environ["READ_ACCESS_KEY_ID"], os.environ["READ_SECRET_ACCESS_KEY"]
POLICY, FOLDER = "matops-read-packages", "iam-assets"
MAPPINGS = f"{FOLDER}/user_mappings.json"
START_S = 240.0


def ask(method: str, path: str, body: bytes = b"") -> bytes:
    """The answer of MinIO's administration."""
    request = AWSRequest(method, f"{ENDPOINT}/minio/admin/v3/{path}", data=body)
    S3SigV4Auth(ROOT, "s3", "us-east-1").add_auth(request)
    headers = dict(request.headers.items())
    answer = httpx.request(method, request.url, content=body, headers=headers, timeout=30)
    return answer.raise_for_status().content


def wait_for_the_store() -> None:
    """Return once it answers; it may start at the same time."""
    deadline = time.monotonic() + START_S
    while True:
        try:
            httpx.get(f"{ENDPOINT}/minio/health/ready", timeout=5).raise_for_status()
            return
        except httpx.HTTPError:
            if time.monotonic() > deadline:
                raise
            time.sleep(2)


def readers() -> set[str]:
    """Users that read packages so far."""
    with ZipFile(BytesIO(ask("GET", "export-iam"))) as archive:
        if MAPPINGS not in archive.namelist():
            return set()
        mappings = json.loads(archive.read(MAPPINGS))
    return {user for user, mapping in mappings.items() if mapping["policy"] == POLICY}


def add_reader() -> None:
    """The user with its policy; who is there gets the secret of now."""
    policy = json.loads(Path(__file__).with_name("read-packages.json").read_text())
    content = {
        f"{FOLDER}/policies.json": {POLICY: policy},
        f"{FOLDER}/users.json": {KEY: {"secretKey": SECRET, "status": "enabled"}},
        MAPPINGS: {KEY: {"version": 1, "policy": POLICY, "updatedAt": "2026-01-01T00:00:00Z"}},
    }
    packed = BytesIO()
    with ZipFile(packed, "w") as archive:
        for name, entry in content.items():
            archive.writestr(name, json.dumps(entry))
    told = json.loads(ask("PUT", "import-iam-v2", packed.getvalue()))
    failed = {kind: entries for kind, entries in told["failed"].items() if entries}
    if failed:
        raise SystemExit(f"{KEY}: {failed}")


def main() -> None:
    """Make the user, then take those away that were made before."""
    if ROOT.access_key == KEY:
        raise SystemExit("matops-s3-read has the key of matops-s3, which may do everything")
    wait_for_the_store()
    add_reader()
    for former in readers() - {KEY}:
        ask("DELETE", f"remove-user?accessKey={former}")


if __name__ == "__main__":
    main()
