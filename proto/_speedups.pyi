"""The compiled hot path: the answer index, streams and datagrams. `speedups.py` says whether it is loaded.

Nothing here decides what is answered. Whoever fills the index decided it (`registry/authority.py`); this file recognises
the common question in the octets that arrive, copies the answer that was decided, patches what an answer must echo, and
hands everything else back untouched.

How a transport calls it, stream (one asyncio protocol, `data` = what was left over before ‖ what has just arrived):

    if index.enabled and index.position == store_position():  # else: the plain path for the whole chunk
        answers, consumed, leftovers, answered, more = process(index, data, now, site_serial, counters)
        transport.write(answers)
        frames.extend(data[start:end] for start, end in leftovers)  # to `Batch.answer`, in order of arrival
        rest = data[consumed:]  # more: call again when the peer has read or its requests are answered;
                                # else `Connection.receive_data(rest)`, which keeps it or says what broke the framing

datagrams (called by `add_reader`; once more while `received == DATAGRAMS_MAX`, at most as often as fairness allows):

    received, leftovers = drain(index, gate, fd, int(now), monotonic, site_serial, counters, fresh)
    for packet, address, standing in leftovers: ...  # rate limits have been taken, `Limit` must not take them again,
                                                     # except from fragments (message length over 492): `gate.allow`

many streams at once (called by `add_reader` on `streams.fileno()`; `resolver/transports/stream_pool.py`):

    ready, answered, handed, active = streams.drain(index, int(now), monotonic, site_serial, counters, fresh)
    for fd, received, unsent, ended in handed: ...  # as if `received` had just arrived; `unsent` leaves before anything else

`fresh` is asked between receiving and answering, so that a change acknowledged before a question was sent is in its
answer: it compares the store's last transaction with `index.position`, may let the follower apply what is missing, and
says whether the index may answer. After a TCP exchange, `gate.prove`.

The writer of a store's index: `create` at a new name, `load` in pieces, then `position`, `enabled = True`, rename over the
old name, `old.retire()`. Readers that see `retired` open the name again. Changes: `put` or `delete`, then `position`.
`IndexFull`: create a larger one and `copy_into` it in steps, applying changes to both meanwhile.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from os import PathLike
from typing import Any, NamedTuple, final

from idis.proto.errors import IdisError

# The first octet of a key; the folded identifier follows, ASCII letters in upper case. In a ring a suffix is as the asker
# spelled it: whether its case matters, only its authority knows.
KIND_RECORD: int
"""All public values of `prefix/suffix`; the question has neither indexes nor types."""
KIND_SITE: int
"""A prefix asked for the type HS_SITE alone, spelled bare or as `0.NA/…`; the key holds it bare."""
KIND_SITES: int
"""The same, asked for HS_SITE, HS_SITE.6 and HS_SERV, as our recursive nodes do."""
KIND_SITES_NAMESPACE: int
"""The same, asked for HS_SITE, HS_SITE.6, HS_SERV and HS_NAMESPACE, as Handle clients do."""

KIND_BELOW: int
"""What is told of names and prefixes that have no entry of their own, by a prefix at or above them that is answered elsewhere.

The key holds that prefix. The value has three counted parts, whole bodies of answers: for names of the prefix (302), for
names below it (302), for prefixes below it (303); an empty part says that Python decides. The code of the entry is 302. The
last two parts must be empty unless nothing is registered below the prefix: so they hold whatever else a reader missed.
"""

# Flags of an entry.
OWN: int
"""Answered by this node's own registry: marked authoritative, and also for those who ask for an authoritative answer."""
PUBLIC_ONLY: int
"""Only for questions with PO: the record has restricted values, and others may have to be challenged for them."""

# How far the address of a datagram is believed.
UNPROVEN: int
PROVEN: int
TRUSTED: int

