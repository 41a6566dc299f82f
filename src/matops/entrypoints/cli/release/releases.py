"""Commands on releases: ``matops release up | start | status | approve | promote | history``."""

import json
import shlex
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from matops.core.errors import BadInput
from matops.entrypoints.cli.checks import field_values
from matops.entrypoints.cli.options import AnyPackage, FamilyName, FamilyOrAll, Json
from matops.entrypoints.cli.output import print_aside, print_json, print_line, print_table, side

if TYPE_CHECKING:
    from matops.core.release.decision import Decision
    from matops.entrypoints.release.releasing import DeploymentStatus

PolicyChanges = Annotated[
    list[str],
    typer.Option(
        "--set",
        help="Change a field of the policy, as in --set least_stage_s=60; repeatable",
        callback=field_values,
    ),
]
Prometheus = Annotated[
    str, typer.Option(help="URL of the Prometheus that scrapes it; default: MATOPS_PROMETHEUS")
]
Reason = Annotated[str, typer.Option(help="Why; kept with the decision")]
LONGEST_HISTORY = 20

app = typer.Typer(
    name="release",
    help="Bring models to live traffic in stages, and see who answers which share of it.",
    no_args_is_help=True,
)


def _tell(as_json: bool) -> "Callable[[Decision], None]":
    """Prints each decision as it falls; a line that only repeats the last is left out."""
    last = ""

    def tell(decision: "Decision") -> None:
        nonlocal last
        from matops.entrypoints.release.release_text import decision_line, for_programs

        line = decision_line(decision)
        if as_json:
            print(json.dumps(for_programs(decision)), flush=True)
        elif line[20:] != last:
            last = line[20:]
            print_aside(line)

    return tell


