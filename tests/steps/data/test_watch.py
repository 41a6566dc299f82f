"""A watch takes each deposit once, when it is complete, and outlives whatever lies there."""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from matops.adapters.data.drop_folder import DropFolder
from matops.artifacts.data.dataset import read_records
from matops.artifacts.data.quarantine import read_quarantine
from matops.artifacts.data.read_deposits import DepositLedger
from matops.core.data.record import Provenance, Record
from matops.core.errors import BadInput
from matops.core.family import Family
from matops.steps.data.deposits import Deposit
from matops.steps.data.watch import MOST_DEATHS, Batch, Begun, Watch

METALS = {"Cu": (3.6, 138.0, 54.0), "Au": (4.1, 167.0, 31.0), "Ag": (4.1, 104.0, 34.0)}


def crystals(*symbols: str) -> str:
    """A source that the family reads: a JSON list of records."""
    rows = []
    for symbol in symbols:
        a_A, K, G = METALS[symbol]
        edges = [[0, a_A / 2, a_A / 2], [a_A / 2, 0, a_A / 2], [a_A / 2, a_A / 2, 0]]
        crystal = {"lattice": edges, "species": [symbol], "frac_coords": [[0, 0, 0]]}
        rows.append({"id": symbol, "K_VRH": K, "G_VRH": G, **crystal})
    return json.dumps(rows)


class Turns(Event):
    """A clock: each wait between two looks does the next thing; after the last, the watch ends."""

    def __init__(self, *actions: Callable[[], Any]) -> None:
        super().__init__()
        self.actions = list(actions)

    def wait(self, timeout: float | None = None) -> bool:
        if not self.actions:
            self.set()
        else:
            self.actions.pop(0)()
        return self.is_set()


def nothing() -> None:
    pass


class Scene:
    """A drop folder, a store, and what the watch told."""

    def __init__(self, root: Path, family: Family, store: Any) -> None:
        self.root, self.family, self.store = root, family, store
        self.drop = root / "drop"
        self.drop.mkdir()
        self.told: list[Batch | BadInput] = []

    def write(self, name: str, text: str) -> Callable[[], None]:
        def act() -> None:
            path = self.drop / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)

        return act

    def watch(self, *actions: Callable[[], Any], once: bool = False) -> list[Batch | BadInput]:
        """Run through the actions; returns what was told."""
        self.told.clear()
        stop = Turns(*actions)
        with closing(DepositLedger(self.root / "ledger.jsonl")) as ledger:
            place, quarantine = DropFolder(self.drop), self.root / "quarantine.jsonl"
            watch = Watch(
                self.family,
                place,
                ledger,
                self.store,
                quarantine,
                self.root / "copy",
                Provenance("", ""),
            )
            (watch.run_once if once else watch.run)(1.0, stop, self.tell)
        assert not (self.root / "copy").exists()
        return list(self.told)

    def tell(self, news: Begun | Batch | BadInput) -> None:
        if not isinstance(news, Begun):
            self.told.append(news)

    def records(self) -> list[Record]:
        return list(read_records(self.store.directory, self.family.targets))

    def groups(self) -> list[str]:
        return sorted(record.group for record in self.records())


@pytest.fixture
def scene(tmp_path: Path, family: Family, store: Any) -> Scene:
    return Scene(tmp_path, family, store)


def only_batch(told: list[Batch | BadInput]) -> Batch:
    (batch,) = told
    assert isinstance(batch, Batch), batch
    return batch


def test_deposits_are_taken_as_they_come_each_once(scene: Scene) -> None:
    first, second = scene.write("a.json", crystals("Cu")), scene.write("b.json", crystals("Au"))
    told = scene.watch(first, nothing, second, nothing, nothing, nothing)
    assert [batch.address.split("/")[-1] for batch in told] == ["a.json", "b.json"]
    assert scene.groups() == ["Au", "Cu"]
    assert scene.watch(nothing, nothing, nothing) == []
    assert scene.records()[0].provenance.origin.startswith(str(scene.drop))
    assert all(record.provenance.date for record in scene.records())


