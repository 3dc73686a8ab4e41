"""Loading a file of rows, from the first finding to the last record."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import openpyxl
import pytest

from idis.proto.value import decode_values
from idis.registry.loading import cross_check, csv_rows
from idis.registry.loading import load as load_module
from idis.registry.loading.load import Summary
from idis.registry.loading.rows import FileRefused
from idis.registry.prefix import PrefixEntry
from idis.registry.store.bulk import Loaded
from idis.registry.store.lmdb import LmdbStore
from idis.registry.store.verify import check

MILL = "88.118.21"
THICKNESS, NAME, HEAT, PRODUCER, PLATE_NO = 7, 1, 5, 2, 4

Plates = Callable[..., list[list[str]]]
AsCsv = Callable[..., str]
Load = Callable[..., Summary]


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file counts as large: blocks are short, and the records go in batch by batch."""
    monkeypatch.setattr(load_module, "ATOMIC_ROWS_MAX", 0)
    monkeypatch.setattr(csv_rows, "BLOCK_BYTES", 2_000)


def count(store: LmdbStore, prefix: str = MILL) -> int:
    """How many records are stored below a prefix."""
    with store.read() as txn:
        return txn.stat(prefix).records


def errors(summary: Summary) -> list[tuple[int, str, str]]:
    """Line, field and rule of the findings that kept rows out."""
    return [(found.line, found.field, found.rule) for found in summary.findings if found.severity == "error"]


def test_199_of_200_plates_are_stored_and_one_line_says_why(
    store: LmdbStore, load_file: Load, plates: Plates, as_csv: AsCsv, tmp_path: Path
) -> None:
    """A thickness of 0 keeps its row out; the line names row, field, value and rule."""
    rows = plates(200)
    rows[56][THICKNESS] = "0"
    summary = load_file(as_csv(rows))
    sheet = list(csv.DictReader((tmp_path / "plates.csv.errors.csv").open(encoding="utf-8-sig")))

    assert (count(store), summary.loaded, summary.refused) == (199, Loaded(new=199), 1)
    assert errors(summary) == [(58, "thickness", "above")]
    assert [(line["line"], line["value"]) for line in sheet if line["severity"] == "error"] == [("58", "0")]


@pytest.mark.parametrize("size", ["small", "large"])
def test_the_same_file_again_changes_nothing(
    request: pytest.FixtureRequest, store: LmdbStore, load_file: Load, plates: Plates, as_csv: AsCsv, size: str
) -> None:
    """Rows are compared by content: a later load of the same file leaves versions, counts and journal alone."""
    if size == "large":
        request.getfixturevalue("large")
    text = as_csv(plates(60))
    load_file(text)
    with store.read() as txn:
        before = txn.stat(MILL), txn.position
    summary = load_file(text, now=1_700_009_999)
    with store.read() as txn:
        after = txn.stat(MILL), txn.position

    assert summary.loaded == Loaded(unchanged=60)
    assert before == after


@pytest.mark.parametrize("size", ["small", "large"])
def test_a_changed_row_changes_its_record(
    request: pytest.FixtureRequest, store: LmdbStore, load_file: Load, plates: Plates, as_csv: AsCsv, size: str
) -> None:
    """One corrected cell is one changed record with the next version; the others are unchanged."""
    if size == "large":
        request.getfixturevalue("large")
    rows = plates(60)
    load_file(as_csv(rows))
    rows[9][NAME] = "船板，更名"
    summary = load_file(as_csv(rows))
    with store.read() as txn:
        record = txn.record(b"88.118.21\x00PLATE.24H-00010")

    assert summary.loaded == Loaded(changed=1, unchanged=59)
    assert record is not None
    assert record.version == 2


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("processes", [1, 2])
def test_a_large_file_gives_the_store_of_a_small_one(
    store: LmdbStore, load_file: Load, plates: Plates, as_csv: AsCsv, processes: int
) -> None:
    """Blocks, runs, merging and appending leave a store that verifies, in one process or several, from unsorted rows too."""
    summary = load_file(as_csv(plates(90)[::-1]), processes=processes)

    assert summary.loaded == Loaded(new=90)
    assert count(store) == 90
    assert check(store.environment).problems == []


def test_an_identifier_given_twice_keeps_its_first_row(store: LmdbStore, load_file: Load, plates: Plates, as_csv: AsCsv) -> None:
    """The second row is refused and points to the first; importing again changes nothing."""
    rows = [*plates(3), plates(1)[0]]
    rows[3][PLATE_NO] = "24H-X"
    summary = load_file(as_csv(rows))
    again = load_file(as_csv(rows))

    assert errors(summary) == [(5, "identifier", "unique")]
    assert "line 2" in summary.findings[-1].reason
    assert again.loaded == Loaded(unchanged=3)


