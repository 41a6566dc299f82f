"""One look at the release under way: seconds, so that no pod is held while traffic decides.

A schedule repeats it; ``matops release tick`` in a CronJob does the same without Kubeflow.
"""

from kfp import dsl

from components.judge import judge
from components.on_cluster import DAY_S, on_cluster


@dsl.pipeline(
    name="judge-release",
    description="Look once at the release under way, and advance, hold or roll it back.",
    pipeline_config=dsl.PipelineConfig(
        ttl_seconds_after_finished=DAY_S, active_deadline_seconds=1800
    ),
)
def judge_release(family: str = "elastic_cgcnn") -> None:
    """Look once at the release under way.

    Args:
        family: family of the model.
    """
    on_cluster(judge(family=family))


PIPELINE = judge_release
