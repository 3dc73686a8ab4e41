"""Files of delivery notes into a store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest

from idis.proto.value import Value
from idis.registry.caller import Caller, tool
from idis.registry.docking.note_loading import Noted, load_notes
from idis.registry.loading.rows import FileRefused
from idis.registry.prefix import PrefixEntry
from idis.registry.record import Record, prepare
from idis.registry.store.memory import MemoryStore
from idis.registry.trace.expanding import Direction
from idis.registry.trace.timeline import timeline
from idis.registry.trace.tracing import trace

NOW_MS = int(datetime(2026, 3, 5, tzinfo=UTC).timestamp() * 1000)
HEAD = "送货单号,标识,发货方,收货方,发货时间,数量,计量单位,容器\n"
GOOD = "DN-1,88.118.21/PLATE.1,88.118.21/ORG.M,88.118.8/ORG.Y,2026-03-02 09:30,,,88.118.21/BUNDLE.9\n"
ALSO = GOOD.replace("PLATE.1", "PLATE.2")
Load = Callable[..., Noted]


@pytest.fixture
def store() -> MemoryStore:
    """A node of the mill, with two plates."""
    opened = MemoryStore()
    opened.write(lambda txn: txn.put_prefix(PrefixEntry("88.118.21", homed=True)), actor="t").result(5)
    plates = [Record(f"88.118.21/PLATE.{number}", (Value(1, "name", b"plate"),)) for number in (1, 2)]
    opened.write_all([prepare(plate, 1) for plate in plates], actor="t")
    return opened


@pytest.fixture
def load(store: MemoryStore, tmp_path: Path) -> Load:
    """Loads the text of a file as the operator."""

    def run(text: str, caller: Caller | None = None, **options: bool) -> Noted:
        path = tmp_path / "notes.csv"
        path.write_text(text, encoding="utf-8")
        return load_notes(path, store, caller or tool("t"), NOW_MS, **options)

    return run


def test_rows_become_events(load: Load, store: MemoryStore) -> None:
    """Two things in one container: two packings and one shipping."""
    noted = load(HEAD + GOOD + ALSO)
    with store.read() as txn:
        packed = trace(txn, "88.118.21/BUNDLE.9", Direction.BACK).lines

    assert (noted.rows, noted.refused, noted.new, noted.findings) == (2, 0, 3, [])
    assert {line.thing for line in packed} == {"88.118.21/BUNDLE.9", "88.118.21/PLATE.1", "88.118.21/PLATE.2"}


def test_the_same_file_again_changes_nothing(load: Load) -> None:
    """Events are named by their content."""
    load(HEAD + GOOD)
    noted = load(HEAD + GOOD)

    assert (noted.new, noted.known) == (0, 2)


def test_bad_rows_go_to_the_error_sheet(load: Load) -> None:
    """The good ones are kept; the sheet names row, field and what to do."""
    noted = load(HEAD + GOOD + GOOD.replace("PLATE.1", "PLATE.9") + GOOD + ALSO.replace("2026-03-02", "soon"))

    assert (noted.rows, noted.refused, noted.new) == (4, 3, 2)
    assert [(one.line, one.rule) for one in noted.findings] == [(3, "not-registered"), (4, "row-twice"), (5, "time")]
    assert noted.sheet is not None
    assert noted.sheet.read_text(encoding="utf-8-sig").splitlines()[1].startswith(",3,88.118.21/PLATE.9,error,identifier")


def test_a_corrected_file_has_no_error_sheet(load: Load) -> None:
    """The sheet of the run before goes."""
    sheet = load(HEAD + GOOD.replace("PLATE.1", "PLATE.9")).sheet
    load(HEAD + GOOD)

    assert sheet is not None
    assert not sheet.exists()


def test_a_dry_run_keeps_nothing(load: Load, store: MemoryStore) -> None:
    """Checked only."""
    noted = load(HEAD + GOOD, dry_run=True)
    with store.read() as txn:
        happened = timeline(txn, "88.118.21/BUNDLE.9").happenings

    assert (noted.rows, noted.new, len(happened)) == (1, 0, 0)


def test_xlsx(store: MemoryStore, tmp_path: Path) -> None:
    """A sheet of a spreadsheet, with times as the spreadsheet keeps them."""
    book = openpyxl.Workbook()
    book.active.append(["noteNo", "identifier", "from", "to", "shipped"])
    book.active.append(["DN-1", "88.118.21/PLATE.1", "88.118.21/ORG.M", "88.118.8/ORG.Y", datetime(2026, 3, 2, 9, 30)])
    book.save(tmp_path / "notes.xlsx")
    noted = load_notes(tmp_path / "notes.xlsx", store, tool("t"), NOW_MS)

    assert (noted.form, noted.rows, noted.new) == ("XLSX", 1, 1)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("noteNo,colour\nDN-1,red\n", "a delivery note has no column 'colour'"),
        ("noteNo,identifier,from,to\nDN-1,88.118.21/PLATE.1,a,b\n", "the column 'shipped' (发货时间) is missing"),
        ('{"noteNo": "DN-1"}\n', "a delivery note is CSV or XLSX"),
    ],
)
def test_a_file_that_is_no_note(load: Load, text: str, sentence: str) -> None:
    """Said once, before any row."""
    with pytest.raises(FileRefused) as refused:
        load(text)

    assert sentence in str(refused.value)


def test_who_may_not_tell_events(load: Load) -> None:
    """Nobody in particular tells of nothing."""
    with pytest.raises(FileRefused, match="prove an identity"):
        load(HEAD + GOOD, Caller("test"))
