"""How often the judge of canary releases errs, and how soon it sees: simulated releases.

    python -m benchmarks.canary_judge [--releases 500] [--requests-per-s 20]

Requests arrive at random and go to the arms by their shares; each look sees all of a stage so far.
A healthy candidate differs from the champion by chance only.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from matops.adapters.prometheus.serving_metrics import LATENCY_EDGES_S as SERVER_EDGES_S
from matops.core.release.canary import judge_canary
from matops.core.release.canary_policy import CanaryPolicy
from matops.core.release.rollout import Rollout, begin, deploy_first, next_rollout
from matops.core.release.traffic import ArmTraffic, Buckets, PairedAnswers

Array = NDArray[np.float64]
LATENCY_EDGES_S = (*SERVER_EDGES_S, np.inf)
VALUE_EDGES_GPA = (*np.geomspace(10, 500, 30), np.inf)
GOLDEN_REQUESTS = 8


@dataclass(frozen=True)
class Behaviour:
    """How an arm behaves.

    Attributes:
        failing: share of requests that fail.
        p50_s: median latency.
        spread: standard deviation of its logarithm.
        factor: by what its predictions are multiplied.
        outside: share of samples out of its domain.
        disagreeing: share of pairs farther apart than both intervals.
        wide: share of pairs in which its interval is far wider than the champion's.
    """

    failing: float = 0.001
    p50_s: float = 0.03
    spread: float = 0.5
    factor: float = 1.0
    outside: float = 0.01
    disagreeing: float = 0.05
    wide: float = 0.05


HEALTHY = Behaviour()
FLAKY = replace(HEALTHY, failing=0.01)
CASES = {
    "healthy": (HEALTHY, HEALTHY),
    "healthy, both fail 1 %": (FLAKY, FLAKY),
    "other predictions, pairs agree": (replace(HEALTHY, factor=1.6), HEALTHY),
    "fails 5 %": (replace(HEALTHY, failing=0.05), HEALTHY),
    "three times slower": (replace(HEALTHY, p50_s=0.09), HEALTHY),
    "predictions ten times too large": (replace(HEALTHY, factor=10, disagreeing=0.95), HEALTHY),
    "as wrong, with endless intervals": (
        replace(HEALTHY, factor=10, disagreeing=0.0, wide=0.95),
        HEALTHY,
    ),
    "a fifth out of domain": (replace(HEALTHY, outside=0.2), HEALTHY),
}
"""Candidate and champion of each kind of release."""


def histogram(values: Array, edges: Sequence[float]) -> Buckets:
    """Values counted between edges."""
    counts = np.bincount(np.searchsorted(edges, values), minlength=len(edges))
    return Buckets(tuple(edges), tuple(map(float, counts)))


def traffic(arm: Behaviour, requests: int, rng: np.random.Generator) -> ArmTraffic:
    """What an arm meets in some requests of one sample each."""
    latency_s = arm.p50_s * np.exp(arm.spread * rng.normal(size=requests))
    values = arm.factor * 70.0 * np.exp(0.5 * rng.normal(size=requests))
    return ArmTraffic(
        requests=float(requests),
        errors=float(rng.binomial(requests, arm.failing)),
        refused=0.0,
        latency_s=histogram(latency_s, LATENCY_EDGES_S),
        predictions={"K_VRH": histogram(values, VALUE_EDGES_GPA)},
        samples=float(requests),
        outside=float(rng.binomial(requests, arm.outside)),
    )


def together(one: ArmTraffic, other: ArmTraffic) -> ArmTraffic:
    """Two windows of one arm as one."""

    def added(name: str) -> float:
        return float(getattr(one, name) + getattr(other, name))

    def joined(a: Buckets, b: Buckets) -> Buckets:
        return Buckets(a.edges, tuple(map(sum, zip(a.counts, b.counts, strict=True))))

    if one.latency_s is None or other.latency_s is None:
        raise ValueError("both windows need a latency")
    return ArmTraffic(
        **{name: added(name) for name in ("requests", "errors", "refused", "samples", "outside")},
        latency_s=joined(one.latency_s, other.latency_s),
        predictions={t: joined(b, other.predictions[t]) for t, b in one.predictions.items()},
    )


@dataclass(frozen=True)
class Ended:
    """How a release ended.

    Attributes:
        rollout: its last state.
        after_s: how long it took.
        requests: requests that the candidate got.
    """

    rollout: Rollout
    after_s: float
    requests: int


def compared(candidate: Behaviour, champion: Behaviour, rng: np.random.Generator) -> PairedAnswers:
    """Answers of both to the golden requests."""
    own, other = (rng.random(GOLDEN_REQUESTS) < arm.failing for arm in (candidate, champion))
    return PairedAnswers(
        asked=GOLDEN_REQUESTS,
        champion_failed=int(other.sum()),
        candidate_failed=int(own.sum()),
        both_failed=int((own & other).sum()),
        not_finite=0,
        outside_interval={
            "K_VRH": rng.binomial(GOLDEN_REQUESTS, candidate.disagreeing) / GOLDEN_REQUESTS
        },
        golden_mismatches=0,
        far_wider={"K_VRH": rng.binomial(GOLDEN_REQUESTS, candidate.wide) / GOLDEN_REQUESTS},
    )


def release(
    candidate: Behaviour,
    champion: Behaviour,
    requests_per_s: float,
    policy: CanaryPolicy,
    rng: np.random.Generator,
) -> Ended:
    """Simulate one release under the judge, look by look."""
    began = now = datetime(2026, 1, 1, tzinfo=UTC)
    rollout = begin(deploy_first("1", "/1"), "2", "/2", now, policy)
    nothing = (traffic(candidate, 0, rng), traffic(champion, 0, rng))
    own, other, requests = *nothing, 0
    while rollout.candidate:
        now += timedelta(seconds=policy.look_every_s)
        offered = requests_per_s * policy.look_every_s / 100
        more = int(rng.poisson(offered * rollout.share_percent))
        others = int(rng.poisson(offered * rollout.shares_percent[rollout.reference.name]))
        own = together(own, traffic(candidate, more, rng))
        other = together(other, traffic(champion, others, rng))
        requests += more
        paired = compared(candidate, champion, rng)
        after = judge_and_move(rollout, own, other, paired, now, policy)
        if after.share_percent != rollout.share_percent:
            # The champion's last window stays for the stage in which it has no traffic.
            own, other = nothing[0], other if after.share_percent == 100 else nothing[1]
        rollout = after
    return Ended(rollout, (now - began).total_seconds(), requests)


def judge_and_move(
    rollout: Rollout,
    own: ArmTraffic,
    other: ArmTraffic,
    paired: PairedAnswers,
    now: datetime,
    policy: CanaryPolicy,
) -> Rollout:
    """The state after one look."""
    return next_rollout(
        rollout, judge_canary(rollout, own, other, paired, now, policy), now, policy
    )


def main(
    releases: Annotated[int, typer.Option(help="simulated releases of each kind")] = 500,
    requests_per_s: Annotated[float, typer.Option(help="requests to all arms")] = 20.0,
) -> None:
    """Print how releases of each kind end."""
    policy = CanaryPolicy()
    print(f"{releases} releases of each kind, {requests_per_s:g} requests/s")
    for name, arms in CASES.items():
        rng = np.random.default_rng(7)
        ends = [release(*arms, requests_per_s, policy, rng) for _ in range(releases)]
        moves = Counter(end.rollout.move for end in ends)
        print(
            f"{name:32} promoted {moves['promote'] / releases:6.1%}  "
            f"rolled back {moves['roll_back'] / releases:6.1%}  "
            f"after {median(end.after_s for end in ends):5.0f} s and "
            f"{median(end.requests for end in ends):6.0f} requests (medians)"
        )


if __name__ == "__main__":
    typer.run(main)
