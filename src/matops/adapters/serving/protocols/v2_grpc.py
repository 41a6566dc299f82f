"""V2 (the Open Inference Protocol) over gRPC: messages as bytes in, and as bytes out."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any
from uuid import uuid4

from google.protobuf.message import DecodeError

from matops.adapters.serving.limits import Limits
from matops.adapters.serving.protocols.asked import Asked
from matops.adapters.serving.protocols.binary import pack, unpack_texts
from matops.adapters.serving.protocols.messages import Request, Response
from matops.adapters.serving.protocols.question import (
    INSTANCES,
    ON_ERROR,
    NotFound,
    Question,
    wants_skipping,
)
from matops.adapters.serving.protocols.tensors import Tensor
from matops.adapters.serving.protocols.v2 import check_input, check_shape
from matops.core.errors import BadInput

_CONTENTS = {
    "FP64": "fp64_contents",
    "INT64": "int64_contents",
    "BOOL": "bool_contents",
    "BYTES": "bytes_contents",
}


def read(asked: Asked, limits: Limits, name: str, version: str) -> Question:
    """What a message asks of a version of a model.

    Raises:
        BadInput: no message, or not one input of texts.
        NotFound: another model, or another version of it.
    """
    try:
        request = Request.FromString(asked.body)
    except DecodeError:
        raise BadInput("the request is no ModelInferRequest") from None
    if request.model_name != name:
        raise NotFound(f"there is no model {request.model_name!r}; there is {name!r}")
    if request.model_version not in ("", version):
        raise NotFound(f"there is no version {request.model_version!r}; there is {version!r}")
    if len(request.inputs) != 1:
        raise BadInput(f"the request needs one input tensor {INSTANCES!r} of type BYTES")
    [tensor] = request.inputs
    check_input(tensor.name, tensor.datatype)
    samples = _samples(request, tensor, limits.samples)
    # One dimension more than any that fits is enough to refuse it.
    is_binary = len(request.raw_input_contents) > 0
    check_shape(list(islice(tensor.shape, 3)), samples, limits.samples)
    return Question(
        samples,
        True,
        wants_skipping(_text_of(request.parameters, ON_ERROR)),
        request.id or str(uuid4()),
        {wanted.name: is_binary for wanted in islice(request.outputs, limits.samples)},
        # Triton's client, which sends this form, reads no other.
        is_binary,
    )


def _samples(request: Any, tensor: Any, most: int) -> list[bytes]:
    """Texts of a tensor, of which one more than accepted is enough to refuse them."""
    packed = request.raw_input_contents
    if not packed:
        return list(islice(tensor.contents.bytes_contents, most + 1))
    if len(packed) != 1 or tensor.contents.ByteSize():
        raise BadInput(f"{INSTANCES!r} is either in 'contents' or in 'raw_input_contents'")
    return unpack_texts(packed[0], most)


def _text_of(entries: Iterable[Any], key: str) -> str | None:
    return next((entry.value.text for entry in islice(entries, 64) if entry.key == key), None)


def write(
    question: Question,
    tensors: Sequence[Tensor],
    about: Mapping[str, Any],
    words: Mapping[str, str],
) -> bytes:
    """The answer; ``about`` has the model's name and version, ``words`` the parameters."""
    response = Response(id=question.request_id, **about)
    for key, text in words.items():
        response.parameters.add(key=key).value.text = text
    for tensor in tensors:
        output = response.outputs.add(name=tensor.name, datatype=tensor.datatype)
        output.shape.extend(tensor.shape)
        if question.is_binary:
            response.raw_output_contents.append(pack(tensor))
            continue
        contents = getattr(output.contents, _CONTENTS[tensor.datatype])
        contents.extend(tensor.values.tolist())
    answer: bytes = response.SerializeToString()
    return answer
