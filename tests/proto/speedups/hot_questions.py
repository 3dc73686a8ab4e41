"""What the tests of the hot path ask, what the index holds, and the slow twin that answers the same from a table.

The twin decodes with the codecs of the plain path and shares no line with the compiled one. A value is opaque octets to
both. Question frames are packed by hand.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from idis.proto._speedups import OWN, PUBLIC_ONLY, AnswerIndex
from idis.proto.connection import Connection
from idis.proto.errors import ProtocolError
from idis.proto.exchange import query_of, response_message
from idis.proto.identifier import ancestors, fold
from idis.proto.message import Message, decode_message, encode_message
from idis.proto.outcome import Answer, NotFound, NoValues, Outcome, Referral
from idis.proto.query import Query

NOW = 1_700_000_000
SERIAL = 7
SECRET = bytes(range(16))
SLOTS = 1_024
ARENA_BYTES = 1_048_576

# Tails behind the identifier, by the kind they ask for, with and without the authBytes of IDIS clients.
ALL = bytes.fromhex("00000000 00000000")
SITE = bytes.fromhex("00000000 00000001 00000007 48535f53495445")
SITES = bytes.fromhex("00000000 00000003 00000007 48535f53495445 00000009 48535f534954452e36 00000007 48535f53455256")
SITES_NAMESPACE = bytes.fromhex(
    "00000000 00000004 00000007 48535f53495445 00000009 48535f534954452e36 00000007 48535f53455256"
    "0000000c 48535f4e414d455350414345"
)
NO_AUTH = bytes(4)
KINDS = {tail + auth: kind for kind, tail in enumerate((ALL, SITE, SITES, SITES_NAMESPACE), 1) for auth in (b"", NO_AUTH)}

_UNCOMMON = 0x40000000 | 0x20000000 | 0x00800000 | 0x00080000 | 0x00040000 | 0x00000004
_PUBLIC_ONLY_ASKED = 0x01000000
_AUTHORITATIVE_ASKED = 0x80000000
_DO_NOT_REFER_ASKED = 0x00100000


@dataclass(frozen=True, slots=True)
class Held:
    """One entry of the index."""

    value: bytes
    code: int = 1
    expires_s: int = 0
    flags: int = OWN


def key(kind: int, name: str) -> bytes:
    """The key of a folded name."""
    return bytes((kind,)) + name.encode()


_LONG = "88.118.8/" + "X" * 2_039
_EMPTY = bytes(4)
TABLE: dict[bytes, Held] = {
    key(1, "88.118.8/A1"): Held(bytes.fromhex("00000001") + b"a" * 40),
    key(1, "88.118.8/A2"): Held(bytes.fromhex("00000001") + b"b" * 400),
    key(1, "88.118.8/SHIP-0001"): Held(bytes.fromhex("00000002") + bytes(range(256)) * 5),
    key(1, "88.118.8/标识/船"): Held(bytes.fromhex("00000001") + "值".encode()),
    key(1, "88.118.8/{|}~@`"): Held(bytes.fromhex("00000001")),
    key(1, _LONG): Held(bytes.fromhex("00000001") + b"long"),
    key(1, "88.ABC/MIXED"): Held(bytes.fromhex("00000001") + b"m" * 17, flags=OWN | PUBLIC_ONLY),
    key(1, "88.118.9/CACHED"): Held(bytes.fromhex("00000001") + b"c" * 90, expires_s=NOW + 1, flags=0),
    key(1, "88.118.9/PUBLIC"): Held(bytes.fromhex("00000001") + b"p" * 90, expires_s=NOW + 9, flags=PUBLIC_ONLY),
    key(1, "88.118.9/EXPIRED"): Held(bytes.fromhex("00000001") + b"e" * 90, expires_s=NOW, flags=0),
    key(1, "88.118.9/ABSENT"): Held(_EMPTY, code=100, expires_s=NOW + 60, flags=0),
    key(1, "88.118.9/HIDDEN"): Held(_EMPTY, code=200, expires_s=NOW + 60, flags=0),
    key(2, "88.118.8"): Held(bytes.fromhex("00000001") + b"s" * 120),
    key(2, "88.ABC"): Held(_EMPTY, code=200),
    key(3, "88.118.8"): Held(bytes.fromhex("00000002") + b"t" * 240),
    key(4, "88.118.8"): Held(bytes.fromhex("00000003") + b"n" * 330),
    key(1, "88.118.8/HUGE"): Held(bytes.fromhex("00000001") + b"h" * 5_000),
}
# Prefix → what is told of names of it, and, where nothing is registered below it, of names and of prefixes below it.
BELOW: dict[str, tuple[bytes, bytes, bytes]] = {
    "88.118": (bytes(4) + b"named" * 9, b"", b""),
    "66.ABD": (b"", bytes(4) + b"only below", b""),
    "77": (bytes(4) + b"top", bytes(4) + b"t" * 500, bytes(4) + b"p" * 900),
}
NAMES = (
    "88.118/x", "88.118.7/x", "88.118.7.5.4/a b/C", "88.118.8.1/x", "66.abd.d/x", "66.abd/none", "77/x", "77.1.2.3/x", "77.1",
    "0.NA/77.1", "0.na/88.118.7", "88.118", "0.NA/88.118", "77..1/x", "77.1./x", ".77/x", "77.1/船", "77.1/", "77.é/x", "77. /x",
    "77." + "1." * 14 + "1/x", "77." + "1." * 15 + "1/x", "77." + "1" * 251 + "/x", "77." + "1" * 253 + "/x", "0.NA/77/x",
    "0.NA//77",
    "88.118.8/A1", "88.118.8/a1", "88.118.8/a2", "88.118.8/ship-0001", "88.118.8/标识/船", "88.118.8/{|}~@`", _LONG.lower(),
    "88.abc/Mixed", "88.118.9/cached", "88.118.9/public", "88.118.9/expired", "88.118.9/absent", "88.118.9/hidden",
    "88.118.8", "0.NA/88.118.8", "0.na/88.abc", "88.abc", "88.118.8/HUGE", "88.118.8/nobody", "0.NA/", "0", "/", "88.118.8/",
)  # fmt: skip

VERSIONS = ("02030200", "02ff02ff", "03000300", "05000000", "0203820b")
TAILS = (b"", bytes(7), bytes(9), bytes(16), b"\0\0\0\1" + bytes(8), ALL + b"\0\0\0\1x")


def make_index(path: Path) -> AnswerIndex:
    """An enabled index that holds the table."""
    index = AnswerIndex.create(path, SLOTS, ARENA_BYTES, SECRET)
    for folded, held in TABLE.items():
        index.put(folded, held.value, held.code, held.expires_s, held.flags)
    for prefix, parts in BELOW.items():
        index.put(key(5, prefix), b"".join(struct.pack(">I", len(part)) + part for part in parts), 302)
    index.refers = True
    index.enabled = True
    return index


def question(
    name: str | bytes,
    tail: bytes = ALL,
    *,
    flags: int = 0x19000000,
    request_id: int = 1,
    credential: bytes = bytes(4),
    version: bytes = bytes.fromhex("0203020b"),
    opcode: int = 1,
    code: int = 0,
    expiration: int = NOW + 43_200,
    recursion_count: int = 0,
    session_id: int = 0,
    serial: int = 0xFFFF,
) -> bytes:
    """One request frame, field by field."""
    octets = name if isinstance(name, bytes) else name.encode()
    body = struct.pack(">I", len(octets)) + octets + tail
    header = struct.pack(">IIIHBBII", opcode, code, flags, serial, recursion_count, 0, expiration, len(body))
    message = header + body + credential
    return version + struct.pack(">IIII", session_id, request_id, 0, len(message)) + message


def corpus() -> list[bytes]:
    """Common questions, and others that differ in one respect."""
    asked = [question(name, tail, request_id=number) for number, name in enumerate(NAMES) for tail in KINDS]
    for name in ("88.118.8/a1", "88.abc/Mixed", "88.118.9/cached", "88.118.9/public"):
        asked += [question(name, flags=1 << bit) for bit in range(32)]
        asked += [question(name, flags=flags) for flags in (0, 0x9900_0000, 0x0900_0000, 0x1910_0000)]
        asked += [question(name, credential=proof) for proof in (b"", b"\0\0\0\1x", bytes(5), bytes(8))]
        asked += [question(name, version=bytes.fromhex(text)) for text in VERSIONS]
        asked += [question(name, expiration=at) for at in (0, NOW, NOW + 1, 0xFFFFFFFF)]
        asked += [question(name, opcode=opcode) for opcode in (0, 2, 100)]
        asked += [question(name, code=100), question(name, recursion_count=9, session_id=0xDEADBEEF, serial=1)]
        asked += [question(name, tail) for tail in TAILS]
    return asked


def twin(frame: bytes, now: int = NOW) -> tuple[int, bytes] | None:
    """Code and octets of the answer to a common question; None when Python's chain must decide."""
    held = held_for(frame)
    if held is None:
        return referral_for(frame, now)
    if (held.expires_s and held.expires_s <= now):
        return None
    message = decode_message(frame)
    if held.flags & PUBLIC_ONLY and not message.opflags & _PUBLIC_ONLY_ASKED:
        return None
    if not held.flags & OWN and message.opflags & _AUTHORITATIVE_ASKED:
        return None
    outcomes: dict[int, Outcome] = {1: Answer(held.value, 0), 100: NotFound(), 200: NoValues()}
    response = response_message(message, outcomes[held.code], site_serial=SERIAL, primary=bool(held.flags & OWN), now=now)
    return held.code, encode_message(response)


