"""Moving the records of a prefix from the node that answers for it to another one (托管 ends, or begins again).

    source                                     destination
    answers, takes changes                     arriving: takes in what is sent, answers nothing of it
    leaving: answers, takes no changes         … the last changes; both count and compare what they hold
    leaving: answers                           answers too: homed, or hosting
    left: refers to the destination, deletes what it still holds

So there is a node that answers at every moment, and never two that take changes. Only the last step but one happens at a
moment that somebody may notice: changes are refused as busy from *leaving* on, until the destination answers. Each step
may be repeated, and whoever finds the two nodes in any of these states can go on from there, or back before the
destination answers. What travels is in `moving_chunk.py`; whose decision each step is, in `prefix_rights.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from idis.proto.codes import ResponseCode
from idis.proto.identifier import fold
from idis.proto.types.site import Site
from idis.proto.value import decode_values, encode_values
from idis.registry.prefix import Hosting, Moving, PrefixEntry, PrefixState
from idis.registry.registration.checks import STATE_WORDS, Refusal, refuse_name, unknown
from idis.registry.registration.delegation import refuse_sites
from idis.registry.registration.life import Registered, write
from idis.registry.registration.moving_chunk import Luggage
from idis.registry.registration.relisting import relist
from idis.registry.registration.values import is_site, site_values, with_sites
from idis.registry.store.base import ReadTxn, WriteTxn
from idis.registry.store.rules import exists
from idis.registry.template_elsewhere import known_templates

CLEAR_RECORDS_MAX = 256  # deleted in one commit: half of what a commit of others may be


class Place(Enum):
    """How a node answers for a prefix that has arrived."""

    HOME = "home"  # its own
    HOST = "host"  # in the place of an enterprise without servers


@dataclass(frozen=True, slots=True)
class Held:
    """How much a node held of a prefix when it was counted: the store's own sums, which any change changes."""

    records: int
    digest_sum: int


def freeze(txn: WriteTxn, prefix: str) -> Registered | Refusal:
    """Take no more changes below a prefix that is answered here."""
    entry = _answered(txn, prefix)
    if isinstance(entry, Refusal):
        return entry
    return write(txn, replace(entry, moving=Moving.LEAVING))


def thaw(txn: WriteTxn, prefix: str) -> Registered | Refusal:
    """Take changes again: the move does not happen."""
    entry = txn.prefix(fold(prefix))
    if entry is None:
        return unknown(txn, prefix)
    return write(txn, replace(entry, moving=Moving.STAYS)) if entry.moving is Moving.LEAVING else Registered(entry, changed=False)


def arrive(txn: WriteTxn, prefix: str, luggage: Luggage) -> Registered | Refusal:
    """Take in the records of a prefix that another node answers; what is new here is kept as it was there."""
    folded = fold(prefix)
    if refusal := refuse_name(folded):
        return refusal
    entry = txn.prefix(folded)
    if entry is None:
        entry = luggage.entry(folded)
    elif entry.state is not PrefixState.ACTIVE:
        return Refusal(ResponseCode.ERROR, f"{folded} is {STATE_WORDS[entry.state]} here: it must be active to receive records")
    elif entry.answers_here and txn.stat(folded).records:
        return Refusal(ResponseCode.ERROR, f"{folded} is answered here already, with records: there is nothing to move")
    elif entry.moving is not Moving.ARRIVING and txn.stat(folded).records:
        return Refusal(ResponseCode.ERROR, f"{folded} has just left this node: let it finish before it comes back")
    elif entry.fold_suffix != luggage.fold_suffix:
        entry = replace(entry, fold_suffix=luggage.fold_suffix)
    # A node that was made for the prefix homes it already, and holds nothing: until all is here, it does not answer.
    return write(txn, replace(entry, homed=False, hosting=Hosting.NOT_HOSTED, moving=Moving.ARRIVING))


