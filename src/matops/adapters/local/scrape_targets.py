"""What Prometheus needs to scrape the arms of local deployments, kept up to date for it."""

import json
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from matops.processes.atomic import write_atomic

CONFIGURATION, TARGETS, SERIES = "prometheus.yml", "scraped", "series"
PROMETHEUS_PORT = 9090
"""Where a Prometheus listens that is told nothing else."""


def write_configuration(root: Path, every_s: float) -> None:
    """Write the configuration of a Prometheus that finds every family's arms under ``root``."""
    job = {
        "job_name": "matops",
        # A server names its family and variant itself; without this Prometheus renames both.
        "honor_labels": True,
        "file_sd_configs": [
            {
                "files": [str(root.resolve() / TARGETS / "*.json")],
                "refresh_interval": _duration(every_s),
            }
        ],
    }
    timing = {"scrape_interval": _duration(every_s), "scrape_timeout": _duration(min(every_s, 10))}
    # JSON is YAML too.
    _write(root / CONFIGURATION, {"global": timing, "scrape_configs": [job]})


def write_targets(root: Path, family: str, ports: Mapping[str, int]) -> None:
    """Name the arms that run now, one target each; Prometheus sees the file change."""
    targets = [
        {"targets": [f"127.0.0.1:{port}"], "labels": {"family": family, "variant": arm}}
        for arm, port in ports.items()
    ]
    _write(root / TARGETS / f"{family}.json", targets)


def prometheus_command(root: Path, url: str) -> list[str]:
    """The command line that starts such a Prometheus, at the port that its URL names."""
    try:
        port = urlsplit(url).port or PROMETHEUS_PORT
    except ValueError:  # what is no URL is refused when it is asked
        port = PROMETHEUS_PORT
    return [
        "prometheus",
        f"--config.file={root.resolve() / CONFIGURATION}",
        f"--storage.tsdb.path={root.resolve() / SERIES}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]


def _duration(seconds: float) -> str:
    """As Prometheus writes it, who knows no fractions."""
    return f"{max(1, round(1000 * seconds))}ms"


def _write(path: Path, content: object) -> None:
    """Write JSON where it differs; the file appears whole or not at all."""
    text = json.dumps(content, indent=2) + "\n"
    if path.is_file() and path.read_text() == text:
        return
    write_atomic(path, text.encode())
