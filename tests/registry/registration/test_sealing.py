"""Statements for those who see more than the public: who gets which, when their versions rise, and what is taken in."""

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
from idis.proto.proof import Proof, RootKey, Standing, prove
from idis.proto.query import Query
from idis.proto.statement import SIGNED_INDEX, SIGNED_TYPE, VIEW_FULL, stored_spelling
from idis.proto.types.admin import Admin, encode_admin
from idis.proto.types.key_delegation import KeyDelegation
from idis.proto.types.signed import Signed, decode_signed, encode_signed
from idis.proto.value import Value, decode_values, encode_values
from idis.registry import authority
from idis.registry.caller import Caller, tool
from idis.registry.identity import Identity, parse_identity
from idis.registry.permission import Reader
from idis.registry.prefix import PrefixEntry
from idis.registry.readers import ReaderLists, lists_value, stored_values
from idis.registry.registration import acts, records, relisting
from idis.registry.registration.checks import Refusal
from idis.registry.registration.records import Recorded
from idis.registry.registration.sealing import seal
from idis.registry.store.base import WriteTxn
from idis.registry.store.keys import record_key
from idis.registry.store.memory import MemoryStore
from idis.registry.suites import SigningKey, verify

T = TypeVar("T")

NOW = 1_800_000_000
NAME = "88.1/x"
URL, PRICE, COST, SECRET = (
    Value(1, "URL", b"a"),
    Value(2, "price", b"12"),
    Value(3, "cost", b"7"),
    Value(4, "HS_SECKEY", b"s", permissions=12),
)
PRIVATE = Value(5, "NOTE", b"internal", permissions=12)
ADMIN = Value(100, "HS_ADMIN", encode_admin(Admin("88.1/owner", 300)))
BUYER, AUDITED = (parse_identity(text) for text in ("300:88.9/buyer", "300:88.9/audited"))
OWNER_NAME = parse_identity("300:88.1/owner")
STRANGER = Identity(300, "99.9/STRANGER")
_OWNER, _OTHER = (Ed25519PrivateKey.from_private_bytes(bytes((number,)) * 32) for number in (1, 2))
OWNER, OTHER = SigningKey(_OWNER), SigningKey(_OTHER)
OWNER_PEM = _OWNER.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
ROOT = RootKey(OTHER.public.suite, OTHER.public.key)


@pytest.fixture
def store() -> MemoryStore:
    """A node of 88.1 with a record of which buyers see the price, and who audits price and cost; nothing is signed yet."""
    made = MemoryStore(clock=lambda: NOW)
    keys = encode_values([Value(300, "HS_PUBKEY", OWNER_PEM), ADMIN])
    put(made, lambda txn: txn.put_prefix(PrefixEntry("88.1", homed=True, values=keys)))
    put(made, lambda txn: records.create_record(txn, NAME, (URL, PRICE, COST), NOW))
    readers(made, 2, BUYER, AUDITED)
    readers(made, 3, AUDITED)
    return made


def put(store: MemoryStore, change: Callable[[WriteTxn], T]) -> T:
    """Commit a change."""
    return store.write(change, actor="test").result().result


def readers(store: MemoryStore, index: int, *names: Identity) -> None:
    """Keep a value for some."""
    put(store, lambda txn: acts.perform(txn, acts.SetReaders(NAME, index, names), tool("test"), NOW))


def modify(store: MemoryStore, *values: Value, now: int = NOW, signer: SigningKey | None = OWNER) -> Recorded | Refusal:
    """Change values, and sign."""
    return put(store, lambda txn: records.put_values(txn, NAME, values, now, signer=signer))


def shown(store: MemoryStore, who: Identity | None, **options: object) -> tuple[Value, ...]:
    """What somebody gets."""
    query = Query(NAME, parse_identifier(NAME), **({"public_only": who is None} | options))  # type: ignore[arg-type]
    with store.read() as txn:
        if who is None:
            outcome: object = authority.answer(query, txn, NOW)
        else:
            outcome = authority.answer(query, txn, NOW, reader=Reader(Caller("test", who), {BUYER: (), AUDITED: ()}))
    return decode_values(outcome.values) if isinstance(outcome, Answer) else ()


def views(values: tuple[Value, ...]) -> dict[int, Signed]:
    """The statements among values, by their indexes."""
    return {value.index: decode_signed(value.data) for value in values if value.type == SIGNED_TYPE}


