"""Who may read or change which value."""

from __future__ import annotations

import pytest

from idis.proto.codes import ResponseCode
from idis.proto.identifier import parse_identifier
from idis.proto.query import Query
from idis.registry.permission import Unproven, changeable, refusal_of, unproven_of
from idis.registry.prefix import Privacy

ADMIN_ONLY = 0b1100
NOBODY = 0b0100


def _query(public_only: bool) -> Query:
    return Query("88.1/x", parse_identifier("88.1/x"), public_only=public_only)


@pytest.mark.parametrize(
    ("public_only", "privacy", "reader"),
    [
        (True, Privacy.HANDLE, Unproven.PUBLIC),
        (True, Privacy.STRICT, Unproven.PUBLIC),
        (False, Privacy.STRICT, Unproven.PUBLIC),
        (False, Privacy.HANDLE, Unproven.ANONYMOUS),
    ],
)
def test_a_reader_is_challenged_only_when_it_asks_for_more_than_public(
    public_only: bool, privacy: Privacy, reader: Unproven
) -> None:
    """Only a query without public-only, below a prefix that is not strict, can lead to a challenge."""
    assert unproven_of(_query(public_only), privacy) is reader


@pytest.mark.parametrize(
    ("restricted", "by_name", "code"),
    [
        ([], True, 0),
        ([ADMIN_ONLY], True, ResponseCode.AUTHENTICATION_NEEDED),
        ([ADMIN_ONLY, NOBODY], True, ResponseCode.INSUFFICIENT_PERMISSIONS),
        ([NOBODY, ADMIN_ONLY], True, ResponseCode.INSUFFICIENT_PERMISSIONS),
        ([NOBODY], False, ResponseCode.AUTHENTICATION_NEEDED),
        ([ADMIN_ONLY], False, ResponseCode.AUTHENTICATION_NEEDED),
    ],
)
def test_an_anonymous_reader_is_refused_by_what_it_wants(restricted: list[int], by_name: bool, code: int) -> None:
    """A challenge where an identity could help, a plain refusal where none could."""
    assert refusal_of(Unproven.ANONYMOUS, restricted, by_name=by_name) == code


def test_the_public_is_never_refused() -> None:
    """To the public a restricted value does not exist, so nothing stands in the way."""
    assert refusal_of(Unproven.PUBLIC, [ADMIN_ONLY, NOBODY], by_name=True) == 0


@pytest.mark.parametrize("permissions", range(16))
def test_only_admin_write_makes_a_value_changeable(permissions: int) -> None:
    """Bit 4 alone decides, whatever the other three say."""
    assert changeable(permissions) == (permissions in {4, 5, 6, 7, 12, 13, 14, 15})
