"""Released packages in Kubeflow's Model Registry, by its REST API (v1alpha3).

A family is a registered model, a package a model version with one model artifact that has its
address. What serves is the registered model's custom property ``champion``: this registry has no
aliases.
"""

from collections.abc import Mapping

from matops.adapters.release.registry_http import RETRY, Json, RegistryHttp
from matops.core.errors import BadInput
from matops.processes.retry import RetryPolicy
from matops.steps.ports import Registration

CHAMPION = "champion"
FORMAT = "matops"


class KubeflowRegistry:
    """The port ``ModelRegistry`` on a Kubeflow Model Registry."""

    def __init__(self, url: str, token: str = "", retry: RetryPolicy = RETRY) -> None:
        root = f"{url.rstrip('/')}/api/model_registry/v1alpha3"
        self._server = RegistryHttp(root, "Kubeflow Model Registry", token, retry)

    def register(self, registration: Registration) -> str:
        """Have a released package as a version, and name it champion; idempotent.

        Returns:
            Its name there, as in ``elastic_cgcnn/8a727648abea``.

        Raises:
            BadInput: the server can't be reached, or refuses.
        """
        with self._server.understood():
            model = self._have(
                "registered_model",
                "registered_models",
                {"name": registration.family},
                {"description": registration.title},
            )
            version = self._have(
                "model_version",
                "model_versions",
                {"name": registration.version, "parentResourceId": str(model["id"])},
                {
                    "registeredModelId": str(model["id"]),
                    "customProperties": _properties(registration.tags),
                },
            )
            self._have_artifact(registration, str(version["id"]))
            self._name_champion(model, registration.version)
        return f"{registration.family}/{registration.version}"

    def _have(self, one: str, all_: str, identity: Mapping[str, str], more: Json) -> Json:
        """An object by its identity, made where it is not there, by whomever."""
        there = self._server.get(one, **identity)
        if there is None:
            made = self._server.create(all_, {"name": identity["name"], "state": "LIVE", **more})
            there = made or self._server.get(one, **identity)
        if there is None or "id" not in there:
            raise BadInput(f"{self._server.url}: {one} {identity['name']}: can't be found or made")
        return there

    def _have_artifact(self, registration: Registration, version_id: str) -> None:
        """The version's one artifact: the package where it lies."""
        path = f"model_versions/{version_id}/artifacts"
        answer = self._server.get(path, name=registration.version)
        kept = (answer or {}).get("items") or []
        body = {
            "artifactType": "model-artifact",
            "name": registration.version,
            "uri": registration.address,
            "modelFormatName": FORMAT,
            "state": "LIVE",
        }
        if not any(artifact.get("uri") == registration.address for artifact in kept):
            self._server.send("POST", path, body | ({"id": kept[0]["id"]} if kept else {}))

    def _name_champion(self, model: Json, version: str) -> None:
        properties = dict(model.get("customProperties") or {})
        named = _properties({CHAMPION: version})
        if properties.get(CHAMPION, {}).get("string_value") != version:
            # All of them are sent: a server may take these for all that there are.
            changed = {"customProperties": properties | named}
            self._server.send("PATCH", f"registered_models/{model['id']}", changed)


def _properties(words: Mapping[str, str]) -> Json:
    """Custom properties as the registry writes text."""
    kind = "MetadataStringValue"
    return {key: {"metadataType": kind, "string_value": value} for key, value in words.items()}
