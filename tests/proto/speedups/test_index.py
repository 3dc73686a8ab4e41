"""The answer index: what is put is got, whole, by its own key, until it is replaced, deleted, expired or pushed out."""

from __future__ import annotations

import os
import random
import struct
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

pytest.importorskip("idis.proto._speedups", reason="the compiled hot path is not loaded", exc_type=ImportError)

from hypothesis import given
from hypothesis import strategies as st

from idis.proto._speedups import KEY_BYTES_MAX, OWN, PUBLIC_ONLY, VALUE_BYTES_MAX, AnswerIndex, IndexFull, IndexUnusable

NOW = 1_700_000_000
SECRET = bytes.fromhex("000102030405060708090a0b0c0d0e0f")
HEADER_BYTES = 4_096

Make = Callable[..., AnswerIndex]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Makes enabled indexes; `path` of the last one is tmp_path / "index"."""

    def make_index(slots: int = 64, arena_bytes: int = 65_536, *, secret: bytes = SECRET, ring: bool = False) -> AnswerIndex:
        index = AnswerIndex.create(tmp_path / "index", slots, arena_bytes, secret, ring=ring)
        index.enabled = True
        return index

    return make_index


# --- against a dictionary ---

KEYS = [bytes((kind,)) + name for kind in (1, 2) for name in (b"A/1", b"A/2", b"A/3", b"B", b"A/" + b"L" * 300)]
OPERATION = st.one_of(
    st.tuples(
        st.just("put"),
        st.sampled_from(KEYS),
        st.binary(max_size=400),
        st.sampled_from([1, 100, 200]),
        st.sampled_from([0, NOW, NOW + 1]),
        st.sampled_from([0, OWN, PUBLIC_ONLY, OWN | PUBLIC_ONLY]),
    ),
    st.tuples(st.just("delete"), st.sampled_from(KEYS)),
    st.tuples(st.just("compact")),
    st.tuples(st.just("reopen")),
)


@given(st.lists(OPERATION, max_size=60))
def test_it_is_a_dictionary(operations):
    """Any sequence of puts, deletes, compactions and reopenings leaves what a dictionary would hold."""
    oracle: dict[bytes, tuple[bytes, int, int, int]] = {}
    with TemporaryDirectory() as folder:
        path = f"{folder}/index"
        index = AnswerIndex.create(path, 64, 131_072, SECRET)
        index.enabled = True
        for name, *arguments in operations:
            if name == "put":
                index.put(*arguments)
                oracle[arguments[0]] = tuple(arguments[1:])
            elif name == "delete":
                assert index.delete(arguments[0]) == (arguments[0] in oracle)
                oracle.pop(arguments[0], None)
            elif name == "compact":
                old, index = index, index.compact(path + ".new", NOW)
                os.replace(path + ".new", path)
                old.retire()
                old.close()
                oracle = {key: held for key, held in oracle.items() if not held[2] or held[2] > NOW}
            else:
                index.close()
                index = AnswerIndex.open(path, writable=True)
            assert index.fill().entries == len(oracle)
        reader = AnswerIndex.open(path)
        seen = {key: reader.get(key, NOW) for key in KEYS}
        index.close()
        reader.close()

    assert seen == {key: held if (held := oracle.get(key)) and (not held[2] or held[2] > NOW) else None for key in KEYS}


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 700)), max_size=300))
def test_a_ring_forgets_the_oldest_and_never_errs(puts):
    """In an arena that overwrites itself a key gives its newest value or nothing, and the newest keys are all there."""
    newest: dict[int, bytes] = {}
    with TemporaryDirectory() as folder:
        index = AnswerIndex.create(f"{folder}/index", 64, 8_192, SECRET, ring=True)
        index.enabled = True
        for number, size in puts:
            value = struct.pack(">II", number, len(newest)) + bytes(size)
            newest.pop(number, None)
            newest[number] = value
            index.put(b"\x01K/%d" % number, value)
            got = [index.get(b"\x01K/%d" % known, NOW) for known in newest]
            assert all(held is None or held[0] == value for held, value in zip(got, newest.values(), strict=True))
            assert all(held is not None for held in got[-4:]), "eight thousand octets hold the last four"
        index.close()


def test_many_keys_are_all_found(make: Make) -> None:
    """A table filled to five eighths finds each of its keys, and none that differs in one octet."""
    index = make(AnswerIndex.slots_for(10_000), 2_000_000)
    loaded = index.load((b"\x01P/%06d" % number, struct.pack(">I", number), OWN) for number in range(10_000))

    assert loaded == index.fill().entries == 10_000
    assert all(index.get(b"\x01P/%06d" % number, NOW)[0] == struct.pack(">I", number) for number in range(10_000))  # type: ignore[index]
    assert not any(index.get(b"\x02P/%06d" % number, NOW) for number in range(10_000))


def test_removal_keeps_the_others_in_reach(make: Make) -> None:
    """In a table three quarters full, where searches run long, deleting any half leaves the other half."""
    for seed in range(30):
        index = make(256, 65_536)
        keys = [b"\x01K/%d" % number for number in range(192)]
        for key in keys:
            index.put(key, key)
        random.Random(seed).shuffle(keys)
        for key in keys[:96]:
            assert index.delete(key)

        assert [index.get(key, NOW) for key in keys] == [None] * 96 + [(key, 1, 0, OWN) for key in keys[96:]]


# --- limits ---


def test_full_slots(make: Make) -> None:
    """Three quarters of the slots, then IndexFull; a replacement still fits."""
    index = make(64)
    for number in range(48):
        index.put(b"\x01K/%d" % number, b"v")

    with pytest.raises(IndexFull):
        index.put(b"\x01K/48", b"v")
    index.put(b"\x01K/0", b"w")
    assert index.get(b"\x01K/0", NOW) == (b"w", 1, 0, OWN)


def test_full_arena(make: Make) -> None:
    """The last entry that does not fit is refused and changes nothing."""
    index = make(64, 4_096)
    index.put(b"\x01K/0", bytes(4_000))

    with pytest.raises(IndexFull):
        index.put(b"\x01K/0", bytes(1_000))
    assert index.get(b"\x01K/0", NOW) == (bytes(4_000), 1, 0, OWN)


def test_a_ring_of_full_slots_forgets_too(make: Make) -> None:
    """Tiny entries run out of slots before octets; the oldest go all the same."""
    index = make(64, 65_536, ring=True)
    for number in range(500):
        index.put(b"\x01K/%d" % number, b"v")

    assert [index.get(b"\x01K/%d" % number, NOW) is not None for number in (0, 451, 452, 499)] == [False, False, True, True]


def test_a_ring_refuses_what_would_push_out_everything(make: Make) -> None:
    """An entry of more than half a ring is none for it."""
    index = make(64, 4_096, ring=True)

    with pytest.raises(IndexFull):
        index.put(b"\x01K", bytes(2_100))


@pytest.mark.parametrize(
    "arguments",
    [
        (b"", b"v"),
        (bytes(KEY_BYTES_MAX + 1), b"v"),
        (b"\x01K", bytes(VALUE_BYTES_MAX + 1)),
        (b"\x01K", b"v", 301),
        (b"\x01K", b"v", 1, 0, 4),
    ],
    ids=["no key", "long key", "long value", "other code", "unknown flag"],
)
def test_arguments_out_of_bounds(make: Make, arguments: tuple[bytes, bytes]) -> None:
    """What could not be read back is not put."""
    with pytest.raises(ValueError):
        make().put(*arguments)


@pytest.mark.parametrize(
    "bad", [{"slots": 100}, {"slots": 32}, {"arena_bytes": 0}, {"arena_bytes": 2**36 + 1}, {"secret": b"short"}]
)
def test_sizes_out_of_bounds(tmp_path: Path, bad: dict[str, object]) -> None:
    """Slots in a power of two, an arena that 32 bits of units address, a secret of 16 octets."""
    sizes: dict[str, object] = {"slots": 64, "arena_bytes": 4_096, "secret": SECRET}

    with pytest.raises(ValueError):
        AnswerIndex.create(tmp_path / "index", **(sizes | bad))  # type: ignore[arg-type]


def test_an_index_is_not_made_by_its_class() -> None:
    """Only `create` and `open` give one."""
    with pytest.raises(TypeError):
        AnswerIndex()


# --- one writer, many readers ---


def test_a_reader_sees_every_change(make: Make, tmp_path: Path) -> None:
    """The file is shared: put, replaced, deleted, without opening it again."""
    index = make()
    reader = AnswerIndex.open(tmp_path / "index")
    seen = []
    index.put(b"\x01K", b"one")
    seen.append(reader.get(b"\x01K", NOW))
    index.put(b"\x01K", b"two", 100, NOW + 1, PUBLIC_ONLY)
    seen.append(reader.get(b"\x01K", NOW))
    index.delete(b"\x01K")
    seen.append(reader.get(b"\x01K", NOW))

    assert seen == [(b"one", 1, 0, OWN), (b"two", 100, NOW + 1, PUBLIC_ONLY), None]


def test_there_is_one_writer(make: Make, tmp_path: Path) -> None:
    """A second one is refused while the first lives."""
    index = make()

    with pytest.raises(IndexUnusable, match="another writer"):
        AnswerIndex.open(tmp_path / "index", writable=True)
    index.close()
    AnswerIndex.open(tmp_path / "index", writable=True).close()


def test_a_reader_changes_nothing(make: Make, tmp_path: Path) -> None:
    """Its mapping cannot be written to, and every way to try is refused."""
    make()
    reader = AnswerIndex.open(tmp_path / "index")

    for change in (
        lambda: reader.put(b"\x01K", b"v"),
        lambda: reader.delete(b"\x01K"),
        lambda: reader.load([]),
        lambda: setattr(reader, "position", 1),
        lambda: setattr(reader, "enabled", False),
        lambda: setattr(reader, "mark", b""),
        reader.retire,
    ):
        with pytest.raises(ValueError, match="reading"):
            change()


def test_the_header_is_shared(make: Make, tmp_path: Path) -> None:
    """Position, state and mark reach the readers."""
    index = make()
    reader = AnswerIndex.open(tmp_path / "index")
    index.position = 2**63 + 5
    index.mark = b"m" * 40

    assert (reader.position, reader.mark, reader.enabled, reader.retired, reader.ring, reader.writable) == (
        2**63 + 5, b"m" * 40, True, False, False, False,
    )  # fmt: skip
    index.retire()
    assert (reader.enabled, reader.retired) == (False, True)


def test_position_mark_and_state_outlive_the_writer(make: Make, tmp_path: Path) -> None:
    """A node that starts again finds how far its index had come."""
    index = make()
    index.put(b"\x01K", b"v")
    index.position, index.mark = 9, b"epoch 1"
    index.mark = b"epoch 2"
    index.close()
    again = AnswerIndex.open(tmp_path / "index", writable=True)

    assert (again.position, again.mark, again.enabled, again.get(b"\x01K", NOW)) == (9, b"epoch 2", True, (b"v", 1, 0, OWN))


def test_a_new_file_leaves_the_old_mapping_whole(make: Make, tmp_path: Path) -> None:
    """Making an index where one is mapped unlinks it: nobody's pages vanish beneath them."""
    make().put(b"\x01K", b"old")
    reader = AnswerIndex.open(tmp_path / "index")
    make()

    assert reader.get(b"\x01K", NOW) == (b"old", 1, 0, OWN)
    assert AnswerIndex.open(tmp_path / "index").get(b"\x01K", NOW) is None


