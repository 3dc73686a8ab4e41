"""What stands behind `/api/handles/` in a plain request."""

from __future__ import annotations

import pytest

from idis.resolver.web.parameters import Form
from idis.resolver.web.target import question_of


def test_a_name_is_asked_for_with_public_values_only():
    """As `GET /api/handles` does unless somebody says otherwise."""
    query, form = question_of(b"88.118.8/a%2F%E8%88%B9")

    assert (query.spelling, query.public_only, query.recursive, query.wants_all) == ("88.118.8/a/船", True, True, True)
    assert form == Form()


def test_parameters_are_read():
    """Repeated ones add up, flags need no value."""
    query, form = question_of(b"88.118.8/a?index=1&index=2&type=URL&auth&pretty=yes&doNotRefer=0")

    assert (query.indexes, query.types, query.authoritative, query.do_not_refer) == ((1, 2), ("URL",), True, False)
    assert form.pretty


@pytest.mark.parametrize(
    "target",
    [
        b"", b"88..1/a", b"88.1/", b"/a", b"88.1/%00", b"88.1/%FF", b"88.1/%C2%85", b"88.1/%4", b"88.1/a b", b"88.1/\xe8",
        b"88.1/a#b", b"./88.1/a", b"88.1/../a", b"88.1/a?", b"88.1/a?&", b"88.1/a?index=0", b"88.1/a?pretty=maybe",
        b"88.1/a?callback=f",
        b"88.1/a?cert", b"88.1/a?index=%31", b"88.1/a?type=a+b", b"88.1/a?other", b"88.1/a?index=1?",
        b"88.1/a?" + b"index=1&" * 3_000,
    ],
)  # fmt: skip
def test_what_is_unusual_is_left(target):
    """Errors included: aiohttp tells them."""
    assert question_of(target) is None