DATAGRAMS_MAX: int
"""Datagrams one `drain` receives."""
STREAMS_MAX: int
"""Connections one `Streams.drain` reads."""
STREAM_REST_BYTES_MAX: int
"""Octets of an unfinished frame that `Streams` keeps."""
KEY_BYTES_MAX: int
"""1 + the longest identifier."""
VALUE_BYTES_MAX: int
"""The longest message."""

class IndexUnusable(IdisError):
    """The file is no index, of another layout, of another boot, damaged in its header, or held by another writer."""

class IndexFull(IdisError):
    """No room for another entry: make a larger index and copy this one into it."""

class Fill(NamedTuple):
    """How full an index is. Octets of entries replaced or deleted stay `used` until it is copied into a new one."""

    slots: int
    entries: int
    arena_bytes: int
    used_bytes: int
    live_bytes: int

@final
class AnswerIndex:
    """What is asked → octets ready to send, in a memory-mapped file: one writer, any number of reading processes, no locks.

    A reader sees each entry whole or not at all. Every number read from the file is checked against its bounds and every
    entry against its checksum before it is used: a damaged file is a miss, never a crash or a wrong answer.
    """

    @classmethod
    def create(
        cls, path: str | PathLike[str], slots: int, arena_bytes: int, secret: bytes, *, ring: bool = False, boot: bytes = b""
    ) -> AnswerIndex:
        """Make an empty, disabled index and hold it for writing. An older file of that name is unlinked, never changed.

        All its blocks are reserved at once, so that writing to it cannot fail for want of room.

        Args:
            path: its file; on tmpfs (`/dev/shm`) or with `boot`, because after a power cut a file holds any mixture of pages.
            slots: places for entries, a power of two; see `slots_for`.
            arena_bytes: room for entries; rounded up to whole pages, at most 64 GiB.
            secret: 16 random octets, against crafted collisions.
            ring: a cache: a full arena overwrites its oldest entries, where otherwise `IndexFull` is raised.
            boot: up to 40 octets that name this boot of the machine (`/proc/sys/kernel/random/boot_id`).

        Raises:
            OSError: the file cannot be made, the disk has no room.
            ValueError: a number is out of its bounds.
        """

    @classmethod
    def open(cls, path: str | PathLike[str], writable: bool = False, *, boot: bytes = b"") -> AnswerIndex:
        """Map an existing index.

        Args:
            path: its file.
            writable: hold it as its one writer.
            boot: as at `create`; another one means that the machine went down in between.

        Raises:
            IndexUnusable: see there.
            OSError: the file cannot be opened.
        """

    @staticmethod
    def slots_for(entries: int) -> int:
        """The least number of slots that `entries` fill to at most five eighths."""

    def close(self) -> None:
        """Give up the mapping and, for a writer, the file's lock. Every later use misses or raises ValueError."""

    def put(self, key: bytes, value: bytes, code: int = 1, expires_s: int = 0, flags: int = ...) -> None:
        """Add or replace one answer; readers see the old one until the new one is complete.

        Args:
            key: kind ‖ folded identifier, at most KEY_BYTES_MAX octets.
            value: code 1: a counted array of values, copied behind the echoed spelling; else the body as a whole,
                which for 100 and 200 is `00000000`, an empty message.
            code: the response code: 1, 100 or 200; 302 for KIND_BELOW.
            expires_s: unix time from which it misses; 0: never.
            flags: OWN (the default), PUBLIC_ONLY.

        Raises:
            IndexFull: three quarters of the slots or, unless it is a ring, all octets are used.
            ValueError: not writable, or an argument out of its bounds.
        """

    def delete(self, key: bytes) -> bool:
        """Remove an answer; whether there was one."""

    def get(self, key: bytes, now: int) -> tuple[bytes, int, int, int] | None:
        """Value, code, expires_s and flags of a key that is present and not expired; for tools and tests."""

    def load(self, entries: Iterable[tuple[bytes, bytes, int]]) -> int:
        """Put many answers of code 1 without expiry, each as (key, value, flags), in any order; returns how many.

        Holds the interpreter while the iterator runs; give it in pieces (`itertools.islice`) where somebody waits.

        Raises:
            IndexFull, ValueError: see `put`; what came before is in.
        """

    def copy_into(self, target: AnswerIndex, start: int, slots: int, now: int) -> int:
        """Copy the live entries of some slots into another index, where a key already there wins.

        Args:
            target: writable.
            start: the first slot; 0, then what the last call returned.
            slots: how many to walk; 4,096 take about a millisecond.
            now: unix time; what has expired is left behind.

        Returns:
            The next slot to start from; `fill().slots` when all are done.

        Raises:
            IndexFull: the target has no room.
        """

    def compact(self, path: str | PathLike[str], now: int, *, slots: int = 0, arena_bytes: int = 0) -> AnswerIndex:
        """A new generation at `path` with what is live here, its position, mark and state; the caller renames and retires.

        `slots` and `arena_bytes` are the new sizes, 0 for the present ones. Takes as long as all entries take to copy: a
        node that is serving copies in steps with `copy_into`.

        Raises:
            IndexFull: the new sizes are too small; nothing is left at `path`.
            OSError, ValueError: see `create`.
        """

    def fill(self) -> Fill:
        """How full it is."""

    def warm(self) -> None:
        """Map every page now instead of at its first use, in huge ones where the kernel has them for such a file.

        Takes some 3 s per GB at worst; releases the interpreter, so call it in a thread, before it matters.
        """

    def retire(self) -> None:
        """Tell the readers that a newer generation stands at the path; it stays readable until they close it."""

    @property
    def position(self) -> int:
        """The store transaction up to which changes have been applied; set it after the changes, with release order."""

    @position.setter
    def position(self, value: int) -> None: ...
    @property
    def enabled(self) -> bool:
        """Whether it may answer; everything misses while it may not. False for a new index and once it is retired."""

    @enabled.setter
    def enabled(self, value: bool) -> None: ...
    @property
    def refers(self) -> bool:
        """Whether entries of KIND_BELOW are looked for; False for a new index."""

    @refers.setter
    def refers(self, value: bool) -> None: ...
    @property
    def retired(self) -> bool:
        """Whether a newer generation has taken its place."""

    @property
    def mark(self) -> bytes:
        """Up to 40 octets of the writer's own, such as its journal position; replaced as a whole even by a killed writer."""

    @mark.setter
    def mark(self, value: bytes) -> None: ...
    @property
    def writable(self) -> bool:
        """Whether this is the writer."""

    @property
    def ring(self) -> bool:
        """Whether a full arena overwrites its oldest entries."""