def settle(txn: WriteTxn, prefix: str, place: Place, held: Held) -> Registered | Refusal:
    """Answer for a prefix whose records have all arrived, and are still what was counted."""
    entry = txn.prefix(fold(prefix))
    if entry is None:
        return unknown(txn, prefix)
    if entry.moving is Moving.STAYS and entry.answers_here:
        return Registered(entry, changed=False)
    if entry.moving is not Moving.ARRIVING:
        return Refusal(ResponseCode.ERROR, f"the records of {entry.prefix} are not arriving here")
    if refusal := _refuse_difference(txn, entry, held):
        return refusal
    kept = encode_values(value for value in decode_values(entry.values) if not is_site(value))
    hosting = Hosting.HOSTED if place is Place.HOST else Hosting.NOT_HOSTED
    for known in known_templates(txn):
        relist(txn, known.template)  # what was known of them where the records come from is not what is known here
    return write(txn, replace(entry, homed=place is Place.HOME, hosting=hosting, moving=Moving.STAYS, values=kept))


def give(txn: WriteTxn, prefix: str, sites: Sequence[Site], held: Held, now: int) -> Registered | Refusal:
    """Refer to the node that answers now, if what is held here is still what was counted."""
    entry = txn.prefix(fold(prefix))
    if entry is None:
        return unknown(txn, prefix)
    if entry.moving is Moving.LEFT or (entry.moving is Moving.STAYS and not entry.answers_here):
        return Registered(entry, changed=False)
    if entry.moving is not Moving.LEAVING:
        return Refusal(ResponseCode.ERROR, f"{entry.prefix} takes changes: it must be leaving before it is given away")
    if refusal := refuse_sites(sites) or _refuse_difference(txn, entry, held):
        return refusal
    values = with_sites(entry.values, site_values(sites, sites, now, ttl_s=entry.ttl_s))
    gone = replace(entry, homed=False, hosting=Hosting.NOT_HOSTED, values=values, moving=Moving.LEFT)
    return write(txn, gone)


@dataclass(frozen=True, slots=True)
class Cleared:
    """Some was deleted; `after` continues, and is None when nothing is left."""

    entry: PrefixEntry
    after: bytes | None


def clear(txn: WriteTxn, prefix: str, after: bytes | None = None) -> Cleared | Refusal:
    """Delete some of what a prefix left here, or of what arrived and is not wanted, strictly after a key."""
    entry = txn.prefix(fold(prefix))
    if entry is None:
        return unknown(txn, prefix)
    if entry.moving not in (Moving.LEFT, Moving.ARRIVING):
        return Cleared(entry, None)
    page = txn.records(entry.prefix, after, CLEAR_RECORDS_MAX)
    for key, record in page:
        if exists(record):
            txn.delete_record(key)
    if len(page) == CLEAR_RECORDS_MAX:
        return Cleared(entry, page[-1][0])
    if txn.stat(entry.prefix).records:
        return Cleared(entry, entry.prefix.encode() + b"\x00")  # more came before the place we had reached: begin again
    done = write(txn, replace(entry, moving=Moving.STAYS))
    return Cleared(done.entry, None)


def held_of(txn: ReadTxn, prefix: str) -> Held:
    """How much is held here of a folded prefix."""
    stat = txn.stat(prefix)
    return Held(stat.records, stat.digest_sum)


def _answered(txn: ReadTxn, prefix: str) -> PrefixEntry | Refusal:
    entry = txn.prefix(fold(prefix))
    if entry is None:
        return unknown(txn, prefix)
    if entry.state is not PrefixState.ACTIVE:
        return Refusal(ResponseCode.ERROR, f"{entry.prefix} is {STATE_WORDS[entry.state]}: only an active prefix moves")
    if not entry.answers_here:
        return Refusal(ResponseCode.ERROR, f"{entry.prefix} is not answered here: there is nothing to move away")
    return entry


def _refuse_difference(txn: ReadTxn, entry: PrefixEntry, held: Held) -> Refusal | None:
    now = held_of(txn, entry.prefix)
    if now == held:
        return None
    return Refusal(
        ResponseCode.ERROR,
        f"{entry.prefix} holds {now.records} records and is not what was counted ({held.records}): compare both nodes again",
    )
