"""Tensors in binary form: what Triton's clients send, and get back where they ask for it.

Source: the Binary Tensor Data extension of the Open Inference Protocol.
"""

from collections.abc import Sequence

from matops.adapters.serving.protocols.question import INSTANCES
from matops.adapters.serving.protocols.tensors import Tensor
from matops.core.errors import BadInput

_TYPES = {"FP64": "<f8", "INT64": "<i8", "BOOL": "?"}


def unpack_texts(packed: bytes, most: int) -> list[bytes]:
    """Elements, each after its length in four bytes, the lowest first; one more than ``most``.

    Raises:
        BadInput: the last one is not whole.
    """
    elements: list[bytes] = []
    start = 0
    while start < len(packed) and len(elements) <= most:
        first = start + 4
        end = first + int.from_bytes(packed[start:first], "little")
        if first > len(packed) or end > len(packed):
            raise BadInput(f"{INSTANCES!r} in binary form ends within an element")
        elements.append(packed[first:end])
        start = end
    return elements


def pack(tensor: Tensor) -> bytes:
    """A tensor's elements, row by row."""
    if tensor.datatype == "BYTES":
        return pack_texts(tensor.values.tolist())
    return tensor.values.astype(_TYPES[tensor.datatype]).tobytes()


def pack_texts(texts: Sequence[bytes]) -> bytes:
    """Texts, each after its length in four bytes, the lowest first."""
    return b"".join(len(text).to_bytes(4, "little") + text for text in texts)
