"""A drop folder that means ill, and a long past: does either cost a deposit memory or time?

    python -m benchmarks.hostile_input [--rows 10000 --rows 1000000] [--bomb-mb 10]

The first table is the peak memory and processor time of ``matops ingest --watch --once`` on bombs
and on long tables, each in a process of its own. The second is the processor time in which one
watch takes a small deposit, with nothing behind it and with a long past.
"""

import gzip
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from threading import Event
from typing import Annotated

import typer

from matops.adapters.data.drop_folder import DropFolder
from matops.adapters.data.dvc_store import DvcStore
from matops.artifacts.data.quarantine import add_to_quarantine
from matops.artifacts.data.read_deposits import DepositLedger, ReadDeposit
from matops.artifacts.jsonfile import to_json
from matops.artifacts.model.decisions import add_decision, find_end
from matops.core.data.record import Provenance, Quarantined
from matops.core.release.decision import Decision, Evidence
from matops.core.release.rollout import Arm, Rollout
from matops.core.release.ruling import Check, Ruling
from matops.families import get_family
from matops.steps.data.watch import Watch

FAMILY = "elastic_cgcnn"
MEBIBYTE = 2**20
REPEATS = 5
PAST = {"quarantined lines": 100_000, "read deposits": 10_000, "decisions": 10_000}


def crystal(number: int, bulk_GPa: float = 138.0) -> dict[str, object]:
    """A row of its own: a cube of copper whose edge tells the number."""
    a_A = 3.6 + 1e-7 * number
    lattice = [[a_A, 0, 0], [0, a_A, 0], [0, 0, a_A]]
    return {
        "id": f"row-{number}",
        "lattice": lattice,
        "species": ["Cu"],
        "frac_coords": [[0, 0, 0]],
        "K_VRH": bulk_GPa,
        "G_VRH": 54.0,
    }


def write_table(path: Path, rows: int, bulk_GPa: float = 138.0) -> None:
    """A packed JSON list of so many rows."""
    with gzip.open(path, "wb", compresslevel=6) as file:
        file.write(b"[")
        for number in range(rows):
            file.write((b"," if number else b"") + json.dumps(crystal(number, bulk_GPa)).encode())
        file.write(b"]")


