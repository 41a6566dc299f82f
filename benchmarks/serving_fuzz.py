"""Thousands of generated requests, most of them bad: the server must refuse each in words.

    python -m benchmarks.serving_fuzz PACKAGE [--requests 20000]

Starts ``matops serve`` on a package of any family. Bodies are: any bytes; any JSON; payloads of the
family's own forms with parts replaced, over both protocols; and what schemathesis makes of the
server's OpenAPI description. Prints answers by status, the longest time, and memory before and
after.
"""

import copy
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import httpx
import orjson
import psutil
import schemathesis
import typer
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject, SearchStrategy

from matops.artifacts.model.package import read_card, read_golden
from matops.core.data.record import Payload
from matops.entrypoints.cli.pipelines.demo import running_server
from matops.families import get_family

LONGEST_S = 30.0
DESCRIBED_SHARE = 20
"""One request in so many is made from the description, which takes ten times as long."""
ODD: tuple[Any, ...] = (None, True, -1, 0, 1e308, -1e-308, 2**63, "", "\x00", "Cu", [], {}, [[]])


@dataclass
class Findings:
    """What became of the requests.

    Attributes:
        statuses: number of answers by HTTP status.
        longest_s: time of the slowest answer.
        wrong: answers that a server must never give, as text.
    """

    statuses: Counter[int] = field(default_factory=Counter)
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


def bodies(payloads: Sequence[Payload]) -> SearchStrategy[tuple[bool, bytes]]:
    """Whether a request is for V2, and its body."""
    samples = st.lists(broken(payloads) | json_values(), max_size=3)
    v1 = samples.map(lambda found: (False, _json({"instances": found})))
    v2 = samples.map(lambda found: (True, _json(_tensor(found))))
    anything = st.tuples(st.booleans(), st.binary(max_size=200) | json_values().map(_json))
    nested = st.integers(1, 100_000).map(lambda deep: (False, b"[" * deep))
    return v1 | v2 | anything | nested


def _tensor(samples: list[Any]) -> dict[str, Any]:
    data = [_json(sample).decode() for sample in samples]
    tensor = {"name": "instances", "shape": [len(data)], "datatype": "BYTES", "data": data}
    return {"inputs": [tensor]}


def _json(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except (TypeError, ValueError):  # numbers and texts that JSON can't say
        return repr(value).encode(errors="replace")


def fuzz(url: str, requests: int, good: Sequence[Payload]) -> Findings:
    """Ask a server so many requests, some of them close to good ones."""
    findings = Findings()
    with httpx.Client(base_url=url, timeout=LONGEST_S) as client:
        name = client.get("/v1/models").json()["models"][0]
        forms = client.get(f"/v2/models/{name}").json()["payload_forms"]
        payloads = [*good, *({form["key"]: form["example"]} for form in forms)]
        described = requests // DESCRIBED_SHARE
        _fuzz_bodies(client, name, payloads, requests - described, findings)
        _fuzz_description(client, described, findings)
    return findings


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
    def ask(asked: tuple[bool, bytes]) -> None:
        is_v2, body = asked
        path = f"/v2/models/{name}/infer" if is_v2 else f"/v1/models/{name}:predict"
        _note(client, "POST", path, body, findings)

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
        _note(client, "POST", case.path, _json(case.body), findings)

    ask()


def _note(client: httpx.Client, method: str, path: str, body: bytes, findings: Findings) -> None:
    began = time.perf_counter()
    try:
        answer = client.request(method, path, content=body)
    except httpx.HTTPError as error:
        findings.wrong.append(f"{error!r}: {body[:200]!r}")
        return
    findings.longest_s = max(findings.longest_s, time.perf_counter() - began)
    findings.statuses[answer.status_code] += 1
    is_said = answer.status_code == httpx.codes.OK or bool(answer.json().get("error"))
    if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR or not is_said:
        findings.wrong.append(f"{answer.status_code} {answer.text[:200]}: {body[:300]!r}")


def resident_MiB(port: int) -> float:
    """Memory of the server that listens on a port, with the processes that it has started."""
    [first] = {
        connection.pid
        for connection in psutil.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
    }
    server = psutil.Process(first)
    family = [server, *server.children(recursive=True)]
    return float(sum(each.memory_info().rss for each in family)) / 2**20


def main(
    package: Annotated[Path, typer.Argument(help="Directory of a model package")],
    requests: Annotated[int, typer.Option(help="How many")] = 20_000,
) -> None:
    """Print what became of the requests; exit with 1 if the server did what it must not."""
    family = get_family(read_card(package).family)
    with (
        TemporaryDirectory() as directory,
        running_server(package, Path(directory) / "server.log") as url,
    ):
        example = family.load_request(family.write_example(Path(directory)))
        good = [example, *read_golden(package).requests]
        port = int(url.rsplit(":", 1)[1])
        fuzz(url, requests // 20, good)
        before_MiB = resident_MiB(port)
        findings = fuzz(url, requests, good)
        after_MiB = resident_MiB(port)
    print(f"answers by status: {dict(sorted(findings.statuses.items()))}")
    print(f"longest: {1e3 * findings.longest_s:.0f} ms")
    print(f"memory: {before_MiB:.0f} MiB before, {after_MiB:.0f} MiB after")
    for wrong in findings.wrong[:20]:
        print(f"wrong: {wrong}")
    raise typer.Exit(1 if findings.wrong else 0)


if __name__ == "__main__":
    typer.run(main)