def test_identifiers_that_differ_in_case_are_one_where_the_prefix_folds(load_file: Load, plates: Plates, as_csv: AsCsv) -> None:
    """Folding decides what is given twice."""
    rows = plates(2)
    rows[1][0] = rows[0][0].lower()

    assert errors(load_file(as_csv(rows))) == [(3, "identifier", "unique")]


def test_a_second_name_belongs_to_one_row(store: LmdbStore, load_file: Load, plates: Plates, as_csv: AsCsv) -> None:
    """Two plates with one plate number of one supplier: the second is refused and points to the first."""
    rows = plates(3)
    rows[2][PLATE_NO] = rows[0][PLATE_NO]
    summary = load_file(as_csv(rows))

    assert errors(summary) == [(4, "plateNo", "unique")]
    assert count(store) == 2


def test_a_second_name_in_the_store_keeps_its_holder(store: LmdbStore, load_file: Load, plates: Plates, as_csv: AsCsv) -> None:
    """A plate number that a stored record bears is refused to another identifier, with the holder's name."""
    load_file(as_csv(plates(1)))
    (row,) = plates(1)
    row[0] = f"{MILL}/PLATE.OTHER"
    summary = load_file(as_csv([row]))

    assert errors(summary) == [(2, "plateNo", "unique")]
    assert f"belongs to {MILL}/PLATE.24H-00001" in summary.findings[0].reason


def test_references_to_nothing_are_warnings(load_file: Load, plates: Plates, as_csv: AsCsv) -> None:
    """A reference below an own prefix that no row and no record answers is told, and the row is stored."""
    summary = load_file(as_csv(plates(5)))

    assert sorted({found.value for found in summary.findings}) == [f"{MILL}/CERT.24H", f"{MILL}/ORG.MILL"]
    assert {found.severity for found in summary.findings} == {"warning"}
    assert (summary.refused, summary.loaded.new) == (0, 5)


