"""What a peer can understand."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from idis.proto.dialect import code_for_peer, is_backup, speaks_idis
from idis.proto.message import Message, decode_message

Vector = Callable[[str], bytes]

PLAIN = Message(1, bytes.fromhex("00000003 312f61") + bytes(8), opflags=0x19000000)


@pytest.mark.parametrize("name", ["e6_idis_prefix_query", "e7_idis_login"])
def test_golden_idis_requests_are_recognised(name: str, vector: Vector) -> None:
    """authBytes and the login are signs of an IDIS client."""
    assert speaks_idis(decode_message(vector(name)))


@pytest.mark.parametrize(
    ("request_", "idis"),
    [
        (PLAIN, False),
        (replace(PLAIN, opflags=0x19000004), True),
        (replace(PLAIN, opflags=0x00000002), True),
        (replace(PLAIN, credential=None), True),
        (replace(PLAIN, opcode=2000), True),
        (replace(PLAIN, opcode=100), False),
        (replace(PLAIN, body=PLAIN.body + bytes(3)), False),
        (replace(PLAIN, body=b"\xff"), False),
    ],
)
def test_signs_of_idis(request_: Message, idis: bool) -> None:
    """Flags, opcodes, a missing credential length and authBytes, nothing else."""
    assert speaks_idis(request_) is idis


@pytest.mark.parametrize(
    ("code", "told"), [(407, 402), (408, 402), (603, 3), (604, 3), (605, 3), (3001, 403), (301, 301), (402, 402), (7, 7), (9, 9)]
)
def test_codes_for_peers_outside_idis(code: int, told: int) -> None:
    """Only IDIS's own codes are replaced."""
    assert code_for_peer(PLAIN, code, (2, 11), False) == told


@pytest.mark.parametrize("code", [407, 408, 603, 604, 605, 3001])
def test_codes_for_idis_peers(code: int) -> None:
    """They are told the code itself."""
    assert code_for_peer(PLAIN, code, (2, 11), True) == code


def test_both_mappings_apply() -> None:
    """An old peer outside IDIS is spared both kinds of unknown codes."""
    assert [code_for_peer(PLAIN, code, (2, 4), False) for code in (202, 7, 605)] == [201, 303, 3]


@pytest.mark.parametrize(
    ("code", "version", "backup"), [(7, (2, 11), True), (303, (2, 11), False), (303, (2, 4), True), (302, (2, 4), False)]
)
def test_backup_has_two_numbers(code: int, version: tuple[int, int], backup: bool) -> None:
    """Code 303 changed its meaning with 2.5."""
    assert is_backup(code, version) is backup
