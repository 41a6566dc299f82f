"""What a gateway adds to a request: the same requests through it and straight to a pod, in turns.

    python -m benchmarks.gateway_latency http://GATEWAY http://POD:8080 --host NAME.example.com
        [--path /v2/health/live] [--requests 2000]

One client, one connection kept to each, no pause. Where the machine's cores are shared with the
cluster's, the turns see the same neighbours.
"""

import time
from typing import Annotated

import httpx
import numpy as np
import typer

WARM_UP = 50
PERCENTILES = (50, 90, 99)


def latency_ms(client: httpx.Client, path: str) -> float:
    """Of one request that must be answered, ms."""
    began = time.perf_counter()
    try:
        client.get(path).raise_for_status()
    except httpx.HTTPError as error:
        raise SystemExit(f"{client.base_url}: {error}") from None
    return (time.perf_counter() - began) * 1e3


def main(
    gateway: str,
    pod: str,
    host: Annotated[str, typer.Option(help="that the gateway's route names")],
    path: Annotated[str, typer.Option(help="to ask for")] = "/v2/health/live",
    requests: Annotated[int, typer.Option(help="of each way")] = 2000,
) -> None:
    """Print percentiles of both ways, ms, and their ratios."""
    with (
        httpx.Client(base_url=gateway, headers={"Host": host}, timeout=30) as through,
        httpx.Client(base_url=pod, timeout=30) as straight,
    ):
        turns = [
            (latency_ms(through, path), latency_ms(straight, path))
            for _ in range(WARM_UP + requests)
        ]
    table = np.percentile(turns[WARM_UP:], PERCENTILES, axis=0)
    print(f"{'':6}{'gateway':>10}{'straight':>10}{'ratio':>8}   ({requests} requests each, ms)")
    for percentile, (with_gateway, without) in zip(PERCENTILES, table, strict=True):
        ratio = with_gateway / without
        print(f"{f'p{percentile}':6}{with_gateway:10.2f}{without:10.2f}{ratio:8.2f}")


if __name__ == "__main__":
    typer.run(main)
