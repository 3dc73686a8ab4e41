# AnswerIndex: the arena as an object, its file, its life from `create` to `retire`.

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.exc cimport PyErr_SetFromErrno
from libc.errno cimport EFAULT, ENOMEM, ENOSPC, errno

import contextlib
import fcntl
import os
from typing import NamedTuple

from idis.proto.errors import IdisError

KIND_RECORD, KIND_SITE, KIND_SITES, KIND_SITES_NAMESPACE, KIND_BELOW = range(1, 6)
OWN, PUBLIC_ONLY = FLAG_OWN, FLAG_PUBLIC_ONLY
KEY_BYTES_MAX, VALUE_BYTES_MAX = KEY_OCTETS_MAX, VALUE_OCTETS_MAX

cdef extern from "<sys/mman.h>" nogil:
    """
    #ifndef MADV_HUGEPAGE
    #define MADV_HUGEPAGE 14
    #endif
    #ifndef MADV_POPULATE_WRITE
    #define MADV_POPULATE_WRITE 23
    #endif
    #ifndef MADV_COLLAPSE
    #define MADV_COLLAPSE 25
    #endif
    """
    void* mmap(void* at, size_t size, int access, int flags, int fd, int64_t offset)
    int munmap(void* at, size_t size)
    int madvise(void* at, size_t size, int advice)
    void* MAP_FAILED
    int PROT_NONE, PROT_READ, PROT_WRITE, MAP_SHARED, MAP_PRIVATE, MAP_ANONYMOUS, MAP_NORESERVE, MAP_FIXED
    int MADV_HUGEPAGE, MADV_POPULATE_WRITE, MADV_COLLAPSE

cdef extern from "<sys/vfs.h>" nogil:
    cdef struct statfs_t "statfs":
        long f_type
    int fstatfs(int fd, statfs_t* found)

cdef enum:
    TMPFS = 0x01021994
    HUGE_BYTES = 2097152
    PAGE_OCTETS = 4096

_SECRET_BYTES = 16
_CODES = (CODE_SUCCESS, CODE_NOT_FOUND, CODE_NO_VALUES, CODE_SERVICE_REFERRAL)


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


cdef uint64_t header_check(const Header* header) noexcept nogil:
    # Everything in front of the field that holds it.
    return checksum(LAYOUT, <const uint8_t*>header, <size_t>(<const uint8_t*>&header.check - <const uint8_t*>header))


