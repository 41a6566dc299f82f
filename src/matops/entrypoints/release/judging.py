"""One look at a release, in the forms in which a pipeline shows it."""

from pathlib import Path

from matops.artifacts.jsonfile import write_json
from matops.entrypoints.progress import log_progress
from matops.entrypoints.release.release_text import decision_markdown
from matops.entrypoints.release.releasing import canary_release


def look_at_release(family: str, out: Path) -> tuple[dict[str, float], str]:
    """Judge the release under way and do what follows: numbers, and the decision as Markdown.

    ``out`` gets the decision with its evidence, as JSON; nothing under way is no error, and empty.

    Raises:
        BadInput: somebody else moved the release meanwhile, or it can't be judged.
    """
    release = canary_release(family)
    deployed = release.serving.rollout(release.family) is not None
    decision = release.tick() if deployed else None
    if decision is None:
        words = "no release is under way" if deployed else "nothing is deployed"
        out.write_text("")
        log_progress("judge")(1, 1, words)
        return {"under_way": 0.0}, f"# {family}\n\n{words}\n"
    write_json(out, decision)
    log_progress("judge")(1, 1, decision.ruling.reason)
    under_way = float(not decision.ended)
    measured = {"under_way": under_way, "share [%]": float(decision.after.share_percent)}
    return measured, decision_markdown(family, decision)