def test_a_file_that_grows_is_not_read_before_it_rests(scene: Scene) -> None:
    text = crystals("Cu", "Au", "Ag")
    pieces = [scene.write("a.json", text[:end]) for end in (50, 200, 400)]
    told = scene.watch(*pieces, scene.write("a.json", text), nothing)
    assert only_batch(told).report.added == 3
    assert not (scene.root / "quarantine.jsonl").exists()


def test_what_is_named_part_is_read_once_it_is_renamed(scene: Scene) -> None:
    scene.write("a.json.part", crystals("Cu"))()

    def rename() -> None:
        (scene.drop / "a.json.part").rename(scene.drop / "a.json")

    assert scene.watch(nothing, nothing) == []
    assert only_batch(scene.watch(rename, nothing)).report.added == 1


def test_a_directory_waits_for_its_last_file(scene: Scene) -> None:
    table = "file,K_VRH [GPa],G_VRH [GPa],engine,method\n" + "".join(
        f"{name}.cif,138,54,VASP,PBE\n" for name in ("one", "two")
    )
    (scene.root / "example").mkdir()
    cif = scene.family.write_example(scene.root / "example").read_text()
    told = scene.watch(
        scene.write("run/manifest.csv", table),
        scene.write("run/one.cif", cif),
        scene.write("run/two.cif", cif.replace("3.75", "3.85")),
        nothing,
    )
    report = only_batch(told).report
    assert (report.added, report.quarantined) == (2, ())


def test_a_late_file_is_taken_when_it_comes_and_nothing_is_counted_twice(scene: Scene) -> None:
    scene.watch(scene.write("run/a.json", crystals("Cu")), nothing)
    # Two files of one layout in a directory are one source; the first one's record is known.
    told = scene.watch(scene.write("run/a.json", crystals("Cu", "Au")), nothing)
    report = only_batch(told).report
    assert (report.added, report.repeated) == (1, 1)
    assert scene.groups() == ["Au", "Cu"]


def test_the_same_content_under_another_name_is_not_read_again(scene: Scene) -> None:
    scene.watch(scene.write("a.json", crystals("Cu")), nothing)
    assert scene.watch(scene.write("copy.json", crystals("Cu")), nothing) == []
    assert scene.watch(scene.write("a.json", crystals("Cu")), nothing) == []


BAD = {
    "cut.json": '[{"id": "Cu", ',
    "notes.txt": "K = 173",
    "bad.json": '[{"id": "Cu", "K_VRH": 1}]',
    "run/manifest.csv": "file,K_VRH\na.data,3\n",
}


def test_a_kill_before_the_ledger_was_written_counts_nothing_twice(scene: Scene) -> None:
    scene.watch(scene.write("a.json", crystals("Cu", "Au")), nothing)
    (scene.root / "ledger.jsonl").unlink()
    report = only_batch(scene.watch(nothing, nothing)).report
    assert (report.added, report.repeated) == (0, 2)
    assert len(scene.records()) == 2


@pytest.mark.parametrize(("name", "text"), BAD.items(), ids=BAD)
def test_a_bad_deposit_is_quarantined_once_with_its_place_and_the_watch_lives_on(
    scene: Scene, name: str, text: str
) -> None:
    good = scene.write("z.json", crystals("Cu"))
    told = scene.watch(scene.write(name, text), nothing, nothing, good, nothing)
    bad, fine = told
    assert isinstance(bad, Batch)
    assert isinstance(fine, Batch)
    (refused,) = bad.report.quarantined
    assert refused.origin.startswith(str(scene.drop / name.split("/")[0]))
    assert refused.reason
    assert list(read_quarantine(scene.root / "quarantine.jsonl")) == [refused]
    assert scene.groups() == ["Cu"]