@final
class Counters:
    """What `process` or `drain` counted since it was made; names are those of `resolver/metrics.py`."""

    @property
    def answered(self) -> dict[int, int]:
        """Response code → answers that left."""

    @property
    def silent(self) -> dict[str, int]:
        """Reason → datagrams that got no answer: malformed, fragments, rate, amplification, send_buffer, unreachable."""

    @property
    def limited(self) -> dict[str, int]:
        """Limit → how often it was hit: rate_proven, rate_unproven."""

    @property
    def damaged(self) -> int:
        """How often an entry that was asked for failed its checksum, though nobody was writing it."""

@final
class Gate:
    """Which datagrams are answered at all: trusted networks, proven addresses, token buckets; all of bounded size.

    The tables are direct-mapped by a keyed hash: a newcomer takes the place of whoever stands there, with a full bucket.
    Many addresses make the limits coarser, never the tables larger; the buckets of their networks remain.
    """

    def __init__(
        self,
        trusted: Sequence[tuple[bytes, int]],
        secret: bytes,
        *,
        unproven_per_s: float = 50,
        unproven_burst: float = 125,
        proven_per_s: float = 200,
        proven_burst: float = 500,
        network_factor: float = 32,
        region_factor: float = 256,
    ) -> None:
        """Start with nobody proven and every bucket full.

        Args:
            trusted: networks as (packed address of 4 or 16 octets, prefix length), at most 256.
            secret: 16 random octets.
            unproven_per_s, unproven_burst: questions of one IPv4 address or IPv6 /64 whose address may be forged.
            proven_per_s, proven_burst: the same once it is proven.
            network_factor, region_factor: how much more a /24 or /56, and a /20 or /48, may ask when unproven.
        """

    def prove(self, address: bytes, until: float) -> None:
        """An exchange over TCP was completed with this packed address: believe it until a monotonic time."""

    def standing(self, address: bytes, monotonic: float) -> int:
        """UNPROVEN, PROVEN or TRUSTED."""

    def allow(self, address: bytes, monotonic: float) -> bool:
        """Take one token for a question of this address; False when there is none. A trusted one needs none."""