def version(store: MemoryStore, who: Identity | None) -> list[int]:
    """The versions of the statements somebody gets; the owner's own view alone."""
    found = views(shown(store, who))
    mine = {SIGNED_INDEX, SIGNED_INDEX + VIEW_FULL} if who == OWNER_NAME else found.keys()
    return [found[index].version for index in sorted(found.keys() & mine)]


def judged(values: tuple[Value, ...], *, known: bool = True, complete: bool = True) -> Proof:
    """What a client makes of an answer, with a delegation from a root to OWNER."""
    bare = KeyDelegation(ROOT.suite, ROOT.kid, "88.1", OWNER.public.suite, OWNER.public.key, 15, 1, NOW - 9, NOW + 9)
    octets = bare.octets()
    link = replace(bare, parent_signature=OTHER.sign(octets), child_signature=OWNER.sign(octets))
    return prove(NAME, values, [link], [ROOT], NOW, verify, complete=complete, known=known)


def refused(result: object) -> str:
    """The sentence of a refusal."""
    assert isinstance(result, Refusal)
    assert result.code == ResponseCode.INVALID_VALUE
    return result.message


def indexes(values: tuple[Value, ...]) -> set[int]:
    """Where values that are no statements lie."""
    return {value.index for value in values if value.type != SIGNED_TYPE}


@pytest.mark.parametrize(
    ("who", "seen", "sealed"), [(BUYER, {1, 2}, 1), (AUDITED, {1, 2, 3}, 1), (OWNER_NAME, {1, 2, 3, 1002}, 3)]
)
def test_each_verifies_the_whole_of_what_he_sees(store: MemoryStore, who: Identity, seen: set[int], sealed: int) -> None:
    """With a statement about just that, which nobody else gets but the owner, who keeps them up."""
    modify(store, URL)
    answer = shown(store, who)
    proof = judged(answer)

    assert indexes(answer) == seen
    assert (proof.standing, proof.reason, proof.uncovered, proof.view != 0) == (Standing.VERIFIED, "", (), True)
    assert len(views(answer).keys() - {SIGNED_INDEX}) == sealed


@pytest.mark.parametrize("who", [None, STRANGER])
def test_others_are_answered_as_if_there_were_no_views(store: MemoryStore, who: Identity | None) -> None:
    """Octet for octet as of a record of the public value alone, signed, in whatever way they ask."""
    bare = MemoryStore(clock=lambda: NOW)
    keys = encode_values([Value(300, "HS_PUBKEY", OWNER_PEM), ADMIN])
    put(bare, lambda txn: txn.put_prefix(PrefixEntry("88.1", homed=True, values=keys)))
    put(bare, lambda txn: records.create_record(txn, NAME, (URL,), NOW, signer=OWNER))
    hiding = MemoryStore(clock=lambda: NOW)
    put(hiding, lambda txn: txn.put_prefix(PrefixEntry("88.1", homed=True, values=keys)))
    lists = lists_value(ReaderLists({2: (BUYER,)}))

    def create(txn: WriteTxn) -> object:
        place = records.find_place(txn, NAME)
        assert not isinstance(place, Refusal)
        prepared = records._judge(txn, place, records.Record(NAME, (URL, PRICE, lists)), NOW, signer=OWNER)
        assert not isinstance(prepared, Refusal)
        return txn.put_record(prepared)

    put(hiding, create)
    ways: list[dict[str, object]] = [{}, {"public_only": True}, {"public_only": False}]
    asked = [*ways, {"types": (SIGNED_TYPE,)}, {"indexes": tuple(range(400, 430))}, {"types": ("price",)}]

    assert len(views(shown(hiding, BUYER))) == 2
    assert [shown(hiding, who, **one) for one in asked] == [shown(bare, who, **one) for one in asked]


def test_a_version_rises_with_what_its_readers_see_and_with_nothing_else(store: MemoryStore) -> None:
    """A change of the cost shows neither to buyers nor to the public; one of the price to buyers, not to the public."""
    modify(store, URL)
    whom = (None, BUYER, AUDITED, OWNER_NAME)
    before = [version(store, who)[-1] for who in whom]
    modify(store, replace(COST, data=b"8"))
    cost = [version(store, who)[-1] for who in whom]
    modify(store, replace(PRICE, data=b"13"))
    price = [version(store, who)[-1] for who in whom]

    assert [after - first for first, after in zip(before, cost, strict=True)] == [0, 0, 1, 1]
    assert [after - first for first, after in zip(cost, price, strict=True)] == [0, 1, 1, 1]