def test_closed(make: Make) -> None:
    """After close nothing is found, and what would need the mapping says so; closing twice does no harm."""
    index = make()
    index.put(b"\x01K", b"v")
    index.close()
    index.close()

    assert (index.get(b"\x01K", NOW), index.enabled) == (None, False)
    with pytest.raises(ValueError, match="closed"):
        index.fill()


# --- generations ---


def test_copying_in_steps_keeps_what_is_newer(make: Make, tmp_path: Path) -> None:
    """While the old index is copied piece by piece, changes go to both; none of them is undone."""
    old = make(256)
    for number in range(150):
        old.put(b"\x01K/%d" % number, b"old")
    new = AnswerIndex.create(tmp_path / "new", 512, 65_536, bytes(16))
    at = 0
    for number in range(32):
        at = old.copy_into(new, at, 8, NOW)
        for index in (old, new):
            index.put(b"\x01K/%d" % number, b"new")
            index.delete(b"\x01K/%d" % (100 + number))
    new.enabled = True

    assert at == old.fill().slots
    assert {number: got and got[0] for number in range(150) if (got := new.get(b"\x01K/%d" % number, NOW)) or number >= 0} == {
        number: b"new" if number < 32 else None if 100 <= number < 132 else b"old" for number in range(150)
    }


