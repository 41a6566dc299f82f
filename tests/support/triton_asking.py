"""Triton's client in a process of its own: its messages have the names of KServe's.

``python -m tests.support.triton_asking http|grpc URL`` reads texts and a version from its standard
input as JSON, and writes what the client saw.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from tritonclient.utils import InferenceServerException

NAME = "elastic_cgcnn"


def asked(kind: Any, url: str, texts: list[str], bad: str, version: str) -> dict[str, Any]:
    """What Triton's client of one kind sees of a server."""

    def tensor(*own: str) -> Any:
        given = kind.InferInput("instances", [len(own)], "BYTES")
        given.set_data_from_numpy(np.array([text.encode() for text in own], dtype=object))
        return given

    def refusal(ask: Callable[[], Any]) -> str:
        try:
            ask()
        except InferenceServerException as error:
            return str(error)
        return "no refusal"

    with kind.InferenceServerClient(url) as client:
        whole, mixed = [tensor(*texts)], [tensor(texts[0], bad)]
        everything = client.infer(NAME, whole, request_id="seven")
        wanted = [kind.InferRequestedOutput(name) for name in ("domain_score", "K_VRH")]
        named = client.infer(NAME, whole, outputs=wanted)
        unknown = [kind.InferRequestedOutput("hardness")]
        skipping = client.infer(NAME, mixed, parameters={"on_error": "skip"})
        return {
            "is_up": [
                client.is_server_live(),
                client.is_server_ready(),
                client.is_model_ready(NAME),
            ],
            "all": everything.as_numpy("K_VRH").tolist(),
            "outside": str(everything.as_numpy("out_of_domain").dtype),
            "named": named.as_numpy("K_VRH").tolist(),
            "not named": named.as_numpy("G_VRH"),
            "of the version": client.infer(NAME, whole, model_version=version)
            .as_numpy("K_VRH")
            .tolist(),
            "unknown output": refusal(lambda: client.infer(NAME, whole, outputs=unknown)),
            "unknown version": refusal(lambda: client.infer(NAME, whole, model_version="other")),
            "bad sample": refusal(lambda: client.infer(NAME, mixed)),
            "skipped": skipping.as_numpy("K_VRH").tolist(),
            "errors": [text.decode() for text in skipping.as_numpy("errors")],
        }


if __name__ == "__main__":
    _, module, address = sys.argv
    given = json.load(sys.stdin)
    print(json.dumps(asked(importlib.import_module(f"tritonclient.{module}"), address, **given)))
