"""How often the judge of canary releases errs, and how soon it sees: simulated releases.

    python -m benchmarks.canary_judge [--releases 1000] [--only bursty] [--workers 2]

Requests arrive at random, alone or in bursts of requests that are alike, and each goes to an arm
by the shares; each look sees all of a stage so far. Two errors are counted, by kind of traffic:
healthy candidates that are rolled back, and bad ones that are promoted. A release that ends as
inconclusive is neither: a person decides.
"""

from collections import Counter, deque
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
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
GOLDEN_REQUESTS, RECENT_REQUESTS = 8, 32
KEPT_EVERY = 5
"""Of a burst's requests, 10 ms apart, a server keeps one in 50 ms to ask both arms again."""
MOST_S = 8 * 3600.0
"""What has not ended by then would have shown as an error of the judge's deadlines."""


@dataclass(frozen=True)
class Behaviour:
    """How an arm behaves.

    Attributes:
        failing: share of requests that fail.
        refusing: share of requests that it refuses as bad input.
        slowness: by what its latency is multiplied.
        factor: by what its predictions are multiplied.
        outside: share of samples out of its domain.
        disagreeing: share of pairs farther apart than both intervals.
        wide: share of pairs in which its interval is far wider than the champion's.
    """

    failing: float = 0.001
    refusing: float = 0.02
    slowness: float = 1.0
    factor: float = 1.0
    outside: float = 0.01
    disagreeing: float = 0.05
    wide: float = 0.05


HEALTHY = Behaviour()
FLAKY = replace(HEALTHY, failing=0.01)
HEALTHY_CASES = {
    "equal": (HEALTHY, HEALTHY),
    "both fail 1 %": (FLAKY, FLAKY),
    "other predictions, pairs agree": (replace(HEALTHY, factor=1.6), HEALTHY),
}
BAD_CASES = {
    "fails 5 %": (replace(HEALTHY, failing=0.05), HEALTHY),
    "refuses 80 %": (replace(HEALTHY, refusing=0.8), HEALTHY),
    "three times slower": (replace(HEALTHY, slowness=3.0), HEALTHY),
    "predictions ten times too large": (replace(HEALTHY, factor=10, disagreeing=0.95), HEALTHY),
    "as wrong, with endless intervals": (
        replace(HEALTHY, factor=10, disagreeing=0.0, wide=0.95),
        HEALTHY,
    ),
    "a fifth out of domain": (replace(HEALTHY, outside=0.2), HEALTHY),
}
"""Candidate and champion of each kind of release."""


@dataclass(frozen=True)
class Traffic:
    """What clients send.

    Attributes:
        requests_per_s: of all clients.
        burst: mean number of requests that come together and are alike (geometric).
        batches: share of requests that hold ``batch`` samples, all alike.
        batch: samples of such a request.
        slow: share of requests that take a second by nature; the others take 7 ms.
    """

    requests_per_s: float
    burst: float = 1.0
    batches: float = 0.0
    batch: int = 256
    slow: float = 0.0


KINDS = {
    "steady, 20/s": Traffic(20.0),
    "steady, 2/s": Traffic(2.0),
    "low, 1 in 10 s": Traffic(0.1),
    "low, 1 a minute": Traffic(1 / 60),
    "bimodal, 2/s": Traffic(2.0, slow=0.05),
    "bursty, 2/s": Traffic(2.0, burst=20.0),
    "batched, 2/s": Traffic(2.0, batches=0.05),
}


@dataclass(frozen=True)
class Requests:
    """Requests that arrived, a value each; those of a burst are alike.

    Attributes:
        nominal_s: latency that a champion needs.
        value_GPa: what a champion predicts.
        strangeness: how unlike the training data, uniform in 0 to 1.
        samples: how many samples it holds.
        burst: number of its burst.
    """

    nominal_s: Array
    value_GPa: Array
    strangeness: Array
    samples: Array
    burst: NDArray[np.int64]

    def only(self, chosen: NDArray[np.bool_]) -> "Requests":
        """Some of them."""
        return Requests(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))


