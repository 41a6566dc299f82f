"""A small process that counts what it is told to, for Prometheus to scrape.

    python metrics_process.py PORT VARIANT

It reads one JSON object a line: ``{"ok": 3, "error": 1, "latency_s": [0.03], "values": [70]}``.
"""

import json
import sys

from prometheus_client import Counter, Histogram, start_http_server


def main(port: int, variant: str) -> None:
    own = {"family": "elastic_cgcnn", "model_version": "m8", "variant": variant}
    requests = Counter("matops_requests", "Requests by outcome", [*own, "outcome"])
    samples = Counter("matops_samples", "Samples", [*own]).labels(**own)
    outside = Counter("matops_out_of_domain_requests", "Outside", [*own]).labels(**own)
    edges_s = (0.01, 0.02, 0.05, 0.1)
    seconds = Histogram("matops_request_seconds", "Time", [*own], buckets=edges_s).labels(**own)
    labels = [*own, "target", "unit"]
    values = Histogram("matops_prediction", "Values", labels, buckets=(50, 100, 200))
    moduli = values.labels(**own, target="K_VRH", unit="GPa")
    outcomes = {
        name: requests.labels(**own, outcome=name)
        for name in ("ok", "bad_input", "error", "overloaded")
    }
    start_http_server(port, addr="127.0.0.1")
    print("ready", flush=True)
    for line in sys.stdin:
        told = json.loads(line)
        for name, counter in outcomes.items():
            counter.inc(told.get(name, 0))
        samples.inc(told.get("samples", 0))
        outside.inc(told.get("outside", 0))
        for observed in told.get("latency_s", []):
            seconds.observe(observed)
        for value in told.get("values", []):
            moduli.observe(value)
        print("done", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