def process(
    index: AnswerIndex,
    buffer: bytes | bytearray | memoryview,
    now: int,
    site_serial: int,
    counters: Counters,
    allowed: int = -1,
    unanswered_max: int = 256,
    octets_max: int = 1_048_576,
    message_bytes_max: int = 65_536,
) -> tuple[bytes, int, list[tuple[int, int]], int, bool]:
    """Answer what is common among the whole frames of a stream.

    Args:
        index: a disabled one misses always.
        buffer: octets from the start of a frame on.
        now: unix time.
        site_serial: of this node's HS_SITE.
        counters: where answers are counted.
        allowed: answers this source may still get, -1 for no limit; every further frame is a leftover.
        unanswered_max: leftovers to hand out before it stops.
        octets_max: answers to write before it stops; the last one may pass it.
        message_bytes_max: a longer message, like a compressed one, breaks the framing; it stops in front of it.

    Returns:
        The answers one behind the other; octets consumed; where each frame begins and ends that is not answered, in order
        of arrival; how many were answered; whether it stopped at a limit with whole frames left.
    """

def drain(
    index: AnswerIndex | None,
    gate: Gate,
    fd: int,
    now: int,
    monotonic: float,
    site_serial: int,
    counters: Counters,
    fresh: Callable[[], bool] | None = None,
) -> tuple[int, list[tuple[bytes, tuple[str, int] | tuple[str, int, int, int], int]]]:
    """Receive up to DATAGRAMS_MAX datagrams, answer what is common, send.

    An answer over 492 octets leaves in up to eight packets. Packets of one size to one peer pass through the kernel together,
    where it can (UDP_SEGMENT), and may overtake those of other sizes. To an unproven address no more octets are sent than came.
    Malformed packets, fragments of unproven addresses and what exceeds a rate are dropped and counted.

    Args:
        index: None, or a disabled one, misses always.
        gate: rates and standings of sources.
        fd: a non-blocking UDP socket.
        now, monotonic: unix time and steady seconds.
        site_serial: of this node's HS_SITE.
        counters: where answers and drops are counted.
        fresh: asked once something was received, whether the index may answer it; None: it may.

    Returns:
        How many datagrams were received, and those for Python: (packet, address as `recvfrom` gives it, standing).

    Raises:
        RuntimeError: `fresh` called `drain`.
        Whatever `fresh` raises; the datagrams received are lost, as datagrams may be.
    """

