"""Sealed values: both ways of sealing give the same, and what was changed is seen."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idis.proto import sealing, speedups

PYTHON = SimpleNamespace(
    seal=sealing.seal_value_in_python, unseal=sealing.unseal_value_in_python, rows=sealing.seal_rows_in_python
)
WAYS = [pytest.param(PYTHON, id="python")]
if speedups.LOADED == speedups.COMPILED:
    compiled = SimpleNamespace(seal=sealing.seal_value, unseal=sealing.unseal_value, rows=sealing.seal_rows)
    WAYS.append(pytest.param(compiled, id="compiled"))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("octets", "digest"),
    [
        (b"", "e4a6a0577479b2b4"),
        (b"abc", "d8bb14d833d59559"),
        (b"q" * 128, "90c0a02a7a43c5e8"),
        (b"q" * 129, "e9aacf6ae52b826a"),
    ],
    ids=["nothing", "a few", "one block", "a block and an octet"],
)
def test_a_value_lies_behind_the_digest_of_rfc_7693(way: SimpleNamespace, octets: bytes, digest: str):
    """BLAKE2b of eight octets without a key, over all parts together, wherever they are cut."""
    for at in range(0, len(octets) + 1, 43):
        head, key, rest = octets[: at // 2], octets[at // 2 : at], octets[at:]

        assert way.seal(head, key, rest) == bytes.fromhex(digest) + rest


@pytest.mark.parametrize("way", WAYS)
def test_a_value_with_a_flipped_bit_is_none(way: SimpleNamespace):
    """Wherever the bit is, in the digest or behind it, and when the key is another one or too little is left."""
    value = way.seal(b"edge\x00", b"key", b"rest")
    flipped = [bytes((*value[:at], value[at] ^ 0x10, *value[at + 1 :])) for at in range(len(value))]

    assert way.unseal(b"edge\x00", b"key", value) == b"rest"
    assert {way.unseal(b"edge\x00", b"key", one) for one in flipped} == {None}
    assert way.unseal(b"edge\x00", b"kez", value) is None
    assert way.unseal(b"edge\x00", b"key", value[:7]) is None


@given(st.binary(max_size=8), st.dictionaries(st.binary(max_size=150), st.binary(max_size=300), max_size=5))
def test_many_rows_are_sealed_alike_in_both_ways(head: bytes, rows: dict[bytes, bytes]):
    """Sorted, each as if alone, with the sum of their digests and their octets."""
    places, values, seal_sum, octets = sealing.seal_rows(head, rows)

    assert (places, values, seal_sum, octets) == PYTHON.rows(head, rows)
    assert [PYTHON.unseal(head, key, value) for key, value in values] == [rows[key] for key in sorted(rows)]


@pytest.mark.parametrize("wrong", [{b"key": None}, {None: b"row"}, {b"key": "row"}, {b"key": b"row", 1: b"row"}])
@pytest.mark.parametrize("way", WAYS)
def test_rows_that_are_no_octets_are_refused(way: SimpleNamespace, wrong: dict[bytes, bytes]):
    """A TypeError, as of any function that is handed the wrong thing."""
    with pytest.raises(TypeError):
        way.rows(b"edge\x00", wrong)
