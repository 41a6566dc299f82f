"""Thousands of generated requests, most of them bad: the server must refuse each in words.

    python -m benchmarks.serving_fuzz PACKAGE [--requests 20000]

Starts ``matops serve`` on a package of any family. Bodies are: any bytes; any JSON; payloads of the
family's own forms with parts replaced, over both protocols; good V2 requests that lie about their
form: sizes of binary tensors, keys that stand twice, outputs that there are not, odd values of
``on_error``; the same over gRPC; and what schemathesis makes of the server's OpenAPI description.
Connections that read no answer stay open meanwhile. Prints answers by status, the longest time, and
memory before and after.
"""

import copy
import socket
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import grpc
import httpx
import orjson
import schemathesis
import typer
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject, SearchStrategy
from kserve.protocol.grpc import grpc_predict_v2_pb2 as messages
from kserve.protocol.grpc.grpc_predict_v2_pb2_grpc import GRPCInferenceServiceStub

from benchmarks.serving_attacks import Target, served
from matops.artifacts.model.package import read_card, read_golden
from matops.core.data.record import Payload
from matops.families import get_family

LONGEST_S = 30.0
DESCRIBED_SHARE = 20
"""One request in so many is made from the description, which takes ten times as long."""
CALLED_SHARE = 10
"""One in so many goes over gRPC."""
REFUSALS = ("OK", "INVALID_ARGUMENT", "NOT_FOUND", "RESOURCE_EXHAUSTED")
JSON_LENGTH = "inference-header-content-length"
UNREAD, PIPELINED = 8, 20
"""Connections that read nothing, and requests on each."""
ODD: tuple[Any, ...] = (None, True, -1, 0, 1e308, -1e-308, 2**63, "", "\x00", "Cu", [], {}, [[]])


@dataclass
class Findings:
    """What became of the requests.

    Attributes:
        statuses: number of answers by status of HTTP or name of gRPC's.
        longest_s: time of the slowest answer.
        wrong: answers that a server must never give, as text.
    """

    statuses: Counter[str] = field(default_factory=Counter)
    longest_s: float = 0.0
    wrong: list[str] = field(default_factory=list)


def json_values() -> SearchStrategy[Any]:
    """Any JSON."""
    leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
    return st.recursive(
        leaves | st.sampled_from(ODD),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
        max_leaves=12,
    )


@st.composite
def broken(draw: st.DrawFn, payloads: Sequence[Payload]) -> Any:
    """A good payload with some of its parts, however deep, replaced by anything."""
    payload: Any = copy.deepcopy(draw(st.sampled_from(payloads)))
    for _ in range(draw(st.integers(1, 3))):
        node, key = payload, draw(st.sampled_from(_keys(payload)))
        while (inner := _keys(node[key])) and bool(draw(st.booleans())):
            node, key = node[key], draw(st.sampled_from(inner))
        node[key] = draw(st.one_of(_like(node[key]), json_values()))
    return payload


def _keys(node: Any) -> list[Any]:
    return list(node) if isinstance(node, dict) else list(range(len(_items(node))))


def _items(node: Any) -> list[Any]:
    return node if isinstance(node, list) else []


def _like(value: Any) -> SearchStrategy[Any]:
    """A text with a few characters cut out or put in; a number of another size; or else nothing."""
    if isinstance(value, str):
        cuts = st.tuples(st.integers(0, len(value)), st.integers(0, 3), st.text(max_size=5))
        return cuts.map(lambda cut: value[: cut[0]] + cut[2] + value[cut[0] + cut[1] :])
    if isinstance(value, float):
        return st.floats(0.5, 2.0).map(lambda factor: value * factor)
    return st.just(value)


@dataclass(frozen=True)
class Request:
    """A request over HTTP."""

    is_v2: bool
    body: bytes
    json_bytes: int | None = None  # what it says of its JSON's length, where more follows


def bodies(payloads: Sequence[Payload]) -> SearchStrategy[Request]:
    """Requests, most of them bad."""
    samples = st.lists(broken(payloads) | json_values(), max_size=3)
    v1 = samples.map(lambda found: Request(False, _json({"instances": found})))
    v2 = samples.map(lambda found: Request(True, _json(_tensor(found))))
    anything = st.builds(Request, st.booleans(), st.binary(max_size=200) | json_values().map(_json))
    nested = st.integers(1, 100_000).map(lambda deep: Request(False, b"[" * deep))
    return v1 | v2 | anything | nested | binary(payloads) | lying(payloads)