@final
class Streams:
    """Connections that are read, answered and written in one step, however many have sent something.

    It holds descriptors, not connections: whoever adds one removes it before it is closed. Register `fileno()` for reading
    and call `drain` when it is readable.
    """

    def __init__(self, message_bytes_max: int = 65_536, octets_max: int = 1_048_576) -> None:
        """Watch nothing yet.

        Args:
            message_bytes_max: a longer message breaks the framing, as in `process`.
            octets_max: answers to one stream in one step; the last one may pass it, what is left is Python's.

        Raises:
            OSError: no descriptor left.
        """

    def __len__(self) -> int: ...
    def fileno(self) -> int:
        """The descriptor that is readable while a stream is; it is closed with this object."""

    def add(self, fd: int, limited: bool, monotonic: float, rest: bytes = b"", since: float = 0.0) -> None:
        """Watch a stream.

        Args:
            fd: connected, not watched here.
            limited: whether its source has a rate: `drain` asks before it answers.
            monotonic: steady seconds.
            rest: what has come of its next frame, at most STREAM_REST_BYTES_MAX octets.
            since: when that began to come.

        Raises:
            OSError: it cannot be watched.
        """

    def remove(self, fd: int) -> bytes:
        """Watch it no longer; what has come of its next frame. KeyError when it is not watched."""

    def state(self, fd: int) -> tuple[float, float, int]:
        """When it was active last, since when its next frame has been coming (0.0: it is not), how much of it is here."""

    def write(self, fd: int, octets: bytes) -> int:
        """Send octets behind the answers that have left; how many left, 0 also when the peer is gone."""

    def drain(
        self,
        index: AnswerIndex | None,
        now: int,
        monotonic: float,
        site_serial: int,
        counters: Counters,
        fresh: Callable[[], bool] | None = None,
        allowed: Callable[[int], int] | None = None,
        took: Callable[[int, int], None] | None = None,
    ) -> tuple[int, int, list[tuple[int, bytes, bytes, bool]], list[int]]:
        """Read up to STREAMS_MAX streams that have sent something, answer what is common, send.

        Args:
            index, now, site_serial, counters: as `process`; without an index every frame is Python's.
            monotonic: steady seconds.
            fresh: as `drain`.
            allowed: how many answers a limited stream may still get.
            took: told how many it gets, before they leave.

        Returns:
            Streams that were ready; answers; what Python must go on with; those active that were not for 50 ms.
            The third has (fd, octets received from the first frame that was not answered on, octets of answers that the
            peer has not taken, whether the stream has ended). A stream of either of the last two is watched no longer.

        Raises:
            RuntimeError: a callback called it.
            Whatever a callback raises; streams have lost octets by then, and all of them must be closed.
        """

@final
class HttpBlocks:
    """The header blocks of HTTP that leave an answer as it is: from the end of the request line to the empty line.

    Whether they do, `resolver/transports/http_requests.py` decides, once for each; the last 16 are known.
    """

    def add(self, block: bytes) -> None:
        """Know one more, in place of the oldest when there are too many.

        Raises:
            ValueError: it has over 1,024 octets, or does not end with its first empty line.
        """

def resolve_http(
    index: AnswerIndex,
    blocks: HttpBlocks,
    octets: bytes,
    at: int,
    head: bytes,
    behind: bytes,
    allowed: int = -1,
    octets_max: int = 1_048_576,
) -> tuple[bytes, int, int]:
    """Answer the plain requests of a chunk: GET of a record in the index, all values, with header fields that are known.

    Args:
        index: a disabled one misses always.
        blocks: what header fields are known.
        octets: what a connection has received.
        at: where a request begins in it.
        head: of an answer, up to the length of its body.
        behind: what follows the length, up to the body.
        allowed: answers this source may still get, -1 for no limit.
        octets_max: answers to write before it stops; the last one may pass it.

    Returns:
        The answers one behind the other, each with the JSON that `resolver/web/answer_json.py` gives; where it stopped: in
        front of the first request that is not one of these, or not whole; how many were answered.
    """

@final
class DnsZone:
    """What `drain_dns` answers for, and what it counted since this was made.

    Args:
        zone: the octets of its name.
        secret: 16 octets, of the cookies of all its servers.

    Attributes:
        answered: questions answered with records.
        hints: truncated or BADCOOKIE responses; `slipped` are those of them beyond a rate.
        cookies: questions of unproven sources with a good cookie.
        counters: what got no answer.
    """

    def __init__(self, zone: bytes, secret: bytes) -> None: ...
    @property
    def answered(self) -> int: ...
    @property
    def hints(self) -> int: ...
    @property
    def slipped(self) -> int: ...
    @property
    def cookies(self) -> int: ...
    @property
    def counters(self) -> Counters: ...

