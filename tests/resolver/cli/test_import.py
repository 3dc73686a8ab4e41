"""`idis import` on a real data directory: summaries, exit codes, and everything that may interrupt it."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from idis.proto.value import Value
from idis.registry.loading import checked, csv_rows
from idis.registry.loading import load as load_module
from idis.registry.loading.rows import FileRefused
from idis.registry.prefix import PrefixEntry
from idis.registry.record import Record, prepare
from idis.registry.store.lmdb import LmdbStore
from idis.registry.store.verify import check
from idis.resolver.cli import export, import_
from idis.resolver.cli.main import main
from idis.resolver.cli.output import CommandError, ExitCode

MILL = "88.118.21"
HEAD = "identifier,name,producer,visibility,plateNo,heatNo,steelGrade,thickness,width,length,supplier,certificate\n"
SHIP_PLATES = ("--pilot", "ship", "--object", "plate", "--processes", "1")

# A child that imports in batches of 20 records and, before the batch whose number is first on its line, does what the second
# word says to itself.
CHILD = """
import os, signal, sys
from idis.registry.loading import checked, load, sealing
from idis.resolver.cli.main import main
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where a shell started the tests in the background
load.ATOMIC_ROWS_MAX = 0
load.RECORDS_PER_COMMIT = checked.PIECE_ITEMS = 20
number, name = int(sys.argv.pop(1)), sys.argv.pop(1)
plain, done = sealing.begin_sealed, []
def begin_sealed(*arguments, **options):
    if len(done) == number:
        os.kill(os.getpid(), getattr(signal, name))
    done.append(plain(*arguments, **options))
    return done[-1]
sealing.begin_sealed = begin_sealed
sys.exit(main())
"""

Command = Callable[..., int]


def plates(count: int, *, thickness: str = "18") -> str:
    """A CSV of plates."""
    tail = f"24H,AH36,{thickness},2650,8700,{MILL},{MILL}/C"
    names = [f"24H-{number:05}" for number in range(count)]
    return HEAD + "".join(f"{MILL}/PLATE.{name},船板 {name},{MILL},public,{name},{tail}\n" for name in names)


def make_data(directory: Path) -> Path:
    """The data directory of a node that homes the mill's prefix."""
    store = LmdbStore.create(directory, exclusive=False)
    store.write(lambda txn: txn.put_prefix(PrefixEntry(MILL, homed=True)), actor="test").result()
    certificate = prepare(Record(f"{MILL}/C", (Value(1, "URL", b"u"),)), 1)
    store.write(lambda txn: txn.put_record(certificate), actor="test").result()
    store.close()
    return directory


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory."""
    return make_data(tmp_path / "node")


@pytest.fixture
def idis(data: Path) -> Command:
    """Runs `idis import WORDS --data DIR`."""

    def run(*words: object, directory: Path = data) -> int:
        parser = argparse.ArgumentParser()
        import_.configure(parser)
        return import_.run(parser.parse_args([*map(str, words), "--data", str(directory)]))

    return run


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A hundred plates."""
    path = tmp_path / "plates.csv"
    path.write_text(plates(100), encoding="utf-8")
    return path


def contents(directory: Path) -> list[tuple[object, ...]]:
    """All records of the mill but for when and where in the journal they were written; the store verifies."""
    store = LmdbStore.open(directory, exclusive=False)
    try:
        assert check(store.environment).problems == []
        with store.read() as txn:
            records = txn.records(MILL, None, 100_000)
    finally:
        store.close()
    return [(key, record.identifier, record.aliases, record.version, len(record.public)) for key, record in records]


