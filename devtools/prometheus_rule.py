"""The rules of manifests/monitoring as the object that the Prometheus operator reads.

    python -m devtools.prometheus_rule

Prometheus' own files are the source, since its tool checks and tests those.
"""

from pathlib import Path
from textwrap import indent

MANIFESTS = Path(__file__).parents[1] / "manifests"
RULES = ("recording-rules.yaml", "alerting-rules.yaml")
TARGET = MANIFESTS / "components" / "prometheus-operator" / "prometheus-rule.yaml"
HEAD = """\
# Written by python -m devtools.prometheus_rule from the files in manifests/monitoring.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: matops
spec:
  groups:
"""


def text() -> str:
    """The file's content: the groups of all rule files, with their comments."""
    return HEAD + "".join(indent(_groups(name), "  ") for name in RULES)


def _groups(name: str) -> str:
    """What stands under ``groups:`` in a rule file."""
    _, groups = (MANIFESTS / "monitoring" / name).read_text().split("groups:\n", 1)
    return groups


if __name__ == "__main__":
    TARGET.write_text(text())