def drain_dns(
    index: AnswerIndex | None,
    gate: Gate,
    zone: DnsZone,
    fd: int,
    now: int,
    monotonic: float,
    fresh: Callable[[], bool] | None = None,
) -> tuple[int, list[tuple[bytes, tuple[str, int] | tuple[str, int, int, int], int]]]:
    """Receive up to DATAGRAMS_MAX DNS questions, answer those of items for NAPTR, URI and TXT from their records, send.

    Args:
        index: of a store; None while there is none.
        gate: rates and standings of sources.
        zone: what is answered for.
        fd: a non-blocking UDP socket.
        now, monotonic: unix and monotonic seconds.
        fresh: whether the index may answer; asked between receiving and answering.

    Returns:
        How many came, and those for Python as `drain` gives them; a rate has been taken of those in the zone.

    Raises:
        OSError: the socket cannot be used.
    """

def resolve_dns(
    index: AnswerIndex,
    zone: DnsZone,
    octets: bytes,
    at: int,
    now: int,
    allowed: int = -1,
    octets_max: int = 1_048_576,
) -> tuple[bytes, int, int]:
    """Answer the DNS questions at the begin of a stream's messages, each behind its length, as `drain_dns` answers them.

    Args:
        index: of a store.
        zone: what is answered for.
        octets: of the stream.
        at: where the first message begins.
        now: unix seconds.
        allowed: so many at most; below 0: any number.
        octets_max: of answers, after which no more messages are taken.

    Returns:
        The answers, each behind its length; where the first message begins that was not answered, because it is not common,
        not whole or not allowed; how many were.
    """

def split_plain(
    octets: bytes,
    now: int,
    value_bytes_max: int,
    types: dict[bytes, bool],
    admins: dict[bytes, bool],
    judge: Callable[[bytes, bool], bool],
) -> tuple[bytes, bytes, int] | None:
    """Stamp and split the plain values of a record, as `plain_values.py` describes and does without a compiler."""

def seal_new_records(
    records: Sequence[object],
    start: int,
    home: tuple[str, str, bool],
    where: tuple[tuple[int, int, int], int, str],
    forms: tuple[int, int, int, bytes],
    entry_class: type[tuple[Any, ...]],
    position_class: type[tuple[Any, ...]],
) -> tuple[list[Any], list[Any], list[Any], int, int]:
    """Seal new records with their journal entries, as `registry/store/new_records.py` describes and does without a compiler.

    Args:
        records: a list of prepared records.
        start: the first of them to seal.
        home: the prefix as they spell it and as it is folded, and whether suffixes fold.
        where: position, time in milliseconds and actor of the first journal entry.
        forms: format of what is stored, kind of the entries, which version prepared the records, the octets no plain one holds.
        entry_class, position_class: what the entries are made of.
    """

def read_items(
    octets: bytes, start: int, count: int, str_bytes_max: int, bin_bytes_max: int, item_class: type[tuple[Any, ...]]
) -> tuple[list[Any], int] | None:
    """The items of a batch from one octet on, and where they end; None when one of them is not packed as usual, or is none."""

def join_items(items: Sequence[tuple[int, str, bytes]]) -> bytes:
    """What is digested of a batch, as `registry/registration/batch.py` describes and does without a compiler."""

def prepare_plain_items(
    items: Sequence[tuple[int, str, bytes]],
    start: int,
    verb: int,
    limits: tuple[int, int, int],
    now: int,
    types: dict[bytes, bool],
    admins: dict[bytes, bool],
    judge: Callable[[bytes, bool], bool],
    forms: tuple[type[object], object, object],
) -> list[Any]:
    """The records that items of a batch create, as `registry/registration/octets.py` describes and does without a compiler.

    Args:
        items: of the batch.
        start: the first of them.
        verb: that creates.
        limits: octets of a name, a record and a value.
        now, types, admins, judge: as for `split_plain`.
        forms: the class of the records, and the flags of those without and with hidden values.
    """

