"""A damaged file is a miss: never a crash, never another answer than the one that was put."""

from __future__ import annotations

import contextlib
import mmap
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("idis.proto._speedups", reason="the compiled hot path is not loaded", exc_type=ImportError)

from hot_questions import NOW, SERIAL, TABLE, corpus, expected, make_index, question

from idis.proto._speedups import AnswerIndex, Counters, IndexFull, IndexUnusable, process

HEADER_BYTES = 4_096
ROUNDS = 150
STREAM = b"".join(corpus())


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that holds the table, not open."""
    path = tmp_path_factory.mktemp("index") / "index"
    index = make_index(path)
    for folded, held in TABLE.items():  # twice, so that older entries lie about
        index.put(folded, b"older", 1)
        index.put(folded, held.value, held.code, held.expires_s, held.flags)
    index.close()
    return path


def flip_bits(octets: bytearray | mmap.mmap, choose: random.Random) -> None:
    """A few bits anywhere, most of them where something stands."""
    for _ in range(choose.choice((1, 10, 300))):
        at = choose.choice((choose.randrange(len(octets)), choose.randrange(24_000), choose.randrange(HEADER_BYTES)))
        octets[at] ^= 1 << choose.randrange(8)


def flip_slots(octets: bytearray | mmap.mmap, choose: random.Random) -> None:
    """Random numbers in place of slots, and slots in place of each other."""
    for _ in range(200):
        at = HEADER_BYTES + 8 * choose.randrange(1_024)
        other = HEADER_BYTES + 8 * choose.randrange(1_024)
        elsewhere = choose.randbytes(4) + octets[at + 4 : at + 8]  # the fingerprint as it was
        octets[at : at + 8] = choose.choice((choose.randbytes(8), octets[other : other + 8], elsewhere))


def tear_pages(octets: bytearray | mmap.mmap, choose: random.Random) -> None:
    """Whole pages of zeros, of noise, or of elsewhere, as a disk leaves them."""
    pages = len(octets) // 4_096
    for _ in range(choose.randrange(1, 8)):
        at, other = 4_096 * choose.randrange(1, min(pages, 12)), 4_096 * choose.randrange(1, min(pages, 12))
        octets[at : at + 4_096] = choose.choice((bytes(4_096), choose.randbytes(4_096), octets[other : other + 4_096]))


def is_right(index: AnswerIndex) -> bool:
    """Whether every key gives its own value or nothing, and the stream's answers are among the right ones."""
    for folded, held in TABLE.items():
        got = index.get(folded, NOW)
        if got is not None and got != (held.value, held.code, held.expires_s, held.flags):
            return False
    answers, at, leftovers, answered, _ = process(index, STREAM, NOW, SERIAL, Counters(), -1, 1_024, 10**8)
    right = expected(STREAM)
    return at == right[1] and answered + len(leftovers) == right[3] + len(right[2]) and len(answers) <= len(right[0])


@pytest.mark.parametrize("damage", [flip_bits, flip_slots, tear_pages])
def test_a_reader_of_a_damaged_file_is_right_or_silent(whole: Path, tmp_path: Path, damage: Callable[..., None]) -> None:
    """Damaged before it is opened: refused, or every answer is the right one or none."""
    for seed in range(ROUNDS):
        octets = bytearray(whole.read_bytes())
        damage(octets, random.Random(seed))
        (tmp_path / "index").write_bytes(octets)
        try:
            index = AnswerIndex.open(tmp_path / "index")
        except IndexUnusable:
            continue

        assert is_right(index)
        index.close()