def test_a_file_of_broken_references_is_not_told_a_million_times(
    load_file: Load, plates: Plates, as_csv: AsCsv, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Warnings about references end at their limit; what is given twice behind them is still found."""
    monkeypatch.setattr(cross_check, "REFERENCE_WARNINGS_MAX", 2)
    monkeypatch.setattr(cross_check, "READ_KEYS", 2)
    monkeypatch.setattr(cross_check, "FINDINGS_GATHERED", 1)
    rows = [[*row, f"{MILL}/AAA.{number}"] for number, row in enumerate(plates(20))]
    rows.append([*plates(1, first=20)[0], ""])
    summary = load_file(as_csv(rows, columns=(*COLUMNS, "cutFrom")))

    assert summary.warnings == 2
    assert (22, "identifier", "unique") in errors(summary)


def test_references_answered_by_the_file_are_silent(load_file: Load, plates: Plates, as_csv: AsCsv) -> None:
    """A plate that points to another plate of the file gives no warning, whatever their order."""
    rows = [[*row, ""] for row in plates(2)]
    rows[0][-1] = rows[1][0]
    summary = load_file(as_csv(rows, columns=(*COLUMNS, "cutFrom")))

    assert "cutFrom" not in {found.field for found in summary.findings}


def test_rows_below_foreign_prefixes_are_refused(store: LmdbStore, load_file: Load, plates: Plates, as_csv: AsCsv) -> None:
    """A prefix that is unknown, delegated or suspended takes no rows; the others are stored."""
    rows = plates(4)
    for row, prefix in zip(rows[:3], ("88.118.99", "88.118.30", "88.118.31"), strict=True):
        row[0] = f"{prefix}/X"
    summary = load_file(as_csv(rows))

    assert [found.reason for found in summary.findings if found.severity == "error"] == [
        "this node does not answer for prefix 88.118.99",
        "prefix 88.118.30 is delegated: its records are loaded where it is answered",
        "prefix 88.118.31 is suspended",
    ]
    assert count(store) == 1


def test_a_prefix_that_cannot_take_rows_refuses_the_file(load_file: Load, plates: Plates, as_csv: AsCsv) -> None:
    """With --prefix, one sentence is enough for all rows."""
    with pytest.raises(FileRefused, match=r"nothing can be loaded below 88\.118\.99"):
        load_file(as_csv(plates(1)), prefix="88.118.99")


def test_a_quota_is_kept(store: LmdbStore, load_file: Load, plates: Plates, as_csv: AsCsv) -> None:
    """A file that would exceed the quota loads nothing; one that fits exactly loads, and loads again."""
    entry = PrefixEntry(MILL, homed=True, quota=3)
    store.write(lambda txn: txn.put_prefix(entry), actor="test").result()
    with pytest.raises(FileRefused, match="may hold 3 records"):
        load_file(as_csv(plates(4)))
    first, again = load_file(as_csv(plates(3))), load_file(as_csv(plates(3)))

    assert (first.loaded, again.loaded) == (Loaded(new=3), Loaded(unchanged=3))


def test_a_dry_run_tells_and_stores_nothing(store: LmdbStore, load_file: Load, plates: Plates, as_csv: AsCsv) -> None:
    """The summary is that of a load; the store is as it was."""
    load_file(as_csv(plates(2)))
    summary = load_file(as_csv(plates(5)), dry_run=True)

    assert summary.loaded == Loaded(new=3, unchanged=2)
    assert count(store) == 2


def test_object_types_are_said_by_rows(store: LmdbStore, load_file: Load) -> None:
    """One table may mix objects; a filled cell of another object's field, or an unknown object, is a finding."""
    text = (
        "标识,对象类型,名称,生产单位,可见范围,hullNo,blockNo,hull,stage,shipyard,shipType\n"
        f"{MILL}/S1,ship,船,{MILL},public,H2588,,,,{MILL},bulk\n"
        f"{MILL}/S2,ship,船,{MILL},public,H2589,B1,,,{MILL},bulk\n"
        f"{MILL}/S3,shp,船,{MILL},public,H2590,,,,{MILL},bulk\n"
        f"{MILL}/S4,,船,{MILL},public,H2591,,,,{MILL},bulk\n"
    )
    found = errors(load_file(text, object_code=""))

    assert (3, "blockNo", "unknown-field") in found
    assert (4, "objectType", "objectType") in found
    assert (5, "objectType", "required") in found


def test_sheets_named_like_objects_say_their_type(store: LmdbStore, load_file: Load, plates: Plates, tmp_path: Path) -> None:
    """An XLSX sheet called plate holds plates; its errors come back as XLSX with sheet and row."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "plate"
    sheet.append(COLUMNS)
    for row in plates(3):
        sheet.append([*row[:THICKNESS], 18 if row is not None else None, *row[THICKNESS + 1 :]])
    sheet["H3"] = 0
    path = tmp_path / "book.xlsx"
    book.save(path)
    summary = load_file(path, object_code="")
    lines = list(openpyxl.load_workbook(tmp_path / "book.xlsx.errors.xlsx").worksheets[0].iter_rows(values_only=True))

    assert (count(store), errors(summary)) == (2, [(3, "thickness", "above")])
    assert ("plate", "3", "thickness") in [(line[0], line[1], line[4]) for line in lines]


def test_json_lines_are_rows_too(store: LmdbStore, load_file: Load, plates: Plates) -> None:
    """Objects name their fields themselves, with numbers as numbers; an unknown field is a finding."""
    rows = [dict(zip(COLUMNS, row, strict=True)) | {"thickness": 18, "width": 2650.5} for row in plates(3)]
    rows[1]["thicknes"] = 3
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows) + "{\n"
    summary = load_file(text, name="plates.jsonl")

    assert [(line, rule) for line, _, rule in errors(summary)] == [(2, "unknown-column"), (4, "json")]
    assert count(store) == 2


def test_both_ways_of_writing_rows_give_equal_records(store: LmdbStore, load_file: Load, plates: Plates, as_csv: AsCsv) -> None:
    """What was loaded from CSV is unchanged when it is loaded from JSON lines."""
    rows = plates(3)
    load_file(as_csv(rows))
    text = "".join(json.dumps(dict(zip(COLUMNS, row, strict=True)), ensure_ascii=False) + "\n" for row in rows)

    assert load_file(text, name="plates.jsonl").loaded == Loaded(unchanged=3)


def test_a_suffix_column_is_completed_by_the_prefix(store: LmdbStore, load_file: Load, plates: Plates, as_csv: AsCsv) -> None:
    """With --prefix the column may hold suffixes."""
    rows = plates(2)
    for row in rows:
        row[0] = row[0].partition("/")[2]
    load_file(as_csv(rows), prefix=MILL)
    with store.read() as txn:
        record = txn.record(b"88.118.21\x00PLATE.24H-00002")

    assert record is not None
    assert record.identifier == f"{MILL}/PLATE.24H-00002"


def test_the_values_are_those_of_the_row(store: LmdbStore, load_file: Load, plates: Plates, as_csv: AsCsv) -> None:
    """A stored record holds the row's fields at the schema's indexes."""
    load_file(as_csv(plates(1)))
    with store.read() as txn:
        record = txn.record(b"88.118.21\x00PLATE.24H-00001")
    assert record is not None
    texts = {value.index: value.text for value in decode_values(record.public)}

    assert (texts[2010], texts[2014], texts[2001]) == ("24H-00001", "18", "船板 1")


@pytest.mark.parametrize(
    ("content", "options", "sentence"),
    [
        ("identifier,name\n", {}, "a header and no rows"),
        ("identifier,thicknes\nx,1\n", {}, "did you mean"),
        ("identifier,name\nx,1\n", {"pilot": "shp"}, 'no pilot "shp"'),
        ("identifier,name\nx,1\n", {"pilot": ""}, "--pilot"),
        ("identifier,name\nx,1\n", {"object_code": "plat"}, 'no object "plat"; did you mean "plate"'),
    ],
)
def test_a_wrong_file_loads_nothing(
    store: LmdbStore, load_file: Load, content: str, options: dict[str, str], sentence: str
) -> None:
    """What is wrong as a whole is one sentence."""
    with pytest.raises(FileRefused, match=sentence):
        load_file(content, **options)

    assert count(store) == 0


@pytest.mark.parametrize(
    ("line", "options", "sentence"),
    [
        ('{"handle": "88.118.21/A", "values": []}', {}, "without --pilot"),
        ('{"identifier": "88.118.21/A", "name": "x"}', {"pilot": "", "object_code": ""}, "say which with --pilot"),
    ],
)
def test_json_of_the_other_kind_is_told(load_file: Load, line: str, options: dict[str, str], sentence: str) -> None:
    """Whole records and rows of a pilot are both JSON lines; mixing them up is one sentence, not a thousand."""
    with pytest.raises(FileRefused, match=sentence):
        load_file(line + "\n", name="rows.jsonl", **options)


def test_a_sheet_that_says_nothing_is_named(load_file: Load, tmp_path: Path) -> None:
    """In a workbook the sentence says which sheet is meant."""
    book = openpyxl.Workbook()
    book.worksheets[0].append(["identifier", "name"])
    book.worksheets[0].append(["x", "y"])
    book.save(tmp_path / "book.xlsx")

    with pytest.raises(FileRefused, match='sheet "Sheet": the rows do not say'):
        load_file(tmp_path / "book.xlsx", object_code="")


@pytest.mark.usefixtures("large")
def test_a_file_that_turns_wrong_late_loads_nothing(
    store: LmdbStore, load_file: Load, plates: Plates, as_csv: AsCsv, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A quote left open in the last rows is found before the first record is stored."""
    monkeypatch.setattr(csv_rows, "ROW_BYTES_MAX", 3_000)
    text = as_csv(plates(80)) + '"open,' + "x,\n" * 3_000
    with pytest.raises(FileRefused, match="line 82"):
        load_file(text)

    assert count(store) == 0


def test_the_error_sheet_of_a_corrected_file_goes(load_file: Load, plates: Plates, as_csv: AsCsv, tmp_path: Path) -> None:
    """When nothing is left to tell, the sheet of the earlier run is removed."""
    rows = [[*plates(1)[0][:2], "88.999.1/ORG", *plates(1)[0][3:10], "88.999.1/ORG", "88.999.1/CERT"]]
    rows[0][THICKNESS] = "0"
    load_file(as_csv(rows))
    before = (tmp_path / "plates.csv.errors.csv").exists()
    rows[0][THICKNESS] = "18"
    summary = load_file(as_csv(rows))

    assert before
    assert summary.error_sheet is None
    assert not (tmp_path / "plates.csv.errors.csv").exists()


@pytest.mark.usefixtures("large")
def test_temporary_files_are_gone_afterwards(load_file: Load, plates: Plates, as_csv: AsCsv, tmp_path: Path) -> None:
    """A large load leaves nothing beside the file but its error sheet."""
    load_file(as_csv(plates(60)))

    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "plates.csv", "plates.csv.errors.csv"]


COLUMNS = (
    *("identifier", "name", "producer", "visibility", "plateNo", "heatNo", "steelGrade"),
    *("thickness", "width", "length", "supplier", "certificate"),
)


@pytest.fixture(autouse=True)
def _no_stray_children() -> Iterator[None]:
    """No worker outlives its load."""
    import multiprocessing

    yield

    assert multiprocessing.active_children() == []