class SealedRows:
    """Rows to be sorted and sealed, as `registry/store/sealed_batch.py` does without a compiler; of those with one key the last.

    Args:
        head: what their digests begin with.
    """

    def __init__(self, head: bytes) -> None: ...
    def __len__(self) -> int: ...
    def add(self, key: bytes, row: bytes) -> None:
        """Take one more."""

    def pairs(self) -> list[tuple[bytes, bytes]]:
        """Sorted, as they came."""

    def packed(self) -> tuple[bytes, int, int]:
        """Sorted, sealed and packed as `registry/store/packed_rows.py` says; how many, and the sum of their digests."""

class PackedRows:
    """Keys and values of packed rows, one by one, as `registry/store/packed_rows.py` does without a compiler.

    Raises:
        ValueError: the last one is cut short.
    """

    def __init__(self, octets: bytes) -> None: ...
    def __iter__(self) -> PackedRows: ...
    def __next__(self) -> tuple[bytes, bytes]: ...

class EdgeMaker:
    """Derives the edges of new records of pilots where every field of them is plain.

    Args:
        plan_of: what matters of a template, by its handle, as `registry/trace/fields.py` tells it.
        folds: whether a folded prefix folds suffixes.
        now_ms: since when they are known, unix time in milliseconds.

    Attributes:
        rows: those of edges.
        loose: those of factors.
    """

    def __init__(self, plan_of: Callable[[bytes], tuple[Any, ...] | None], folds: Callable[[str], bool], now_ms: int) -> None: ...
    @property
    def rows(self) -> SealedRows: ...
    @property
    def loose(self) -> SealedRows: ...

def seal_batch(
    items: Sequence[tuple[bytes, bytes]],
    skip: int,
    place: bytes,
    places_of: Callable[[bytes, bytes], Sequence[bytes]],
    names: SealedRows,
    edges: EdgeMaker | None,
) -> tuple[bytes, int, int, list[tuple[bytes, bytes]]]:
    """Seal the records of a load, as `registry/store/sealed_batch.py` does without a compiler.

    Args:
        items: their keys and stored forms.
        skip: octets that stand before each of these.
        place: the position they get.
        places_of: the keys of a record's second names, where these are not plain.
        names: takes the rows of second names.
        edges: takes those of edges, if they are wanted.

    Returns:
        Keys and sealed values, packed; the sum of their digests; their octets; keys and stored forms of the records whose
        edges are for the careful way.
    """

def seal_value(head: bytes, key: bytes, rest: bytes) -> bytes:
    """Seal one value, as `sealing.py` describes and does without a compiler; so the two below."""

def unseal_value(head: bytes, key: bytes, value: bytes) -> bytes | None: ...
def seal_rows(head: bytes, rows: dict[bytes, bytes]) -> tuple[list[bytes], list[tuple[bytes, bytes]], int, int]: ...

def take_records(
    indexes: Sequence[AnswerIndex], entries: Sequence[object], start: int, kind: object, head: bytes, strict: bool
) -> int:
    """Put what stands for records into indexes, as the journal tells of them; `registry/answer_index.py` calls it.

    Args:
        indexes: each gets all of it.
        entries: a list of them, in their order.
        start: the first to take.
        kind: of entries that hold a record.
        head: what the keys of these records begin with, a prefix and a zero octet.
        strict: whether hidden values are passed over in silence below it.

    Returns:
        The first entry that was not taken: of another kind or prefix, or of a form that is not known.

    Raises:
        IndexFull: an index has no room for one; those before it are there.
    """

def created_line(head: bytes, subject: str, version: int, public: bytes, restricted: bytes, tail: bytes) -> bytes | None:
    """The line of the audit trail that tells of a new record; `registry/audit/line.py` makes the same without a compiler.

    Args:
        head: what the line says before its subject, packed.
        subject: the identifier.
        version: of the record.
        public, restricted: its values.
        tail: what the line says behind them, packed.

    Returns:
        The octets; None when the subject, a type or a value is not plain.
    """

