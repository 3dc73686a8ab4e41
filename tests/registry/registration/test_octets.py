"""Plain records prepared from their octets are those that decoding, judging and preparing gives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idis.proto.batch import BatchItem, Verb
from idis.proto.types.admin import Admin, encode_admin
from idis.proto.value import Value, encode_values
from idis.registry.record import Record, prepare
from idis.registry.registration.octets import plain_record, plain_records, plain_records_in_python, prepare_plain
from idis.registry.registration.value_checks import VALUE_BYTES_DEFAULT_MAX, fit, refuse_values

NOW = 1_790_000_000
NAME = "88.118.8/A1"
ADMIN = encode_admin(Admin("0.NA/88.118.8", 300))

types = st.sampled_from(
    ("URL", "batch", "钢板", "HS_ADMIN", "hs_admin", "HS_ALIAS", "HS_SECKEY", "recallFlag", "IDIS.X", "a b", "", "\x00")
)
values = st.builds(
    Value,
    index=st.sampled_from((1, 2, 3, 100, 1000, 1001, 2000, 2**31 - 1)),
    type=types,
    data=st.sampled_from((b"", b"x", ADMIN, ADMIN[:-1], b"stop")),
    ttl=st.sampled_from((0, 60, 86_400, 2**32 - 1)),
    ttl_type=st.sampled_from((0, 1)),
    permissions=st.sampled_from((0, 2, 12, 14, 15, 16)),
)


@given(st.lists(values, max_size=6))
def test_both_ways_give_one_record(given_values: list[Value]):
    """Whatever is prepared from octets is what the ordinary way would store; what it would refuse is never prepared."""
    octets = encode_values(given_values)
    quick = prepare_plain(NAME, octets, NOW)

    if quick is not None:
        assert given_values
        assert refuse_values(given_values, VALUE_BYTES_DEFAULT_MAX) is None
        assert quick == fit(prepare(Record(NAME, tuple(given_values)), NOW), len(given_values))


def test_plain_records_take_the_quick_way():
    """Names, an administrator, a hidden value: what most records are."""
    usual = (
        Value(1, "URL", b"https://example.com/p/1"),
        Value(100, "HS_ADMIN", ADMIN),
        Value(2000, "heatNo", b"24H0315", permissions=12),
    )

    assert prepare_plain(NAME, encode_values(usual), NOW) == prepare(Record(NAME, usual), NOW)


@pytest.mark.parametrize(
    "unusual",
    [
        (Value(1, "HS_ALIAS", b"88.1/b"),),
        (Value(1, "HS_SECKEY", b"s3cret", permissions=12),),
        (Value(1, "recallFlag", b"stop"),),
        (Value(1000, "TEMPLATE_ID", b"88.1/META_x"),),
        (Value(2, "URL", b"b"), Value(1, "URL", b"a")),
        (Value(1, "URL", b"a", ttl_type=1),),
        (),
    ],
)
def test_what_means_more_takes_the_ordinary_way(unusual: tuple[Value, ...]):
    """Secrets, aliases, flags, templates, disorder and absolute lifetimes are looked at closely."""
    assert prepare_plain(NAME, encode_values(unusual), NOW) is None


@given(st.binary(max_size=80))
def test_any_octets_are_prepared_or_not(octets: bytes):
    """Garbage is never an error, and never a record that could not be read back."""
    prepared = prepare_plain(NAME, octets, NOW)

    assert prepared is None or prepared.public.startswith(octets[:4])


@pytest.mark.parametrize("cut", range(60))
def test_a_cut_record_is_not_prepared(cut: int):
    """At every octet."""
    octets = encode_values((Value(1, "URL", b"https://example.com/p/1"), Value(2, "EMAIL", b"a@example.com")))

    assert prepare_plain(NAME, octets[: -1 - cut], NOW) is None


odd = ("88.118.8/", "88.118.8", "/a", "88.1/钢", "88.1/a b", "88.1/\x7f", "1/" + "x" * 3_000)
names = st.one_of(st.just(NAME), st.sampled_from(odd), st.text(max_size=5))
items = st.builds(BatchItem, st.sampled_from((1, 1, 1, 2, 3)), names, st.lists(values, max_size=3).map(encode_values))


@given(st.lists(items, max_size=4), st.integers(0, 4))
def test_a_batch_is_prepared_both_ways(some: list[BatchItem], start: int):
    """Compiled or not, the records are the same, and they end at the first item that is no plain create."""
    assert plain_records(some, start, NOW) == plain_records_in_python(some, start, NOW)


def test_plain_records_of_a_batch():
    """Two creates, and no more behind an item that replaces."""
    octets = encode_values([Value(1, "URL", b"https://example.com/p/1")])
    verbs = {"88.1/a": Verb.CREATE, "88.1/b": Verb.CREATE, "88.1/c": Verb.REPLACE, "88.1/d": Verb.CREATE}
    some = [BatchItem(verb, name, octets) for name, verb in verbs.items()]

    assert plain_records(some, 0, NOW) == [plain_record("88.1/a", octets, NOW), plain_record("88.1/b", octets, NOW)]
