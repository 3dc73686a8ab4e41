"""Signed records in the registry: what is taken in, and what becomes of a statement when something is hidden."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from idis.proto.codes import ResponseCode
from idis.proto.identifier import parse_identifier
from idis.proto.outcome import Answer
from idis.proto.proof import RootKey, Standing, prove
from idis.proto.query import Query
from idis.proto.statement import NODE_FLAG_INDEX, SIGNED_INDEX, SIGNED_TYPE, digest_of
from idis.proto.types.key_delegation import KeyDelegation
from idis.proto.types.signed import Signed, decode_signed
from idis.proto.value import Value, decode_values, encode_values
from idis.registry import authority
from idis.registry.caller import tool
from idis.registry.prefix import PrefixEntry
from idis.registry.registration import acts, records, relisting
from idis.registry.registration.checks import Refusal
from idis.registry.registration.records import Recorded
from idis.registry.registration.signing import keys_of
from idis.registry.store.base import WriteTxn
from idis.registry.store.memory import MemoryStore
from idis.registry.suites import SigningKey, verify
from idis.registry.trace.deriving import take_event
from idis.registry.trace.event import Event, EventType, Moment
from idis.registry.trace.flags import note_source, put_spread, spread
from idis.registry.trace.things import Spelling

T = TypeVar("T")

NOW = 1_800_000_000
NAME = "88.1/x"
URL, NOTE = Value(1, "URL", b"a"), Value(2, "NOTE", b"n")
_OWNER, _OTHER = (Ed25519PrivateKey.from_private_bytes(bytes((number,)) * 32) for number in (1, 2))
OWNER, OTHER = SigningKey(_OWNER), SigningKey(_OTHER)
OWNER_PEM = _OWNER.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
ROOT = RootKey(OTHER.public.suite, OTHER.public.key)


@pytest.fixture
def store() -> MemoryStore:
    """A node of 88.1, whose key is OWNER."""
    made = MemoryStore(clock=lambda: NOW)
    home(made)
    return made


def home(store: MemoryStore, **facts: object) -> None:
    """Register 88.1."""
    values = encode_values([Value(300, "HS_PUBKEY", OWNER_PEM)])
    put(store, lambda txn: txn.put_prefix(PrefixEntry("88.1", homed=True, values=values, **facts)))  # type: ignore[arg-type]


def put(store: MemoryStore, change: Callable[[WriteTxn], T]) -> T:
    """Commit a change."""
    return store.write(change, actor="test").result().result


def create(store: MemoryStore, *values: Value, signer: SigningKey | None = OWNER, name: str = NAME) -> Recorded | Refusal:
    """Register a record, signed."""
    return put(store, lambda txn: records.create_record(txn, name, values, NOW, signer=signer))


def shown(store: MemoryStore, name: str = NAME, **options: object) -> tuple[Value, ...]:
    """What everybody gets."""
    with store.read() as txn:
        outcome = authority.answer(Query(name, parse_identifier(name), **options), txn, NOW)  # type: ignore[arg-type]
    return decode_values(outcome.values) if isinstance(outcome, Answer) else ()


def statement(store: MemoryStore, name: str = NAME) -> Signed | None:
    """The statement that everybody gets."""
    return next((decode_signed(value.data) for value in shown(store, name) if value.type == SIGNED_TYPE), None)


def standing(store: MemoryStore, *, name: str = NAME, complete: bool = True, **options: object) -> Standing:
    """What a client makes of the answer, with a delegation from a root to OWNER."""
    bare = KeyDelegation(
        ROOT.suite, ROOT.kid, "88.1", OWNER.public.suite, OWNER.public.key, 15, 1, NOW - 9, NOW + 9
    )
    octets = bare.octets()
    link = replace(bare, parent_signature=OTHER.sign(octets), child_signature=OWNER.sign(octets))
    return prove(name, shown(store, name, **options), [link], [ROOT], NOW, verify, complete=complete).standing


def refused(result: object) -> str:
    """The sentence of a refusal."""
    assert isinstance(result, Refusal)
    assert result.code == ResponseCode.INVALID_VALUE
    return result.message


def test_a_signed_record_proves_itself(store: MemoryStore) -> None:
    """To whoever has the root's key; the statement is part of the prepared answer."""
    create(store, URL, NOTE)

    assert [value.index for value in shown(store)] == [1, 2, SIGNED_INDEX]
    assert standing(store) is Standing.VERIFIED
    assert standing(store, name="88.1/X") is Standing.VERIFIED


