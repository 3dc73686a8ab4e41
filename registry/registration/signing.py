"""What the registry asks of the statements it takes in: that they tell the truth, and that no node goes back behind them.

A record has a public statement, and sealed ones for those who see more (`sealing.py`). A statement is the owner's; the node
makes none and changes none. It is refused unless it matches the values it comes with,
continues the version before it, is within its time, and is signed by a key that may sign for the prefix: a public key of the
prefix's own record, or one that such a key has named as its signer. So a client that verifies (`proto/proof.py`) never
meets, at an honest node, a record that fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from idis.proto.codes import ResponseCode
from idis.proto.errors import DataError, ProtocolError
from idis.proto.identifier import fold
from idis.proto.proof import SKEW_S, links_of
from idis.proto.statement import (
    SIGNED_INDEX,
    SIGNED_TYPE,
    VIEW_MAX,
    VIEW_PUBLIC,
    Statement,
    Suite,
    digests_of,
    is_sealed,
    stored_spelling,
)
from idis.proto.types.key_delegation import DelegationRight
from idis.proto.types.signed import Signed, decode_signed, encode_signed
from idis.proto.value import TTL_S_DEFAULT, Value, decode_values
from idis.registry.permission import Lists
from idis.registry.prefix import PrefixEntry
from idis.registry.record import MARKS, StoredRecord
from idis.registry.registration.checks import Refusal
from idis.registry.registration.sealing import read_sealed, seal
from idis.registry.suites import PublicSuiteKey, SigningKey, read_public, verify
from idis.registry.views import public_view

PUBLIC_KEY = "HS_PUBKEY"
VALID_S = 366 * 86_400  # an enterprise's key lives a year, and so does what it has signed (`trust.md` §4)

_HOW = "sign what is written with 'idis register --sign KEY', or send a statement at index 410 with it"


def refuse_statement(
    entry: PrefixEntry, identifier: str, values: Sequence[Value], lists: Lists, held: StoredRecord | None, now: int
) -> Refusal | None:
    """What forbids a record on account of its statements, or for lack of one.

    Args:
        entry: the prefix it lives below.
        identifier: as registered.
        values: all of them, with their marks.
        lists: the readers' lists that hold for it.
        held: what was there before, a tombstone or a disabled record included.
        now: unix time in seconds.
    """
    if any(value.type == SIGNED_TYPE and value.index != SIGNED_INDEX and not is_sealed(value) for value in values):
        return _refusal(f"statements have the indexes from {SIGNED_INDEX} to {SIGNED_INDEX + VIEW_MAX}, one for each view")
    return _refuse_public(entry, identifier, values, held, now) or _refuse_views(entry, identifier, values, lists, held, now)


def _refuse_public(
    entry: PrefixEntry, identifier: str, values: Sequence[Value], held: StoredRecord | None, now: int
) -> Refusal | None:
    """What forbids a record on account of what it says, or does not, about its public values."""
    shown = [value for value in values if not value.permissions & MARKS]
    carriers = [value for value in shown if value.type == SIGNED_TYPE]
    if not carriers:
        return _refuse_unsigned(entry, identifier) if entry.signing_required and any(value.public for value in shown) else None
    if len(carriers) > 1 or carriers[0].index != SIGNED_INDEX or not carriers[0].public:
        return _refusal(f"a record has one public statement, at index {SIGNED_INDEX}, for everybody to read")
    try:
        signed = decode_signed(carriers[0].data)
    except ProtocolError as error:
        return _refusal(f"value {SIGNED_INDEX}: {error}")
    if signed.view != VIEW_PUBLIC or signed.digests:
        return _refusal("the statement is about the public values and comes without their digests, which the record tells")
    before = _statement_of(held)
    if before != signed:
        if signed.version != (expected := next_version(held)):
            return _refusal(f"the statement is version {signed.version} of {identifier}, version {expected} is due: sign it anew")
        if not signed.not_before - SKEW_S <= now <= signed.not_after + SKEW_S:
            return _refusal("the statement is not valid now: sign it anew, with the time between its not_before and not_after")
    return _refuse_signature(entry, identifier, digests_of(shown, signed.suite), signed, now)


def _refuse_views(
    entry: PrefixEntry, identifier: str, values: Sequence[Value], lists: Lists, held: StoredRecord | None, now: int
) -> Refusal | None:
    """What forbids a record on account of what its sealed statements say."""
    sealed = read_sealed(values, lists, held, now)
    if isinstance(sealed, Refusal):
        return sealed
    refusals = (_refuse_signature(entry, identifier, digests, signed, now) for signed, digests in sealed)
    return next(filter(None, refusals), None)


def next_version(held: StoredRecord | None) -> int:
    """The version a record's next statement has: it rises with every change of what is public, beyond deletion too."""
    if held is None:
        return 1
    before = _statement_of(held)
    return before.version + 1 if before is not None else held.version + 1


def to_be_signed(values: Sequence[Value]) -> tuple[Value, ...]:
    """Values with the place of the public statement that `sign` will make, in the place of any others."""
    return (*(value for value in values if value.type != SIGNED_TYPE), Value(SIGNED_INDEX, SIGNED_TYPE, b""))