def child(*words: object, at: int, what: str, own_session: bool = False) -> subprocess.CompletedProcess[str]:
    """An import in a process of its own that is interrupted before a batch."""
    return subprocess.run(
        [sys.executable, "-c", CHILD, str(at), what, "import", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        start_new_session=own_session,
    )


def test_a_good_file_exits_with_zero(idis: Command, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The summary says what was read and how much of it was new."""
    code = idis(file, *SHIP_PLATES)

    assert code == ExitCode.DONE
    assert "100 rows read: 100 new, 0 changed, 0 unchanged, 0 refused" in capsys.readouterr().out


def test_templates_that_are_not_published_are_the_next_step(
    idis: Command, file: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Loaded records name templates: as long as none is there, the command that publishes them is told."""
    idis(file, *SHIP_PLATES)
    told = capsys.readouterr().out
    publish = next(line for line in told.splitlines() if line.startswith("next: idis pilot publish"))
    words = publish.partition("(")[0].split()[2:]
    assert main([*words, "--data", str(data)]) == ExitCode.DONE
    file.write_text(plates(101))
    idis(file, *SHIP_PLATES)

    assert "next:" not in capsys.readouterr().out.partition("templates below")[2]


def test_one_bad_row_exits_with_one_and_one_line(idis: Command, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A thickness of 0: one line names file, row, field, value and rule, and the sheet is named."""
    file.write_text(plates(100).replace(",18,", ",0,", 1), encoding="utf-8")
    code = idis(file, *SHIP_PLATES)
    told = capsys.readouterr()

    assert code == ExitCode.REFUSED
    assert told.err.startswith("plates.csv, line 2: thickness '0': ")
    assert "[above]" in told.err
    assert told.err.count("\n") == 1
    assert f"error sheet: {file}.errors.csv" in told.out


def test_the_summary_is_json_on_request(idis: Command, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Programs get the same facts."""
    idis(file, *SHIP_PLATES, "--json", "--dry-run")
    summary = json.loads(capsys.readouterr().out)

    assert (summary["rows"], summary["new"], summary["refused"], summary["error_sheet"]) == (100, 100, 0, None)


def test_many_errors_do_not_fill_the_screen(idis: Command, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first are shown, all are in the sheet."""
    file.write_text(plates(100, thickness="0"), encoding="utf-8")
    idis(file, *SHIP_PLATES)

    assert capsys.readouterr().err.endswith(f"… all 100 findings are in {file}.errors.csv\n")


def test_the_error_sheet_goes_where_it_is_told(idis: Command, file: Path, tmp_path: Path) -> None:
    """--errors names another place."""
    file.write_text(plates(3, thickness="0"), encoding="utf-8")
    idis(file, *SHIP_PLATES, "--errors", tmp_path / "sheet.csv")

    assert (tmp_path / "sheet.csv").exists()
    assert not (tmp_path / "plates.csv.errors.csv").exists()


def test_a_wrong_file_is_one_sentence(idis: Command, tmp_path: Path) -> None:
    """A file that is no table is refused, not half read."""
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF")

    with pytest.raises(FileRefused, match=r"photo\.jpg is a binary file"):
        idis(path, *SHIP_PLATES)


def test_a_dump_takes_no_pilot(idis: Command, tmp_path: Path) -> None:
    """Options that do not fit the file are told."""
    path = tmp_path / "x.dump"
    path.write_bytes(b"IDISDUMP\x01")

    with pytest.raises(CommandError, match="leave out --pilot"):
        idis(path, *SHIP_PLATES)


@pytest.mark.parametrize("form", ["jsonl", "dump"])
def test_an_export_loads_into_another_node(idis: Command, file: Path, data: Path, tmp_path: Path, form: str) -> None:
    """What one command writes the other reads, without being told the form."""
    idis(file, *SHIP_PLATES)
    other, out = make_data(tmp_path / "other"), tmp_path / "all"
    parser = argparse.ArgumentParser()
    export.configure(parser)
    export.run(parser.parse_args(["--data", str(data), "--format", form, "--out", str(out)]))
    code = idis(out, directory=other)

    assert code == ExitCode.DONE
    assert [facts[:3] for facts in contents(other)] == [facts[:3] for facts in contents(data)]


@pytest.mark.parametrize("at", [0, 1, 4])
def test_a_killed_import_is_finished_by_the_same_command(
    idis: Command, file: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """kill -9 leaves whole batches and no file; a second run gives the store of an undisturbed one."""
    done = child(file, *SHIP_PLATES, "--data", data, at=at, what="SIGKILL")
    stored = len(contents(data)) - 1
    idis(file, *SHIP_PLATES)
    undisturbed = make_data(tmp_path / "undisturbed")
    idis(file, *SHIP_PLATES, directory=undisturbed)

    assert (done.returncode, stored) == (-signal.SIGKILL, at * 20)
    assert contents(data) == contents(undisturbed)
    assert sorted(path.name for path in data.iterdir()) == sorted(path.name for path in undisturbed.iterdir())


def test_ctrl_c_says_what_to_do(file: Path, data: Path) -> None:
    """An interrupted import ends as shells expect and tells that the same command finishes it."""
    done = child(file, *SHIP_PLATES, "--data", data, at=2, what="SIGINT", own_session=True)

    assert done.returncode == 130
    assert "what was loaded is whole: the same command finishes it" in done.stderr
    assert len(contents(data)) == 41


def test_a_second_process_may_hold_the_store(file: Path, data: Path) -> None:
    """Loading works while another process serves from the directory, and is seen there."""
    store = LmdbStore.open(data, exclusive=True)
    try:
        done = child(file, *SHIP_PLATES, "--data", data, at=-1, what="SIGKILL")
        with store.read() as txn:
            records = txn.stat(MILL).records
    finally:
        store.close()

    assert (done.returncode, records) == (0, 101)


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A disk of 3 MiB."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to mount a small disk")
    with tempfile.TemporaryDirectory() as folder:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", folder], capture_output=True, check=False)
        if mounted.returncode:
            pytest.skip("this machine does not allow mounting")
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", folder], check=True)


def test_a_full_disk_leaves_whole_records_and_the_same_command_finishes(
    idis: Command, small_disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the disk fills up during the load, what is stored verifies; with more room the same command goes on."""
    monkeypatch.setattr(load_module, "ATOMIC_ROWS_MAX", 0)
    monkeypatch.setattr(load_module, "RECORDS_PER_COMMIT", 50)
    monkeypatch.setattr(checked, "PIECE_ITEMS", 50)
    file = tmp_path / "many.csv"
    file.write_text(plates(2_000), encoding="utf-8")
    data = make_data(small_disk / "node")
    with pytest.raises(CommandError, match="the same command finishes it"):
        idis(file, *SHIP_PLATES, directory=data)
    stored = len(contents(data)) - 1
    subprocess.run(["mount", "-o", "remount,size=16m", str(small_disk)], check=True)
    idis(file, *SHIP_PLATES, directory=data)

    assert 0 < stored < 2_000
    assert stored % 50 == 0
    assert len(contents(data)) == 2_001


def test_no_room_to_check_loads_nothing(idis: Command, small_disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk cannot even hold the checked rows, the file is refused before the first record."""
    monkeypatch.setattr(load_module, "ATOMIC_ROWS_MAX", 0)
    monkeypatch.setattr(csv_rows, "BLOCK_BYTES", 100_000)
    file = tmp_path / "many.csv"
    file.write_text(plates(5_000), encoding="utf-8")
    data = make_data(small_disk / "node")
    with pytest.raises(FileRefused, match="nothing was loaded"):
        idis(file, *SHIP_PLATES, directory=data)

    assert len(contents(data)) == 1


def test_a_withdrawn_template_takes_no_more_records(tmp_path, capsys):
    """The import says so, and how it is published again."""
    data = str(tmp_path / "node")
    (tmp_path / "plates.csv").write_text(plates(1))
    main(["init", data, "--tier", "enterprise", "--name", "mill", "--prefix", MILL])
    for verb in ("publish", "withdraw"):
        assert main(["pilot", verb, "ship", "--prefix", MILL, "--data", data]) == ExitCode.DONE
    code = main(["import", str(tmp_path / "plates.csv"), *SHIP_PLATES, "--prefix", MILL, "--data", data])

    assert code == ExitCode.REFUSED
    assert f"the template {MILL}/META_ship_plate is withdrawn: idis pilot publish ship" in capsys.readouterr().err
