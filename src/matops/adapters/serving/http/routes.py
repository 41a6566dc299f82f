"""What is answered over HTTP, and how: by the description, which the guard holds everybody to."""

from collections.abc import Mapping
from dataclasses import dataclass

from matops.adapters.serving.http.openapi import openapi
from matops.adapters.serving.limits import Limits
from matops.adapters.serving.protocols.asked import Protocol
from matops.adapters.serving.served import Served


@dataclass(frozen=True)
class Routes:
    """Paths that are answered."""

    methods: Mapping[str, str]  # method by path
    asking: Mapping[str, Protocol]  # protocol by path of requests for predictions
    aliases: Mapping[str, str]  # another path with the same answer


def routes(served: Served, limits: Limits) -> Routes:
    """All that the description names."""
    paths = openapi(served, limits)["paths"]
    name = served.family.name
    model = f"/v2/models/{name}"
    version = f"{model}/versions/{served.model_version}"
    asking: dict[str, Protocol] = {
        f"/v1/models/{name}:predict": "v1",
        f"{model}/infer": "v2",
        f"{version}/infer": "v2",
    }
    return Routes(
        {path: next(iter(methods)).upper() for path, methods in paths.items()},
        asking,
        {version: model, f"{version}/ready": f"{model}/ready"},
    )
