"""What KServe knows of the model: its name, its tensors, and whether it is ready.

Predictions pass it by: requests go from the connection to the processes that compute as they are.
"""

from typing import Any

from kserve import Model, ModelRepository
from kserve.protocol.dataplane import DataPlane

from matops.adapters.serving.batches.batching import Batcher
from matops.adapters.serving.protocols.question import INSTANCES
from matops.adapters.serving.protocols.tensors import output_types
from matops.adapters.serving.served import Served


class ServedModel(Model):  # type: ignore[misc]
    """A package as KServe sees it."""

    def __init__(self, served: Served) -> None:
        super().__init__(served.family.name)
        self._family, self.version = served.family, served.model_version
        self.ready = True

    def get_input_types(self) -> list[dict[str, Any]]:
        """V2 metadata of the input."""
        return [{"name": INSTANCES, "datatype": "BYTES", "shape": [-1]}]

    def get_output_types(self) -> list[dict[str, Any]]:
        """V2 metadata of the outputs."""
        return [
            {"name": name, "datatype": datatype, "shape": [-1, *shape]}
            for name, (datatype, shape) in output_types(self._family).items()
        ]


class Plane(DataPlane):  # type: ignore[misc]
    """KServe's requests to models; not ready while no process can compute, nor near the end."""

    def __init__(self, model: ServedModel, batcher: Batcher) -> None:
        registry = ModelRepository()
        registry.update(model)
        super().__init__(registry)
        self._model, self._batcher = model, batcher
        self.is_draining = False

    def tensors(self) -> dict[str, Any]:
        """V2 metadata of the model, as far as the protocol knows them."""
        return {
            "name": self._model.name,
            "versions": [self._model.version],
            "platform": "",
            "inputs": self._model.get_input_types(),
            "outputs": self._model.get_output_types(),
        }

    async def ready(self) -> bool:
        """Whether new requests should come here."""
        return self._batcher.is_ready and not self.is_draining

    async def model_ready(
        self, model_name: str, disable_predictor_health_check: bool = False
    ) -> bool:
        """The same of a model; those that come nevertheless are answered as long as possible."""
        ready = await super().model_ready(model_name, True)
        return bool(ready) and (disable_predictor_health_check or await self.ready())
