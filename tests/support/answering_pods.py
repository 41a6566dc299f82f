"""Pods that answer with their own name, behind Services: what a gateway is tried with."""

from __future__ import annotations

from typing import Any

PORT = 8080
PATHS = ("/hostname", "/name")
GATE = "tests.matops/open"
"""A condition of a pod that a test sets; without it the pod is not ready."""
# As a container's first process httpd hears no SIGTERM: it answers until its time is up, as a model
# server does while the gateway learns that it goes.
SCRIPT = """
mkdir /tmp/web && for path in hostname name; do hostname > /tmp/web/$path; done
exec httpd -f -p 8080 -h /tmp/web
"""


def server(
    name: str, image: str, replicas: int = 1, gates: tuple[str, ...] = ()
) -> list[dict[str, Any]]:
    """A Deployment whose pods answer each of the paths, and its Service, both of one name."""
    labels = {"app": name}
    pod = {
        "readinessGates": [{"conditionType": gate} for gate in gates],
        "terminationGracePeriodSeconds": 5,
        "containers": [
            {
                "name": "server",
                "image": image,
                "command": ["/bin/sh", "-c", SCRIPT],
                "readinessProbe": {
                    "httpGet": {"path": PATHS[0], "port": PORT},
                    "periodSeconds": 1,
                },
            }
        ],
    }
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"selector": labels, "ports": [{"port": 80, "targetPort": PORT}]},
    }
    return [deployment, service]