def write_bomb(path: Path, unpacked_mb: int, piece: bytes, begins: bytes = b"") -> None:
    """A packed list that begins well and goes on without an end.

    What is repeated is packed once: members of a gzip file that follow each other are one text.
    """
    member = gzip.compress(piece * (MEBIBYTE // len(piece)))
    with path.open("wb") as file:
        file.write(gzip.compress(b"[" + json.dumps(crystal(0)).encode() + b"," + begins))
        for _ in range(unpacked_mb):
            file.write(member)


@dataclass(frozen=True)
class Cost:
    """What a process took."""

    peak_MiB: float
    cpu_s: float
    said: str


COUNT_CHILD = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_maxrss, used.ru_utime + used.ru_stime)
"""
"""A process starts with the peak of the one that it was forked from, so a small one starts it."""


def cost_of_watch(root: Path, write: Callable[[Path], None]) -> Cost:
    """Let a process take one packed deposit."""
    drop = root / "drop"
    drop.mkdir(parents=True)
    write(drop / "deposit.json.gz")
    watch = ["-m", "matops", "ingest", FAMILY, "--watch", str(drop), "--once", "--interval", "0.1"]
    command = [sys.executable, "-c", COUNT_CHILD, sys.executable, *watch]
    environment = {**os.environ, "MATOPS_WORKSPACE": str(root / "workspace")}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    *_, said, used = done.stdout.splitlines()
    peak_KiB, cpu = used.split()
    return Cost(float(peak_KiB) / 1024, float(cpu), said.rpartition(": ")[2])


def print_costs(rows: list[int], bomb_mb: int) -> None:
    """Peak memory of bombs and long tables."""
    unpacked = 1000 * bomb_mb  # gzip packs nothing better than a thousand times
    name = f"{bomb_mb} MB that unpack to {bomb_mb} GB of"
    cases: dict[str, Callable[[Path], None]] = {
        "one row": partial(write_table, rows=1),
        f"{name} spaces": partial(write_bomb, unpacked_mb=unpacked, piece=b" "),
        f"{name} one row": partial(write_bomb, unpacked_mb=unpacked, piece=b"[],", begins=b"["),
        f"{name} empty rows": partial(write_bomb, unpacked_mb=unpacked, piece=b"[],"),
    }
    for count in rows:
        cases[f"{count:,} rows"] = partial(write_table, rows=count)
        cases[f"{count:,} rows, all refused"] = partial(write_table, rows=count, bulk_GPa=-1.0)
    print("| deposit | peak memory, MiB | processor time, s | outcome |\n|---|---|---|---|")
    for deposit, write in cases.items():
        with TemporaryDirectory() as directory:
            cost = cost_of_watch(Path(directory), write)
        print(f"| {deposit} | {cost.peak_MiB:.0f} | {cost.cpu_s:.1f} | {cost.said} |", flush=True)


def decision(number: int) -> Decision:
    """An end of a release, with checks as long as real ones."""
    check = Check("p95", 2.0, 1.5, "1", "passed", "p95 of the candidate: 2 ms " * 4)
    arm = Arm(f"m{number}-1", f"version-{number}", "/models/x")
    ruling = Ruling("promote", "all checks passed", (check,) * 8)
    return Decision("2026-03-01", f"version-{number}", ruling, Evidence(), None, Rollout(1, arm))


def give_a_past(root: Path) -> None:
    """As many refusals, deposits and decisions as some years bring."""
    lines = [
        Quarantined(f"/drop/{number}.json: row 7", "K_VRH = -3 GPa is not physical: it must lie")
        for number in range(PAST["quarantined lines"])
    ]
    add_to_quarantine(root / "quarantine.jsonl", lines)
    with closing(DepositLedger(root / "ledger.jsonl")) as ledger:
        ledger.append(
            *(
                to_json(ReadDeposit(f"/drop/{n}", f"{n:064x}", f"{n:063x}c", "v", 1, 0, 0, "x"))
                for n in range(PAST["read deposits"])
            )
        )
    (root / "decisions.jsonl").write_bytes(
        b"".join(to_json(decision(number)) + b"\n" for number in range(PAST["decisions"]))
    )
    find_end(root / "decisions.jsonl", "none")  # what was written by hand is indexed once


def cpu_s(action: Callable[[], object]) -> float:
    """Processor time that an action takes, in seconds."""
    start = time.process_time()
    action()
    return time.process_time() - start


def deposit_costs(root: Path) -> dict[str, float]:
    """Median processor time of a small deposit with refusals, and of a decision, in seconds."""
    family, drop = get_family(FAMILY), root / "drop"
    drop.mkdir()
    store = DvcStore(root / "workspace")

    def take() -> None:
        with closing(DepositLedger(root / "ledger.jsonl")) as ledger:
            quarantine, scratch = root / "quarantine.jsonl", root / "copy"
            source, stated = DropFolder(drop), Provenance("", "")
            watch = Watch(family, source, ledger, store, quarantine, scratch, stated)
            watch.run_once(0.0, Event(), lambda news: None)

    def decide() -> None:
        find_end(root / "decisions.jsonl", "version-9")
        add_decision(root / "decisions.jsonl", decision(time.time_ns()))

    deposits, decisions = [], []
    for repeat in range(REPEATS + 1):
        rows = [crystal(10 * repeat + row, 138.0 if row % 2 else -1.0) for row in range(10)]
        (drop / f"{repeat}.json").write_text(json.dumps(rows))
        deposits.append(cpu_s(take))
        decisions.append(cpu_s(decide))
    return {"deposit": median(deposits[1:]), "decision": median(decisions[1:])}


def print_past() -> None:
    """What a past adds to a deposit and to a decision."""
    with TemporaryDirectory() as directory:
        fresh, old = Path(directory, "fresh"), Path(directory, "old")
        fresh.mkdir()
        old.mkdir()
        give_a_past(old)
        without, after = deposit_costs(fresh), deposit_costs(old)
    past = ", ".join(f"{count:,} {name}" for name, count in PAST.items())
    print(f"\n| processor time, ms | with none | after {past} | ratio |\n|---|---|---|---|")
    for name, seconds in without.items():
        ratio = after[name] / seconds
        print(f"| a new {name} | {1e3 * seconds:.1f} | {1e3 * after[name]:.1f} | {ratio:.2f} |")


def main(
    rows: Annotated[list[int], typer.Option(help="Lengths of tables; repeatable")] = [10_000],  # noqa: B006
    bomb_mb: Annotated[int, typer.Option(help="Size of the bombs, packed, in MB")] = 10,
) -> None:
    """Print what hostile deposits and a long past cost."""
    print_past()
    print_costs(rows, bomb_mb)


if __name__ == "__main__":
    typer.run(main)