def test_an_answer_that_a_filter_cut_brings_all_digests(store: MemoryStore) -> None:
    """So that it proves itself without the other values."""
    create(store, URL, NOTE)
    (url, signed) = shown(store, indexes=(1, SIGNED_INDEX))

    assert decode_signed(signed.data).digests == (digest_of(url, 1), digest_of(NOTE, 1))
    assert standing(store, complete=False, types=("URL", SIGNED_TYPE)) is Standing.VERIFIED


def test_versions_rise_beyond_deletion(store: MemoryStore) -> None:
    """Whoever has seen a statement is never shown an older one."""
    versions = []
    create(store, URL)
    versions.append(statement(store))
    put(store, lambda txn: records.modify_values(txn, NAME, (replace(URL, data=b"b"),), NOW, signer=OWNER))
    versions.append(statement(store))
    put(store, lambda txn: records.delete_record(txn, NAME))
    create(store, URL)
    versions.append(statement(store))

    assert [signed and signed.version for signed in versions] == [1, 2, 4]


def test_signing_the_same_again_changes_nothing(store: MemoryStore) -> None:
    """Whoever lost an answer asks again."""
    create(store, URL)
    again = create(store, URL)

    assert isinstance(again, Recorded)
    assert not again.changed


@pytest.mark.parametrize(
    "change",
    [
        lambda txn: records.modify_values(txn, NAME, (replace(URL, data=b"b"),), NOW),
        lambda txn: records.add_values(txn, NAME, (Value(3, "NOTE", b"c"),), NOW),
        lambda txn: records.remove_values(txn, NAME, (1,), NOW),
    ],
)
def test_what_is_public_does_not_change_without_its_statement(store: MemoryStore, change: Callable[[WriteTxn], object]) -> None:
    """A record that would fail at every client is not stored."""
    create(store, URL, NOTE)

    assert "does not match" in refused(put(store, change))


def test_a_private_value_changes_without_a_new_statement(store: MemoryStore) -> None:
    """The public statement is about what is public, and its version shows nothing else."""
    create(store, URL)
    before = shown(store)
    put(store, lambda txn: records.add_values(txn, NAME, (Value(3, "NOTE", b"c", permissions=12),), NOW))

    assert shown(store, public_only=True) == before


def test_a_statement_sent_by_its_owner_is_taken_in_once(store: MemoryStore) -> None:
    """The next one must be of the next version: an old one does not come back."""
    create(store, URL)
    first = shown(store)
    put(store, lambda txn: records.replace_record(txn, NAME, (NOTE,), NOW, signer=OWNER))

    assert "version 3 is due" in refused(put(store, lambda txn: records.replace_record(txn, NAME, first, NOW)))


def test_a_stranger_signs_nothing(store: MemoryStore) -> None:
    """Only keys of the prefix do, and signers that one of them has named, within their time."""
    assert "signs nothing for 88.1" in refused(create(store, URL, signer=OTHER))
    bare = KeyDelegation(
        OWNER.public.suite, OWNER.public.kid, "88.1", OTHER.public.suite, OTHER.public.key, 1, 1, NOW - 9, NOW + 9
    )
    octets = bare.octets()
    named = replace(bare, parent_signature=OWNER.sign(octets), child_signature=OTHER.sign(octets))
    values = [Value(300, "HS_PUBKEY", OWNER_PEM), Value(420, "IDIS.DELEGATION", named.encode())]
    put(store, lambda txn: txn.put_prefix(PrefixEntry("88.1", homed=True, values=encode_values(values))))

    assert isinstance(create(store, URL, signer=OTHER), Recorded)
    assert [key.kid for key in keys_of(values, NOW + 400)] == [OWNER.public.kid]


def test_a_prefix_may_take_signed_records_only(store: MemoryStore) -> None:
    """Unsigned ones are refused with what to do."""
    home(store, signing_required=True)

    assert "--sign" in refused(create(store, URL, signer=None))
    assert isinstance(create(store, URL), Recorded)
    assert isinstance(put(store, lambda txn: records.remove_values(txn, NAME, (SIGNED_INDEX,), NOW)), Refusal)


