"""Where a record belongs, and what is there: the first look of everything that changes one."""

from __future__ import annotations

from dataclasses import dataclass

from idis.proto.codes import ResponseCode
from idis.proto.identifier import parse_identifier
from idis.proto.value import Value
from idis.registry.authority import stopped_by
from idis.registry.prefix import Moving, PrefixEntry, PrefixState
from idis.registry.record import RecordFlag, StoredRecord
from idis.registry.registration.checks import STATE_WORDS, Refusal, unknown
from idis.registry.store.base import ReadTxn
from idis.registry.store.keys import record_key

_NOT_OURS = "not this node's identifier 非本企业标识"
_CHECK = "check the prefix, or home it here first"
_NAMES_PREFIX = "{} names a prefix: its record is changed value by value (--add, --modify, --remove), its life with 'idis prefix'"


@dataclass(frozen=True, slots=True)
class Place:
    """The prefix entry a record lives below, its key, and the live record there, or None.

    `disabled` is a record that is kept there and answered as if it did not exist; then there is no live one.
    """

    entry: PrefixEntry
    key: bytes
    stored: StoredRecord | None
    disabled: StoredRecord | None = None

    @property
    def held(self) -> StoredRecord | None:
        """The record that is kept there, live or disabled."""
        return self.stored or self.disabled

    @property
    def values(self) -> tuple[Value, ...]:
        """The values of the record that is there, those kept from others included."""
        held = self.held
        assert held is not None, "only what exists has values"
        return held.values


def find_place(txn: ReadTxn, identifier: str) -> Place | Refusal:
    """Where a record of this node lives, or why it cannot live here.

    Raises:
        IdentifierError: the text is no identifier.
    """
    parsed = parse_identifier(identifier)
    if parsed.suffix is None:
        return Refusal(ResponseCode.INVALID_HANDLE, _NAMES_PREFIX.format(identifier))
    prefix = parsed.folded_prefix
    entry = txn.prefix(prefix)
    if entry is None:
        return Refusal(ResponseCode.SERVER_NOT_RESPONSIBLE, f"{_NOT_OURS}: {unknown(txn, prefix).message}: {_CHECK}")
    if entry.state is not PrefixState.ACTIVE:
        return Refusal(
            ResponseCode.SERVER_NOT_RESPONSIBLE, f"{prefix} is {STATE_WORDS[entry.state]}: nothing is registered below it now"
        )
    if (above := stopped_by(txn, prefix)) is not None:
        return Refusal(
            ResponseCode.SERVER_NOT_RESPONSIBLE,
            f"{above.prefix} is {STATE_WORDS[above.state]}: nothing is registered below {prefix} now",
        )
    if not entry.answers_here:
        return Refusal(
            ResponseCode.SERVER_NOT_RESPONSIBLE,
            f"{_NOT_OURS}: {prefix} is answered elsewhere; register there, or home or host the prefix here",
        )
    if entry.moving is Moving.LEAVING:
        return Refusal(
            ResponseCode.SERVER_TOO_BUSY, f"the records of {prefix} are moving to another node: ask again in a few seconds"
        )
    key = record_key(prefix, parsed.suffix, entry.fold_suffix)
    stored = txn.record(key)
    if stored is None or stored.live:
        return Place(entry, key, stored)
    return Place(entry, key, None, stored if int(stored.flags) & RecordFlag.DISABLED else None)