def test_a_reader_that_breaks_does_not_end_the_watch(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> Iterator[Record]:
        raise ZeroDivisionError("a bug\nof two lines")

    with monkeypatch.context() as patch:
        patch.setattr(type(scene.family), "read", broken)
        told = scene.watch(scene.write("a.json", crystals("Cu")), nothing)
    (refused,) = only_batch(told).report.quarantined
    assert refused.reason == "can't be read: ZeroDivisionError: a bug of two lines"


def test_what_changes_while_it_is_copied_is_taken_afterwards(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied = shutil.copyfileobj

    def slow(source: Any, target: Any) -> None:
        copied(source, target)
        scene.write("a.json", crystals("Cu", "Au"))()

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfileobj", slow)
        (trouble,) = scene.watch(scene.write("a.json", crystals("Cu")), nothing)
    assert str(trouble) == f"{scene.drop / 'a.json'}: changed while it was fetched"
    assert scene.store.checkout(scene.family) is None
    assert only_batch(scene.watch(nothing, nothing)).report.added == 2


def test_what_is_replaced_while_it_is_read_is_read_as_it_was(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = scene.family.read

    def slow(family: Family, source: Path, stated: Provenance) -> Iterator[Any]:
        scene.write("a.json", crystals("Ag", "Au"))()
        yield from read(source, stated)

    with monkeypatch.context() as patch:
        patch.setattr(type(scene.family), "read", slow)
        told = scene.watch(scene.write("a.json", crystals("Cu")), nothing)
    assert only_batch(told).report.added == 1
    assert scene.groups() == ["Cu"]
    assert only_batch(scene.watch(nothing, nothing)).report.added == 2


def test_a_store_that_fails_is_told_and_tried_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = type(scene.store).append

    def full(*_: object) -> None:
        raise BadInput("the disk is full")

    monkeypatch.setattr(type(scene.store), "append", full)

    def mend() -> None:
        monkeypatch.setattr(type(scene.store), "append", append)

    trouble, batch = scene.watch(scene.write("a.json", crystals("Cu")), nothing, mend, nothing)
    assert str(trouble) == "the disk is full"
    assert isinstance(batch, Batch)
    assert scene.groups() == ["Cu"]


def test_a_stop_ends_the_watch_between_two_batches(scene: Scene) -> None:
    for number, symbol in enumerate(METALS):
        scene.write(f"{number}.json", crystals(symbol))()
    stop = Turns(nothing, nothing, nothing)
    told: list[Any] = []

    def tell(news: Any) -> None:
        if isinstance(news, Batch):
            told.append(news)
            stop.set()

    with closing(DepositLedger(scene.root / "ledger.jsonl")) as ledger:
        place, quarantine = DropFolder(scene.drop), scene.root / "quarantine.jsonl"
        scratch, stated = scene.root / "copy", Provenance("", "")
        watch = Watch(scene.family, place, ledger, scene.store, quarantine, scratch, stated)
        watch.run(1.0, stop, tell)
    assert len(told) == 1
    assert len(scene.watch(nothing, nothing)) == 2


def secret(scene: Scene) -> Path:
    (scene.root / "secret").mkdir()
    (scene.root / "secret" / "key.json").write_text(crystals("Au"))
    return scene.root / "secret"


def pipe(scene: Scene) -> None:
    os.mkfifo(scene.drop / "bad.json")


def link_to_a_file(scene: Scene) -> None:
    (scene.drop / "bad.json").symlink_to(secret(scene) / "key.json")


def link_to_nothing(scene: Scene) -> None:
    (scene.drop / "bad.json").symlink_to(scene.drop / "nowhere")


def link_to_a_folder(scene: Scene) -> None:
    (scene.drop / "bad.json").symlink_to(secret(scene))


def link_to_a_device(scene: Scene) -> None:
    (scene.drop / "bad.json").symlink_to("/dev/zero")


def link_upwards_in_a_folder(scene: Scene) -> None:
    (scene.drop / "bad.json").mkdir()
    (scene.drop / "bad.json" / "up").symlink_to("..")


def bound_socket(scene: Scene) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(scene.drop / "bad.json"))


def name_that_is_no_text(scene: Scene) -> None:
    (scene.drop / os.fsdecode(b"bad\xff.json")).write_text(crystals("Au"))


def name_with_a_line_break(scene: Scene) -> None:
    (scene.drop / "bad\n.json").write_text(crystals("Au"))


def name_that_moves_the_cursor(scene: Scene) -> None:
    (scene.drop / "bad\x1b[2J.json").write_text(crystals("Au"))


def name_that_is_shown_backwards(scene: Scene) -> None:
    (scene.drop / "bad\u202enosj.exe").write_text(crystals("Au"))


def folder_whose_name_is_no_text(scene: Scene) -> None:
    folder = scene.drop / os.fsdecode(b"bad\xff")
    folder.mkdir()
    (folder / "a.json").write_text(crystals("Au"))


def folder_of_endless_depth(scene: Scene) -> None:
    folder = scene.drop.joinpath("bad", *"d" * 40)
    folder.mkdir(parents=True)
    (folder / "a.json").write_text(crystals("Au"))


HOSTILE = (
    (pipe, "a named pipe"),
    (link_to_a_file, "a symbolic link"),
    (link_to_nothing, "a symbolic link"),
    (link_to_a_folder, "a symbolic link"),
    (link_to_a_device, "a symbolic link"),
    (link_upwards_in_a_folder, "a symbolic link"),
    (bound_socket, "a socket"),
    (name_that_is_no_text, "its name is not UTF-8"),
    (name_with_a_line_break, "its name has a control character"),
    (name_that_moves_the_cursor, "its name has a control character"),
    (name_that_is_shown_backwards, "its name has a control character"),
    (folder_whose_name_is_no_text, "its name is not UTF-8"),
    (folder_of_endless_depth, "lies deeper than 16 folders"),
)


@pytest.mark.parametrize(("put", "reason"), HOSTILE, ids=lambda case: getattr(case, "__name__", ""))
def test_what_is_no_plain_file_is_set_aside_once_and_never_opened(
    scene: Scene, put: Callable[[Scene], None], reason: str
) -> None:
    put(scene)
    bad, good = scene.watch(scene.write("z.json", crystals("Cu")), nothing, nothing)
    assert isinstance(bad, Batch)
    (refused,) = bad.report.quarantined
    assert refused.reason.startswith(reason)
    assert refused.origin.startswith(f"{scene.drop}/bad")
    assert refused.origin.isprintable()
    assert only_batch([good]).report.added == 1
    assert scene.groups() == ["Cu"]
    assert list(read_quarantine(scene.root / "quarantine.jsonl")) == [refused]
    assert scene.watch(nothing, nothing) == []


def test_a_link_in_a_folder_is_left_out_and_the_rest_is_read(scene: Scene) -> None:
    scene.write("run/a.json", crystals("Cu"))()
    (scene.drop / "run" / "b.json").symlink_to(secret(scene) / "key.json")
    report = only_batch(scene.watch(nothing, nothing)).report
    assert (report.added, report.refused) == (1, 1)
    assert scene.groups() == ["Cu"]


def test_a_file_that_becomes_a_link_before_it_is_copied_is_not_followed(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.write("run/a.json", crystals("Cu"))()
    target = secret(scene)
    fetch = DropFolder.fetch

    def swapped(folder: DropFolder, deposit: Deposit, directory: Path) -> None:
        shutil.rmtree(scene.drop / "run")
        (scene.drop / "run").symlink_to(target)
        fetch(folder, deposit, directory)

    with monkeypatch.context() as patch:
        patch.setattr(DropFolder, "fetch", swapped)
        (trouble,) = scene.watch(nothing, nothing, once=True)
    assert isinstance(trouble, BadInput)
    assert scene.store.checkout(scene.family) is None


def test_too_many_files_or_bytes_are_refused_without_copying_one(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("matops.steps.data.deposits.MOST_FILES", 10)
    monkeypatch.setattr("matops.steps.data.deposits.MOST_BYTES", 2 * 2**30)
    for number in range(12):
        scene.write(f"many/{number}.json", "[]")()
    with (scene.drop / "sparse.json").open("wb") as file:
        file.truncate(3 * 2**30)
    many, sparse = scene.watch(nothing, nothing, once=True)
    assert "more than 10 files" in only_batch([many]).report.quarantined[0].reason
    assert "more than 2 GiB" in only_batch([sparse]).report.quarantined[0].reason


def test_a_deposit_that_ends_the_process_again_and_again_is_set_aside_and_said(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> Iterator[Record]:
        raise KeyboardInterrupt  # passes every handler, as a kill does

    scene.write("a.json", crystals("Cu"))()
    with monkeypatch.context() as patch:
        patch.setattr(type(scene.family), "read", killed)
        for _ in range(MOST_DEATHS):
            with pytest.raises(KeyboardInterrupt):
                scene.watch(nothing, nothing)
        set_aside, good = scene.watch(nothing, nothing), scene.write("b.json", crystals("Au"))
    (refused,) = only_batch(set_aside).report.quarantined
    assert refused.reason.startswith("set aside: reading it ended the process 3 times")
    assert only_batch(scene.watch(good, nothing)).report.added == 1
    assert scene.groups() == ["Au"]
    os.utime(scene.drop / "a.json")
    assert only_batch(scene.watch(nothing, nothing)).report.added == 1


def test_a_trouble_that_passes_is_no_death(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise BadInput("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(type(scene.store), "append", full)
        troubles = scene.watch(scene.write("a.json", crystals("Cu")), *[nothing] * 6)
    assert len(troubles) > MOST_DEATHS
    assert only_batch(scene.watch(nothing, nothing)).report.added == 1


def test_once_takes_what_is_there_and_looks_only_once_if_there_is_nothing(scene: Scene) -> None:
    scene.write("a.json", crystals("Cu"))()
    growing = scene.write("b.json", crystals("Au"))
    growing()
    told = scene.watch(lambda: scene.write("b.json", crystals("Au", "Ag"))(), once=True)
    assert only_batch(told).address.endswith("a.json")
    assert only_batch(scene.watch(nothing, once=True)).report.added == 2

    def too_much() -> None:
        raise AssertionError("nothing is new: there is nothing to wait for")

    assert scene.watch(too_much, once=True) == []


def test_a_place_that_is_not_there_is_trouble_once_and_waited_for_otherwise(scene: Scene) -> None:
    scene.drop.rmdir()
    with pytest.raises(BadInput, match="no such directory"):
        scene.watch(nothing, once=True)
    trouble, batch = scene.watch(scene.drop.mkdir, scene.write("a.json", crystals("Cu")), nothing)
    assert isinstance(trouble, BadInput)
    assert isinstance(batch, Batch)


def test_a_second_watch_of_the_family_is_kept_out(tmp_path: Path) -> None:
    with (
        closing(DepositLedger(tmp_path / "x.jsonl")),
        pytest.raises(BadInput, match="another watch"),
    ):
        DepositLedger(tmp_path / "x.jsonl")


def test_a_torn_line_of_the_ledger_costs_that_line_only(scene: Scene) -> None:
    scene.watch(scene.write("a.json", crystals("Cu")), nothing)
    ledger = scene.root / "ledger.jsonl"
    whole = ledger.read_bytes()
    ledger.write_bytes(whole + whole[:30])
    assert scene.watch(scene.write("b.json", crystals("Au")), nothing) != []
    assert len(ledger.read_bytes().splitlines()) == 2