def sign(
    key: SigningKey,
    entry: PrefixEntry,
    identifier: str,
    values: Sequence[Value],
    lists: Lists,
    held: StoredRecord | None,
    now: int,
) -> tuple[Value, ...] | Refusal:
    """The values with a statement for each of those who see them; arguments as for `refuse_statement`.

    What the same key has signed already, and what is not about to expire, is left as it is. A record that shows nothing to
    the public has no public statement: it would tell that there is a record.
    """
    sealed = seal(key, stored_spelling(identifier, exact=not entry.fold_suffix), values, lists, held, now, VALID_S)
    if isinstance(sealed, Refusal):
        return sealed
    values = [value for value in values if not is_sealed(value)]
    if not public_view(values):
        return (*(value for value in values if value.type != SIGNED_TYPE), *sealed)
    return (*_sign_public(key, entry, identifier, values, held, now), *sealed)


def _sign_public(
    key: SigningKey, entry: PrefixEntry, identifier: str, values: Sequence[Value], held: StoredRecord | None, now: int
) -> tuple[Value, ...]:
    shown = [value for value in values if not value.permissions & MARKS and value.type != SIGNED_TYPE]
    before = _statement_of(held)
    if before is not None and before.kid == key.public.kid and now + VALID_S // 2 < before.not_after:
        statement = _statement(before, entry, identifier, shown)
        if verify(before.suite, key.public.key, statement.octets(), before.signature):
            return _filled(values, before)
    public = key.public
    unsigned = Signed(public.suite, public.kid, next_version(held), now, now + VALID_S, TTL_S_DEFAULT, b"")
    statement = _statement(unsigned, entry, identifier, shown)
    return _filled(values, replace(unsigned, signature=key.sign(statement.octets())))


def keys_of(values: Iterable[Value], now: int) -> list[PublicSuiteKey]:
    """The keys of a prefix's record that may sign for it: its own public keys, and those that one of them has named."""
    values = tuple(values)
    keys: list[PublicSuiteKey] = []
    for value in values:
        if fold(value.type) == PUBLIC_KEY:
            try:
                keys.append(read_public(value.data))
            except DataError:
                continue
    own = {(key.suite, key.kid): key.key for key in keys}
    for link in links_of(values):
        issuer = own.get((link.suite, link.kid))
        current = link.not_before - SKEW_S <= now <= link.not_after + SKEW_S
        if issuer is None or link.rights != DelegationRight.SIGN or not current:
            continue
        octets = link.octets()
        if verify(link.suite, issuer, octets, link.parent_signature) and verify(
            link.child_suite, link.child_key, octets, link.child_signature
        ):
            keys.append(PublicSuiteKey(link.child_suite, link.child_key))
    return keys


def _filled(values: Sequence[Value], signed: Signed) -> tuple[Value, ...]:
    data = encode_signed(signed)
    return tuple(replace(value, data=data) if value.type == SIGNED_TYPE else value for value in values)


def _refuse_signature(
    entry: PrefixEntry, identifier: str, digests: tuple[bytes, ...], signed: Signed, now: int
) -> Refusal | None:
    keys = [key for key in keys_of(decode_values(entry.values), now) if key.kid == signed.kid]
    if not keys:
        return _refusal(
            f"the key {signed.kid.hex()} signs nothing for {entry.prefix}: sign with a key whose public half is an HS_PUBKEY "
            "value of the prefix, or that such a key has named"
        )
    if keys[0].suite != signed.suite:
        return _refusal(f"the key {signed.kid.hex()} is of suite {keys[0].suite}, the statement claims suite {signed.suite}")
    statement = signed.statement(stored_spelling(identifier, exact=not entry.fold_suffix), digests)
    verdict = verify(signed.suite, keys[0].key, statement.octets(), signed.signature)
    if verdict is None:
        name = "SM2: install it with 'idis[gm]'" if signed.suite == Suite.SM2 else f"suite {signed.suite}"
        return _refusal(f"this node cannot verify signatures of {name}")
    what = "statement" if signed.view == VIEW_PUBLIC else f"statement about view {signed.view}"
    return None if verdict else _refusal(f"the {what} does not match the values of {identifier}: {_HOW}")


def _statement(signed: Signed, entry: PrefixEntry, identifier: str, shown: Sequence[Value]) -> Statement:
    spelling = stored_spelling(identifier, exact=not entry.fold_suffix)
    return signed.statement(spelling, digests_of(shown, signed.suite))


def _statement_of(held: StoredRecord | None) -> Signed | None:
    """The statement a record carried, whether it is in force or not."""
    for value in () if held is None else held.values:
        if (value.index, value.type) == (SIGNED_INDEX, SIGNED_TYPE):
            try:
                return decode_signed(value.data)
            except ProtocolError:
                return None
    return None


def _refuse_unsigned(entry: PrefixEntry, identifier: str) -> Refusal:
    return _refusal(f"{entry.prefix} takes signed records only, and {identifier} comes without a statement: {_HOW}")


def _refusal(message: str) -> Refusal:
    return Refusal(ResponseCode.INVALID_VALUE, message)