@final
class Sheaf:
    """Items on their way into a sorted run, as `registry/loading/sheaf.py` describes and does without a compiler."""

    def __init__(self) -> None: ...
    def __len__(self) -> int: ...
    def add(self, item: tuple[bytes | str | int, ...]) -> None:
        """Take an item in. ValueError for one of more than 15 elements or 64 MiB."""

    def packed(self, each: int) -> list[tuple[bytes, int]]:
        """All items in order, in pieces of so many: msgpack arrays, and how many are in each."""

    def heads(self, elements: int) -> Sheaf:
        """A sheaf of the first elements of each item."""

def ascending(piece: bytes, elements: int, previous: bytes) -> tuple[bool, int, bytes, bytes]:
    """Whether items ascend, as `registry/loading/sheaf.py` describes and does without a compiler; so the next.

    Raises:
        ValueError: the octets are not such as a `Sheaf` gives.
    """

@final
class merged_pieces(Iterator[bytes]):
    def __init__(self, runs: Iterable[Iterable[bytes]], each: int) -> None: ...
    def __next__(self) -> bytes: ...

@final
class UsualTable:
    """What the cells of rows that describe one kind of object with one visibility become; `usual_rows.py` makes it."""

    def __init__(
        self,
        width: int,
        columns: list[tuple[int, int, bytes, int, Callable[[str], tuple[object, ...] | None]]],
        *,
        public: int,
        recall: int,
        flags: dict[str, int],
        edges: tuple[int, ...],
        rules: tuple[Callable[[dict[str, Any]], object], ...],
        looked_at: tuple[tuple[str, int], ...],
        namings: tuple[object, ...],
        foreign: tuple[int, ...],
        references: tuple[tuple[int, str], ...],
        secret: bytes,
    ) -> None:
        """Make a table.

        Args:
            width: cells of a row.
            columns: of each value its cell (-1: the record's prefix), kind (0 learned, 1 text, 2 date, 3 time), the head of its
                octets, how long a text may be, and what says of a cell what it becomes: the octets of its value, the fact, its
                text, the texts it is compared by folded, and the second names in it; None: the row needs a closer look.
            public: how many of them, from the first on, are public.
            recall: the column whose text is looked up in `flags`.
            edges: columns that must not name the record itself.
            rules: must find nothing in the facts of `looked_at`, given by name.
            namings: of each second name its scheme, whether it allows one bearer, whether its cell brings many, its column, and
                the columns it is unique in (-1: the prefix).
            foreign: cells that must be empty.
            references: columns of references, and the names of their fields.
            secret: 16 octets, against crafted collisions.
        """

@final
class UsualRows:
    """Takes the usual rows of CSV files with one header, as the careful path of `registry/loading/checker.py` takes them."""

    def __init__(
        self,
        width: int,
        separator: str,
        *,
        identifier_at: int,
        object_at: int,
        visibility_at: int,
        prefix: bytes,
        table_of: Callable[[str, str], UsualTable | None],
        known: Callable[[str], tuple[bytes, bool] | None],
        refer: Callable[[int, str, str, str], None],
        forms: tuple[int, int, int, int, int, int],
    ) -> None:
        """See `registry/loading/usual_rows.py`.

        Args:
            prefix: completes identifiers, with its slash; empty when they are full.
            forms: format, version of the preparing, version of the record, lifetime with and without public values in seconds,
                flag of records that have other values.
        """

    def take(
        self,
        octets: bytes,
        line: int,
        place: int,
        records: Sheaf,
        claims: Sheaf,
        careful: Callable[[int, int, int], None],
    ) -> int:
        """Take the usual rows of a piece of a file.

        Args:
            octets: whole rows, in UTF-8.
            line: of the first.
            place: added to the line of each.
            records: gets key, place and stored form of each.
            claims: gets the second names that allow one bearer: scheme, name, place, key.
            careful: called, in their turn, with line, start and end of the octets that hold other rows.

        Returns:
            How many were taken.
        """