def test_a_view_that_begins_again_is_above_all_before_it(store: MemoryStore) -> None:
    """After a deletion too, so that nobody is led back."""
    modify(store, URL)
    modify(store, replace(PRICE, data=b"13"))
    last = version(store, OWNER_NAME)[-1]
    put(store, lambda txn: records.delete_record(txn, NAME))
    put(store, lambda txn: records.create_record(txn, NAME, (URL, PRIVATE), NOW + 1, signer=OWNER))

    assert version(store, OWNER_NAME)[-1] > last


def test_signing_the_same_again_changes_nothing(store: MemoryStore) -> None:
    """Salts, places and signatures stay: whoever lost an answer asks again."""
    modify(store, URL)
    again = modify(store, URL)

    assert isinstance(again, Recorded)
    assert not again.changed


def test_a_new_signature_takes_new_salts(store: MemoryStore) -> None:
    """Or what is known of an old price would tell of the new one."""
    modify(store, URL)
    first = views(shown(store, BUYER))
    modify(store, replace(PRICE, data=b"13"))
    second = views(shown(store, BUYER))
    salts = [{salt for one in found.values() for _, salt in one.salts} for found in (first, second)]

    assert first.keys() == second.keys()
    assert salts[0].isdisjoint(salts[1])


def test_a_record_without_restricted_values_has_the_public_view_alone() -> None:
    """And costs nothing more."""
    made = MemoryStore(clock=lambda: NOW)
    keys = encode_values([Value(300, "HS_PUBKEY", OWNER_PEM), ADMIN])
    put(made, lambda txn: txn.put_prefix(PrefixEntry("88.1", homed=True, values=keys)))
    put(made, lambda txn: records.create_record(txn, NAME, (URL,), NOW, signer=OWNER))

    assert list(views(shown(made, OWNER_NAME))) == [SIGNED_INDEX]


def test_secrets_are_in_no_view(store: MemoryStore) -> None:
    """An auditor could not verify what he must not see; the owner is told that it is not covered."""
    modify(store, SECRET, PRIVATE)
    answer = shown(store, OWNER_NAME)
    proof = judged(answer)

    assert (proof.standing, proof.uncovered) == (Standing.VERIFIED, (4,))
    assert 5 in views(answer)[SIGNED_INDEX + VIEW_FULL].opened


def test_what_is_asked_for_by_index_proves_itself(store: MemoryStore) -> None:
    """The statement brings its digests, and the salt of that value alone."""
    modify(store, URL)
    answer = shown(store, BUYER, indexes=(2,), types=(SIGNED_TYPE,))
    (sealed,) = (one for index, one in views(answer).items() if index != SIGNED_INDEX)

    assert list(sealed.opened) == [2]
    assert len(sealed.digests) == 4
    assert judged(answer, complete=False).standing is Standing.VERIFIED


def test_whoever_is_in_two_groups_verifies_what_both_see(store: MemoryStore) -> None:
    """By the statements of both."""
    readers(store, 3, STRANGER)
    readers(store, 2, BUYER, replace(STRANGER, index=0))
    modify(store, URL)
    answer = shown(store, STRANGER)

    assert len(views(answer)) == 3
    assert (judged(answer).standing, judged(answer).uncovered) == (Standing.VERIFIED, ())


def test_a_record_that_shows_nothing_has_no_public_statement(store: MemoryStore) -> None:
    """It would tell that there is a record."""
    readers(store, 1)
    modify(store, PRICE)

    assert shown(store, None) == ()
    assert judged(shown(store, BUYER)).standing is Standing.VERIFIED


def test_no_more_than_ten_groups_have_views(store: MemoryStore) -> None:
    """More are refused with what to do."""
    many = [Value(20 + at, "NOTE", b"n") for at in range(11)]
    modify(store, *many, signer=None)
    for at in range(11):
        readers(store, 20 + at, parse_identity(f"300:88.9/reader{at}"))

    assert "name fewer groups" in refused(modify(store, URL))


