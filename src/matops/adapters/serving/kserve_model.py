"""One KServe model for all families: a package behind the V1 and the Open Inference protocols."""

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import uuid4

import numpy as np
from grpc_interceptor.exceptions import Internal, Unavailable
from kserve import InferOutput, InferRequest, InferResponse, Model
from kserve.errors import InferenceError, InvalidInput

from matops.adapters.prometheus.serving_metrics import ServingMetrics
from matops.adapters.release.comparing import COMPARISON
from matops.adapters.serving.batches.batching import Failed, Overloaded
from matops.adapters.serving.http.bodies import read_json
from matops.adapters.serving.limits import Limits
from matops.adapters.serving.recent import RecentRequests
from matops.adapters.serving.served import Served
from matops.core.data.record import Payload
from matops.core.data.target import SAMPLE_AXIS, Target
from matops.core.errors import BadInput
from matops.core.quality.prediction import Estimate, Prediction

INSTANCES = "instances"

Ask = Callable[[Sequence[Payload]], Awaitable[list[Prediction]]]


class ServedModel(Model):  # type: ignore[misc]
    """A package as KServe sees it.

    V1 takes ``{"instances": [payload, ...]}`` and answers one prediction an instance. V2 takes a
    BYTES tensor ``instances`` of JSON payloads and answers one tensor a quantity: a row a sample,
    or, of what has a row for each atom, the rows of all samples, and how many each sample has in
    ``atom_count``.
    """

    def __init__(
        self,
        served: Served,
        ask: Ask,
        limits: Limits,
        metrics: ServingMetrics,
        recent: RecentRequests,
    ) -> None:
        super().__init__(served.family.name)
        self._served, self._ask = served, ask
        self._limits, self._metrics, self._recent = limits, metrics, recent
        # KServe's line for each request says less than our histograms.
        self.enable_latency_logging = False
        self.ready = True

    async def predict(
        self,
        payload: dict[str, Any] | InferRequest,
        headers: dict[str, str] | None = None,
        response_headers: dict[str, str] | None = None,
    ) -> dict[str, Any] | InferResponse:
        """Answer a request of either protocol.

        Raises:
            InvalidInput: the request is not valid; becomes HTTP 400 or INVALID_ARGUMENT.
            Overloaded: too much to do; becomes HTTP 503.
            InferenceError: an error of the server's own; becomes HTTP 500.
            GrpcException: the same two over gRPC: UNAVAILABLE and INTERNAL.
        """
        if isinstance(payload, InferRequest) and payload.from_grpc:
            return await self._predict_grpc(payload)
        try:
            return await self._answer(payload, is_counted=COMPARISON not in (headers or {}))
        except BadInput as error:
            raise InvalidInput(str(error)) from None
        except Failed as error:
            raise InferenceError(str(error)) from None

    async def _predict_grpc(self, request: InferRequest) -> InferResponse:
        """Over gRPC no guard has counted the request before."""
        began = time.perf_counter()
        outcome: Any = "error"
        try:
            answer = await self._answer(request, is_counted=True)
            outcome = "ok"
            return answer
        except BadInput as error:
            outcome = "bad_input"
            raise InvalidInput(str(error)) from None
        except Overloaded as error:
            outcome = "overloaded"
            raise Unavailable(str(error)) from None
        except Failed as error:
            raise Internal(str(error)) from None
        finally:
            self._metrics.count_request(outcome, time.perf_counter() - began)

    async def _answer(self, payload: dict[str, Any] | InferRequest, is_counted: bool) -> Any:
        instances = self._instances(payload)
        if len(instances) > self._limits.samples:
            raise BadInput(
                f"the request has {len(instances)} samples; at most {self._limits.samples} "
                "are accepted"
            )
        predictions = await self._ask(instances)
        if is_counted:
            self._metrics.count_predictions(predictions)
            self._recent.keep(instances)
        if isinstance(payload, InferRequest):
            # The protocol lets a request do without an id; KServe's response can't.
            return self._v2(payload.id or str(uuid4()), predictions)
        return {"predictions": predictions}

    def _instances(self, payload: dict[str, Any] | InferRequest) -> list[Payload]:
        """The payloads of a request.

        Raises:
            BadInput: no instances, or not JSON that keeps the limits.
        """
        if isinstance(payload, InferRequest):
            instances = [
                read_json(item, self._limits.nesting, f"an element of {INSTANCES!r}")
                for item in _tensor(payload, self._limits.samples)
            ]
        else:
            listed = payload.get(INSTANCES) if isinstance(payload, dict) else None
            instances = listed if isinstance(listed, list) else []
        if not instances:
            raise BadInput(f"the request needs a list {INSTANCES!r} with at least one sample")
        return instances

    def _v2(self, request_id: str, predictions: list[Prediction]) -> InferResponse:
        family = self._served.family
        targets, answered = family.targets, [p.estimates | p.derived for p in predictions]
        outputs = [
            _array(name, target, [_part(own[target.name], part) for own in answered])
            for target in family.properties
            for part, name in _columns(target.name).items()
        ]
        for axis, target in _ragged(targets).items():
            counts = [len(p.estimates[target.name].value) for p in predictions]
            outputs.append(_output(f"{axis}_count", counts, "INT64"))
        outputs += [
            _output("domain_score", [p.domain_score for p in predictions], "FP64"),
            _output("out_of_domain", [p.out_of_domain for p in predictions], "BOOL"),
        ]
        return InferResponse(
            response_id=request_id,
            model_name=self.name,
            model_version=self._served.model_version,
            infer_outputs=outputs,
            parameters={
                "dataset_version": self._served.dataset_version,
                # As text: gRPC's parameters know no floating-point numbers.
                "coverage": f"{self._served.coverage:g}",
                **{f"unit_{t.name}": t.unit for t in family.properties},
            },
        )

    def get_input_types(self) -> list[dict[str, Any]]:
        """V2 metadata of the input."""
        return [{"name": INSTANCES, "datatype": "BYTES", "shape": [-1]}]

    def get_output_types(self) -> list[dict[str, Any]]:
        """V2 metadata of the outputs."""
        family = self._served.family
        named = {n: ("FP64", t.shape) for t in family.properties for n in _columns(t.name).values()}
        named |= {f"{axis}_count": ("INT64", ()) for axis in _ragged(family.targets)}
        named |= {"domain_score": ("FP64", ()), "out_of_domain": ("BOOL", ())}
        return [
            {"name": name, "datatype": datatype, "shape": [-1, *shape]}
            for name, (datatype, shape) in named.items()
        ]


