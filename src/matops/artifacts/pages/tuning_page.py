"""The result of a search as one page for people."""

import json
from collections import Counter
from pathlib import Path

from matops.artifacts.exploring.tuning_result import TuningResult
from matops.artifacts.jsonfile import to_json
from matops.artifacts.pages.page import template
from matops.artifacts.pages.plots.style import to_svg
from matops.artifacts.pages.plots.tuning import draw_course, draw_importance, draw_trials
from matops.core.exploring.tuning import BEST, DEFAULT

PAGE = "report.html"
MOST_ROWS = 200


def render_tuning(result: TuningResult, title: str) -> str:
    """The search as one page that needs nothing else."""
    drawn = {"course": draw_course(result), "trials": draw_trials(result)}
    if result.importance:
        drawn["importance"] = draw_importance(result)
    ranked = sorted(result.trials, key=lambda t: (t.error is None, t.error or 0.0, t.number))
    plan = json.loads(to_json(result.plan))
    del plan["held_out"]
    return template("tuning.html.j2").render(
        title=title,
        plan=result.plan,
        result=result,
        best=result.best,
        gain=result.gain,
        targets=list(result.gain.mae[BEST]) if result.gain else [],
        names=(DEFAULT, BEST),
        became=Counter(trial.became for trial in result.trials),
        ranked=ranked[:MOST_ROWS],
        grid_refused=sum(result.grid_refused.values()),
        figures={name: to_svg(figure, name) for name, figure in drawn.items()},
        configuration=json.dumps(plan, indent=2, ensure_ascii=False),
    )


def write_page(directory: Path, result: TuningResult, title: str) -> Path:
    """Write the page into a search's directory."""
    path = directory / PAGE
    path.write_text(render_tuning(result, title), encoding="utf-8")
    return path
