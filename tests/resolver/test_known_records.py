"""Records kept while the store stays: bounded, forgotten at once, freed little by little."""

from __future__ import annotations

from idis.resolver.known_records import FREED_PER_BATCH, RECORD_BYTES, KnownRecords


def test_what_was_added_is_found():
    """Under its key, as it was."""
    known = KnownRecords(10_000)
    known.add(b"key", (1, b"values"), 6)

    assert known.found == {b"key": (1, b"values")}


def test_a_change_forgets_everything():
    """The next look finds nothing old."""
    known = KnownRecords(10_000)
    known.add(b"key", (1, b"values"), 6)
    known.forget()

    assert known.found == {}


def test_it_is_bounded():
    """Where there is no room what was kept goes; what never fits is not kept."""
    known = KnownRecords(2 * (RECORD_BYTES + 10))
    for number in range(7):
        known.add(b"%05d" % number, (0, b"12345"), 5)
        assert len(known.found) <= 2
    known.add(b"large", (0, bytes(5_000)), 5_000)

    assert b"large" not in known.found


def test_nothing_is_kept_where_nothing_may_be():
    """A bound of zero."""
    known = KnownRecords(0)
    known.add(b"key", (1, b""), 0)

    assert known.found == {}


def test_what_is_forgotten_is_freed_in_steps():
    """Each batch frees more than a batch can add, until all is gone."""
    known = KnownRecords(10**9)
    for number in range(3 * FREED_PER_BATCH):
        known.add(b"%d" % number, (0, b""), 0)
    known.forget()
    kept = []
    for _ in range(4):
        known.free()
        kept.append(sum(map(len, known._forgotten)))

    assert kept == [2 * FREED_PER_BATCH, FREED_PER_BATCH, 0, 0]
