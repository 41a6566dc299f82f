"""The messages of the Open Inference Protocol over gRPC, as far as a model needs them.

They are built here because KServe's own come with all of KServe, which the processes that compute
do without; and because a tensor of numbers, which no model here takes, stays as it came: eight
million of them as Python's numbers would hold up everything for seconds.

Source: https://github.com/kserve/open-inference-protocol, open_inference_grpc.proto.
"""

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

Field = descriptor_pb2.FieldDescriptorProto
_PACKAGE = "matops.inference"
_SCALARS = {
    "text": Field.TYPE_STRING,
    "bytes": Field.TYPE_BYTES,
    "int64": Field.TYPE_INT64,
    "int32": Field.TYPE_INT32,
    "bool": Field.TYPE_BOOL,
    "double": Field.TYPE_DOUBLE,
}
_TENSOR = {
    "name": (1, "text"),
    "datatype": (2, "text"),
    "shape": (3, "int64*"),
    "parameters": (4, "Entry*"),
}
_MESSAGES: dict[str, dict[str, tuple[int, str]]] = {
    "Parameter": {"bool_param": (1, "bool"), "int64_param": (2, "int64"), "text": (3, "text")},
    # What a map is on the wire: a list of keys with their values.
    "Entry": {"key": (1, "text"), "value": (2, "Parameter")},
    "Texts": {"bytes_contents": (8, "bytes*")},
    "Contents": {
        "bool_contents": (1, "bool*"),
        "int64_contents": (3, "int64*"),
        "fp64_contents": (7, "double*"),
        "bytes_contents": (8, "bytes*"),
    },
    "Input": {**_TENSOR, "contents": (5, "Texts")},
    "Output": {**_TENSOR, "contents": (5, "Contents")},
    "Wanted": {"name": (1, "text"), "parameters": (2, "Entry*")},
    "Request": {
        "model_name": (1, "text"),
        "model_version": (2, "text"),
        "id": (3, "text"),
        "parameters": (4, "Entry*"),
        "inputs": (5, "Input*"),
        "outputs": (6, "Wanted*"),
        "raw_input_contents": (7, "bytes*"),
    },
    "Response": {
        "model_name": (1, "text"),
        "model_version": (2, "text"),
        "id": (3, "text"),
        "parameters": (4, "Entry*"),
        "outputs": (5, "Output*"),
        "raw_output_contents": (6, "bytes*"),
    },
}
"""Number and type of each field by message; a star is a list."""


def _pool() -> descriptor_pool.DescriptorPool:
    file = descriptor_pb2.FileDescriptorProto(
        name="matops_inference.proto", package=_PACKAGE, syntax="proto3"
    )
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, (number, kind) in fields.items():
            scalar = _SCALARS.get(kind.rstrip("*"))
            message.field.add(
                name=field,
                number=number,
                label=Field.LABEL_REPEATED if kind.endswith("*") else Field.LABEL_OPTIONAL,
                type=scalar or Field.TYPE_MESSAGE,
                type_name=None if scalar else f".{_PACKAGE}.{kind.rstrip('*')}",
            )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return pool


def _message(name: str) -> Any:
    return message_factory.GetMessageClass(_MADE.FindMessageTypeByName(f"{_PACKAGE}.{name}"))


_MADE = _pool()
Request, Response = _message("Request"), _message("Response")