def test_a_new_list_takes_the_statements_it_touches_out(store: MemoryStore) -> None:
    """Better unsigned than false: the owner's is about the lists; that of another group holds on."""
    modify(store, URL)
    before = views(shown(store, BUYER))
    readers(store, 3)

    assert views(shown(store, BUYER)) == before
    assert judged(shown(store, BUYER)).standing is Standing.VERIFIED
    assert SIGNED_INDEX + VIEW_FULL not in views(shown(store, OWNER_NAME))
    assert views(shown(store, AUDITED)) == before  # they see the same now


def test_a_template_that_hides_a_field_takes_statements_out(store: MemoryStore) -> None:
    """Those about that field, in every record of it."""
    item, named = Value(5, "META_ITEM", b"{}"), Value(1000, "TEMPLATE_ID", b"88.1/META_a")
    put(store, lambda txn: records.create_record(txn, "88.1/META_a", (item,), NOW))
    modify(store, named, Value(5, "NOTE", b"n"))
    put(store, lambda txn: acts.perform(txn, acts.SetReaders("88.1/META_a", 5, (AUDITED,)), tool("test"), NOW))
    relisting.finish(store)

    assert views(shown(store, BUYER)) == {}
    modify(store, URL)
    assert {judged(shown(store, who)).standing for who in (BUYER, AUDITED, OWNER_NAME)} == {Standing.VERIFIED}
    assert indexes(shown(store, AUDITED)) >= {2, 3, 5}


def test_what_a_view_shows_does_not_change_without_its_statement(store: MemoryStore) -> None:
    """As with public values: a record that would fail at its readers is not stored."""
    modify(store, URL)

    assert "does not match" in refused(modify(store, replace(COST, data=b"8"), signer=None))


def test_a_statement_for_some_is_not_switched_off_or_listed(store: MemoryStore) -> None:
    """It is removed, or signed anew."""
    modify(store, URL)
    index = SIGNED_INDEX + VIEW_FULL
    change = acts.Disable(NAME, (index,))

    assert "remove it instead" in refused(put(store, lambda txn: acts.perform(txn, change, tool("test"), NOW)))


def test_an_owner_who_signs_elsewhere_draws_the_salts_himself(store: MemoryStore) -> None:
    """He reads the record as its administrator: values, lists, and the statements that hold, whose versions he continues."""
    modify(store, URL)
    with store.read() as txn:
        held = txn.record(record_key("88.1", "x", True))
    assert held is not None
    changed = [replace(value, data=b"8") if value.index == 3 else value for value in stored_values(held)]
    lists = {2: (BUYER, AUDITED), 3: (AUDITED,)}
    made = seal(OWNER, stored_spelling(NAME), changed, lists, held, NOW, 1_000)
    assert not isinstance(made, Refusal)
    sent = [replace(value, permissions=value.permissions & 15) for value in made]

    assert isinstance(modify(store, replace(COST, data=b"8"), *sent, signer=None), Recorded)
    assert {judged(shown(store, who)).standing for who in (BUYER, AUDITED, OWNER_NAME)} == {Standing.VERIFIED}


def _first(value: Value, signed: Signed) -> list[Value]:
    return [replace(value, data=encode_signed(signed))]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda value, one: _first(value, replace(one, version=one.version + 2)), "is due"),
        (lambda value, one: _first(value, replace(one, version=one.version + 1, salts=one.salts[1:])), "has 3 salts"),
        (lambda value, one: _first(value, replace(one, salts=one.salts[:-1])), "other values than anybody sees"),
        (lambda value, one: [replace(value, permissions=14)], "has the permissions 1100"),
        (lambda value, one: [replace(value, index=value.index % 10 + 412)], "belongs there"),
        (lambda value, one: [replace(value, index=430)], "from 410 to 421"),
        (
            lambda value, one: _first(value, replace(one, version=one.version + 1, signature=b"x" * 64)),
            "a salt is used twice",
        ),
        (lambda value, one: _first(value, replace(one, signature=b"x" * 64, version=one.version)), "is due"),
    ],
)
def test_what_is_no_right_statement_is_not_taken_in(
    store: MemoryStore, change: Callable[[Value, Signed], list[Value]], sentence: str
) -> None:
    """Each with its reason."""
    modify(store, URL, PRIVATE, Value(6, "NOTE", b"n", permissions=12))
    held = shown(store, OWNER_NAME)
    index = next(index for index, one in views(held).items() if one.opened.keys() == {1, 2})
    value = next(one for one in held if one.index == index)
    sent = change(value, decode_signed(value.data))

    assert sentence in refused(modify(store, *sent, signer=None))
