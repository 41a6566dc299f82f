"""The report of what a served model meets: one HTML page that needs nothing else."""

import math

from matops.artifacts.pages.page import format_number, template
from matops.artifacts.pages.plots import monitoring as plots
from matops.artifacts.pages.plots.style import to_svg
from matops.core.monitoring.observation import Observation, findings
from matops.core.monitoring.retraining import RetrainingConfig
from matops.core.release.traffic import Buckets

SHOWN_DESCRIPTORS = 4
OUTCOMES = {
    "ok": "answered",
    "bad_input": "refused: the request was not valid",
    "error": "failed by the server's fault",
    "overloaded": "refused: the server was busy",
}


def _within(latency_s: Buckets, level: float) -> str:
    """The first edge within which a share of the requests was answered, in words."""
    below, last_ms = 0.0, 0.0
    for edge, count in zip(latency_s.edges, latency_s.counts, strict=True):
        below += count
        if math.isfinite(edge):
            last_ms = 1e3 * edge
        if below >= level * latency_s.total:
            break
    return f"{'within' if math.isfinite(edge) else 'after'} {format_number(last_ms)} ms"


def _outcomes(counts: dict[str, float]) -> list[tuple[str, float, float]]:
    """In words, with its requests and their share, the most frequent first."""
    total = sum(counts.values()) or 1.0
    return [
        (OUTCOMES.get(name, name), count, count / total)
        for name, count in sorted(counts.items(), key=lambda item: -item[1])
    ]


def _prediction_figures(observation: Observation) -> dict[str, str]:
    live = observation.live.predictions
    return {
        target.name: to_svg(
            plots.draw_predictions(target, observation.labels.get(target.name), live[target.name]),
            f"p{i}",
        )
        for i, target in enumerate(observation.card.targets)
        if target.name in live
    }


def _latency(latency_s: Buckets | None) -> tuple[str | None, dict[str, str]]:
    """Figure and quantiles, where any request was timed."""
    if latency_s is None or not latency_s.total:
        return None, {}
    levels = {f"{level:.0%}": _within(latency_s, level) for level in (0.5, 0.95, 0.99)}
    return to_svg(plots.draw_latency(latency_s), "latency"), levels


def render_observation(observation: Observation, title: str, limits: RetrainingConfig) -> str:
    """The report as one self-contained page, the same text for the same input."""
    alarm, why = findings(observation, limits)
    history, limit = observation.live.history, limits.outside_share
    latency, answered = _latency(observation.live.latency_s)
    outside = to_svg(plots.draw_outside(history, limit), "outside") if history else None
    return template("monitor.html.j2").render(
        observation=observation,
        title=title,
        limits=limits,
        alarm=alarm,
        why=why,
        predictions=_prediction_figures(observation),
        descriptors={
            shift.descriptor: to_svg(
                plots.draw_descriptor(shift.descriptor, shift.train, shift.live), f"d{i}"
            )
            for i, shift in enumerate(observation.shifts[:SHOWN_DESCRIPTORS])
        },
        outside=outside,
        latency=latency,
        answered=answered,
        outcomes=_outcomes(observation.live.outcomes),
        unseen=sorted(observation.live.unseen.items(), key=lambda item: -item[1]),
    )