SIZES = st.sampled_from([-(2**63), -1, 0, 1, 4, 2**31, 2**32 - 1, 2**63, 1.5, "8", None, True])
"""What a client may say of a length."""


@st.composite
def packed(draw: st.DrawFn, payloads: Sequence[Payload]) -> bytes:
    """A tensor of texts in binary form, whose lengths may be wrong."""
    text = _json(draw(st.sampled_from(payloads)))
    length = draw(st.sampled_from([len(text), len(text) + 1, len(text) - 1, 0, 2**32 - 1]))
    tail = draw(st.sampled_from([b"", b"\x00", b"\xff" * 4]))
    return length.to_bytes(4, "little") + text + tail


@st.composite
def binary(draw: st.DrawFn, payloads: Sequence[Payload]) -> Request:
    """A request of V2 with a binary tensor that may be of another size than it says."""
    content = draw(packed(payloads))
    tensor: dict[str, Any] = {"name": "instances", "shape": [1], "datatype": "BYTES"}
    tensor["parameters"] = {"binary_data_size": draw(st.just(len(content)) | SIZES)}
    text = _json({"inputs": [tensor], "parameters": {"binary_data_output": draw(st.booleans())}})
    said = draw(st.sampled_from([len(text), len(text) + 1, len(text) - 1, 0, 10**9]))
    return Request(True, text + content, said)


@st.composite
def lying(draw: st.DrawFn, payloads: Sequence[Payload]) -> Request:
    """A good request but for a word on errors, an output, or a key that stands twice."""
    payload = _json(draw(st.sampled_from(payloads)))
    choice = _json(draw(st.sampled_from(["skip", "fail"]) | json_values()))
    kind = draw(st.sampled_from(["on_error", "twice", "output"]))
    if kind == "on_error":
        return Request(False, b'{"instances": [%b], "on_error": %b}' % (payload, choice))
    if kind == "twice":
        return Request(False, b'{"instances": [%b], "instances": [%b]}' % (payload, choice))
    outputs = [{"name": draw(st.text(max_size=8)), "parameters": {"binary_data": True}}]
    return Request(True, _json({**_tensor([orjson.loads(payload)]), "outputs": outputs}))


@st.composite
def calls(draw: st.DrawFn, payloads: Sequence[Payload], name: str) -> Any:
    """A message of gRPC whose tensor is in none, one or both of its places, and may lie."""
    request = messages.ModelInferRequest(model_name=draw(st.sampled_from([name, name, "", "x"])))
    tensor = request.inputs.add(name="instances", datatype="BYTES")
    tensor.shape.extend(draw(st.lists(st.sampled_from([-1, 0, 1, 2, 2**62]), max_size=2)) or [1])
    for _ in range(draw(st.integers(0, 2))):
        request.raw_input_contents.append(draw(packed(payloads)))
    if draw(st.booleans()):
        tensor.contents.bytes_contents.append(_json(draw(broken(payloads))))
    if draw(st.booleans()):
        request.parameters["on_error"].string_param = draw(st.sampled_from(["skip", "x", ""]))
    if draw(st.booleans()):
        request.outputs.add(name=draw(st.text(max_size=8)))
    return request


def _tensor(samples: list[Any]) -> dict[str, Any]:
    data = [_json(sample).decode() for sample in samples]
    tensor = {"name": "instances", "shape": [len(data)], "datatype": "BYTES", "data": data}
    return {"inputs": [tensor]}