def test_compaction_gives_back_what_replacements_used(make: Make, tmp_path: Path) -> None:
    """The new generation holds the live entries and nothing else; what has expired is gone."""
    index = make()
    for _ in range(100):
        index.put(b"\x01K", bytes(100))
    index.put(b"\x01E", b"v", 1, NOW)
    index.position = 3
    new = index.compact(tmp_path / "new", NOW, slots=128, arena_bytes=8_192)

    assert new.fill() == (128, 1, 8_192, 128, 128)
    assert (new.position, new.enabled) == (3, True)


def test_a_target_without_room_says_so(make: Make, tmp_path: Path) -> None:
    """Copying into an index that is too small is no silent loss."""
    index = make(256)
    for number in range(100):
        index.put(b"\x01K/%d" % number, b"v")

    with pytest.raises(IndexFull):
        index.copy_into(AnswerIndex.create(tmp_path / "new", 64, 65_536, SECRET), 0, 256, NOW)


def test_a_compaction_that_fails_leaves_nothing(make: Make, tmp_path: Path) -> None:
    """Too small a new generation is no file at all, and the old one goes on."""
    index = make(256)
    for number in range(100):
        index.put(b"\x01K/%d" % number, b"v")

    with pytest.raises(IndexFull):
        index.compact(tmp_path / "new", NOW, slots=64)
    assert [path.name for path in tmp_path.iterdir()] == ["index"]
    assert index.get(b"\x01K/0", NOW) == (b"v", 1, 0, OWN)


