"""Proofs told from process to process."""

from __future__ import annotations

import pytest

from idis.resolver.config import GuardSection
from idis.resolver.guard.proofs import ENTRIES, NEWS_BYTES, RING_BYTES, Proofs
from idis.resolver.guard.sources import Sources, Standing


@pytest.fixture
def memory() -> tuple[list[memoryview], memoryview]:
    """Rings of three processes, and the word they share."""
    return [memoryview(bytearray(RING_BYTES)) for _ in range(3)], memoryview(bytearray(NEWS_BYTES))


@pytest.mark.parametrize("address", ["192.0.2.7", "2001:db8::1:7", "::1"])
def test_what_one_tells_all_hear(memory, address):
    """Address and time arrive as they were told, once."""
    rings, news = memory
    first, second, third = (Proofs(rings, own, news) for own in range(3))
    first.tell(address, 700.5)

    assert second.heard() == [(address, 700.5)]
    assert third.heard() == [(address, 700.5)]
    assert second.heard() == []


def test_two_that_tell_at_once_are_both_heard(memory):
    """The shared word is written twice between two looks; nothing is lost."""
    rings, news = memory
    first, second, third = (Proofs(rings, own, news) for own in range(3))
    first.tell("192.0.2.1", 1.0)
    second.tell("192.0.2.2", 2.0)

    assert sorted(third.heard()) == [("192.0.2.1", 1.0), ("192.0.2.2", 2.0)]


def test_a_process_that_starts_later_hears_what_was_told_before(memory):
    """Also by the one that had its place: being replaced forgets nobody."""
    rings, news = memory
    Proofs(rings, 1, news).tell("192.0.2.1", 1.0)

    assert Proofs(rings, 1, news).heard() == [("192.0.2.1", 1.0)]


def test_a_reader_that_was_away_too_long_gets_the_latest(memory):
    """The ring has gone round; what is still in it is heard, in order, and nothing twice."""
    rings, news = memory
    writer, reader = Proofs(rings, 0, news), Proofs(rings, 1, news)
    for number in range(2 * ENTRIES):
        writer.tell("192.0.2.1", float(number))
    heard = [until for _address, until in reader.heard()]

    assert heard == [float(number) for number in range(2 * ENTRIES - len(heard), 2 * ENTRIES)]
    assert ENTRIES // 2 < len(heard) < ENTRIES


def test_an_address_with_a_zone_stays_here(memory):
    """`fe80::1%eth0` has no packed form; other processes let it prove itself again."""
    rings, news = memory
    first, second = Proofs(rings, 0, news), Proofs(rings, 1, news)
    first.tell("fe80::1%eth0", 1.0)

    assert second.heard() == []


def test_a_source_proven_in_one_process_is_proven_in_the_other(memory):
    """Until the same moment."""
    rings, news = memory
    one, other = (Sources(GuardSection(), Proofs(rings, own, news)) for own in (0, 1))
    source = other.of("192.0.2.7")
    assert other.standing_of_datagram(source, now=100.0) is Standing.UNPROVEN
    one.prove(one.of("192.0.2.7"), now=100.0)

    assert other.standing_of_datagram(source, now=100.0) is Standing.PROVEN
    assert other.standing_of_datagram(source, now=700.0) is Standing.UNPROVEN


def test_a_proof_is_told_again_only_when_it_holds_much_longer(memory):
    """Every answer on a connection proves its source; the ring must not fill with one busy peer."""
    rings, news = memory
    one, heard = Sources(GuardSection(), Proofs(rings, 0, news)), Proofs(rings, 1, news)
    source = one.of("192.0.2.7")
    for now in (100.0, 101.0, 159.0, 161.0):
        one.prove(source, now)

    assert heard.heard() == [("192.0.2.7", 700.0), ("192.0.2.7", 761.0)]


def test_what_cannot_prove_anything_is_not_told(memory):
    """Trusted sources need no proof, and with validation_s = 0 there is none."""
    rings, news = memory
    heard = Proofs(rings, 1, news)
    trusting = Sources(GuardSection(), Proofs(rings, 0, news))
    never = Sources(GuardSection(validation_s=0), Proofs(rings, 0, news))
    trusting.prove(trusting.of("10.0.0.1"), now=0.0)
    never.prove(never.of("192.0.2.7"), now=0.0)

    assert heard.heard() == []