def _json(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except (TypeError, ValueError):  # numbers and texts that JSON can't say
        return repr(value).encode(errors="replace")


def fuzz(target: Target, requests: int, good: Sequence[Payload]) -> Findings:
    """Ask a server so many requests, some of them close to good ones."""
    findings = Findings()
    with httpx.Client(base_url=target.url, timeout=LONGEST_S) as client:
        forms = client.get(f"/v2/models/{target.model}").json()["payload_forms"]
        payloads = [*good, *({form["key"]: form["example"]} for form in forms)]
        described, called = requests // DESCRIBED_SHARE, requests // CALLED_SHARE
        _fuzz_bodies(client, target.model, payloads, requests - described - called, findings)
        _fuzz_description(client, described, findings)
    _fuzz_calls(target, payloads, called, findings)
    return findings


@contextmanager
def unread(target: Target) -> Iterator[None]:
    """Connections that ask for good predictions and read none, as long as they may stay."""
    body = b'{"instances": [' + target.small + b"]}"
    head = f"POST {target.path} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n"
    with ExitStack() as opened:
        for _ in range(UNREAD):
            connection = opened.enter_context(socket.create_connection(("127.0.0.1", target.http)))
            connection.sendall((head.encode() + body) * PIPELINED)
        yield


def _generated(count: int) -> settings:
    return settings(
        max_examples=count,
        database=None,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


def _fuzz_bodies(
    client: httpx.Client,
    name: str,
    payloads: Sequence[Payload],
    requests: int,
    findings: Findings,
) -> None:
    @_generated(requests)
    @given(bodies(payloads))
    def ask(asked: Request) -> None:
        path = f"/v2/models/{name}/infer" if asked.is_v2 else f"/v1/models/{name}:predict"
        length = {} if asked.json_bytes is None else {JSON_LENGTH: str(asked.json_bytes)}
        _note(client, path, asked.body, findings, length)

    ask()


def _fuzz_calls(
    target: Target, payloads: Sequence[Payload], requests: int, findings: Findings
) -> None:
    """The same over gRPC; a status of the server's own fault is wrong."""
    with grpc.insecure_channel(f"127.0.0.1:{target.grpc}") as channel:
        stub = GRPCInferenceServiceStub(channel)

        @_generated(requests)
        @given(calls(payloads, target.model))
        def ask(request: Any) -> None:
            began = time.perf_counter()
            try:
                stub.ModelInfer(request, timeout=LONGEST_S)
                code, words = grpc.StatusCode.OK, "answered"
            except grpc.RpcError as error:
                code, words = error.code(), error.details()
            findings.longest_s = max(findings.longest_s, time.perf_counter() - began)
            findings.statuses[code.name] += 1
            if code.name not in REFUSALS or not words:
                findings.wrong.append(f"{code.name} {words}: {request!s:.300}")

        ask()


def _fuzz_description(client: httpx.Client, requests: int, findings: Findings) -> None:
    """What schemathesis generates for each operation that takes a body, good and bad."""
    description = schemathesis.openapi.from_dict(client.get("/openapi.json").json())
    paths = [path for path, methods in description.raw_schema["paths"].items() if "post" in methods]
    cases = st.one_of([description[path]["POST"].as_strategy() for path in paths])

    @_generated(requests)
    @given(st.data())
    def ask(data: DataObject) -> None:
        case = data.draw(cases)
        _note(client, case.path, _json(case.body), findings, {})

    ask()


def _note(
    client: httpx.Client, path: str, body: bytes, findings: Findings, headers: dict[str, str]
) -> None:
    began = time.perf_counter()
    try:
        answer = client.post(path, content=body, headers=headers)
    except httpx.HTTPError as error:
        findings.wrong.append(f"{error!r}: {body[:200]!r}")
        return
    findings.longest_s = max(findings.longest_s, time.perf_counter() - began)
    findings.statuses[str(answer.status_code)] += 1
    is_said = answer.status_code == httpx.codes.OK or bool(answer.json().get("error"))
    if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR or not is_said:
        findings.wrong.append(f"{answer.status_code} {answer.text[:200]}: {body[:300]!r}")


def main(
    package: Annotated[Path, typer.Argument(help="Directory of a model package")],
    requests: Annotated[int, typer.Option(help="How many")] = 20_000,
) -> None:
    """Print what became of the requests; exit with 1 if the server did what it must not."""
    family = get_family(read_card(package).family)
    with TemporaryDirectory() as directory, served(package, Path(directory)) as (target, _):
        example = family.load_request(family.write_example(Path(directory)))
        good = [example, *read_golden(package).requests]
        fuzz(target, requests // 20, good)
        before_MiB = target.memory_MiB()
        with unread(target):
            findings = fuzz(target, requests, good)
        after_MiB = target.memory_MiB()
    print(f"answers by status: {dict(sorted(findings.statuses.items()))}")
    print(f"longest: {1e3 * findings.longest_s:.0f} ms")
    print(f"memory: {before_MiB:.0f} MiB before, {after_MiB:.0f} MiB after")
    for wrong in findings.wrong[:20]:
        print(f"wrong: {wrong}")
    raise typer.Exit(1 if findings.wrong else 0)


if __name__ == "__main__":
    typer.run(main)
