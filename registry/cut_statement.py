"""The statement of a record in an answer that a filter cut: it brings the digests of what is not shown (`trust.md` §3.2).

A whole answer needs none, its reader makes them anew; so they are not stored, and made here only when they are asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from idis.proto.errors import ProtocolError
from idis.proto.statement import SIGNED_TYPE, digests_of
from idis.proto.types.signed import decode_signed, encode_signed
from idis.proto.value import decode_values, encode_value
from idis.proto.wire import array
from idis.registry.filters import type_of

_TYPE = SIGNED_TYPE.encode()


def with_digests(shown: Sequence[bytes], public: bytes) -> Sequence[bytes]:
    """The shown values, the statement among them with the digests of all public ones.

    Args:
        shown: encoded values.
        public: all public values of the record, as a counted array.
    """
    if not any(type_of(value) == _TYPE for value in shown):
        return shown
    return [_complete(value, public) if type_of(value) == _TYPE else value for value in shown]


def _complete(octets: bytes, public: bytes) -> bytes:
    (value,) = decode_values(array((octets,)))
    try:
        signed = decode_signed(value.data)
    except ProtocolError:
        return octets  # as it was registered before statements were checked
    digests = digests_of(decode_values(public), signed.suite)
    return encode_value(replace(value, data=encode_signed(replace(signed, digests=digests))))