@pytest.mark.parametrize("damage", [flip_bits, flip_slots, tear_pages])
def test_damage_beneath_an_open_index_is_survived(whole: Path, tmp_path: Path, damage: Callable[..., None]) -> None:
    """Damaged while it is mapped, header and all: right or silent."""
    for seed in range(ROUNDS // 3):
        shutil.copyfile(whole, tmp_path / "index")
        index = AnswerIndex.open(tmp_path / "index")
        with (tmp_path / "index").open("r+b") as file, mmap.mmap(file.fileno(), 0) as octets:
            damage(octets, random.Random(seed))

        assert is_right(index)
        index.close()


def test_values_that_have_rotted_are_counted(whole: Path, tmp_path: Path) -> None:
    """Once each time they are asked for, and nothing else is: not what is whole, missing, or told in another way."""
    folded, held = next(iter(TABLE.items()))
    octets = whole.read_bytes()
    asked = question(folded[1:].decode())
    counted = []
    for text in (octets, octets.replace(held.value, held.value[:-1] + b"?")):
        (tmp_path / "index").unlink(missing_ok=True)
        (tmp_path / "index").write_bytes(text)
        index, counters = AnswerIndex.open(tmp_path / "index"), Counters()
        for stream in (STREAM, asked, asked):
            process(index, stream, NOW, SERIAL, counters, -1, 1_024, 10**8)
        counted.append(counters.damaged)
        index.close()

    assert counted[0] == 0
    assert counted[1] >= 2


@pytest.mark.parametrize("damage", [flip_bits, flip_slots, tear_pages])
@pytest.mark.parametrize("ring", [False, True])
def test_a_writer_of_a_damaged_file_survives(tmp_path: Path, damage: Callable[..., None], ring: bool) -> None:
    """Puts, deletes, evictions and copies over damaged pages end; what is put afterwards is got or reported as no room."""
    for seed in range(ROUNDS // 3):
        choose = random.Random(seed)
        index = AnswerIndex.create(tmp_path / "index", 1_024, 16_384 if ring else 262_144, bytes(16), ring=ring)
        index.enabled = True
        other = AnswerIndex.create(tmp_path / "other", 1_024, 262_144, bytes(16))
        with (tmp_path / "index").open("r+b") as file, mmap.mmap(file.fileno(), 0) as octets:
            for round_ in range(300):
                folded = b"\x01K/%d" % choose.randrange(60)
                value = choose.randbytes(choose.randrange(300))
                with contextlib.suppress(IndexFull):
                    index.put(folded, value)
                    assert index.get(folded, NOW) in ((value, 1, 0, 1), None)
                index.delete(b"\x01K/%d" % choose.randrange(60))
                if round_ == 150:
                    damage(octets, choose)
        with contextlib.suppress(IndexFull):
            index.copy_into(other, 0, 1_024, NOW)
        index.fill()
        index.close()
        other.close()


def test_an_older_entry_cannot_come_back(tmp_path: Path) -> None:
    """A slot that points to what was replaced or deleted, as one flipped bit could make it, finds it struck out."""
    index = AnswerIndex.create(tmp_path / "index", 64, 4_096, bytes(16))
    index.enabled = True
    index.put(b"\x01K", b"older")
    with (tmp_path / "index").open("r+b") as file, mmap.mmap(file.fileno(), 0) as octets:
        slots = octets[HEADER_BYTES : HEADER_BYTES + 512]
        index.put(b"\x01K", b"newer")
        octets[HEADER_BYTES : HEADER_BYTES + 512] = slots
        after_replacing = index.get(b"\x01K", NOW)
        index.put(b"\x01K", b"newest")
        slots = octets[HEADER_BYTES : HEADER_BYTES + 512]
        index.delete(b"\x01K")
        octets[HEADER_BYTES : HEADER_BYTES + 512] = slots

    assert (after_replacing, index.get(b"\x01K", NOW)) == (None, None)


@pytest.mark.parametrize(("at", "octets"), [(8, "00000400"), (12, "ffff"), (8, "ffffffff"), (8, "d70f0000")])
def test_lengths_past_the_end_are_not_followed(tmp_path: Path, at: int, octets: str) -> None:
    """The one entry of an arena of one page claims a value of 256 KiB, a key of 64, of 4 GiB, or one octet too many."""
    index = AnswerIndex.create(tmp_path / "index", 64, 4_096, bytes(16))
    index.enabled = True
    index.put(b"\x01K", b"v" * 4_052)  # 2 + 4,052 + 24 of the 4,080 behind the first unit
    entry_at = HEADER_BYTES + 512 + 16
    with (tmp_path / "index").open("r+b") as file:
        file.seek(entry_at + at)
        file.write(bytes.fromhex(octets))

    assert index.get(b"\x01K", NOW) is None
    assert index.copy_into(AnswerIndex.create(tmp_path / "other", 64, 4_096, bytes(16)), 0, 64, NOW) == 64


@pytest.mark.parametrize("size", [0, 1, 4_095, 4_096, 12_288, 1_056_767])
def test_a_file_cut_short_is_refused(whole: Path, tmp_path: Path, size: int) -> None:
    """A mapping longer than its file would be a signal at the first touch."""
    (tmp_path / "index").write_bytes(whole.read_bytes()[:size])

    with pytest.raises(IndexUnusable):
        AnswerIndex.open(tmp_path / "index")


@pytest.mark.parametrize("at", [0, 8, 12, 16, 24, 32, 47])
def test_a_flip_in_what_is_fixed_is_noticed(whole: Path, tmp_path: Path, at: int) -> None:
    """Magic, layout, kind of arena, sizes and secret stand under a checksum."""
    octets = bytearray(whole.read_bytes())
    octets[at] ^= 1
    (tmp_path / "index").write_bytes(octets)

    with pytest.raises(IndexUnusable):
        AnswerIndex.open(tmp_path / "index")


def test_an_index_of_another_boot_is_refused(tmp_path: Path) -> None:
    """After a power cut a file may hold any mixture of its pages, each of them well formed."""
    AnswerIndex.create(tmp_path / "index", 64, 4_096, bytes(16), boot=b"one").close()
    AnswerIndex.open(tmp_path / "index", boot=b"one").close()

    with pytest.raises(IndexUnusable, match="machine"):
        AnswerIndex.open(tmp_path / "index", boot=b"two")


def test_a_cache_is_not_taken_up_again(tmp_path: Path) -> None:
    """Where its oldest entry begins is known to its writer alone."""
    AnswerIndex.create(tmp_path / "index", 64, 4_096, bytes(16), ring=True).close()

    with pytest.raises(IndexUnusable, match="cache"):
        AnswerIndex.open(tmp_path / "index", writable=True)
    AnswerIndex.open(tmp_path / "index").close()


def test_every_octet_of_a_value_is_under_the_checksum(tmp_path: Path) -> None:
    """Whatever the length leaves for the last step: a value of which one octet changed is gone."""
    path = tmp_path / "index"
    index = AnswerIndex.create(path, 64, 65_536, bytes(16))
    index.enabled = True
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as octets:
        for size in range(1, 120):
            value = bytes(range(1, size + 1))
            index.put(b"\x01K", value)
            start = octets.rfind(b"K" + value) + 1
            found = []
            for at in range(start, start + size):
                octets[at] ^= 0x10
                found.append(index.get(b"\x01K", NOW))
                octets[at] ^= 0x10

            assert found == [None] * size
            assert index.get(b"\x01K", NOW) is not None
    index.close()
