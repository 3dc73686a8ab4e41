"""The chained export: whole files pass, and whatever was cut, changed, added or moved is found."""

from __future__ import annotations

import hashlib
import json

import pytest

from idis.registry.audit.chain import Broken, Checked, chained, check

LINES = [{"act": "create", "subject": "零件"}, {"act": "delete"}, {"act": "suspend"}]
ROWS = list(chained({"node": "n"}, LINES))


def broken(rows: list[bytes]) -> int:
    """The row that shows the fault; 0 when there is none."""
    result = check(rows)
    return result.row if isinstance(result, Broken) else 0


def test_octets() -> None:
    """Each row is JSON; its digest is SHA-256 over the digest before and the row without it."""
    head = b'{"idis_audit": 1, "node": "n"}'
    line = '{"act": "create", "subject": "零件"}'.encode()
    first = hashlib.sha256(bytes(32) + head)
    second = hashlib.sha256(first.digest() + line)

    assert ROWS[0] == b'{"chain": "' + first.hexdigest().encode() + b'", ' + head[1:] + b"\n"
    assert ROWS[1] == b'{"chain": "' + second.hexdigest().encode() + b'", ' + line[1:] + b"\n"
    assert json.loads(ROWS[4]) == {"chain": json.loads(ROWS[4])["chain"], "end": True, "lines": 3}


def test_whole() -> None:
    """A whole file tells its head, its number of lines and its last digest."""
    result = check(ROWS)

    assert isinstance(result, Checked)
    assert (result.head["node"], result.lines, result.digest) == ("n", 3, json.loads(ROWS[-1])["chain"])


def test_no_lines() -> None:
    """A time in which nothing happened is a whole file too."""
    assert isinstance(check(chained({}, [])), Checked)


def test_carriage_returns() -> None:
    """A file that was carried through a mail system is the same file."""
    assert isinstance(check([row.replace(b"\n", b"\r\n") for row in ROWS]), Checked)


@pytest.mark.parametrize("row", range(5))
def test_lost_row(row: int) -> None:
    """Any lost row shows at the row that came after it, or at the end."""
    assert broken(ROWS[:row] + ROWS[row + 1 :]) == row + 1


@pytest.mark.parametrize("length", range(5))
def test_cut(length: int) -> None:
    """A file that was cut anywhere lacks its end."""
    assert broken(ROWS[:length]) == length + 1


def test_cut_inside_a_row() -> None:
    """So does one that was cut inside a row."""
    assert broken([*ROWS[:2], ROWS[2][:-9]]) == 3


def test_changed() -> None:
    """One octet changed in any row is found there."""
    for number, row in enumerate(ROWS, start=1):
        for at in range(0, len(row) - 1, 7):
            changed = row[:at] + bytes((row[at] ^ 1,)) + row[at + 1 :]

            assert broken([*ROWS[: number - 1], changed, *ROWS[number:]]) == number


def test_moved() -> None:
    """Two rows in the other order are found."""
    assert broken([ROWS[0], ROWS[2], ROWS[1], *ROWS[3:]]) == 2


def test_added() -> None:
    """A row that was repeated, or put behind the end, is found."""
    assert broken([*ROWS[:2], ROWS[1], *ROWS[2:]]) == 3
    assert broken([*ROWS, ROWS[1]]) == 6


@pytest.mark.parametrize("octets", [b'{"idis_audit": 2}', b'{"other": 1}', b"{no json}"])
def test_other_file(octets: bytes) -> None:
    """What is chained alike but is no export of this version is refused."""
    digest = hashlib.sha256(bytes(32) + octets).hexdigest().encode()

    assert broken([b'{"chain": "' + digest + b'", ' + octets[1:] + b"\n"]) == 1


def test_wrong_count() -> None:
    """An end that counts other lines than there are is found, even where the chain was made anew."""
    octets = b'{"end": true, "lines": 7}'
    before = bytes.fromhex(json.loads(ROWS[3])["chain"])
    digest = hashlib.sha256(before + octets).hexdigest().encode()

    assert broken([*ROWS[:4], b'{"chain": "' + digest + b'", ' + octets[1:] + b"\n"]) == 5
