"""Two arms that pass every check of a policy with unequal limits, for the judge to be tried on."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from matops.core.release.canary import judge_canary
from matops.core.release.canary_policy import CanaryPolicy
from matops.core.release.rollout import begin, deploy_first
from matops.core.release.ruling import Check, Ruling
from matops.core.release.traffic import ArmTraffic, Buckets, PairedAnswers

REQUESTS = "requests of the candidate"
ERRORS = "failed requests beyond the other arm's"
CAP = "failed requests"
REFUSED = "refused requests beyond the other arm's"
P95 = "requests slower than 1.6 times the other arm's p95"
OUTSIDE = "requests out of domain beyond the other arm's"
SHIFT = "shift of K_VRH"
PAIRS = "pairs that disagree on K_VRH"
WIDER = "pairs with an interval over 2.5 times as wide for K_VRH"
GOLDEN = "golden requests answered otherwise than recorded"
NOT_FINITE = "answers that are no finite numbers"
UNANSWERED = "paired requests that only the candidate left unanswered"

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
POLICY = CanaryPolicy(
    shares_percent=(20, 100),
    least_requests=300,
    error_tolerance=0.02,
    error_cap=0.05,
    refused_tolerance=0.03,
    latency_ratio=1.6,
    outside_excess=0.04,
    shift=0.15,
    disagreement=0.25,
    interval_ratio=2.5,
    least_pairs=6,
    settling_s=40.0,
    least_stage_s=100.0,
    most_stage_s=900.0,
    most_release_s=1500.0,
    most_setbacks=3,
    mirror=False,
)
EDGES_S = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, math.inf)
EDGES_GPA = (50.0, 100.0, 150.0, 200.0, math.inf)


def latency(*counts: float) -> Buckets:
    return Buckets(EDGES_S, counts)


def moduli(*counts: float) -> dict[str, Buckets]:
    return {"K_VRH": Buckets(EDGES_GPA, counts)}


CANDIDATE = ArmTraffic(
    requests=400.0,
    errors=2.0,
    refused=7.0,
    latency_s=latency(40, 250, 90, 18, 2, 0, 0),
    predictions=moduli(60, 150, 120, 60, 10),
    answered=398.0,
    outside=5.0,
)
REFERENCE = ArmTraffic(
    requests=500.0,
    errors=1.0,
    refused=9.0,
    latency_s=latency(60, 310, 105, 22, 3, 0, 0),
    predictions=moduli(80, 185, 150, 70, 15),
    answered=499.0,
    outside=6.0,
)
PAIRED = PairedAnswers(10, 0, 0, 0, {"K_VRH": 0.1}, 0, {"K_VRH": 0.2})
ROLLOUT = begin(deploy_first("m1", "/m1"), "m2", "/m2", NOON, POLICY)


def ruling(
    candidate: ArmTraffic = CANDIDATE,
    reference: ArmTraffic = REFERENCE,
    paired: PairedAnswers | None = PAIRED,
    after_s: float = 120.0,
    setbacks: int = 0,
) -> Ruling:
    rollout = replace(ROLLOUT, setbacks=setbacks)
    now = NOON + timedelta(seconds=after_s)
    return judge_canary(rollout, candidate, reference, paired, now, POLICY)


def the(name: str, found: Ruling) -> Check:
    [check] = [check for check in found.checks if check.name == name]
    return check
