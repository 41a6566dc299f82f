"""What a command costs before it does anything: processor seconds of whole processes.

    python -m benchmarks.start_up [--before PATH_OF_ANOTHER_MATOPS] [--url SERVER --file SAMPLE]

Each command runs in an empty directory; the least of some runs counts, the first of which warms the
disk's cache. With ``--before`` both programs run in turns, and the last column is their ratio.
"""

import argparse
import os
import resource
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

MOST_HELP_S = 1.0
MOST_SHARE = 0.25
FAMILY = "elastic_cgcnn"
COMMANDS: dict[str, list[str]] = {
    "--help": ["--help"],
    "--version": ["--version"],
    "families": ["families"],
    "ingest, no such family": ["ingest", "alchemy", "--source", "x"],
    "train, no such family": ["train", "alchemy", "--out", "o"],
    "predict, no such package": ["predict", "nowhere", "x.cif"],
    "serve, no such package": ["serve", "nowhere"],
    "run, no such pipeline": ["run", "alchemy", "-f", FAMILY],
    "release start, no such package": ["release", "start", "nowhere"],
}
REFUSALS = [name for name in COMMANDS if ", " in name]


def cpu_s(program: Path, arguments: list[str], directory: str) -> float:
    """Processor time of one process and its children, s."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = os.environ | {"MATOPS_WORKSPACE": directory}
    subprocess.run(
        [program, *arguments], cwd=directory, env=environment, capture_output=True, check=False
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def least_cpu_s(programs: list[Path], arguments: list[str], runs: int) -> list[float]:
    """Least processor time of each program, which run in turns, s."""
    with TemporaryDirectory() as directory:
        times = [
            [cpu_s(program, arguments, directory) for program in programs] for _ in range(runs + 1)
        ]
    return [min(column) for column in zip(*times[1:], strict=True)]


def main() -> None:
    """Print a table; exit with 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", type=Path, help="another program matops to compare with")
    parser.add_argument("--url", help="of a server, to ask it about --file")
    parser.add_argument("--file", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    asked = parser.parse_args()
    commands = dict(COMMANDS)
    if asked.url:
        commands["predict URL FILE"] = ["predict", asked.url, str(asked.file.resolve())]
    programs = [Path(sys.executable).with_name("matops")]
    programs += [asked.before.absolute()] if asked.before else []
    missed = []
    print("| command | CPU s | before, CPU s | share |\n|---|---|---|---|")
    for name, arguments in commands.items():
        now_s, *before = least_cpu_s(programs, arguments, asked.runs)
        share = now_s / before[0] if before else None
        told = f"{before[0]:.2f} | {share:.0%}" if share is not None else "– | –"
        print(f"| {name} | {now_s:.2f} | {told} |", flush=True)
        if name in ("--help", "ingest, no such family") and now_s > MOST_HELP_S:
            missed.append(f"{name} takes {now_s:.2f} s of a processor; the bar is {MOST_HELP_S} s")
        if name in REFUSALS and share is not None and share > MOST_SHARE:
            missed.append(f"{name} takes {share:.0%} of before; the bar is {MOST_SHARE:.0%}")
    for line in missed:
        print(line, file=sys.stderr)
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