def test_every_page_can_be_touched_ahead(make: Make) -> None:
    """`warm` reads the whole mapping and changes nothing."""
    index = make()
    index.put(b"\x01K", b"v")
    index.warm()

    assert index.get(b"\x01K", NOW) == (b"v", 1, 0, OWN)


# --- the hash ---


def sip13(secret: bytes, octets: bytes) -> int:
    """SipHash-1-3, straight from its paper."""
    k0, k1 = struct.unpack("<QQ", secret)
    v = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D, k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573]
    mask = 2**64 - 1

    def rotate(word: int, bits: int) -> int:
        return (word << bits | word >> 64 - bits) & mask

    def step() -> None:
        for a, b, c, d, one, two in ((0, 1, 2, 3, 13, 16), (2, 1, 0, 3, 17, 21)):
            v[a] = v[a] + v[b] & mask
            v[b] = rotate(v[b], one) ^ v[a]
            v[a] = rotate(v[a], 32)
            v[c] = v[c] + v[d] & mask
            v[d] = rotate(v[d], two) ^ v[c]

    padded = octets + bytes(-(len(octets) + 1) % 8) + bytes((len(octets) & 0xFF,))
    for (word,) in struct.iter_unpack("<Q", padded):
        v[3] ^= word
        step()
        v[0] ^= word
    v[2] ^= 0xFF
    for _ in range(3):
        step()
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def test_the_hash_is_keyed(make: Make, tmp_path: Path) -> None:
    """Each entry stands at the slot its SipHash-1-3 names, under the secret of its index: nobody outside can aim."""
    for secret in (SECRET, bytes(16)):
        index = make(4_096, 65_536, secret=secret)
        for size in range(1, 40):
            index.put(b"\x01" * size, b"v")
            hash_ = sip13(secret, b"\x01" * size)
            slots = struct.unpack_from("=4096Q", (tmp_path / "index").read_bytes(), HEADER_BYTES)

            assert next(slot for slot in (*slots[hash_ & 4_095 :], *slots) if slot) >> 32 == hash_ >> 32


def test_keys_that_collide_are_still_told_apart(make: Make) -> None:
    """A flood of keys made with the secret known, all on one slot, fills the table and answers rightly."""
    colliding = []
    number = 0
    while len(colliding) < 48:
        key = b"\x01F/%d" % number
        if sip13(SECRET, key) & 63 == 7:
            colliding.append(key)
        number += 1
    index = make(64)
    for key in colliding:
        index.put(key, key)

    assert all(index.get(key, NOW) == (key, 1, 0, OWN) for key in colliding)
    assert all(index.delete(key) for key in colliding)
    assert index.fill().entries == 0