@cython.final
cdef class AnswerIndex:
    """What is asked → octets ready to send; see the stub."""

    cdef Arena arena
    cdef int lock
    cdef int warming
    cdef bint is_writable

    def __cinit__(self):
        self.lock = -1
        self.arena.header = NULL

    def __init__(self):
        raise TypeError("an index is made by create and open")

    def __dealloc__(self):
        self.unmap()

    @classmethod
    def create(cls, path, uint64_t slots, uint64_t arena_bytes, bytes secret not None, *, bint ring=False, bytes boot=b""):
        """Make an empty, disabled index and hold it for writing."""
        if not SLOTS_MIN <= slots <= SLOTS_MAX or slots & (slots - 1):
            raise ValueError(f"{slots} slots: a power of two from {SLOTS_MIN} to {SLOTS_MAX} is needed")
        if not 0 < arena_bytes <= ARENA_BYTES_MAX:
            raise ValueError(f"an arena of {arena_bytes} octets: at most {ARENA_BYTES_MAX} can be addressed")
        if len(secret) != _SECRET_BYTES or len(boot) > MARK_BYTES:
            raise ValueError(f"the secret has {_SECRET_BYTES} octets and the boot's name at most {MARK_BYTES}")
        arena_bytes = (arena_bytes + PAGE_OCTETS - 1) // PAGE_OCTETS * PAGE_OCTETS
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)  # whoever has it mapped keeps it whole
        cdef AnswerIndex index = AnswerIndex.__new__(AnswerIndex)
        index.lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
        size = HEADER_BYTES + 8 * slots + arena_bytes
        try:
            fcntl.flock(index.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(index.lock, size)
            index.map(size, True)
            index.reserve_blocks()
        except BaseException:
            index.unmap()
            os.unlink(path)
            raise
        cdef Header* header = index.arena.header
        header.layout = LAYOUT
        header.ring = ring
        header.slots = slots
        header.arena_bytes = arena_bytes
        memcpy(&header.secret, PyBytes_AS_STRING(secret), sizeof(Secret))
        memcpy(header.boot, PyBytes_AS_STRING(boot), PyBytes_GET_SIZE(boot))
        header.tail = UNIT_BYTES
        header.magic = MAGIC
        header.check = header_check(header)
        index.adopt()
        return index

    @classmethod
    def open(cls, path, bint writable=False, *, bytes boot=b""):
        """Map an existing index."""
        cdef AnswerIndex index = AnswerIndex.__new__(AnswerIndex)
        index.lock = os.open(path, (os.O_RDWR if writable else os.O_RDONLY) | os.O_CLOEXEC)
        try:
            if writable:
                try:
                    fcntl.flock(index.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    raise IndexUnusable(f"{path} has another writer") from None
            size = os.fstat(index.lock).st_size
            if size < HEADER_BYTES:
                raise IndexUnusable(f"{path} is too short for an answer index")
            index.map(size, writable)
            if fault := index.fault(size, boot):
                raise IndexUnusable(f"{path} {fault}")
            index.adopt()
        except BaseException:
            index.unmap()
            raise
        if not writable:
            os.close(index.lock)
            index.lock = -1
        return index

    @staticmethod
    def slots_for(uint64_t entries):
        """The least number of slots that `entries` fill to at most five eighths."""
        cdef uint64_t slots = SLOTS_MIN
        while slots // 8 * 5 < entries:
            slots *= 2
        return slots

    def close(self):
        """Give up the mapping and, for a writer, the file's lock."""
        self.unmap()

    def put(self, bytes key not None, bytes value not None, int code=CODE_SUCCESS, uint32_t expires_s=0,
            uint32_t flags=FLAG_OWN):
        """Add or replace one answer."""
        self.check_writable()
        if code not in _CODES:
            raise ValueError(f"code {code} is none an index answers with")
        self.place_bytes(key, value, code, expires_s, flags)

    def delete(self, bytes key not None):
        """Remove an answer; whether there was one."""
        self.check_writable()
        cdef Key wanted
        if PyBytes_GET_SIZE(key) > KEY_OCTETS_MAX:
            return False
        hash_key(&self.arena, &wanted, <const uint8_t*>PyBytes_AS_STRING(key), <uint32_t>PyBytes_GET_SIZE(key))
        return remove(&self.arena, &wanted)

    def get(self, bytes key not None, uint32_t now):
        """Value, code, expires_s and flags of a key that is present and not expired."""
        cdef Key wanted
        cdef Entry entry
        cdef uint64_t slot = 0
        cdef int probe = 0
        cdef const uint8_t* at
        if not self.usable() or PyBytes_GET_SIZE(key) > KEY_OCTETS_MAX:
            return None
        hash_key(&self.arena, &wanted, <const uint8_t*>PyBytes_AS_STRING(key), <uint32_t>PyBytes_GET_SIZE(key))
        probe = next_match(&self.arena, &wanted, 0, &slot)
        while probe >= 0:
            at = entry_of(&self.arena, slot, &wanted, &entry)
            if at is not NULL:
                value = PyBytes_FromStringAndSize(NULL, entry.value_bytes)
                if not copy_value(&self.arena, &wanted, probe, slot, &entry, at, <uint8_t*>PyBytes_AS_STRING(value)):
                    return None
                if entry.expires_s and entry.expires_s <= now:
                    return None
                return value, entry.code, entry.expires_s, entry.flags
            probe = next_match(&self.arena, &wanted, probe + 1, &slot)
        return None

    def load(self, entries):
        """Put many answers of code 1 without expiry, each as (key, value, flags); returns how many."""
        self.check_writable()
        cdef uint64_t count = 0
        cdef uint32_t flags
        for key, value, mask in entries:
            flags = mask
            self.place_bytes(<bytes?>key, <bytes?>value, CODE_SUCCESS, 0, flags)
            count += 1
        return count

    def copy_into(self, AnswerIndex target not None, uint64_t start, uint64_t slots, uint32_t now):
        """Copy the live entries of some slots into another index, where a key already there wins."""
        self.check_open()
        target.check_writable()
        cdef uint64_t at
        cdef uint64_t end = min(start + min(slots, self.arena.mask + 1), self.arena.mask + 1)
        cdef int done
        for at in range(start, end):
            done = copy_slot(&self.arena, &target.arena, at, now)
            if done < 0:
                raise IndexFull(f"an index of {target.arena.mask + 1} slots and {target.arena.arena_bytes} octets is full")
        return end

    def compact(self, path, uint32_t now, *, uint64_t slots=0, uint64_t arena_bytes=0):
        """A new generation at `path` with what is live here, its position, mark and state."""
        self.check_open()
        cdef Header* old = self.arena.header
        secret = PyBytes_FromStringAndSize(<char*>&self.arena.secret, _SECRET_BYTES)
        boot = PyBytes_FromStringAndSize(<char*>old.boot, MARK_BYTES)
        cdef AnswerIndex new = AnswerIndex.create(
            path, slots or self.arena.mask + 1, arena_bytes or self.arena.arena_bytes, secret, ring=self.arena.ring, boot=boot
        )
        try:
            self.copy_into(new, 0, self.arena.mask + 1, now)
        except IndexFull:
            new.unmap()
            os.unlink(path)
            raise
        new.mark = self.mark
        new.position = self.position
        new.refers = self.refers
        new.enabled = self.enabled
        return new

    def fill(self):
        """How full it is."""
        self.check_open()
        cdef Arena* arena = &self.arena
        used = arena.ring_bytes if arena.ring and self.is_writable else arena.header.tail - UNIT_BYTES
        return Fill(arena.mask + 1, arena.header.entries, arena.arena_bytes, used, arena.header.live_bytes)

    def warm(self):
        """Map every page now instead of at its first use."""
        self.check_open()
        cdef const volatile uint8_t* octets = <const volatile uint8_t*>self.arena.header
        cdef uint64_t at = 0
        cdef uint8_t seen
        self.warming += 1  # whoever closes the index meanwhile leaves the mapping to us
        with nogil:
            madvise(<void*>octets, self.arena.mapped_bytes, MADV_COLLAPSE)  # into huge pages, where the kernel can
            while at < self.arena.mapped_bytes:
                seen = octets[at]
                at += PAGE_OCTETS
        self.warming -= 1
        if self.arena.header is NULL and self.warming == 0:
            munmap(<void*>octets, self.arena.mapped_bytes)

    def retire(self):
        """Tell the readers that a newer generation stands at the path."""
        self.check_writable()
        store_release(&self.arena.header.state, RETIRED)

    @property
    def position(self):
        """The store transaction up to which changes have been applied."""
        self.check_open()
        return load_acquire(&self.arena.header.position)

    @position.setter
    def position(self, uint64_t value):
        self.check_writable()
        store_release(&self.arena.header.position, value)

    @property
    def enabled(self):
        """Whether it may answer."""
        return self.usable()

    @enabled.setter
    def enabled(self, bint value):
        self.check_writable()
        if load_acquire(&self.arena.header.state) == RETIRED:
            raise ValueError("a retired index stays so")
        store_release(&self.arena.header.state, ENABLED if value else DISABLED)

    @property
    def refers(self):
        """Whether entries of KIND_BELOW are looked for."""
        self.check_open()
        return load_acquire(&self.arena.header.refers) == 1

    @refers.setter
    def refers(self, bint value):
        self.check_writable()
        store_release(&self.arena.header.refers, value)

    @property
    def retired(self):
        """Whether a newer generation has taken its place."""
        return self.arena.header is not NULL and load_acquire(&self.arena.header.state) == RETIRED

    @property
    def mark(self):
        """Up to 40 octets of the writer's own."""
        self.check_open()
        cdef Header* header = self.arena.header
        cdef int turn = load_acquire(&header.mark_turn) & 1
        return PyBytes_FromStringAndSize(<char*>header.mark[turn], min(header.mark_bytes[turn][0], <uint8_t>MARK_BYTES))

    @mark.setter
    def mark(self, bytes value not None):
        self.check_writable()
        if PyBytes_GET_SIZE(value) > MARK_BYTES:
            raise ValueError(f"a mark has at most {MARK_BYTES} octets")
        # Two places in turn: a writer killed in the middle leaves the old one.
        cdef Header* header = self.arena.header
        cdef uint64_t turn = (header.mark_turn + 1) & 1
        header.mark_bytes[turn][0] = <uint8_t>PyBytes_GET_SIZE(value)
        memcpy(header.mark[turn], PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value))
        store_release(&header.mark_turn, turn)

    @property
    def writable(self):
        """Whether this is the writer."""
        return self.is_writable

    @property
    def ring(self):
        """Whether a full arena overwrites its oldest entries."""
        return bool(self.arena.ring)

    cdef inline bint usable(self) noexcept:
        return self.arena.header is not NULL and load_acquire(&self.arena.header.state) == ENABLED

    cdef int check_open(self) except -1:
        if self.arena.header is NULL:
            raise ValueError("the index is closed")
        return 0

    cdef int check_writable(self) except -1:
        self.check_open()
        if not self.is_writable:
            raise ValueError("the index is open for reading")
        return 0

    cdef int place_bytes(self, bytes key, bytes value, int code, uint32_t expires_s, uint32_t flags) except -1:
        cdef Key wanted
        cdef Entry entry
        if not 0 < PyBytes_GET_SIZE(key) <= KEY_OCTETS_MAX or PyBytes_GET_SIZE(value) > VALUE_OCTETS_MAX:
            raise ValueError(f"a key of {len(key)} or a value of {len(value)} octets")
        if flags & ~FLAGS_ALL:
            raise ValueError(f"flags {flags:#x} are unknown")
        entry.value_bytes = <uint32_t>PyBytes_GET_SIZE(value)
        entry.key_bytes = <uint16_t>PyBytes_GET_SIZE(key)
        entry.code = <uint16_t>code
        entry.expires_s = expires_s
        entry.flags = flags
        hash_key(&self.arena, &wanted, <const uint8_t*>PyBytes_AS_STRING(key), entry.key_bytes)
        if place(&self.arena, &wanted, &entry, <const uint8_t*>PyBytes_AS_STRING(value), True) < 0:
            raise IndexFull(f"an index of {self.arena.mask + 1} slots and {self.arena.arena_bytes} octets is full")
        return 0

    cdef int map(self, uint64_t size, bint writable) except -1:
        # At a multiple of what a huge page holds: only then does the kernel use them, and a look-up in a large index spends
        # half its time on the tables of small ones. Files in memory (tmpfs) have some, and with Linux 6.18 those of ext4.
        cdef int access = PROT_READ | PROT_WRITE if writable else PROT_READ
        cdef uint8_t* place = <uint8_t*>mmap(
            NULL, size + HUGE_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0
        )
        cdef uint8_t* at
        cdef uint64_t whole = (size + PAGE_OCTETS - 1) // PAGE_OCTETS * PAGE_OCTETS
        if place == MAP_FAILED:
            PyErr_SetFromErrno(OSError)
        at = <uint8_t*>((<uint64_t>place + HUGE_BYTES - 1) // HUGE_BYTES * HUGE_BYTES)
        if mmap(at, size, access, MAP_SHARED | MAP_FIXED, self.lock, 0) == MAP_FAILED:
            munmap(place, size + HUGE_BYTES)
            PyErr_SetFromErrno(OSError)
        if at > place:
            munmap(place, at - place)
        munmap(at + whole, place + size + HUGE_BYTES - at - whole)
        madvise(at, size, MADV_HUGEPAGE)
        self.arena.header = <Header*>at
        self.arena.mapped_bytes = size
        self.is_writable = writable
        return 0

    cdef int reserve_blocks(self) except -1:
        # A page that finds no room when it is written to is a signal, not an error: all of it is taken now. And each page is
        # written to now, while the caller's other threads run: the first write to a page of a file may wait for the disk.
        cdef statfs_t found
        cdef int done
        cdef bint in_memory = fstatfs(self.lock, &found) == 0 and found.f_type == TMPFS
        if not in_memory:
            os.posix_fallocate(self.lock, 0, self.arena.mapped_bytes)
        with nogil:
            done = madvise(self.arena.header, self.arena.mapped_bytes, MADV_POPULATE_WRITE)
        if done == 0:
            return 0
        if errno == EFAULT or errno == ENOMEM:
            raise OSError(ENOSPC, os.strerror(ENOSPC))
        if in_memory:  # a kernel that cannot do so
            os.posix_fallocate(self.lock, 0, self.arena.mapped_bytes)
        return 0

    cdef void unmap(self):
        if self.arena.header is not NULL and self.warming == 0:
            munmap(self.arena.header, self.arena.mapped_bytes)
        self.arena.header = NULL
        self.is_writable = False
        if self.lock >= 0:
            os.close(self.lock)
            self.lock = -1

    cdef str fault(self, uint64_t size, bytes boot):
        """What keeps the mapped file from being used; empty when nothing does."""
        cdef Header header = self.arena.header[0]
        if header.magic != MAGIC:
            return "is no answer index"
        if header.layout != LAYOUT:
            return f"has layout {header.layout}, this version reads {LAYOUT}"
        if header.check != header_check(&header):
            return "is damaged in its header"
        if not SLOTS_MIN <= header.slots <= SLOTS_MAX or header.slots & (header.slots - 1):
            return f"claims {header.slots} slots"
        if header.arena_bytes > ARENA_BYTES_MAX or size != HEADER_BYTES + 8 * header.slots + header.arena_bytes:
            return "is not as long as its header says"
        if PyBytes_FromStringAndSize(<char*>header.boot, MARK_BYTES) != boot.ljust(MARK_BYTES, b"\0"):
            return "was written before the machine was last started"
        if header.ring and self.is_writable:
            return "is a cache, which is made anew and not taken up again"
        return ""

    cdef void adopt(self) noexcept:
        """Take the sizes of a header just made or verified."""
        cdef Arena* arena = &self.arena
        arena.slots = <uint64_t*>(<uint8_t*>arena.header + HEADER_BYTES)
        arena.mask = arena.header.slots - 1
        arena.arena_bytes = arena.header.arena_bytes
        arena.octets = <uint8_t*>(arena.slots + arena.header.slots)
        arena.units = arena.arena_bytes // UNIT_BYTES
        arena.secret = arena.header.secret
        arena.ring = arena.header.ring
        arena.oldest = UNIT_BYTES
        arena.ring_bytes = 0
        if self.is_writable:
            count_entries(arena)
