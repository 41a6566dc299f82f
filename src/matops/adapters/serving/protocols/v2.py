"""V2 (the Open Inference Protocol) over HTTP: JSON, with tensors in it or in binary form after it.

The input is a BYTES tensor ``instances`` of payloads as JSON text; the outputs are one tensor a
quantity: a row a sample, or, of what has a row for each atom, the rows of all samples, and how many
each sample has in ``atom_count``.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

import orjson

from matops.adapters.serving.limits import Limits
from matops.adapters.serving.protocols.asked import Asked
from matops.adapters.serving.protocols.binary import pack, unpack_texts
from matops.adapters.serving.protocols.bodies import read_json
from matops.adapters.serving.protocols.question import (
    INSTANCES,
    ON_ERROR,
    Question,
    check_number,
    wants_skipping,
)
from matops.adapters.serving.protocols.tensors import Tensor
from matops.core.errors import BadInput

SIZE, BINARY, ALL_BINARY = "binary_data_size", "binary_data", "binary_data_output"


def read(asked: Asked, limits: Limits) -> Question:
    """What a body asks.

    Raises:
        BadInput: not JSON that keeps the limits, or not of the protocol's form.
    """
    end = len(asked.body) if asked.json_bytes is None else asked.json_bytes
    if end > len(asked.body):
        raise BadInput(f"the JSON is said to have {end} bytes; the body has {len(asked.body)}")
    content = read_json(asked.body[:end], limits.nesting, "the body")
    fields = content if isinstance(content, dict) else {}
    parameters = _parameters(fields, "the request")
    samples = _samples(fields.get("inputs"), asked.body[end:], limits)
    request_id = fields.get("id") or str(uuid4())
    if not isinstance(request_id, str):
        raise BadInput("the request's 'id' is not text")
    return Question(
        samples,
        True,
        wants_skipping(parameters.get(ON_ERROR)),
        request_id,
        _outputs(fields.get("outputs")),
        parameters.get(ALL_BINARY) is True,
    )


def check_input(name: Any, datatype: Any) -> None:
    """Refuse an input tensor that is not ``instances``, of texts.

    Raises:
        BadInput: as above.
    """
    if name != INSTANCES or datatype != "BYTES":
        raise BadInput(f"the request needs one input tensor {INSTANCES!r} of type BYTES")


def check_shape(shape: Any, samples: Sequence[Any], most: int) -> None:
    """Refuse an input tensor that has other elements than its shape says, none, or too many.

    Raises:
        BadInput: as above.
    """
    # [n, 1] is what clients make of a column.
    fitting = ([len(samples)], [len(samples), 1])
    if len(samples) <= most and shape not in fitting:
        raise BadInput(
            f"the shape of {INSTANCES!r} is not [{len(samples)}], the number of its elements"
        )
    check_number(samples, most)


def _parameters(fields: Mapping[str, Any], whose: str) -> Mapping[str, Any]:
    parameters = fields.get("parameters") or {}
    if not isinstance(parameters, dict):
        raise BadInput(f"the 'parameters' of {whose} are no JSON object")
    return parameters


def _listed(fields: Any, what: str) -> list[dict[str, Any]]:
    if not isinstance(fields, list) or not all(isinstance(each, dict) for each in fields):
        raise BadInput(f"{what!r} is not a list of JSON objects")
    return fields


def _samples(inputs: Any, packed: bytes, limits: Limits) -> list[Any]:
    tensors = _listed(inputs or [], "inputs")
    if len(tensors) != 1:
        raise BadInput(f"the request needs one input tensor {INSTANCES!r} of type BYTES")
    [tensor] = tensors
    check_input(tensor.get("name"), tensor.get("datatype"))
    size = _parameters(tensor, f"{INSTANCES!r}").get(SIZE)
    samples: Any = tensor.get("data") or []
    if size is not None:
        if size != len(packed):
            raise BadInput(f"{SIZE} is {size}; {len(packed)} bytes follow the JSON")
        samples = unpack_texts(packed, limits.samples)
    # A column of texts is a list of lists of one.
    if isinstance(samples, list):
        samples = [each[0] if _is_single(each) else each for each in samples]
    if not isinstance(samples, list) or not all(isinstance(each, str | bytes) for each in samples):
        raise BadInput(f"an element of {INSTANCES!r} is not text")
    check_shape(tensor.get("shape"), samples, limits.samples)
    return samples


def _is_single(element: Any) -> bool:
    return isinstance(element, list) and len(element) == 1


def _outputs(outputs: Any) -> dict[str, bool]:
    """Names of the outputs that are wanted, and whether in binary form."""
    wanted = {}
    for output in _listed(outputs or [], "outputs"):
        name = output.get("name")
        if not isinstance(name, str):
            raise BadInput("an output has no name")
        wanted[name] = _parameters(output, repr(name)).get(BINARY) is True
    return wanted


def write(
    question: Question, tensors: Sequence[Tensor], about: Mapping[str, Any]
) -> tuple[bytes, int | None]:
    """The answer, and the length of its JSON where binary tensors follow.

    ``about`` has what is said of the model: its name, its version and parameters.
    """
    packed: list[bytes] = []
    outputs = []
    for tensor in tensors:
        output: dict[str, Any] = {
            "name": tensor.name,
            "shape": tensor.shape,
            "datatype": tensor.datatype,
        }
        if question.outputs.get(tensor.name, question.is_binary):
            packed.append(pack(tensor))
            output["parameters"] = {SIZE: len(packed[-1])}
        elif tensor.datatype == "BYTES":
            output["data"] = [text.decode(errors="replace") for text in tensor.values]
        else:
            output["data"] = tensor.values
        outputs.append(output)
    answer = {"id": question.request_id, **about, "outputs": outputs}
    text = orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY)
    return b"".join([text, *packed]), len(text) if packed else None