@app.command()
def up(
    family: FamilyName,
    port: Annotated[
        int | None,
        typer.Option(help="Where clients ask, if it is deployed anew; default: MATOPS_PORT, 8080"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Deploy the released model, or repair what is missing of the deployment."""
    from matops.entrypoints.release.releasing import deployment_status
    from matops.entrypoints.settings import read_settings
    from matops.entrypoints.wiring import package_store, serving
    from matops.families import get_family
    from matops.steps.release.deployment import deploy_champion

    settings = read_settings()
    deploy_champion(get_family(family), serving(settings, port), package_store(settings))
    _print_status(deployment_status(family), as_json)


@app.command()
def down(family: FamilyName) -> None:
    """End the deployment after the requests under way; packages and history stay."""
    from matops.entrypoints.release.releasing import canary_release

    release = canary_release(family)
    release.serving.stop(release.family)


@app.command()
def start(
    package: AnyPackage,
    again: Annotated[bool, typer.Option(help="Also if it was rolled back before")] = False,
    report: Annotated[
        str, typer.Option(help="Where people read about it; default: the report beside it")
    ] = "",
    changes: PolicyChanges = [],  # noqa: B006
    prometheus: Prometheus = "",
    as_json: Json = False,
) -> None:
    """Release a package in stages, judged on live traffic; the same command again goes on.

    With --json each decision is a line. The exit status is 1 if it was rolled back, and 3 if it
    was inconclusive: then a person promotes or rolls back.
    """
    from matops.artifacts.model.package import read_card
    from matops.entrypoints.configuration import parse_changes
    from matops.entrypoints.release.releasing import release_package_in_stages

    try:
        policy = parse_changes(changes)
        tell = _tell(as_json)
        left = release_package_in_stages(package, again, policy, prometheus, tell, report)
    except KeyboardInterrupt:
        side.print("the release stays as it is; the same command goes on with it")
        raise typer.Exit(130) from None
    if left.awaits_person:
        raise typer.Exit(3)
    if left.champion.version != read_card(package).version:
        raise typer.Exit(1)


@app.command()
def tick(
    family: FamilyOrAll = None,
    changes: PolicyChanges = [],  # noqa: B006
    prometheus: Prometheus = "",
    within_s: Annotated[
        float, typer.Option("--within", min=1.0, help="Seconds for all, shared among families")
    ] = 270.0,
    as_json: Json = False,
) -> None:
    """Look once at each release under way and do what follows, as a scheduled job would.

    The family that was looked at longest ago comes first. One that can't be looked at, or takes
    more than its share of the time, keeps no other from it; the exit status is 2 then.
    """
    from matops.entrypoints.configuration import parse_changes
    from matops.entrypoints.each import for_each
    from matops.entrypoints.release.releasing import canary_release, families_to_judge
    from matops.entrypoints.release.turns import Turns

    policy, tell = parse_changes(changes), _tell(as_json)

    def look(name: str) -> None:
        decision = canary_release(name, policy, prometheus).tick()
        if decision:
            tell(decision)
        else:
            side.print(f"{name}: no release is under way")

    families = [family] if family else families_to_judge()
    for_each(families, Turns(within_s, len(families)).each(look))


@app.command()
def status(family: FamilyName, as_json: Json = False) -> None:
    """Say who answers which share, what was decided last, and how Prometheus is started."""
    from matops.entrypoints.release.releasing import deployment_status

    _print_status(deployment_status(family), as_json)


@app.command()
def approve(
    family: FamilyName,
    changes: PolicyChanges = [],  # noqa: B006
    reason: Reason = "by hand",
    as_json: Json = False,
) -> None:
    """Let the candidate have more traffic, at a share where the policy asks a person."""
    from matops.entrypoints.configuration import parse_changes
    from matops.entrypoints.release.releasing import canary_release

    release = canary_release(family, parse_changes(changes))
    _tell(as_json)(release.decide_by_hand("approve", reason))


@app.command()
def promote(family: FamilyName, reason: Reason = "by hand", as_json: Json = False) -> None:
    """Make the candidate the champion now, whatever the judge would say."""
    from matops.entrypoints.release.releasing import canary_release

    _tell(as_json)(canary_release(family).decide_by_hand("promote", reason))


@app.command()
def rollback(family: FamilyName, reason: Reason = "by hand", as_json: Json = False) -> None:
    """Give all the traffic back to the champion now."""
    from matops.entrypoints.release.releasing import canary_release

    _tell(as_json)(canary_release(family).decide_by_hand("roll_back", reason))


@app.command()
def register(family: FamilyName, as_json: Json = False) -> None:
    """Have the released model in the registry at MATOPS_MODEL_REGISTRY, as each release does."""
    from matops.entrypoints.release.releasing import register_champion

    name = register_champion(family)
    if as_json:
        print_json({"family": family, "registered": name})
    else:
        print_line(f"registered as {name}")


@app.command()
def history(
    family: FamilyName,
    version: Annotated[str, typer.Option(help="Only this version, or how it begins")] = "",
    as_json: Json = False,
) -> None:
    """List the decisions with their reasons, and the last one's checks; --json has all evidence."""
    from matops.entrypoints.release.release_text import checks_table, decision_line, for_programs
    from matops.entrypoints.release.releasing import canary_release

    release = canary_release(family)
    decided = release.packages.decisions(release.family)
    decisions = [decision for decision in decided if decision.version.startswith(version)]
    if as_json:
        print_json([for_programs(decision) for decision in decisions])
        return
    for decision in decisions[-LONGEST_HISTORY:]:
        print_line(decision_line(decision))
    judged = [decision for decision in decisions if decision.ruling.checks]
    if judged:
        print_table(checks_table(judged[-1]))


def _print_status(deployment: "DeploymentStatus", as_json: bool) -> None:
    from matops.entrypoints.release.release_text import arms_table

    if as_json:
        print_json(asdict(deployment))
        return
    rollout = deployment.rollout
    if rollout is None:
        raise BadInput(f"{deployment.family}: nothing is deployed")
    print_table(arms_table(rollout, deployment.unready))
    print_line(f"{rollout.move}: {rollout.reason}")
    if rollout.report:
        print_line(f"report: {rollout.report}")
    print_line(f"clients ask {deployment.url or '(not known yet)'}")
    if deployment.prometheus:
        print_line(f"metrics: {shlex.join(deployment.prometheus)}")