def common_form(frame: bytes) -> tuple[int, Query, Message] | None:
    """Kind, query and message of a question of common form."""
    try:
        message = decode_message(frame)
        if message.opcode != 1:
            return None
        query = query_of(message)
    except ProtocolError:
        return None
    if message.response_code or message.opflags & _UNCOMMON or frame[0] != 2 or frame[2] != 2:
        return None
    spelling = query.spelling.encode()
    kind = KINDS.get(message.body[4 + len(spelling) :])
    behind = frame[44 + len(message.body) :]
    if kind is None or behind not in (b"", bytes(4)):
        return None
    return kind, query, message


def held_for(frame: bytes) -> Held | None:
    """The table's entry for a question of common form."""
    asked = common_form(frame)
    if asked is None:
        return None
    kind, query, _ = asked
    name = fold(query.spelling)
    return TABLE.get(key(kind, name if kind == 1 else name.removeprefix("0.NA/")))


def referral_for(frame: bytes, now: int) -> tuple[int, bytes] | None:
    """What the nearest prefix tells of a question of common form for which the table has no entry."""
    asked = common_form(frame)
    if asked is None:
        return None
    kind, query, message = asked
    prefix, suffix = query.identifier.folded_prefix, query.identifier.suffix
    if message.opflags & _DO_NOT_REFER_ASKED or not prefix.isascii() or (suffix is not None and kind != 1):
        return None
    if suffix is not None and not (suffix.isascii() and suffix.isprintable()):
        return None
    for distance, above in enumerate(ancestors(prefix)):
        if above in BELOW:
            of_it, below, prefixes = BELOW[above]
            body = (of_it if distance == 0 else below) if suffix is not None else (prefixes if distance else b"")
            if not body:
                return None
            outcome = Referral(303 if suffix is None else 302, body[4:])
            response = response_message(message, outcome, site_serial=SERIAL, primary=True, now=now)
            return outcome.code, encode_message(response)
    return None