def _columns(target: str) -> dict[str, str]:
    """Output names of an estimate's parts."""
    return {"value": target, "lower": f"{target}_lower", "upper": f"{target}_upper"}


def _part(estimate: Estimate, part: str) -> Any:
    """An estimate's part; of an interval that there is not, what is no number."""
    found = getattr(estimate, part)
    return np.full(np.shape(estimate.value), np.nan).tolist() if found is None else found


def _ragged(targets: Sequence[Target]) -> dict[str, Target]:
    """A target of each axis that has as many rows as the sample says."""
    return {target.axis: target for target in targets if target.axis != SAMPLE_AXIS}


def _array(name: str, target: Target, values: list[Any]) -> InferOutput:
    """Values of all samples: a row each, or the rows of one after those of the other."""
    if target.is_scalar:
        return _output(name, values, "FP64")
    numbers = np.concatenate([np.ravel(value) for value in values])
    shape = [numbers.size // target.size, *target.shape]
    return InferOutput(name=name, shape=shape, datatype="FP64", data=numbers.tolist())


def _output(name: str, values: list[Any], datatype: str) -> InferOutput:
    return InferOutput(name=name, shape=[len(values)], datatype=datatype, data=values)


def _tensor(request: InferRequest, most: int) -> list[str | bytes]:
    """Elements of the input tensor, of which one more than accepted is enough to refuse them."""
    named = [tensor for tensor in request.inputs if tensor.name == INSTANCES]
    if len(named) != 1 or named[0].datatype != "BYTES":
        raise BadInput(f"the request needs one input tensor {INSTANCES!r} of type BYTES")
    [tensor] = named
    # What Triton's clients send; KServe's own way to read it believes any length.
    raw: bytes | None = tensor._raw_data
    data = (tensor.data or [])[: most + 1] if raw is None else _prefixed(raw, most + 1)
    if len(data) <= most and list(tensor.shape) != [len(data)]:
        raise BadInput(
            f"the shape of {INSTANCES!r} is not [{len(data)}], the number of its elements"
        )
    if not all(isinstance(item, str | bytes) for item in data):
        raise BadInput(f"an element of {INSTANCES!r} is not text")
    return list(data)


def _prefixed(raw: bytes, most: int) -> list[bytes]:
    """Elements in binary form, each after its length: four bytes, the lowest first."""
    elements: list[bytes] = []
    start = 0
    while start < len(raw) and len(elements) < most:
        first = start + 4
        end = first + int.from_bytes(raw[start:first], "little")
        if end > len(raw) or first > len(raw):
            raise BadInput(f"{INSTANCES!r} in binary form ends within an element")
        elements.append(raw[first:end])
        start = end
    return elements