def test_hiding_a_value_takes_the_statement_out_of_force(store: MemoryStore) -> None:
    """The node cannot sign anew; better unsigned than false. The owner's next signature is in force at once."""
    create(store, URL, NOTE)
    operator = tool("test")
    put(store, lambda txn: acts.perform(txn, acts.SetReaders(NAME, 2, ()), operator, NOW))

    assert [value.index for value in shown(store)] == [1]
    put(store, lambda txn: records.modify_values(txn, NAME, (URL,), NOW, signer=OWNER))
    assert standing(store) is Standing.VERIFIED


def test_a_template_that_hides_a_field_takes_statements_out_of_force(store: MemoryStore) -> None:
    """In every record of it."""
    item, named = Value(2, "META_ITEM", b"{}"), Value(1000, "TEMPLATE_ID", b"88.1/META_a")
    create(store, item, signer=None, name="88.1/META_a")
    create(store, URL, NOTE, named)
    put(store, lambda txn: acts.perform(txn, acts.SetReaders("88.1/META_a", 2, ()), tool("test"), NOW))
    relisting.finish(store)

    assert [value.index for value in shown(store)] == [1, 1000]


def test_a_suffix_that_keeps_its_case_is_signed_so(store: MemoryStore) -> None:
    """Where `x` and `X` are two records, a statement about one is none about the other."""
    values = encode_values([Value(300, "HS_PUBKEY", OWNER_PEM)])
    put(store, lambda txn: txn.put_prefix(PrefixEntry("88.2", homed=True, fold_suffix=False, values=values)))
    create(store, URL, name="88.2/x")
    create(store, URL, name="88.2/X", signer=None)
    octets = next(value for value in shown(store, "88.2/x") if value.type == SIGNED_TYPE)
    stolen = put(store, lambda txn: records.add_values(txn, "88.2/X", (octets,), NOW))

    assert isinstance(stolen, Refusal)


def flag(store: MemoryStore, event: Event) -> None:
    """Tell an event about the thing, and let its word lie on the record."""
    thing = Spelling().name(NAME)
    put(store, lambda txn: take_event(txn, event, spelling=Spelling(), holder="88.1", recorded_ms=1))
    with store.read() as txn:
        told = spread(txn, thing, NOW * 1_000)
    put(store, lambda txn: put_spread(txn, told, told.changed, NOW + 1))
    put(store, lambda txn: note_source(txn, told))


RECALL = Event(EventType.OBJECT, Moment(1), event_id="urn:e:1", epcs=(NAME,), disposition="recalled")


@pytest.mark.parametrize("options", [{}, {"indexes": (1, SIGNED_INDEX)}])
def test_a_recall_flag_stands_beside_what_is_signed(store: MemoryStore, options: dict[str, object]) -> None:
    """It is in every answer, whichever values are asked for; what the owner signed, his own flag too, stays and is proved."""
    create(store, URL, Value(2006, "recallFlag", b"none"))
    flag(store, RECALL)
    found = shown(store, **options)

    assert (NODE_FLAG_INDEX, b"stop") in [(value.index, value.data) for value in found]
    assert standing(store, complete=not options, **options) is Standing.VERIFIED


def test_a_lifted_flag_leaves_the_record_as_it_was_signed(store: MemoryStore) -> None:
    """Nothing of the node's is left, and no version is skipped by the owner's next statement."""
    create(store, URL)
    before = shown(store)
    flag(store, RECALL)
    flag(store, Event(EventType.OBJECT, Moment(2), event_id="urn:e:2", epcs=(NAME,), disposition="conformant"))

    assert shown(store) == before


def test_an_owner_signs_anew_under_a_flag(store: MemoryStore) -> None:
    """His statement is not about the flag, which stays; he cannot write one in the node's place."""
    create(store, URL)
    flag(store, RECALL)
    put(store, lambda txn: records.replace_record(txn, NAME, (NOTE,), NOW, signer=OWNER))
    forged = put(store, lambda txn: records.put_values(txn, NAME, (Value(NODE_FLAG_INDEX, "recallFlag", b"none"),), NOW))

    assert [value.index for value in shown(store)] == [2, SIGNED_INDEX, NODE_FLAG_INDEX]
    assert standing(store) is Standing.VERIFIED
    assert "written by the node only" in refused(forged)
