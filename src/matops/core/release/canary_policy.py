"""What a candidate must show on live traffic: every limit with its source or reasoning."""

import math
from dataclasses import dataclass
from itertools import pairwise

CONDEMNING_TESTS = 10
"""Tests of chance that can condemn a candidate in one stage: failures beyond the other arm's,
failures against the cap, refusals, slowness of half and of a twentieth, requests out of the domain,
paired requests unanswered; a shift, pairs that disagree and intervals too wide, for all targets
together."""


@dataclass(frozen=True)
class CanaryPolicy:
    """Limits and times of a canary release."""

    # the candidate's share of the traffic by stage, ascending to 100. The first bounds the harm: an
    # arm that fails always costs a tenth of the requests. Each later one at least doubles the load
    # that the arm has carried. At 100 there is no other arm to compare with: a stage comes before
    shares_percent: tuple[int, ...] = (10, 25, 50, 100)
    # whether a second copy of the champion takes the candidate's share, so that arms of equal age
    # and size are compared (Google SRE Workbook 2018, chapter 16); it costs its memory again
    baseline: bool = True
    # shares at which a person must approve before the candidate gets more: the judge holds it there
    approve_at: tuple[int, ...] = ()
    approve_within_s: float = 3 * 24 * 3600.0  # longest wait for that, a weekend; then inconclusive
    # chance that a healthy candidate is ever condemned, over all looks, checks and stages
    false_alarm: float = 0.05
    # requests of an arm below which a stage passes nobody. Of 200 requests a candidate that fails
    # 5 % shows two failures or fewer, and so passes the tolerance of 1 %, with a chance of 0.2 %;
    # four such stages it never passes
    least_requests: int = 200
    # by how much the candidate's share of failed requests may exceed the other arm's. One percent
    # of a tenth of the traffic is one request in a thousand: the whole error budget of a service
    # that promises 99.9 % (Google SRE Book 2016, chapter 3)
    error_tolerance: float = 0.01
    # by how much its share of refused requests may exceed the other arm's. Who is refused by one
    # and answered by the other has lost an answer, whoever's fault it is said to be; but a parser
    # that tells nonsense from a sample is a repair, so that it may be twice as many
    refused_tolerance: float = 0.02
    # the candidate's own share of failed requests, whatever the other arm does. At 2 % a month's
    # budget of a 99.9 % service is spent in 36 hours
    error_cap: float = 0.02
    # how many times the other arm's p50 and p95 the candidate may take, and how many times a half
    # and a twentieth of its requests may take longer than that. A service that is half again slower
    # needs half again the cores for the same load. p95 alone jumps where a twentieth of all
    # requests is slow by nature; the share of slow ones does not
    latency_ratio: float = 1.5
    # by how much the candidate's share of requests out of its domain may exceed the other arm's. A
    # domain holds 99 % of the training rows; a twentieth more outside is five times that
    outside_excess: float = 0.05
    # Kolmogorov-Smirnov distance of the candidate's predictions from the other arm's, beyond
    # chance, from which on they count as moved. Two normal distributions half a standard deviation
    # apart have 0.2; their population stability index is 0.25, which is called a major shift
    # (Siddiqi 2006, Credit Risk Scorecards, chapter 9)
    shift: float = 0.2
    # share of pairs that may lie farther apart than both half widths together. If both intervals
    # cover 90 %, one of them misses the truth in at most 20 % of the pairs (Boole's inequality),
    # and only then can they be so far apart
    disagreement: float = 0.2
    # how many times as wide as the champion's the candidate's interval may be in a pair;
    # ``disagreement`` is also the share of pairs in which it may be wider. Both are calibrated to
    # the same coverage, and the gates hold the candidate's error to the champion's, so that chance
    # alone should part their widths. Spreads of two ensembles of three equal networks have a ratio
    # above 3 in 10 % of the pairs, of five in 3 % (F distribution of the variances); above 2 it
    # would be 20 % and 10 %
    interval_ratio: float = 3.0
    # pairs below which the share that disagrees says nothing: of 5 pairs, all must disagree to
    # prove more than 20 %; of 10, eight; of 30, sixteen
    least_pairs: int = 5
    look_every_s: float = 30.0  # from one look to the next: two scrapes of the usual 15 seconds
    # time after a change of shares in which missing series are no setback: an arm's counters need a
    # scrape to exist, and a scrape may be missed
    settling_s: float = 60.0
    # whether the candidate gets copies of all requests, with nobody waiting for its answers, where
    # its share of them can't fill a stage; shares that can't be filled are left out afterwards
    mirror: bool = True
    least_stage_s: float = 300.0  # so that what grows slowly (memory, queues) has time to show
    most_stage_s: float = 3600.0  # longest stage; then it is inconclusive
    most_release_s: float = 4 * 3600.0  # longest release; then it is inconclusive
    # judgements in a row without measurements, at which a release is inconclusive
    most_setbacks: int = 5
    # longest wait for the arms of a new release to be ready. A server imports, loads and re-runs
    # its golden requests in half a minute on a slow machine; a node that must be added takes longer
    most_start_s: float = 600.0

    def __post_init__(self) -> None:
        shares = self.shares_percent
        if len(shares) < 2 or shares[-1] != 100 or shares[0] <= 0:
            raise ValueError("the shares must begin above 0 and end at 100 percent, in two or more")
        if any(later <= earlier for earlier, later in pairwise(shares)):
            raise ValueError("the shares must ascend")
        if not set(self.approve_at) <= set(shares):
            raise ValueError("a person approves at one of the shares")
        if not 0 < self.false_alarm < 1:
            raise ValueError("the chance of a false alarm must lie between 0 and 1")

    def share_that_fills(self, requests_per_s: float) -> int:
        """The smallest share of all clients' requests that fills a stage, or the last one."""
        needed = 100 * self.least_requests / self.most_stage_s
        filled = (share for share in self.shares_percent if share * requests_per_s >= needed)
        return next(filled, self.shares_percent[-1])

    @property
    def level(self) -> float:
        """Chance of a false alarm that each single test may take (Bonferroni)."""
        stages = len(self.shares_percent) + self.mirror
        return self.false_alarm / (CONDEMNING_TESTS * stages)

    @property
    def level_of_a_look(self) -> float:
        """The same for one look, for tests that don't hold at all looks of a stage together."""
        return self.level / math.ceil(self.most_stage_s / self.look_every_s)
