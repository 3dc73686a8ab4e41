"""SM3: published values, and the plain twin beside the platform's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idis.proto.sm3 import sm3, sm3_plain


@pytest.mark.parametrize("digest", [sm3, sm3_plain])
def test_standard_values(digest: object) -> None:
    """The two examples of GB/T 32905."""
    assert callable(digest)
    assert digest(b"abc").hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert digest(b"abcd" * 16).hex() == "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"


@given(st.binary(max_size=200))
def test_twins_agree(octets: bytes) -> None:
    """The plain twin gives what the platform gives, at every padding length."""
    assert sm3_plain(octets) == sm3(octets)


def test_a_platform_without_sm3(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where OpenSSL does not know the digest, the plain twin stands in."""
    monkeypatch.setattr("hashlib.algorithms_available", set())

    assert sm3(b"abc").hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
