"""Changing the record of a prefix value by value: keys, administrators, and the sites that answer for it.

The same rules as for records (`records.py`), and two more. A prefix that has an administrator or a key keeps at least
one of each: whoever removed the last could never be replaced. And what a change leaves must fit a referral.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from idis.proto.codes import ResponseCode
from idis.proto.value import Value, decode_values, encode_values
from idis.registry.authority import DERIVED_SITE_TYPES, SITE_TYPES
from idis.registry.prefix import PrefixState
from idis.registry.registration import acts
from idis.registry.registration.checks import STATE_WORDS, Refusal, unknown
from idis.registry.registration.contents import content
from idis.registry.registration.life import Registered, write
from idis.registry.registration.value_checks import VALUE_BYTES_DEFAULT_MAX, refuse_read_only, refuse_values
from idis.registry.registration.values import SITES_MAX, is_site
from idis.registry.store.base import WriteTxn

RECORD_VALUES_MAX = 64  # of a prefix: recursive nodes keep the record of every prefix they meet
RECORD_BYTES_MAX = 32_768

ValueChange = acts.AddValues | acts.ModifyValues | acts.RemoveValues

_KEPT = {"HS_ADMIN": "administrator", "HS_PUBKEY": "public key"}  # one of each stays


def touches_sites(held: Mapping[int, Value], change: ValueChange) -> bool:
    """Whether a change adds, alters or removes what says where a prefix is answered."""
    match change:
        case acts.RemoveValues(indexes=indexes):
            touched = [held[index] for index in indexes if index in held]
        case acts.AddValues(values=values) | acts.ModifyValues(values=values):
            touched = [*values, *(held[value.index] for value in values if value.index in held)]
    return any(is_site(value) for value in touched)


def change_values(txn: WriteTxn, prefix: str, change: ValueChange, now: int) -> Registered | Refusal:
    """Change the record of a folded prefix; what is there already stays, and is no change."""
    entry = txn.prefix(prefix)
    if entry is None:
        return unknown(txn, prefix)
    if entry.state is PrefixState.REVOKED:
        return Refusal(ResponseCode.ERROR, f"{prefix} is {STATE_WORDS[entry.state]}: its record stays as it is")
    before = {value.index: value for value in decode_values(entry.values)}
    after = _changed(before, change, prefix)
    if isinstance(after, Refusal):
        return after
    altered = [index for index in before | after if _content_at(before, index) != _content_at(after, index)]
    if not altered:
        return Registered(entry, changed=False)
    if refusal := _refuse(prefix, before, after):
        return refusal
    stamped = (replace(value, timestamp=now) if index in altered else value for index, value in sorted(after.items()))
    return write(txn, replace(entry, values=encode_values(stamped)))


def refuse_record(prefix: str, values: Mapping[int, Value]) -> Refusal | None:
    """What forbids the record of a prefix by its size or the number of its sites."""
    octets = len(encode_values(values.values()))
    if len(values) > RECORD_VALUES_MAX or octets > RECORD_BYTES_MAX:
        return Refusal(
            ResponseCode.INVALID_VALUE,
            f"the record of {prefix} would have {len(values)} values of {octets} octets, at most {RECORD_VALUES_MAX} and "
            f"{RECORD_BYTES_MAX} are kept of a prefix",
        )
    for types in (SITE_TYPES, DERIVED_SITE_TYPES):
        if sum(value.type.upper().encode() in types for value in values.values()) > SITES_MAX:
            return Refusal(ResponseCode.INVALID_VALUE, f"{prefix} names at most {SITES_MAX} sites of one kind")
    return None


def _changed(before: Mapping[int, Value], change: ValueChange, prefix: str) -> dict[int, Value] | Refusal:
    after = dict(before)
    match change:
        case acts.RemoveValues(indexes=indexes):
            gone = [before[index] for index in dict.fromkeys(indexes) if index in before]
            for value in gone:
                del after[value.index]
            return refuse_read_only(gone) or after
        case acts.AddValues(values=values, overwrite=False):
            taken = next((value for value in values if value.index in before and _differs(before, value)), None)
            if taken is not None:
                return Refusal(
                    ResponseCode.VALUE_ALREADY_EXISTS,
                    f"{prefix} has a value {taken.index}: modify it, or use another index",
                )
        case acts.ModifyValues(values=values):
            if missing := [str(value.index) for value in values if value.index not in before]:
                return Refusal(ResponseCode.VALUES_NOT_FOUND, f"{prefix} has no value {', '.join(missing)}: add it")
        case acts.AddValues(values=values):
            pass
    altered = [before[value.index] for value in values if value.index in before and _differs(before, value)]
    if refusal := refuse_values(values, VALUE_BYTES_DEFAULT_MAX) or refuse_read_only(altered):
        return refusal
    after.update((value.index, value) for value in values)
    return after


def _refuse(prefix: str, before: Mapping[int, Value], after: Mapping[int, Value]) -> Refusal | None:
    for kept, word in _KEPT.items():
        if _has(before, kept) and not _has(after, kept):
            return Refusal(
                ResponseCode.INVALID_VALUE,
                f"that is the last {word} ({kept}) of {prefix}: add its successor first, or nobody could ever name one",
            )
    return refuse_record(prefix, after)


def _has(values: Mapping[int, Value], name: str) -> bool:
    return any(value.type.upper() == name for value in values.values())


def _differs(before: Mapping[int, Value], value: Value) -> bool:
    return _content_at(before, value.index) != content(value)


def _content_at(values: Mapping[int, Value], index: int) -> tuple[object, ...] | None:
    return content(values[index]) if index in values else None
