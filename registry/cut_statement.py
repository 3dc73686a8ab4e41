"""The statements of a record in an answer that a filter cut: they bring the digests of what is not shown (`trust.md` §3.2).

A whole answer needs none, its reader makes them anew; so they are not stored, and made here only when they are asked for.
Whoever sees more than the public cannot tell which of his values are public, so that he gets the public digests always.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from idis.proto.errors import ProtocolError
from idis.proto.statement import SIGNED_TYPE, digests_of, is_sealed
from idis.proto.types.signed import decode_signed, encode_signed
from idis.proto.value import decode_values, encode_value
from idis.proto.wire import array
from idis.registry.filters import type_of
from idis.registry.views import digests_of_view

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


def with_sealed_digests(shown: bytes, public: bytes, restricted: bytes, *, whole: bool) -> bytes:
    """What somebody known is shown of a record that withholds values, each statement with the digests he needs.

    Whoever sees nothing beyond the public gets what he would get if there were nothing else.

    Args:
        shown: the values he gets, as a counted array.
        public, restricted: all of the record, as stored.
        whole: whether he asked for all he may see; a sealed statement then comes as it is.
    """
    values = decode_values(shown) if _TYPE in shown else ()
    if not any(value.type == SIGNED_TYPE for value in values):
        return shown
    everybodys = {value.index: value for value in decode_values(public)}
    seen = {value.index for value in values}
    if whole and seen <= everybodys.keys():
        return shown
    by_index = everybodys | {value.index: value for value in decode_values(restricted)}
    completed = []
    for value in values:
        if is_sealed(value) and not whole:
            signed = decode_signed(value.data)
            salts = tuple((index, salt) for index, salt in signed.salts if index in seen)
            cut = replace(signed, digests=digests_of_view(signed, by_index), salts=salts)
            value = replace(value, data=encode_signed(cut))
        completed.append(encode_value(value) if is_sealed(value) else with_digests((encode_value(value),), public)[0])
    return array(completed)


def _complete(octets: bytes, public: bytes) -> bytes:
    (value,) = decode_values(array((octets,)))
    try:
        signed = decode_signed(value.data)
    except ProtocolError:
        return octets  # as it was registered before statements were checked
    digests = digests_of(decode_values(public), signed.suite)
    return encode_value(replace(value, data=encode_signed(replace(signed, digests=digests))))
