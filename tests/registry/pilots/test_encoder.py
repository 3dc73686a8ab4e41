"""The bulk encoder gives, octet for octet, what the careful path gives."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idis.registry.pilots import encoder as encoder_module
from idis.registry.pilots.encoder import RowEncoder
from idis.registry.pilots.finding import Finding, Invalid
from idis.registry.pilots.sample import generate
from idis.registry.pilots.table import PILOTS
from idis.registry.pilots.validation import validate
from idis.registry.record import Alias, PreparedRecord, RecordFlag, prepare

TODAY = date(2026, 1, 15)
NOW = 1_700_000_000
HEAT = ("name", "producer", "visibility", "heatNo", "steelmaker", "castDate")
HEAT_CELLS = ("炉", "88.1/O", "public", "H1", "88.1/O", "2024-02-05")

# What people and machines leave in cells.
ODD_CELLS = (
    "",
    " ",
    "x",
    "0",
    "-1",
    "true",
    "是",
    " 12 ",
    "1e3",
    "[]",
    "{}",
    "[1",
    ";",
    "a;b",
    "public",
    "stop",
    "88.118.8/SELF",
    "Ａ",
    "a\tb",
)


def _careful(
    pilot: str, code: str, columns: Sequence[str], cells: Sequence[str], identifier: str
) -> tuple[PreparedRecord | list[Finding], list[Finding]]:
    row = dict(zip(columns, cells, strict=True))
    result = validate(PILOTS[pilot], code, row, identifier=identifier, today=TODAY)
    if isinstance(result, Invalid):
        return list(result.findings), []
    return prepare(result.record, NOW), list(result.warnings)


def _text(cell: object) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return json.dumps(cell, ensure_ascii=False) if isinstance(cell, list | dict) else str(cell)


@cache
def _samples() -> Mapping[tuple[str, str], list[tuple[dict[str, str], str]]]:
    rows: dict[tuple[str, str], list[tuple[dict[str, str], str]]] = {}
    for pilot in PILOTS:
        for row in generate(pilot, size=300):
            cells = {name: _text(cell) for name, cell in row.fields.items()}
            rows.setdefault((pilot, row.object_code), []).append((cells, row.identifier))
    return rows


def test_a_row_becomes_these_octets() -> None:
    """The answer to a plain query is the counted array of values, written here by hand."""
    record = RowEncoder(PILOTS["ship"], "heat", HEAT, today=TODAY).encode(HEAT_CELLS, "88.1/H1", NOW)
    assert isinstance(record, PreparedRecord)

    fixed = "6553f100" + "00" + "00015180" + "0e"  # timestamp, relative ttl of a day, permissions 1110
    assert (
        record.public.hex()
        == (
            "0000000b"  # eleven values
            f"000003e8{fixed}" + "0000000b54454d504c4154455f4944" + "00000013" + b"88.1/META_ship_heat".hex() + "00000000"
            f"000003e9{fixed}" + "0000000854454d504c415445" + "0000000131" + "00000000"
            f"000007d0{fixed}" + "0000000a6f626a65637454797065" + "0000000468656174" + "00000000"
            f"000007d1{fixed}" + "000000046e616d65" + "00000003e78289" + "00000000"
            f"000007d4{fixed}" + "0000000870726f6475636572" + "0000000638382e312f4f" + "00000000"
            f"000007d5{fixed}" + "00000006737461747573" + "00000006616374697665" + "00000000"
            f"000007d6{fixed}" + "0000000a726563616c6c466c6167" + "000000046e6f6e65" + "00000000"
            f"000007d9{fixed}" + "0000000a7669736962696c697479" + "000000067075626c6963" + "00000000"
            f"000007da{fixed}" + "00000006686561744e6f" + "000000024831" + "00000000"
            f"000007db{fixed}" + "0000000a737465656c6d616b6572" + "0000000638382e312f4f" + "00000000"
            f"000007dc{fixed}" + "000000086361737444617465" + "0000000a323032342d30322d3035" + "00000000"
        )
    )


def test_a_row_carries_what_caches_and_searches_need() -> None:
    """Nothing restricted, a day to live, the alias of the heat."""
    record = RowEncoder(PILOTS["ship"], "heat", HEAT, today=TODAY).encode(HEAT_CELLS, "88.1/H1", NOW)
    assert isinstance(record, PreparedRecord)

    assert record.restricted.hex() == "00000000"
    assert (record.flags, record.ttl_s, record.not_after) == (RecordFlag(0), 86_400, 0)
    assert record.aliases == (Alias("heatNo", "88.1/O|H1"),)


@pytest.mark.parametrize(
    ("flag", "visibility", "expected"),
    [
        ("check", "public", RecordFlag.HOLD),
        ("stop", "public", RecordFlag.STOP),
        ("none", "partners", RecordFlag.RESTRICTED),
        ("stop", "private", RecordFlag.STOP | RecordFlag.RESTRICTED),
    ],
)
def test_flags_follow_recall_and_visibility(flag: str, visibility: str, expected: RecordFlag) -> None:
    """What a reader must know before the values is known when they are written."""
    cells = ("炉", "88.1/O", visibility, "H1", "88.1/O", "2024-02-05", flag)
    record = RowEncoder(PILOTS["ship"], "heat", (*HEAT, "recallFlag"), today=TODAY).encode(cells, "88.1/H1", NOW)
    assert isinstance(record, PreparedRecord)

    assert record.flags == expected


@pytest.mark.parametrize("pilot", PILOTS)
def test_sample_rows_encode_as_the_careful_path_does(pilot: str) -> None:
    """Every object of the samples: same record, same warnings, also when cells come back a second time."""
    for key, rows in _samples().items():
        if key[0] != pilot:
            continue
        columns = sorted({name for cells, _ in rows for name in cells})
        encoder = RowEncoder(PILOTS[pilot], key[1], columns, today=TODAY)
        for cells, identifier in rows[:40] + rows[:3]:
            row = [cells.get(name, "") for name in columns]
            record = encoder.encode(row, identifier, NOW)
            assert (record, encoder.warnings) == _careful(*key, columns, row, identifier)


@settings(deadline=None)
@given(data=st.data())
def test_odd_rows_end_as_on_the_careful_path(data: st.DataObject) -> None:
    """Whatever is put into a few cells of good rows, both paths agree: the record and its warnings, or the findings."""
    key = data.draw(st.sampled_from(sorted(_samples())))
    rows = _samples()[key][:30]
    names = [field.name for field in PILOTS[key[0]].objects[key[1]].fields]
    used = sorted({name for cells, _ in rows for name in cells} | set(data.draw(st.lists(st.sampled_from(names), max_size=3))))
    columns = [name for name in used if name not in data.draw(st.lists(st.sampled_from(used), max_size=1))]
    encoder = RowEncoder(PILOTS[key[0]], key[1], columns, today=TODAY)
    cell = st.sampled_from(ODD_CELLS) | st.text(max_size=8)
    for cells, _ in data.draw(st.lists(st.sampled_from(rows), min_size=1, max_size=4)):
        odd = data.draw(st.dictionaries(st.sampled_from(columns), cell, max_size=2))
        row = [odd.get(name, cells.get(name, "")) for name in columns]
        identifier = data.draw(
            st.sampled_from(("88.118.8/X", "88.118.8/self", "88.118.8/件", "88.118.8", "0.NA/88.118.8", "88.118.8/a\nb"))
        )
        record = encoder.encode(row, identifier, NOW)
        assert (record, encoder.warnings) == _careful(*key, columns, row, identifier)


def test_the_timestamp_follows_the_clock() -> None:
    """What is remembered from one second is not used in the next."""
    encoder = RowEncoder(PILOTS["ship"], "heat", HEAT, today=TODAY)
    encoder.encode(HEAT_CELLS, "88.1/H1", NOW)
    record = encoder.encode(HEAT_CELLS, "88.1/H1", 1)
    assert isinstance(record, PreparedRecord)

    assert record.public[8:12].hex() == "00000001"


def test_a_column_forgets_rather_than_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    """More different cells than are remembered change nothing in the records."""
    monkeypatch.setattr(encoder_module, "MEMO_CELLS_MAX", 2)
    encoder = RowEncoder(PILOTS["ship"], "heat", HEAT, today=TODAY)
    rows = [("炉", "88.1/O", "public", f"H{number}", "88.1/O", "2024-02-05") for number in range(7)]
    records = [encoder.encode(row, f"88.1/{row[3]}", NOW) for row in rows]

    assert records == [_careful("ship", "heat", HEAT, row, f"88.1/{row[3]}")[0] for row in rows]


def test_prefixes_come_and_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """More prefixes than are remembered each keep their own template handle."""
    monkeypatch.setattr(encoder_module, "PREFIXES_MAX", 2)
    encoder = RowEncoder(PILOTS["ship"], "heat", HEAT, today=TODAY)
    identifiers = [f"88.{number % 4}/H1" for number in range(8)]
    records = [encoder.encode(HEAT_CELLS, identifier, NOW) for identifier in identifiers]

    assert records == [_careful("ship", "heat", HEAT, HEAT_CELLS, identifier)[0] for identifier in identifiers]


@pytest.mark.parametrize("columns", [("name", "thicknes"), ("name", "name"), ("name", "名称")])
def test_bad_headings_refuse_every_row_as_the_careful_path_does(columns: tuple[str, ...]) -> None:
    """An unknown heading, or one twice, is told with each row."""
    encoder = RowEncoder(PILOTS["ship"], "plate", columns, today=TODAY)

    assert encoder.encode(("a", "b"), "88.1/P", NOW) == _careful("ship", "plate", columns, ("a", "b"), "88.1/P")[0]


def test_bad_headings_are_known_before_the_first_row() -> None:
    """Whoever loads the table can refuse it whole."""
    encoder = RowEncoder(PILOTS["ship"], "plate", ("name", "thicknes"), today=TODAY)

    assert [finding.rule for finding in encoder.column_findings] == ["unknown-column"]


@pytest.mark.parametrize("cells", [HEAT_CELLS[:-1], (*HEAT_CELLS, "more")])
def test_a_row_of_another_length_is_refused(cells: tuple[str, ...]) -> None:
    """A missing separator shifts every cell, so nothing of the row is believed."""
    findings = RowEncoder(PILOTS["ship"], "heat", HEAT, today=TODAY).encode(cells, "88.1/H1", NOW)
    assert isinstance(findings, list)

    assert [finding.rule for finding in findings] == ["columns"]
