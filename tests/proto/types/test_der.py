"""DER: just enough of it, and nothing that runs past."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idis.proto.errors import ProtocolError
from idis.proto.types.der import INTEGER, DerReader


def test_elements_in_order() -> None:
    """Tags, short and long lengths."""
    reader = DerReader(bytes.fromhex("3006 0201ff 0201 07 02 81 02 0100"))
    inner = reader.sequence()

    assert (inner.integer(), inner.integer(), inner.remaining) == (255, 7, 0)
    assert (reader.element(INTEGER), reader.remaining) == (b"\x01\x00", 0)


@pytest.mark.parametrize("octets", ["", "02", "0201", "0301 07", "0280", "02 85 0000000001 07", "02 82 01", "02 84 ffffffff"])
def test_elements_refused(octets: str) -> None:
    """Missing, of another tag, of indefinite or too long a length."""
    with pytest.raises(ProtocolError):
        DerReader(bytes.fromhex(octets)).integer()


@given(st.binary(max_size=40))
def test_garbage_is_refused_or_read(octets: bytes) -> None:
    """Only the documented error comes out."""
    reader = DerReader(octets)
    read = 0
    try:
        while reader.remaining:
            read += len(reader.element(octets[reader.at]))
    except ProtocolError:
        pass

    assert read <= len(octets)
