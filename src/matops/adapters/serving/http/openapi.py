"""The OpenAPI description of a server, made of what it serves: the guard lets nothing else pass."""

from typing import Any

from kserve.protocol.rest import v2_datamodels
from pydantic import TypeAdapter

from matops.adapters.serving.limits import Limits
from matops.adapters.serving.protocols.question import FAIL, INSTANCES, ON_ERROR, SKIP
from matops.adapters.serving.served import Served, payload_schema
from matops.core.quality.prediction import Prediction

COMPONENT = "#/components/schemas/{model}"
KSERVE = {
    name: getattr(v2_datamodels, name)
    for name in (
        "InferenceRequest",
        "InferenceResponse",
        "ListModelsResponse",
        "ModelReadyResponse",
        "ServerLiveResponse",
        "ServerMetadataResponse",
        "ServerReadyResponse",
    )
}
PREDICTED = ("Prediction", "Error")
"""What stands for a sample; an error only where bad samples are skipped."""
REFUSALS = {
    "400": "not JSON, not of the protocol's form, or no valid sample; one line says why",
    "408": "the body took too long to arrive",
    "413": "the body is larger than the limit, or its samples together are",
    "415": "the body is compressed",
    "500": "an error of the server's own",
    "503": "too much to do, or about to end: come again after the seconds in Retry-After",
}


def openapi(served: Served, limits: Limits) -> dict[str, Any]:
    """The description, as OpenAPI 3.1."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"matops: {served.family.title}",
            "version": served.model_version,
            "description": served.family.paper,
        },
        "paths": _paths(served),
        "components": {"schemas": _schemas(served, limits)},
    }


def _paths(served: Served) -> dict[str, Any]:
    name = served.family.name
    paths = {
        "/": _get("the server lives; to a browser, the page of /docs", "Object"),
        "/docs": _text("what the server is and how to ask it", "text/html"),
        "/metrics": _text("metrics for Prometheus", "text/plain"),
        "/openapi.json": _get("this description", "Object"),
        "/v1/models": _get("names of the models", "ListModelsResponse"),
        f"/v1/models/{name}": _get("the model is ready", "ModelReadyResponse"),
        f"/v1/models/{name}:predict": _post("predictions", "Instances", "Predictions"),
        "/v2": _get("about the server", "ServerMetadataResponse"),
        "/v2/health/live": _get("the server lives", "ServerLiveResponse"),
        "/v2/health/ready": _get("the server is ready", "ServerReadyResponse"),
        "/v2/models": _get("names of the models", "ListModelsResponse"),
    }
    for model in (f"/v2/models/{name}", f"/v2/models/{name}/versions/{served.model_version}"):
        paths[model] = _get("tensors, units, coverage, payloads and limits", "Metadata")
        paths[f"{model}/ready"] = _get("the model is ready", "ModelReadyResponse")
        infer = _post("predictions as tensors", "InferenceRequest", "InferenceResponse")
        paths[f"{model}/infer"] = infer
    return paths


def _content(schema: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": COMPONENT.format(model=schema)}}}


def _answers(words: str, schema: str, *refusals: str) -> dict[str, Any]:
    refused = {
        status: {"description": REFUSALS[status], "content": _content("Error")}
        for status in refusals
    }
    return {"200": {"description": words, "content": _content(schema)}, **refused}


def _get(words: str, schema: str) -> dict[str, Any]:
    return {"get": {"summary": words, "responses": _answers(words, schema, "503")}}


def _text(words: str, kind: str) -> dict[str, Any]:
    plain = {kind: {"schema": {"type": "string"}}}
    return {
        "get": {"summary": words, "responses": {"200": {"description": words, "content": plain}}}
    }


def _post(words: str, request: str, response: str) -> dict[str, Any]:
    return {
        "post": {
            "summary": words,
            "requestBody": {"required": True, "content": _content(request)},
            "responses": _answers(words, response, *REFUSALS),
        }
    }


def _schemas(served: Served, limits: Limits) -> dict[str, Any]:
    schemas: dict[str, Any] = {
        "Object": {"type": "object"},
        "Error": _object(error={"type": "string"}),
        "Payload": payload_schema(served.family),
        "Instances": _instances(limits),
        "Predictions": _object(
            predictions={
                "type": "array",
                "items": {"oneOf": [{"$ref": COMPONENT.format(model=m)} for m in PREDICTED]},
            }
        ),
        "Metadata": _metadata(),
    }
    models = {**KSERVE, "Prediction": TypeAdapter(Prediction)}
    for name, model in models.items():
        schemas |= _of_model(name, model)
    return schemas


def _instances(limits: Limits) -> dict[str, Any]:
    samples = {**_list("Payload"), "minItems": 1, "maxItems": limits.samples}
    schema = _object(**{INSTANCES: samples})
    schema["properties"][ON_ERROR] = {"enum": [FAIL, SKIP], "default": FAIL}
    return schema


def _metadata() -> dict[str, Any]:
    text, listed = {"type": "string"}, {"type": "array", "items": {"type": "object"}}
    return _object(
        name=text,
        versions={"type": "array", "items": text},
        platform=text,
        inputs=listed,
        outputs=listed,
        model_version=text,
        dataset_version=text,
        variant=text,
        coverage={"type": "number"},
        targets=listed,
        derived=listed,
        payload_forms=listed,
        payload_schema={"type": "object"},
        limits={"type": "object"},
    )


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _list(of: str) -> dict[str, Any]:
    return {"type": "array", "items": {"$ref": COMPONENT.format(model=of)}}


def _of_model(name: str, model: Any) -> dict[str, Any]:
    """The schema of a pydantic model, and of those that it is made of."""
    schema = (
        model.json_schema(ref_template=COMPONENT, mode="serialization")
        if isinstance(model, TypeAdapter)
        else model.model_json_schema(ref_template=COMPONENT)
    )
    parts = schema.pop("$defs", {})
    return {**parts, name: schema}
