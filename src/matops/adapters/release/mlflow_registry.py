"""Released packages in MLflow's model registry, by its REST API (2.0).

A family is a registered model, a package one of its versions; MLflow numbers these itself, so that
a package's own version is a tag. What serves is the alias ``champion``.
"""

from matops.adapters.release.registry_http import RETRY, Json, RegistryHttp
from matops.core.errors import BadInput
from matops.processes.retry import RetryPolicy
from matops.steps.ports import Registration

VERSION_TAG, CHAMPION = "matops.version", "champion"


class MlflowRegistry:
    """The port ``ModelRegistry`` on an MLflow server."""

    def __init__(self, url: str, token: str = "", retry: RetryPolicy = RETRY) -> None:
        self._server = RegistryHttp(f"{url.rstrip('/')}/api/2.0/mlflow", "MLflow", token, retry)

    def register(self, registration: Registration) -> str:
        """Have a released package as a version with the alias ``champion``; idempotent.

        Returns:
            Its name there, as in ``elastic_cgcnn/3``.

        Raises:
            BadInput: the server can't be reached, or refuses.
        """
        name = registration.family
        with self._server.understood():
            number = self._find(registration)
            if number is None:
                described = {"name": name, "description": registration.title}
                self._server.create("registered-models/create", described)
                number = self._create(registration)
            if self._champion(name) != number:
                alias = {"name": name, "alias": CHAMPION, "version": number}
                self._server.send("POST", "registered-models/alias", alias)
        return f"{name}/{number}"

    def _find(self, registration: Registration) -> str | None:
        """MLflow's number of a package's version."""
        wanted = f"name = '{registration.family}'"
        tagged = f"tags.`{VERSION_TAG}` = '{registration.version}'"
        answer = self._server.get("model-versions/search", filter=f"{wanted} AND {tagged}")
        versions = (answer or {}).get("model_versions", [])
        # Two who register at once make two; all take the first.
        return min((str(version["version"]) for version in versions), key=int, default=None)

    def _create(self, registration: Registration) -> str:
        tags = {VERSION_TAG: registration.version} | dict(registration.tags)
        body: Json = {
            "name": registration.family,
            "source": registration.address,
            "description": f"{registration.title}, version {registration.version}",
            "tags": [{"key": key, "value": value} for key, value in tags.items()],
        }
        created = self._server.create("model-versions/create", body)
        if created is None:
            raise BadInput(
                f"{self._server.url}: {registration.family}: registered by somebody else"
            )
        return str(created["model_version"]["version"])

    def _champion(self, name: str) -> str:
        answer = self._server.get("registered-models/get", name=name)
        aliases = answer["registered_model"].get("aliases", []) if answer else []
        return next((str(a["version"]) for a in aliases if a["alias"] == CHAMPION), "")
