"""One KServe model for all families: a package behind the V1 and the Open Inference protocols."""

import asyncio
import json
from dataclasses import asdict
from typing import Any
from uuid import uuid4

from kserve import InferOutput, InferRequest, InferResponse, Model, ModelServer
from kserve.errors import InvalidInput
from prometheus_client import Counter, Gauge, Histogram

from matops.adapters.drift_metrics import record_descriptors
from matops.core.errors import BadInput
from matops.core.prediction import Prediction
from matops.core.predictor import Predictor

INSTANCES = "instances"
LABELS = ("family", "model_version")

REQUESTS = Counter("matops_requests", "Requests by outcome", (*LABELS, "outcome"))
OUT_OF_DOMAIN = Counter("matops_out_of_domain", "Samples outside the training data", LABELS)
LATENCY = Histogram("matops_prediction_seconds", "Time to answer a request's samples", LABELS)
MODEL_INFO = Gauge("matops_model_info", "The model that is served", (*LABELS, "dataset_version"))


class ServedModel(Model):  # type: ignore[misc]
    """A predictor as KServe sees it.

    V1 takes ``{"instances": [payload, ...]}`` and answers one prediction an instance. V2 takes a
    BYTES tensor ``instances`` of JSON payloads and answers one tensor a quantity.
    """

    def __init__(self, predictor: Predictor) -> None:
        super().__init__(predictor.family.name)
        self.predictor = predictor
        self.labels = (predictor.family.name, predictor.model_version)
        MODEL_INFO.labels(*self.labels, predictor.dataset_version).set(1)
        self.ready = True

    async def predict(
        self,
        payload: dict[str, Any] | InferRequest,
        headers: dict[str, str] | None = None,
        response_headers: dict[str, str] | None = None,
    ) -> dict[str, Any] | InferResponse:
        """Answer a request of either protocol.

        Raises:
            InvalidInput: the request is not valid; becomes HTTP 400.
        """
        try:
            instances = _instances(payload)
            with LATENCY.labels(*self.labels).time():
                # In a thread, so that health checks are answered while the network computes.
                predictions = await asyncio.to_thread(self.predictor.predict, instances)
        except BadInput as error:
            REQUESTS.labels(*self.labels, "bad_input").inc()
            raise InvalidInput(str(error)) from None
        except Exception:
            REQUESTS.labels(*self.labels, "error").inc()
            raise
        REQUESTS.labels(*self.labels, "ok").inc()
        OUT_OF_DOMAIN.labels(*self.labels).inc(sum(p.out_of_domain for p in predictions))
        if isinstance(payload, InferRequest):
            # The protocol lets a request do without an id; KServe's response can't.
            return self._v2(payload.id or str(uuid4()), predictions)
        return {"predictions": [asdict(prediction) for prediction in predictions]}

    def _v2(self, request_id: str, predictions: list[Prediction]) -> InferResponse:
        outputs = [
            _output(name, [getattr(p.estimates[target.name], part) for p in predictions], "FP64")
            for target in self.predictor.family.targets
            for part, name in _columns(target.name).items()
        ]
        outputs += [
            _output("domain_score", [p.domain_score for p in predictions], "FP64"),
            _output("out_of_domain", [p.out_of_domain for p in predictions], "BOOL"),
        ]
        return InferResponse(
            response_id=request_id,
            model_name=self.name,
            model_version=self.predictor.model_version,
            infer_outputs=outputs,
            parameters={
                "dataset_version": self.predictor.dataset_version,
                # As text: gRPC's parameters know no floating-point numbers.
                "coverage": f"{self.predictor.conformal.coverage:g}",
                **{f"unit_{t.name}": t.unit for t in self.predictor.family.targets},
            },
        )

    def get_input_types(self) -> list[dict[str, Any]]:
        """V2 metadata of the input."""
        return [{"name": INSTANCES, "datatype": "BYTES", "shape": [-1]}]

    def get_output_types(self) -> list[dict[str, Any]]:
        """V2 metadata of the outputs."""
        names = [n for t in self.predictor.family.targets for n in _columns(t.name).values()]
        numbers = [{"name": n, "datatype": "FP64", "shape": [-1]} for n in (*names, "domain_score")]
        return [*numbers, {"name": "out_of_domain", "datatype": "BOOL", "shape": [-1]}]


def _columns(target: str) -> dict[str, str]:
    """Output names of an estimate's parts."""
    return {"value": target, "lower": f"{target}_lower", "upper": f"{target}_upper"}


def _output(name: str, values: list[Any], datatype: str) -> InferOutput:
    return InferOutput(name=name, shape=[len(values)], datatype=datatype, data=values)


def _instances(payload: dict[str, Any] | InferRequest) -> list[dict[str, Any]]:
    """The payloads of a request.

    Raises:
        BadInput: no instances, or not JSON objects.
    """
    if isinstance(payload, InferRequest):
        named = [tensor for tensor in payload.inputs if tensor.name == INSTANCES]
        if len(named) != 1 or named[0].datatype != "BYTES":
            raise BadInput(f"the request needs one input tensor {INSTANCES!r} of type BYTES")
        instances = [_from_json(item) for item in named[0].data]
    else:
        found = payload.get(INSTANCES) if isinstance(payload, dict) else None
        instances = found if isinstance(found, list) else []
    if not instances:
        raise BadInput(f"the request needs a list {INSTANCES!r} with at least one sample")
    return instances


def _from_json(item: str | bytes) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(item)
        return content
    except (ValueError, RecursionError):
        raise BadInput(f"an element of {INSTANCES!r} is not JSON") from None


def serve(predictor: Predictor, http_port: int, grpc_port: int | None) -> None:
    """Serve until interrupted; without a gRPC port, HTTP only."""
    server = ModelServer(
        http_port=http_port, grpc_port=grpc_port or 0, enable_grpc=grpc_port is not None, workers=1
    )
    server.start([ServedModel(record_descriptors(predictor, "local"))])