def arrive(traffic: Traffic, seconds: float, rng: np.random.Generator) -> Requests:
    """Requests of all clients in some seconds."""
    bursts = rng.poisson(traffic.requests_per_s * seconds / traffic.burst)
    sizes = rng.geometric(1 / traffic.burst, bursts)
    n = int(sizes.sum())

    def alike(drawn: Array) -> Array:
        return np.repeat(drawn, sizes)

    if traffic.slow:
        nominal_s = np.where(rng.random(n) < traffic.slow, 1.0, 0.007)
    else:
        nominal_s = 0.03 * np.exp(0.5 * alike(rng.normal(size=bursts)))
    return Requests(
        nominal_s=nominal_s * np.exp(0.1 * rng.normal(size=n)),
        value_GPa=70.0 * np.exp(0.5 * alike(rng.normal(size=bursts))),
        strangeness=alike(rng.random(bursts)),
        samples=np.where(rng.random(n) < traffic.batches, traffic.batch, 1),
        burst=np.repeat(np.arange(bursts), sizes),
    )


def histogram(values: Array, edges: Sequence[float]) -> Buckets:
    """Values counted between edges."""
    counts = np.bincount(np.searchsorted(edges, values), minlength=len(edges))
    return Buckets(tuple(edges), tuple(map(float, counts)))


def meet(arm: Behaviour, requests: Requests, rng: np.random.Generator) -> ArmTraffic:
    """What an arm meets in some requests; each counts once, however many samples it holds."""
    refused = rng.random(requests.samples.size) < arm.refusing
    taken = requests.only(~refused)
    failed = rng.random(taken.samples.size) < arm.failing
    answered = taken.only(~failed)
    values_GPa = arm.factor * answered.value_GPa * np.exp(0.1 * rng.normal(size=(~failed).sum()))
    return ArmTraffic(
        requests=float(taken.samples.size),
        errors=float(failed.sum()),
        refused=float(refused.sum()),
        latency_s=histogram(arm.slowness * taken.nominal_s, LATENCY_EDGES_S),
        predictions={"K_VRH": histogram(values_GPa, VALUE_EDGES_GPA)},
        answered=float(answered.samples.size),
        samples=float(answered.samples.sum()),
        outside=float((answered.strangeness < arm.outside).sum()),
    )


def together(one: ArmTraffic, other: ArmTraffic) -> ArmTraffic:
    """Two windows of one arm as one."""

    def added(name: str) -> float:
        return float(getattr(one, name) + getattr(other, name))

    def joined(a: Buckets, b: Buckets) -> Buckets:
        return Buckets(a.edges, tuple(map(sum, zip(a.counts, b.counts, strict=True))))

    if one.latency_s is None or other.latency_s is None:
        raise ValueError("both windows need a latency")
    counts = ("requests", "errors", "refused", "answered", "samples", "outside")
    return ArmTraffic(
        **{name: added(name) for name in counts},
        latency_s=joined(one.latency_s, other.latency_s),
        predictions={t: joined(b, other.predictions[t]) for t, b in one.predictions.items()},
    )


