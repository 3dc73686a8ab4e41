"""IDIS.SUCCESSOR: what became of an identifier."""

import json

import pytest

from idis.proto.errors import DataError
from idis.proto.types.successor import Succession, SuccessionKind, decode_succession, encode_succession
from idis.proto.types.table import check_data

OCTETS = b'{"kind": "superseded", "successors": ["88.118.8/B2"], "date": "2026-11-26", "note": "\xe6\x96\xb0\xe5\x9b\xbe"}'
VALUE = Succession(SuccessionKind.SUPERSEDED, ("88.118.8/B2",), "2026-11-26", "新图")


def test_json_both_ways() -> None:
    """Kind, successors, day and note."""
    assert decode_succession(OCTETS) == VALUE
    assert encode_succession(VALUE) == OCTETS
    assert VALUE.sole == "88.118.8/B2"


def test_what_was_withdrawn_has_no_successor() -> None:
    """Nothing takes its place, and the member may be left out."""
    found = decode_succession(b'{"kind":"withdrawn","date":"2026-01-31"}')

    assert found == Succession(SuccessionKind.WITHDRAWN, (), "2026-01-31")


def test_successors_of_other_schemes() -> None:
    """Written as aliases are; of several there is no one to go on to."""
    names = ["imo:IMO9074729", "gs1:https://id.gs1.org/01/06901234567892"]
    split = decode_succession(json.dumps({"kind": "split", "successors": names, "date": "2026-11-26"}).encode())

    assert (split.successors, split.sole) == (tuple(names), "")


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "gone"},
        {"kind": None},
        {"successors": []},
        {"successors": ["88.1/a", "88.1/b"]},
        {"successors": ["imo:9074729"]},
        {"successors": ["88.118.8"]},
        {"successors": ["no name at all"]},
        {"successors": [1]},
        {"successors": "88.1/a"},
        {"kind": "split", "successors": ["88.1/a"]},
        {"kind": "split", "successors": ["88.1/a", "88.1/a"]},
        {"kind": "withdrawn"},
        {"date": "26.11.2026"},
        {"date": "2026-02-30"},
        {"date": "20261126"},
        {"note": "x" * 501},
        {"note": "two\nlines"},
        {"more": 1},
    ],
    ids=json.dumps,
)
def test_forms_refused(change: dict[str, object]) -> None:
    """A member that is missing, unknown or not as it should be."""
    with pytest.raises(DataError):
        check_data("IDIS.SUCCESSOR", json.dumps({**json.loads(OCTETS), **change}).encode())


@pytest.mark.parametrize("octets", [b"", b"{", b"[]", b"\xff", b"[" * 60_000, b" " * 70_000])
def test_octets_refused(octets: bytes) -> None:
    """No JSON of this form, however deep or long."""
    with pytest.raises(DataError):
        decode_succession(octets)