class Damage:
    """A seeded source of buffers: a few questions one behind the other, damaged, cut anywhere."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._corpus = corpus()

    def buffers(self, count: int) -> Iterator[bytes]:
        """So many buffers."""
        choose = self._random
        for _ in range(count):
            octets = bytearray().join(choose.choices(self._corpus, k=choose.randrange(1, 6)))
            for _ in range(choose.choice((0, 0, 1, 1, 2, 5))):
                self._change(octets)
            if choose.random() < 0.3:
                del octets[choose.randrange(len(octets) + 1) :]
            yield bytes(octets)

    def packets(self, count: int) -> Iterator[bytes]:
        """So many datagrams, each of one damaged question; half have their lengths set right again."""
        choose = self._random
        for _ in range(count):
            octets = bytearray(choose.choice(self._corpus))
            for _ in range(choose.choice((0, 0, 1, 1, 3))):
                self._change(octets)
            if choose.random() < 0.5 and len(octets) >= 20:
                octets[16:20] = (len(octets) - 20).to_bytes(4, "big")
            yield bytes(octets[:600])

    def _change(self, octets: bytearray) -> None:
        choose = self._random
        at = choose.randrange(len(octets) + 1)
        match choose.randrange(7):
            case 0 if octets:
                octets[at - 1] ^= 1 << choose.randrange(8)
            case 1 if octets:
                octets[at - 1] = choose.randrange(256)
            case 2:
                octets[at : at + 4] = choose.choice(_EDGES)
            case 3:
                del octets[at : at + choose.randrange(1, 9)]
            case 4:
                octets[at:at] = choose.randbytes(choose.randrange(1, 9))
            case 5:
                octets[at:at] = bytes(choose.choice((4, 8, 20)))
            case 6:  # lengths nearly right: of the message, the body, the identifier
                place = choose.choice((16, 40, 44))
                if len(octets) > 48:
                    octets[place + 3] = octets[place + 3] + choose.choice((1, 255, 4, 252)) & 0xFF


_EDGES = [
    number.to_bytes(4, "big")
    for number in (0, 1, 2, 4, 7, 8, 12, 0x7F, 0xFF, 2_048, 2_049, 0xFFFF, 65_536, 65_537, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
]


def expected(buffer: bytes, now: int = NOW) -> tuple[bytes, int, list[tuple[int, int]], int]:
    """What `process` must say to a buffer when no limit is in its way."""
    connection = Connection(65_536)
    answers: list[bytes] = []
    leftovers: list[tuple[int, int]] = []
    at = 0
    for frame in connection.receive_data(buffer):
        answer = twin(frame, now)
        if answer is None:
            leftovers.append((at, at + len(frame)))
        else:
            answers.append(answer[1])
        at += len(frame)
    return b"".join(answers), at, leftovers, len(answers)