@dataclass
class Pairs:
    """Answers of both arms: golden requests, the same at every look, and clients' last ones."""

    candidate: Behaviour
    champion: Behaviour
    rng: np.random.Generator
    golden: list[tuple[bool, bool]] = field(default_factory=list)
    recent: deque[tuple[bool, bool]] = field(default_factory=lambda: deque(maxlen=RECENT_REQUESTS))

    def __post_init__(self) -> None:
        self.golden = [self._draw() for _ in range(GOLDEN_REQUESTS)]

    def _draw(self) -> tuple[bool, bool]:
        far, wide = self.rng.random(2) < (self.candidate.disagreeing, self.candidate.wide)
        return bool(far), bool(wide)

    def ask(self, arrived: Requests) -> PairedAnswers:
        """What a look compares after some more requests; those of a burst disagree together."""
        for size in np.bincount(arrived.burst)[-RECENT_REQUESTS:]:
            self.recent.extend([self._draw()] * (1 + (int(size) - 1) // KEPT_EVERY))
        pairs = [*self.golden, *self.recent]
        own, other = (
            self.rng.random(len(pairs)) < arm.failing for arm in (self.candidate, self.champion)
        )
        far, wide = np.mean(pairs, axis=0)
        return PairedAnswers(
            asked=len(pairs),
            champion_failed=int(other.sum()),
            candidate_failed=int(own.sum()),
            both_failed=int((own & other).sum()),
            not_finite=0,
            outside_interval={"K_VRH": float(far)},
            golden_mismatches=0,
            far_wider={"K_VRH": float(wide)},
            recent=len(self.recent),
        )


@dataclass(frozen=True)
class Ended:
    """How a release ended.

    Attributes:
        rollout: its last state.
        after_s: how long it took.
        requests: requests of clients that the candidate got.
    """

    rollout: Rollout
    after_s: float
    requests: int


def release(
    candidate: Behaviour,
    champion: Behaviour,
    traffic: Traffic,
    policy: CanaryPolicy,
    rng: np.random.Generator,
) -> Ended:
    """Simulate one release under the judge, look by look."""
    began = now = datetime(2026, 1, 1, tzinfo=UTC)
    rollout = begin(deploy_first("1", "/1"), "2", "/2", now, policy)
    nothing = meet(HEALTHY, arrive(traffic, 0.0, rng), rng)
    own, other, asked = nothing, nothing, 0
    pairs = Pairs(candidate, champion, rng)
    while (
        rollout.candidate and not rollout.awaits_person and now - began < timedelta(seconds=MOST_S)
    ):
        now += timedelta(seconds=policy.look_every_s)
        arrived = arrive(traffic, policy.look_every_s, rng)
        shares = rollout.shares_percent
        goes_to = 100 * rng.random(arrived.samples.size)
        for_own = goes_to < rollout.share_percent
        for_other = goes_to >= 100 - shares[rollout.reference.name]
        asked += int(for_own.sum())
        for_own |= rollout.is_mirrored
        own = together(own, meet(candidate, arrived.only(for_own), rng))
        other = together(other, meet(champion, arrived.only(for_other), rng))
        after = look(rollout, own, other, pairs.ask(arrived), now, policy)
        if after.stage_began != rollout.stage_began:
            # The champion's last window stays for the stage in which it has no traffic.
            own, other = nothing, other if after.share_percent == 100 else nothing
        rollout = after
    return Ended(rollout, (now - began).total_seconds(), asked)


def look(
    rollout: Rollout,
    own: ArmTraffic,
    other: ArmTraffic,
    paired: PairedAnswers,
    now: datetime,
    policy: CanaryPolicy,
) -> Rollout:
    """The state after one look."""
    ruling = judge_canary(rollout, own, other, paired, now, policy)
    return next_rollout(rollout, ruling, now, policy)


def simulate(kind: str, case: str, releases: int, seed: int = 7) -> list[Ended]:
    """Releases of one case on one kind of traffic."""
    rng = np.random.default_rng([seed, *kind.encode(), *case.encode()])
    arms = {**HEALTHY_CASES, **BAD_CASES}[case]
    return [release(*arms, KINDS[kind], CanaryPolicy(), rng) for _ in range(releases)]


def line(kind: str, case: str, ends: Sequence[Ended]) -> str:
    """One row of the table."""
    moves = Counter(end.rollout.move for end in ends)
    shares = (moves[move] / len(ends) for move in ("promote", "inconclusive", "roll_back"))
    after_s, asked = (
        median(getattr(end, name) for end in ends) for name in ("after_s", "requests")
    )
    columns = " | ".join(f"{share:6.1%}" for share in shares)
    return f"| {kind:16} | {case:32} | {columns} | {after_s:6.0f} | {asked:6.0f} |"


def main(
    releases: Annotated[
        int, typer.Option(help="healthy releases by traffic; half as many bad ones")
    ] = 1000,
    only: Annotated[str, typer.Option(help="kinds of traffic whose name begins so")] = "",
    workers: Annotated[int, typer.Option(help="processes")] = 1,
) -> None:
    """Print how releases of each kind end."""
    print("| traffic | candidate | promoted | inconclusive | rolled back | after s | requests |")
    with ProcessPoolExecutor(workers) as pool:
        for kind in (kind for kind in KINDS if kind.startswith(only)):
            for title, cases in (("all healthy", HEALTHY_CASES), ("all bad", BAD_CASES)):
                each = -(-releases // (len(cases) if cases is HEALTHY_CASES else 2 * len(cases)))
                ends: list[Ended] = []
                of_cases = pool.map(partial(simulate, kind, releases=each), cases)
                for case, of_case in zip(cases, of_cases, strict=True):
                    print(line(kind, case, of_case), flush=True)
                    ends += of_case
                print(line(kind, title, ends), flush=True)


if __name__ == "__main__":
    typer.run(main)
