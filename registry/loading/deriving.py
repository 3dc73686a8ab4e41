"""Deriving: a template that an enterprise describes is registered, or its next version, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from idis.proto.codes import ResponseCode
from idis.proto.value import Value
from idis.registry.audit.line import audit, record_summary
from idis.registry.caller import Caller
from idis.registry.pilots.derivation import Derivation, derivation_of, derived_record
from idis.registry.pilots.template_life import TemplateError, is_withdrawn, republished, state_of
from idis.registry.record import Record
from idis.registry.registration.acts import Create, judge
from idis.registry.registration.checks import Refusal
from idis.registry.registration.records import Recorded, publish_record
from idis.registry.registration.visibility import disable
from idis.registry.rights import Groups, Unknown
from idis.registry.store.base import ReadTxn, WriteTxn
from idis.registry.trace.held import answers_for, record_of
from idis.registry.trace.records import spelling_at

ACT = "derive template"


@dataclass(frozen=True, slots=True)
class Derived:
    """A derived template as it is registered now.

    Attributes:
        derivation: what it was derived from, and how.
        version: of the template.
        record_version: of its record.
        changed: whether this call changed it.
        created: whether it was not there before.
        disabled: english names of its items that are switched off.
    """

    derivation: Derivation
    version: int
    record_version: int
    changed: bool
    created: bool
    disabled: tuple[str, ...]


def derive(txn: WriteTxn, octets: bytes, prefix: str, now: int) -> Derived | Refusal:
    """Register a template of an enterprise's own below its folded prefix, or the next version of it.

    Raises:
        TemplateError: the description is none, or its base is not published.
    """
    handle = derivation_of(octets, prefix).handle
    before = held_values(txn, handle)
    derivation = derivation_of(octets, prefix, before)
    _insist_on_base(txn, derivation)
    recorded = put_template(txn, derived_record(derivation), now)
    if isinstance(recorded, Refusal):
        return recorded
    _, version, disabled = state_of(held_values(txn, handle))
    return Derived(derivation, int(version), recorded.version, recorded.changed, not before, disabled)


def perform_derivation(
    txn: WriteTxn, octets: bytes, prefix: str, caller: Caller, now: int, groups: Groups
) -> Derived | Refusal | Unknown:
    """`derive` if the caller may register that record, or replace it; with a line in the audit trail."""
    try:
        record = derived_record(derivation_of(octets, prefix))
        if (verdict := judge(txn, Create(record.identifier, record.values, overwrite=True), caller, groups)) is not None:
            return verdict
        before = record_of(txn, spelling_at(txn).name(record.identifier))
        done = derive(txn, octets, prefix, now)
    except TemplateError as error:
        return Refusal(ResponseCode.INVALID_VALUE, str(error))
    if isinstance(done, Derived) and done.changed:
        after = record_of(txn, spelling_at(txn).name(record.identifier))
        told = [None if held is None else record_summary(held) for held in (before, after)]
        audit(txn, caller, ACT, record.identifier, before=told[0], after=told[1], note=f"from {done.derivation.base_on}")
    return done


def put_template(txn: WriteTxn, new: Record, now: int) -> Recorded | Refusal:
    """Publish a template in the place of what is registered; what it no longer has is disabled."""
    record, left = republished(new, held_values(txn, new.identifier))
    recorded = publish_record(txn, record, now)
    if isinstance(recorded, Recorded) and left:
        hidden = disable(txn, record.identifier, left, now)
        return hidden if isinstance(hidden, Refusal) else recorded
    return recorded


def held_values(txn: ReadTxn, identifier: str) -> Sequence[Value]:
    """The values of a record; none where it is not here."""
    record = record_of(txn, spelling_at(txn).name(identifier))
    return () if record is None else record.values


def _insist_on_base(txn: ReadTxn, derivation: Derivation) -> None:
    """A base that would be here is here, and published; of one elsewhere this program knows the schema."""
    base, pilot = derivation.base_on, derivation.name.pilot
    if not answers_for(txn, spelling_at(txn).name(base)):
        return
    values = held_values(txn, base)
    if not values or is_withdrawn(values):
        state = "withdrawn" if values else "not registered"
        advice = f"idis pilot publish {pilot} {derivation.name.base} --prefix {base.partition('/')[0]}"
        raise TemplateError(f"{base} is {state}, and a template is derived from a published one: {advice}")
