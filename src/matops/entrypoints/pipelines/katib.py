"""A search as an Experiment of Katib: Katib suggests, and each trial is a Job with one command."""

import json
from collections.abc import Sequence
from typing import Any

from matops.core.exploring.space import Options, Range, SearchSpace

METRIC = "error"
"""Each trial prints lines ``error=0.123``; the last one counts."""
CONTAINER = "trial"
WORKSPACE_CLAIM, WORKSPACE, USER = "matops-workspace", "/workspace", 10001


def experiment(
    name: str, space: SearchSpace, command: Sequence[str], image: str, trials: int, at_once: int
) -> dict[str, Any]:
    """The Experiment of a search.

    Args:
        name: of the Experiment, as Kubernetes takes it.
        space: what Katib searches.
        command: the command of a trial, to which each field is added as ``--trial=path=value``.
        image: of the trials.
        trials: how many in all.
        at_once: how many run side by side.
    """
    names = {path: path.replace(".", "-").replace("_", "-") for path in space.fields}
    values = [f"--trial={path}=${{trialParameters.{name}}}" for path, name in names.items()]
    return {
        "apiVersion": "kubeflow.org/v1beta1",
        "kind": "Experiment",
        "metadata": {"name": name},
        "spec": {
            "objective": {
                "type": "minimize",
                "objectiveMetricName": METRIC,
                # Errors of unfinished trainings come before that of the trial.
                "metricStrategies": [{"name": METRIC, "value": "latest"}],
            },
            "algorithm": {"algorithmName": "multivariate-tpe"},
            "earlyStopping": {"algorithmName": "medianstop"},
            "maxTrialCount": trials,
            "parallelTrialCount": min(at_once, trials),
            "maxFailedTrialCount": max(trials // 4, 1),
            "parameters": [_parameter(names[path], of) for path, of in space.fields.items()],
            "trialTemplate": {
                "primaryContainerName": CONTAINER,
                "trialParameters": [
                    {"name": name, "description": path, "reference": name}
                    for path, name in names.items()
                ],
                "trialSpec": _job([*command, *values], image),
            },
        },
    }


def _parameter(name: str, of: Range | Options) -> dict[str, Any]:
    if isinstance(of, Options):
        space: dict[str, Any] = {"list": [json.dumps(value) for value in of.values]}
        return {"name": name, "parameterType": "categorical", "feasibleSpace": space}
    space = {"min": f"{of.low}", "max": f"{of.high}"}
    if of.step is not None:
        space["step"] = f"{of.step}"
    if of.log:
        space["distribution"] = "logUniform"
    kind = "int" if of.is_whole else "double"
    return {"name": name, "parameterType": kind, "feasibleSpace": space}


def _job(command: Sequence[str], image: str) -> dict[str, Any]:
    """A Job of one attempt, in the workspace and with the settings of the steps of pipelines."""
    container = {
        "name": CONTAINER,
        "image": image,
        "command": list(command),
        "env": [{"name": "MATOPS_WORKSPACE", "value": WORKSPACE}],
        "envFrom": [{"configMapRef": {"name": "matops-settings", "optional": True}}],
        "resources": {"requests": {"cpu": "1", "memory": "4Gi"}, "limits": {"memory": "4Gi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "workspace", "mountPath": WORKSPACE},
            {"name": "scratch", "mountPath": "/tmp"},  # noqa: S108
        ],
    }
    volumes = [
        {"name": "workspace", "persistentVolumeClaim": {"claimName": WORKSPACE_CLAIM}},
        {"name": "scratch", "emptyDir": {"sizeLimit": "10Gi"}},
    ]
    pod = {
        "restartPolicy": "Never",
        "securityContext": {"runAsNonRoot": True, "runAsUser": USER, "runAsGroup": USER},
        "containers": [container],
        "volumes": volumes,
    }
    template = {"metadata": {"annotations": {"sidecar.istio.io/inject": "false"}}, "spec": pod}
    spec = {"backoffLimit": 0, "template": template}
    return {"apiVersion": "batch/v1", "kind": "Job", "spec": spec}
