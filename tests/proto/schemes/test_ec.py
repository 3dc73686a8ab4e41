"""EC numbers: the remainder that is never issued."""

from __future__ import annotations

import pytest

from idis.proto.schemes import ec


def test_remainder_ten_has_no_check_digit() -> None:
    """A body whose sum leaves 10 has no check digit."""
    # 2·1 + 4·2 + 7·3 + 4·4 + 1·5 + 4·6 = 76 = 6·11 + 10
    assert ec.check_digit("247414") == ""


@pytest.mark.parametrize("last", "0123456789")
def test_body_never_issued_is_refused_with_every_digit(last: str) -> None:
    """No last digit makes such a body right, and the sentence says why."""
    verdict = ec.check(f"247-414-{last}")

    assert (verdict.ok, verdict.message) == (False, "no EC number begins with 247-414: its check digit would be 10")
