"""HS_SECKEY: secrets that open, and do not show themselves."""

import pytest

from idis.proto.types.seckey import Secret, decode_secret, encode_secret, hash_password

HASHED = b"a9993e364706816aba3e25717850c26c9cd0d89d"  # of "abc"


@pytest.mark.parametrize(
    ("secret", "password", "opens"),
    [
        (b"abc", b"abc", True),
        (HASHED, b"abc", True),
        (HASHED, HASHED, True),
        (b"abc", b"abd", False),
        (b"abc", b"", False),
        (b"", b"abc", False),
    ],
)
def test_what_opens(secret: bytes, password: bytes, opens: bool) -> None:
    """The secret itself, or the password whose digest is stored."""
    assert decode_secret(secret).opens_with(password) is opens


def test_stored_form_of_a_password() -> None:
    """Lower-case hexadecimal SHA-1."""
    assert hash_password(b"abc") == Secret(HASHED)


def test_octets_are_kept() -> None:
    """A secret is any octets."""
    assert encode_secret(decode_secret(b"\xff\x00")) == b"\xff\x00"


def test_a_secret_does_not_show_itself() -> None:
    """Neither in a log line nor in a traceback."""
    assert repr(Secret(b"abc")) == "Secret()"
