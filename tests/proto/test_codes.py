"""The numbers of the wire and their names."""

import pytest

from idis.proto.codes import (
    ALL_ADMIN_RIGHTS,
    AdminRight,
    OpCode,
    OpFlag,
    ResponseCode,
    opcode_name,
    response_code_name,
)


@pytest.mark.parametrize(
    ("code", "name"),
    [(1, "RESOLUTION"), (106, "LIST_DERIVED_PREFIXES"), (2001, "LOGIN_ID_SYSTEM"), (77, "77"), (2**32 - 1, "4294967295")],
)
def test_opcode_names(code: int, name: str) -> None:
    """A known opcode has its name, an unknown one its number."""
    assert opcode_name(code) == name


@pytest.mark.parametrize(
    ("code", "name"), [(1, "SUCCESS"), (303, "PREFIX_REFERRAL"), (3001, "VERIFY_CREDENTIAL_FAILED"), (9, "9")]
)
def test_response_code_names(code: int, name: str) -> None:
    """A known response code has its name, an unknown one its number."""
    assert response_code_name(code) == name


def test_every_opcode_of_the_protocol_is_named() -> None:
    """Handle, DO-IRP and IDIS operations, all of them, and ours."""
    assert [int(code) for code in OpCode] == [
        *(1, 2),
        *range(100, 107),
        *(200, 201, 300, 301, 302, 400, 401, 402),
        *range(1000, 1004),
        *(2000, 2001),
        *range(9001, 9007),
    ]


def test_every_response_code_of_the_protocol_is_named() -> None:
    """Handle, RFC 3652 and IDIS codes, all of them."""
    assert [int(code) for code in ResponseCode] == [
        *range(8),
        *(100, 101, 102, 200, 201, 202),
        *range(300, 304),
        *range(400, 409),
        *range(500, 506),
        *range(601, 606),
        *(900, 901, 902, 3001),
    ]


def test_flags_do_not_overlap() -> None:
    """Our own flags take bits nobody else has named."""
    assert len({int(flag) for flag in OpFlag}) == len(OpFlag)
    assert sum(int(flag) for flag in OpFlag) == 0xFFFE0007


def test_all_admin_rights_are_twelve_bits() -> None:
    """The rights named are exactly those of the mask."""
    assert sum(int(right) for right in AdminRight) == ALL_ADMIN_RIGHTS == 0xFFF
